// A device in a dialog of its own: its newest readings, and the course of one of them with what was expected of it.

import { course } from './expectation.js';
import { get } from './hub.js';
import { moment, number, t, unit } from './i18n.js';
import { element, put } from './shapes.js';
import { telling } from './telling.js';

const HOUR_MS = 3600 * 1000;
const at = (id) => document.getElementById(id);
const dialog = at('device-dialog');
const { loaded } = telling('device');
let shown = null; // { code, metric } that is open

function choice(reading) {
  const row = element('tr');
  const name = element('th');
  name.scope = 'row';
  const button = element('button', 'link-like', reading.metric_name ?? reading.metric);
  button.type = 'button';
  button.setAttribute('aria-pressed', String(reading.metric === shown.metric));
  button.addEventListener('click', () => { shown.metric = reading.metric; draw(); });
  name.append(button);
  const value = element('td', 'number', `${number(reading.value)} ${unit(reading.unit)}`);
  row.append(name, value, element('td', 'when', moment(new Date(reading.ts), new Date())));
  return row;
}

async function load(wanted) {
  const told = await get(`/devices/${encodeURIComponent(wanted.code)}`);
  if (shown !== wanted) return;
  put(at('device-title'), told.name);
  put(at('device-about'), [told.code, told.profile_name ?? told.profile].filter(Boolean).join(' \u00b7 '));
  at('device-rows').replaceChildren(...told.latest.map(choice));
  at('device-nothing').hidden = told.latest.length > 0;
  const to = new Date();
  const { code, metric } = wanted;
  const hours = Number(at('device-period').value);
  const figure = metric === null ? null : await course(code, metric, new Date(to - hours * HOUR_MS), to);
  if (shown !== wanted || wanted.metric !== metric) return;
  at('device-course').replaceChildren(figure ?? element('p', 'small', t('course_none')));
}

async function draw() {
  const wanted = shown;
  await loaded(() => load(wanted));
}

export function openDevice(code, metric, name) {
  shown = { code, metric };
  put(at('device-title'), name);
  put(at('device-about'), code);
  for (const part of ['device-course', 'device-rows']) at(part).replaceChildren();
  dialog.showModal();
  draw();
}

at('device-period').addEventListener('change', draw);
at('device-again').addEventListener('click', draw);
at('device-close').addEventListener('click', () => dialog.close());

// What happened, in order: of an alert in a dialog of its own, with what was measured around it; and of a case.

import { expected } from './expectation.js';
import { download, get } from './hub.js';
import { language, moment, number, t, unit } from './i18n.js';
import { picturesOf } from './pictures.js';
import { element, put, svg } from './shapes.js';
import { telling } from './telling.js';

const at = (id) => document.getElementById(id);
const dialog = at('timeline-dialog');
const { tried, loaded } = telling('timeline');
const WIDTH = 240;
const HEIGHT = 64;
let shown = null; // the alert that is open

const ACTORS = { local: () => t('actor_local'), api: () => t('actor_api'), 'api token': () => t('actor_api'), hub: () => t('actor_hub') };

// Who did it: a person by name, and what is nobody in words.
function person(actor) {
  if (actor.startsWith('outside:')) return t('actor_outside', { system: actor.slice('outside:'.length) });
  return Object.hasOwn(ACTORS, actor) ? ACTORS[actor]() : actor;
}

// An item of a list of class `timeline`: { at, what, who, lines }.
export function happened(item) {
  const row = element('li');
  const head = element('p');
  const time = element('time', '', moment(new Date(item.at), new Date()));
  time.dateTime = item.at;
  head.append(time, element('b', '', item.what));
  if (item.who) head.append(element('span', 'small', person(item.who)));
  row.append(head, ...item.lines.filter(Boolean).map((line) => element('p', 'small', line)));
  return row;
}

function measured(readings) {
  const figure = element('figure', 'chart');
  const lows = readings.points.map((point) => point[1]);
  const highs = readings.points.map((point) => point[2]);
  const limits = readings.threshold === null ? [] : [readings.threshold];
  const least = Math.min(...lows, ...limits);
  const most = Math.max(...highs, ...limits);
  const begin = Date.parse(readings.points[0][0]);
  const length = Math.max(1, Date.parse(readings.points.at(-1)[0]) - begin);
  const x = (point) => ((WIDTH * (Date.parse(point[0]) - begin)) / length).toFixed(1);
  const y = (value) => (most > least ? HEIGHT - (HEIGHT * (value - least)) / (most - least) : HEIGHT / 2).toFixed(1);
  const drawn = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', class: 'curve', role: 'img' });
  const told = { low: number(Math.min(...lows)), high: number(Math.max(...highs)), unit: unit(readings.unit), metric: readings.metric };
  drawn.setAttribute('aria-label', t('timeline_measured', told));
  const edge = [...readings.points.map((point) => `${x(point)},${y(point[2])}`),
    ...[...readings.points].reverse().map((point) => `${x(point)},${y(point[1])}`)];
  drawn.append(svg('polygon', { points: edge.join(' '), class: 'band' }));
  for (const limit of limits) drawn.append(svg('line', { x1: 0, x2: WIDTH, y1: y(limit), y2: y(limit), class: 'limit' }));
  figure.append(element('figcaption', '', t('timeline_measured', told)), drawn);
  return figure;
}

async function draw(id) {
  const told = await get(`/alerts/${id}/timeline?lang=${language}`);
  if (shown !== id) return;
  const { alert, readings } = told;
  put(at('timeline-title'), alert.title);
  const about = [t(alert.level), t(alert.state), alert.device_name ?? alert.region, alert.assignee && t('assigned_to', { name: alert.assignee })];
  put(at('timeline-about'), about.filter(Boolean).join(' · '));
  at('timeline-measured').replaceChildren(...(readings ? [measured(readings)] : []));
  at('timeline-items').replaceChildren(...told.items.map((item) => happened({ ...item, what: item.words })));
  at('timeline-cut').hidden = !told.cut;
  const pictures = await picturesOf(id, tried);
  if (shown !== id) return;
  at('timeline-pictures').replaceChildren(...pictures);
  drawExpected(id, alert); // takes longer: what has happened is told, and nothing waits for it
}

async function drawExpected(id, alert) {
  at('timeline-expected').replaceChildren(...(alert.metric ? [element('p', 'small', t('loading'))] : []));
  const figure = await expected(alert).catch(() => null); // others ask, or it is too much: the rest is told all the same
  if (shown === id) at('timeline-expected').replaceChildren(...(figure ? [figure] : []));
}

export function openTimeline(id, title) {
  shown = id;
  put(at('timeline-title'), title);
  put(at('timeline-about'), '');
  for (const part of ['timeline-measured', 'timeline-pictures', 'timeline-expected', 'timeline-items']) at(part).replaceChildren();
  dialog.showModal();
  loaded(() => draw(id));
}

at('timeline-pdf').addEventListener('click', () => tried(
  () => download(`/alerts/${shown}/timeline.pdf?lang=${language}`, `timeline-${shown}.pdf`), at('timeline-pdf')));
at('timeline-again').addEventListener('click', () => loaded(() => draw(shown), at('timeline-again')));
at('timeline-close').addEventListener('click', () => dialog.close());

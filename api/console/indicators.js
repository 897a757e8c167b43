// The indicators of cases of a month: each with what it was counted from, and the cases behind each count.

import { may } from './account.js';
import { get } from './hub.js';
import { caseStage, number, t } from './i18n.js';
import { element, put } from './shapes.js';

const at = (id) => document.getElementById(id);
const dialog = at('indicators-dialog');
const SHOWN = 50;

export function drawIndicators() {
  at('indicators').hidden = !may('cases:read');
}

// The first and the last day of the month that is chosen.
function days() {
  const [year, month] = at('indicators-month').value.split('-').map(Number);
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return `from=${at('indicators-month').value}-01&to=${at('indicators-month').value}-${last}`;
}

function share(item) {
  const row = element('li', 'entry');
  const head = element('p');
  const value = item.denominator === null ? number(item.numerator, 0) : item.value === null ? '–' : `${number(100 * item.value, 2)} %`;
  head.append(element('b', '', item.name), element('span', 'state', value));
  const of = item.denominator === null ? '' : ` · ${number(item.numerator, 0)} / ${number(item.denominator, 0)}`;
  row.append(head);
  if (item.value !== null && item.denominator !== null) {
    const bar = element('meter');
    Object.assign(bar, { min: 0, max: 1, value: item.value, title: value });
    row.append(bar);
  }
  row.append(element('p', 'small', item.formula + of));
  return row;
}

function count(item) {
  const made = element('button', 'quiet', `${item.name} ${number(item.cases, 0)}`);
  made.type = 'button';
  made.addEventListener('click', () => tried(() => list(item)));
  return made;
}

async function list(item) {
  const { items, next } = await get(`${item.list.replace('/api/v1', '')}&limit=${SHOWN}`);
  put(at('indicators-list-title'), `${item.name} ${number(item.cases, 0)}`);
  at('indicators-list').replaceChildren(...items.map((each) => element('li', 'small',
    [each.number, each.title, caseStage(each.stage), each.region, each.responsible].filter(Boolean).join(' · '))));
  if (next) at('indicators-list').append(element('li', 'small', t('indicators_more', { shown: SHOWN })));
}

async function draw() {
  const set = at('indicators-set').value || 'standard';
  const told = await get(`/indicators/cases?${days()}&set=${encodeURIComponent(set)}&lang=${document.documentElement.lang.slice(0, 2)}`);
  at('indicators-shares').replaceChildren(...told.indicators.map(share));
  at('indicators-counts').replaceChildren(...Object.values(told.counts).map(count));
  put(at('indicators-list-title'), '');
  at('indicators-list').replaceChildren();
}

// Does something, and tells at the top of the dialog why it failed.
async function tried(work) {
  try {
    await work();
    at('indicators-wrong').hidden = true;
  } catch (error) {
    put(at('indicators-wrong'), error.message);
    at('indicators-wrong').hidden = false;
  }
}

// The months are those of China, wherever the page is looked at.
function thisMonth() {
  const told = new Intl.DateTimeFormat('en', { timeZone: 'Asia/Shanghai', year: 'numeric', month: '2-digit' }).formatToParts();
  const of = (type) => told.find((part) => part.type === type).value;
  return `${of('year')}-${of('month')}`;
}

async function open() {
  at('indicators-month').value = thisMonth();
  dialog.showModal();
  await tried(async () => {
    const { items } = await get('/indicators/sets');
    at('indicators-set').replaceChildren(...items.map(({ code, name }) => Object.assign(element('option', '', name), { value: code, selected: code === 'standard' })));
    await draw();
  });
}

at('indicators').addEventListener('click', open);
at('indicators-close').addEventListener('click', () => dialog.close());
for (const id of ['indicators-month', 'indicators-set']) at(id).addEventListener('change', () => tried(draw));

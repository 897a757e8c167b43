// The figures of cases of a period: shares and counts with the cases behind them, groups and stages as charts.

import { chart } from './charts.js';
import { get } from './hub.js';
import { caseStage, language, number, percent, span, t } from './i18n.js';
import { element, LEVELS, put } from './shapes.js';

const at = (id) => document.getElementById(id);
const SHOWN = 50;
const GROUPS = 20;
const DIGITS = 12; // of a whole code of a division
const DUE = ['closed_in_time', 'closed_late', 'overdue_open'];
let drawn = 0; // the newest drawing: an answer that comes after that of a later question is not shown
let tried = (work) => work(); // tells why something failed

function share(item) {
  const row = element('li', 'entry');
  const head = element('p');
  const value = item.denominator === null ? number(item.numerator, 0) : percent(item.numerator, item.denominator);
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
  made.addEventListener('click', () => tried(() => list(item.name, item)));
  return made;
}

async function list(title, item) {
  const { items, next } = await get(`${item.list.replace('/api/v1', '')}&limit=${SHOWN}`);
  put(at('indicators-list-title'), `${title} ${number(item.cases, 0)}`);
  at('indicators-list').replaceChildren(...items.map((each) => element('li', 'small',
    [each.number, each.title, caseStage(each.stage), each.region, each.responsible].filter(Boolean).join(' · '))));
  if (next) at('indicators-list').append(element('li', 'small', t('indicators_more', { shown: SHOWN })));
  at('indicators-list-title').scrollIntoView({ block: 'nearest' });
}

function nameOf(by, { key, name }) {
  if (key === null) return t('indicators_without');
  return by === 'level' ? t(LEVELS[LEVELS.length - Number(key)]) : name ?? key;
}

function groups(told, by) {
  const due = (group) => group.counts.due.cases;
  const order = by === 'month' ? told.groups : [...told.groups].sort((a, b) => due(b) - due(a));
  const rows = order.slice(0, GROUPS).map((group) => {
    const name = nameOf(by, group);
    const parts = DUE.map((what) => group.counts[what].cases);
    const label = t('indicators_in_time', { n: number(parts[0], 0), due: number(due(group), 0), share: percent(parts[0], due(group)) });
    const open = group.counts.due.list ? () => tried(() => list(`${name}: ${group.counts.due.name}`, group.counts.due)) : null;
    return { name, bars: [parts], labels: [label], open };
  });
  const more = order.length > GROUPS ? ` ${t('indicators_groups_more', { n: order.length - GROUPS })}` : '';
  return chart(t('indicators_groups') + more, DUE.map((what) => told.counts[what].name), rows);
}

function stages(items) {
  const rows = items.map((each) => ({
    name: `${each.stage === 'case' ? t('indicators_whole_case') : caseStage(each.stage)} (${number(each.visits, 0)})`,
    bars: [[each.median_s], [each.p90_s]],
    labels: [span(each.median_s), span(each.p90_s)],
  }));
  return chart(t('indicators_stages'), [t('indicators_median'), t('indicators_p90')], rows);
}

// Draws a period by a set of definitions; `report` does something and tells why it failed.
export async function drawFigures(first, last, set, by, report) {
  tried = report;
  drawn += 1;
  const mine = drawn;
  const period = `from=${first}&to=${last}`;
  const asked = `/indicators/cases?${period}&set=${encodeURIComponent(set)}&by=${by}&lang=${language}`;
  const [told, times] = await Promise.all([get(asked), get(`/indicators/cases/stages?${period}`)]);
  let divided = told;
  while (by === 'region' && divided.groups.length === 1 && divided.groups[0].key?.length < DIGITS) { // all in one: look below it
    divided = await get(`${asked}&region=${divided.groups[0].key}`);
  }
  if (mine !== drawn) return;
  at('indicators-shares').replaceChildren(...told.indicators.map(share));
  at('indicators-counts').replaceChildren(...Object.values(told.counts).map(count));
  at('indicators-charts').replaceChildren(
    ...(divided.groups.length ? [groups(divided, by)] : []), ...(times.items.length ? [stages(times.items)] : []));
  put(at('indicators-list-title'), '');
  at('indicators-list').replaceChildren();
}

// How alerts load those who answer them (ISA-18.2, EEMUA 191), with what each measure was counted from.

import { chart } from './charts.js';
import { get } from './hub.js';
import { language, moment, number, percent, span, t } from './i18n.js';
import { element } from './shapes.js';

const at = (id) => document.getElementById(id);
const NUMBERS = ['operator_rate', 'storms', 'stale']; // measures that are no shares
const LEVELS = { level_red: 'red', level_orange: 'orange', level_low: 'indicators_low' };

let drawn = 0; // the newest drawing: an answer that comes after that of a later question is not shown

const valueOf = (each) => (NUMBERS.includes(each.key) ? number(each.value) : percent(each.numerator, each.denominator));
const targetOf = (each) => (each.target === null ? '–' : NUMBERS.includes(each.key) ? number(each.target) : percent(each.target, 1));

function measures(items) {
  const table = element('table', 'measures');
  const head = element('tr');
  const titles = [t('indicators_measure'), t('indicators_value'), t('indicators_counted'), t('indicators_target')];
  head.append(...titles.map((title, n) => Object.assign(element('th', n ? 'number' : '', title), { scope: 'col' })));
  const body = element('tbody');
  for (const each of items) {
    const row = element('tr');
    const name = Object.assign(element('th'), { scope: 'row' });
    name.append(element('b', '', each.name), element('p', 'small', each.formula));
    const value = element('td', 'number', valueOf(each));
    if (each.target !== null && !(each.key in LEVELS) && each.value > each.target) value.append(element('p', 'small wrong', t('indicators_above')));
    const of = each.denominator === null ? '' : `${number(each.numerator)} / ${number(each.denominator)}`;
    row.append(name, value, element('td', 'number', of), element('td', 'number', targetOf(each)));
    body.append(row);
  }
  const top = element('thead');
  top.append(head);
  table.append(top, body);
  return table;
}

function levels(items) {
  const rows = Object.entries(LEVELS).map(([key, name]) => {
    const each = items.find((item) => item.key === key);
    return { name: name === 'indicators_low' ? t('indicators_low') : t(name), bars: [[each.value], [each.target]], labels: [valueOf(each), targetOf(each)] };
  });
  return chart(t('indicators_levels'), [t('indicators_month'), t('indicators_target')], rows, 1);
}

function sources(told) {
  const rows = told.top.map((each) => ({
    name: `${each.rule ?? t('indicators_by_hand')} · ${each.target}`,
    bars: [[each.alerts]],
    labels: [`${number(each.alerts, 0)} (${percent(each.alerts, told.alerts)})`],
  }));
  return chart(t('indicators_top'), [], rows);
}

function storms(told) {
  const rows = told.storms.map((each) => ({
    name: `${moment(new Date(each.begins_at), new Date())} – ${moment(new Date(each.ends_at), new Date())}`,
    bars: [[each.first_ten_minutes, each.alerts - each.first_ten_minutes]],
    labels: [`${number(each.first_ten_minutes, 0)} / ${number(each.alerts, 0)}`],
  }));
  return chart(t('indicators_storms'), [t('indicators_first_ten'), t('indicators_later')], rows);
}

function mistaken(told) {
  const rows = told.false_by_model.map((each) => ({
    name: each.model || t('indicators_no_device'),
    bars: [[each.false_alarms, each.alerts - each.false_alarms]],
    labels: [`${number(each.false_alarms, 0)} / ${number(each.alerts, 0)} (${percent(each.false_alarms, each.alerts)})`],
  }));
  return chart(t('indicators_false'), [t('indicators_false_ones'), t('indicators_real_ones')], rows);
}

// Draws the alerts that were raised from the beginning of one day of China to the end of another.
export async function drawLoad(first, last) {
  drawn += 1;
  const mine = drawn;
  const end = new Date(Math.min(Date.parse(`${last}T00:00:00+08:00`) + 86400000, Date.now())).toISOString();
  const told = await get(`/indicators/alerts?from=${encodeURIComponent(`${first}T00:00:00+08:00`)}&to=${end}&lang=${language}`);
  if (mine !== drawn) return;
  const { taking, operators } = told;
  const waited = taking.median_s === null ? t('indicators_untaken', { n: number(taking.waiting, 0) })
    : t('indicators_taking', { median: span(taking.median_s), p90: span(taking.p90_s), longest: span(taking.longest_s), n: number(taking.waiting, 0) });
  const desk = operators.recorded_from === null ? t('indicators_nobody') : t('indicators_desk', { hours: number(operators.hours, 1), n: number(operators.people, 0) });
  at('indicators-alerts').replaceChildren(
    element('p', '', t('indicators_alerts', { n: number(told.alerts, 0) })), element('p', 'small', desk),
    measures(told.measures),
    ...(told.alerts ? [levels(told.measures), element('p', '', waited), sources(told)] : []),
    ...(told.storms.length ? [storms(told)] : []), ...(told.false_by_model.length ? [mistaken(told)] : []));
}

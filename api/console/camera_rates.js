// Online rate and sound rate of cameras over days, and now, with what each was counted from.

import { get } from './hub.js';
import { language, number, percent, t } from './i18n.js';
import { element } from './shapes.js';

const at = (id) => document.getElementById(id);
let drawn = 0; // the newest drawing: an answer that comes after that of a later question is not shown

// A rate: the share, and below it what it was counted from; of a period in hours.
function cell(rate, unit, ending) {
  const told = element('td', 'number', rate.denominator === null ? number(rate.numerator / unit, 0) : percent(rate.numerator, rate.denominator));
  if (rate.denominator !== null) {
    const [above, below] = [rate.numerator, rate.denominator].map((value) => number(value / unit, 1));
    told.append(element('p', 'small', `${above} / ${below}${ending}`));
  }
  return told;
}

function line(name, group) {
  const row = element('tr');
  row.append(Object.assign(element('th', '', name), { scope: 'row' }), element('td', 'number', number(group.cameras, 0)));
  group.indicators.forEach((rate, n) => row.append(cell(rate, 3600, ' h'), cell(group.now_indicators[n], 1, '')));
  return row;
}

function table(told) {
  const head = element('tr');
  const titles = ['', t('cameras'), ...told.indicators.flatMap(({ name }) => [name, t('cameras_now', { name })])];
  head.append(...titles.map((title, n) => Object.assign(element('th', n ? 'number' : '', title), { scope: 'col' })));
  const [top, body, whole] = [element('thead'), element('tbody'), element('table', 'measures')];
  top.append(head);
  body.append(line(t('cameras_all'), told), ...told.groups.map((group) => line(group.name ?? group.key ?? '–', group)));
  whole.append(top, body);
  return whole;
}

// Draws the cameras of a period, by division, organisation, area or platform.
export async function drawRates(first, last, by) {
  drawn += 1;
  const mine = drawn;
  const told = await get(`/indicators/cameras?from=${first}&to=${last}&by=${by}&lang=${language}`);
  if (mine !== drawn) return;
  const formulas = element('ul', 'small');
  formulas.append(...told.indicators.map(({ name, formula }) => element('li', '', `${name} = ${formula}`)));
  const unheard = told.unheard_s ? [element('p', 'small', t('cameras_unheard', { hours: number(told.unheard_s / 3600, 1) }))] : [];
  at('indicators-cameras-drawn').replaceChildren(table(told), formulas, ...unheard, element('p', 'small', told.what));
}

// The course of a series: the readings, the band that was expected of them, and how unusual they were.

import { get } from './hub.js';
import { moment, number, t, unit } from './i18n.js';
import { element, svg } from './shapes.js';

const WIDTH = 240;
const HEIGHT = 64;
const SCORE = 18;
const ALARM = 0.99;
const BEFORE_MS = 36 * 3600 * 1000;
const AFTER_MS = 12 * 3600 * 1000;

// Items in a row of which something is true; where it is not there is a gap.
function stretches(items, holds) {
  const found = [];
  items.forEach((item, n) => {
    if (!holds(item)) return;
    if (n > 0 && holds(items[n - 1])) found.at(-1).push(item);
    else found.push([item]);
  });
  return found.filter((rows) => rows.length > 1);
}

// The lines of a chart of what `GET /series/{device}/{metric}/expectation` answers; the moment `marked` has a line, if there is one.
function drawn(told, marked) {
  const items = told.items;
  const values = items.flatMap((item) => [item.value, item.low, item.high, item.shared_low, item.shared_high]).filter((value) => value !== null);
  const least = Math.min(...values);
  const most = Math.max(...values);
  const begin = Date.parse(items[0].ts);
  const length = Math.max(1, Date.parse(items.at(-1).ts) - begin);
  const x = (ts) => ((WIDTH * (Date.parse(ts) - begin)) / length).toFixed(1);
  const y = (value) => (most > least ? HEIGHT - (HEIGHT * (value - least)) / (most - least) : HEIGHT / 2).toFixed(1);
  const picture = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT + SCORE}`, preserveAspectRatio: 'none', class: 'curve expected', role: 'img' });
  const known = items.filter((item) => item.low !== null && item.high !== null);
  const edge = (rows, low, high) => [
    ...rows.map((item) => `${x(item.ts)},${y(item[high])}`), ...[...rows].reverse().map((item) => `${x(item.ts)},${y(item[low])}`)].join(' ');
  const line = (rows, name) => rows.map((item) => `${x(item.ts)},${y(item[name])}`).join(' ');
  picture.append(
    svg('polygon', { points: edge(known, 'low', 'high'), class: 'usual-band' }),
    ...stretches(items, (item) => item.shared !== null).flatMap((rows) => [
      svg('polygon', { points: edge(rows, 'shared_low', 'shared_high'), class: 'shared-band' }),
      svg('polyline', { points: line(rows, 'shared'), class: 'shared' })]),
    svg('polyline', { points: line(known, 'expected'), class: 'usual' }),
    svg('polyline', { points: line(items, 'value'), class: 'came' }),
  );
  for (const item of items) {
    const tall = (SCORE - 3) * (item.score ?? 0);
    const odd = (item.score ?? 0) >= ALARM;
    if (tall > 0.2) picture.append(svg('line', { x1: x(item.ts), x2: x(item.ts), y1: HEIGHT + SCORE, y2: (HEIGHT + SCORE - tall).toFixed(1), class: odd ? 'odd' : 'score' }));
  }
  if (marked === null) return picture;
  const at = Math.max(0, Math.min(WIDTH, (WIDTH * (Date.parse(marked) - begin)) / length)).toFixed(1);
  picture.append(svg('line', { x1: at, x2: at, y1: 0, y2: HEIGHT + SCORE, class: 'moment' }));
  return picture;
}

const said = (told, item) => ({
  value: number(item.value), low: number(item.low), high: number(item.high), score: number(item.score, 4), unit: unit(told.unit),
});

// What neighbours say where they were heard: nothing where no rule in force asks for them, or none is seen.
function beside(told, item) {
  if (!told.neighbours || item.shared === null) return [];
  const words = { n: told.neighbours, low: number(item.shared_low), high: number(item.shared_high), unit: unit(told.unit), unshared: number(item.unshared, 2) };
  return [element('p', 'small', t('course_shared', words)), element('p', 'small', t('course_shared_legend'))];
}

function figure(told, marked, words) {
  const made = element('figure', 'chart');
  const picture = drawn(told, marked);
  picture.setAttribute('aria-label', words);
  made.append(element('figcaption', '', words), picture);
  return made;
}

const asked = (device, metric, from, to) => get(
  `/series/${encodeURIComponent(device)}/${encodeURIComponent(metric)}/expectation?${new URLSearchParams({ from: from.toISOString(), to: to.toISOString() })}`);

// A figure of the readings from one time to another; null where there is nothing to draw.
export async function course(device, metric, from, to) {
  const told = await asked(device, metric, from, to);
  if (told.items.length < 2) return null;
  const last = told.items.at(-1);
  const made = figure(told, null, last.low === null ? t('course_new', said(told, last)) : t('course_known', said(told, last)));
  const ends = element('p', 'small ends');
  const now = new Date();
  ends.append(...[told.items[0], last].map((item) => element('span', '', moment(new Date(item.ts), now))));
  made.append(ends, element('p', 'small', t('course_legend')), ...beside(told, last));
  return made;
}

// A figure for an alert on a metric; null where there is nothing to draw.
export async function expected(alert) {
  if (!alert.device || !alert.metric) return null;
  const opened = Date.parse(alert.opened_at);
  const told = await asked(alert.device, alert.metric, new Date(opened - BEFORE_MS), new Date(Math.min(Date.now(), opened + AFTER_MS)));
  if (told.items.length < 2) return null;
  const near = told.items.reduce((best, item) => (
    Math.abs(Date.parse(item.ts) - opened) < Math.abs(Date.parse(best.ts) - opened) ? item : best));
  const words = near.low === null ? t('expected_new', said(told, near)) : t('expected_known', said(told, near));
  const made = figure(told, alert.opened_at, words);
  made.append(element('p', 'small', t('expected_legend')), ...beside(told, near));
  return made;
}

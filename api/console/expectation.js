// The chart around the moment of an alert: the readings, the band that was expected of them, and how unusual they were.

import { get } from './hub.js';
import { number, t, unit } from './i18n.js';
import { element, svg } from './shapes.js';

const WIDTH = 240;
const HEIGHT = 64;
const SCORE = 18;
const ALARM = 0.99;
const BEFORE_MS = 36 * 3600 * 1000;
const AFTER_MS = 12 * 3600 * 1000;

// The lines of a chart of what `GET /series/{device}/{metric}/expectation` answers; `moment` is marked.
function drawn(told, moment) {
  const items = told.items;
  const values = items.flatMap((item) => [item.value, item.low, item.high]).filter((value) => value !== null);
  const least = Math.min(...values);
  const most = Math.max(...values);
  const begin = Date.parse(items[0].ts);
  const length = Math.max(1, Date.parse(items.at(-1).ts) - begin);
  const x = (ts) => ((WIDTH * (Date.parse(ts) - begin)) / length).toFixed(1);
  const y = (value) => (most > least ? HEIGHT - (HEIGHT * (value - least)) / (most - least) : HEIGHT / 2).toFixed(1);
  const picture = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT + SCORE}`, preserveAspectRatio: 'none', class: 'curve expected', role: 'img' });
  const known = items.filter((item) => item.low !== null && item.high !== null);
  const edge = [...known.map((item) => `${x(item.ts)},${y(item.high)}`), ...[...known].reverse().map((item) => `${x(item.ts)},${y(item.low)}`)];
  const line = (rows, name) => rows.map((item) => `${x(item.ts)},${y(item[name])}`).join(' ');
  picture.append(
    svg('polygon', { points: edge.join(' '), class: 'usual-band' }),
    svg('polyline', { points: line(known, 'expected'), class: 'usual' }),
    svg('polyline', { points: line(items, 'value'), class: 'came' }),
  );
  for (const item of items) {
    const tall = (SCORE - 3) * (item.score ?? 0);
    const odd = (item.score ?? 0) >= ALARM;
    if (tall > 0.2) picture.append(svg('line', { x1: x(item.ts), x2: x(item.ts), y1: HEIGHT + SCORE, y2: (HEIGHT + SCORE - tall).toFixed(1), class: odd ? 'odd' : 'score' }));
  }
  const at = Math.max(0, Math.min(WIDTH, (WIDTH * (Date.parse(moment) - begin)) / length)).toFixed(1);
  picture.append(svg('line', { x1: at, x2: at, y1: 0, y2: HEIGHT + SCORE, class: 'moment' }));
  return picture;
}

// A figure for an alert on a metric; null where there is nothing to draw.
export async function expected(alert) {
  if (!alert.device || !alert.metric) return null;
  const moment = Date.parse(alert.opened_at);
  const query = new URLSearchParams({
    from: new Date(moment - BEFORE_MS).toISOString(), to: new Date(Math.min(Date.now(), moment + AFTER_MS)).toISOString(),
  });
  const told = await get(`/series/${encodeURIComponent(alert.device)}/${encodeURIComponent(alert.metric)}/expectation?${query}`);
  if (told.items.length < 2) return null;
  const near = told.items.reduce((best, item) => (
    Math.abs(Date.parse(item.ts) - moment) < Math.abs(Date.parse(best.ts) - moment) ? item : best));
  const said = { value: number(near.value), low: number(near.low), high: number(near.high), score: number(near.score, 4), unit: unit(told.unit) };
  const words = near.low === null ? t('expected_new', said) : t('expected_known', said);
  const figure = element('figure', 'chart');
  const picture = drawn(told, alert.opened_at);
  picture.setAttribute('aria-label', words);
  figure.append(element('figcaption', '', words), picture, element('p', 'small', t('expected_legend')));
  return figure;
}

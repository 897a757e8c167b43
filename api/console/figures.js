// The headline numbers, the rate's curve and the counts by level.

import { number, t } from './i18n.js';
import { element, LEVELS, put, sign } from './shapes.js';

const POINTS = 120;
const FEW = 30; // a young curve is drawn over a quarter of the time, so that there is something to see
const past = [];
const at = (id) => document.getElementById(id);

function big(id, text) {
  put(at(id), text);
  at(id).style.setProperty('--length', text.length);
}

export function showFigures(status) {
  const { rates, totals, alerts } = status;
  big('readings-rate', rates ? number(rates.readings_per_s, 0) : '–'); // none: of the whole hub, who sees a part of it gets none
  put(at('messages-rate'), rates ? number(rates.messages_per_s, 0) : '–');
  if (totals) {
    big('stored', totals.readings === null ? '–' : (totals.readings_exact ? '' : '≈ ') + number(totals.readings, 0));
    put(at('series'), number(totals.series, 0));
    big('devices', number(totals.devices, 0));
    put(at('pending'), number(totals.deliveries_pending, 0));
    big('letters-total', number(totals.dead_letters, 0) + (totals.dead_letters >= 100000 ? '+' : ''));
  }
  if (alerts) showLevels(alerts);
}

export function remember(status) {
  if (!status.rates) return;
  past.push(status.rates.readings_per_s);
  if (past.length > POINTS) past.shift();
  drawRate();
}

function drawRate() {
  const spark = at('spark');
  spark.setAttribute('aria-label', t('spark', { now: number(past.at(-1), 0) }));
  const top = Math.max(...past, 1) * 1.1;
  const width = Math.max(past.length, FEW) - 1;
  const points = past.map((value, i) => {
    const x = 240 - ((past.length - 1 - i) * 240) / width;
    return `${x.toFixed(1)},${(62 - (60 * value) / top).toFixed(1)}`;
  });
  const first = points[0].split(',')[0];
  spark.querySelector('.line').setAttribute('d', 'M' + points.join('L'));
  spark.querySelector('.area').setAttribute('d', `M${points.join('L')}L240,64L${first},64Z`);
}

function showLevels(alerts) {
  const list = at('levels');
  if (!list.children.length) {
    for (const level of LEVELS) {
      const item = element('li');
      item.dataset.level = level;
      const name = element('p', 'name');
      name.append(sign(level), element('span'));
      item.append(element('p', 'n'), name);
      list.append(item);
    }
  }
  for (const item of list.children) {
    const level = item.dataset.level;
    put(item.querySelector('.n'), number(alerts[level], 0));
    put(item.querySelector('.name span'), t(level));
    item.dataset.any = String(alerts[level] > 0);
  }
}

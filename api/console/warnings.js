// Official warnings in force, above the alerts: they are told, not handled here.

import { moment, t } from './i18n.js';
import { element, keep, LEVELS, put, sign } from './shapes.js';

const SHOWN = 5;
const rows = document.getElementById('warning-rows');

// Worst first; one without a known level comes last.
export function worstFirst(warnings) {
  const rank = (warning) => (warning.level === null ? LEVELS.length : LEVELS.indexOf(warning.level));
  return [...warnings].sort((a, b) => rank(a) - rank(b) || b.sent.localeCompare(a.sent));
}

export function showWarnings(warnings, now) {
  const lasting = worstFirst(warnings.filter((warning) => Date.parse(warning.ends_at) > now));
  const more = lasting.length - SHOWN;
  document.getElementById('warnings').hidden = lasting.length === 0;
  put(document.getElementById('warnings-more'), more > 0 ? t('warnings_more', { n: more }) : '');
  keep(rows, lasting.slice(0, SHOWN), (warning) => warning.id, makeRow, (row, warning) => update(row, warning, now));
}

function makeRow() {
  const row = element('li');
  const chip = element('span', 'chip');
  chip.append(element('span', 'word'));
  row.append(chip, element('b'), element('span', 'about'));
  return row;
}

function update(row, warning, now) {
  const level = warning.level ?? '';
  if (row.dataset.level !== level) {
    row.dataset.level = level;
    row.querySelector('.sign')?.remove();
    if (level) row.querySelector('.chip').prepend(sign(level));
  }
  put(row.querySelector('.word'), level ? t(level) : warning.level_stated || t('warnings_no_level'));
  put(row.querySelector('b'), warning.headline || warning.event || warning.kind_name);
  const until = t('warnings_until', { time: moment(new Date(warning.ends_at), new Date(now)) });
  const about = [warning.kind_name, warning.area || warning.divisions.slice(0, 3).join(', '), until];
  if (warning.contradicted_by.length) {
    about.push(t('warnings_contradicted', { sources: warning.contradicted_by.join(', ') }));
  }
  if (warning.third_party) about.push(t('warnings_third'));
  put(row.querySelector('.about'), about.filter(Boolean).join(' · '));
}

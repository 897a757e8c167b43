// The page's words in English and Chinese, and how numbers, ages and units are written.

const WORDS = await (await fetch('/assets/words.json')).json();

const KEY = 'ganzhi.language';
const UNITS = { 'ug/m3': 'µg/m³', 'mg/m3': 'mg/m³', Cel: '°C', K: 'K', 1: '', deg: '°', 'm3/s': 'm³/s', 'dB[SPL]': 'dB',
  'dB(A)': 'dB(A)', '[ppm]': 'ppm', 'm/s2': 'm/s²', 'W/m2': 'W/m²', Ohm: 'Ω', m3: 'm³', '%[RH]': '%RH' };

function remembered() {
  try { return localStorage.getItem(KEY); } catch { return null; }
}

export let language = remembered() ?? (navigator.language.startsWith('zh') ? 'zh' : 'en');
if (!WORDS[language]) language = 'en';

export function setLanguage(wanted) {
  language = wanted;
  try { localStorage.setItem(KEY, wanted); } catch { /* private mode: it lasts for this visit */ }
}

export function t(key, values = {}) {
  const text = WORDS[language][`page.${key}`] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
}

// Why a message became a dead letter; the code itself for a reason that has no words.
export function reasonInWords(reason) {
  return WORDS[language][`reason.${reason}.name`] ?? reason;
}

// Why nobody is on duty.
export function dutyReason(reason) {
  return WORDS[language][`duty.reason.${reason}`] ?? reason;
}

// Where a case stands, and what may be done with it.
export const caseStage = (stage) => WORDS[language][`case.stage.${stage}`] ?? stage;
export const caseStep = (kind) => WORDS[language][`case.step.${kind}`] ?? kind;

// What is found in video; an event's kind that is none of these, as it is.
export const finding = (kind) => WORDS[language][`video.kind.${kind}`] ?? kind.replaceAll('_', ' ');

const ROLE = 'access.role.';
export const ROLES = Object.keys(WORDS.en).filter((key) => key.startsWith(ROLE)).map((key) => key.slice(ROLE.length));

export function roleInWords(role) {
  return WORDS[language][ROLE + role] ?? role;
}

export function translatePage() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  for (const element of document.querySelectorAll('[data-t]')) element.textContent = t(element.dataset.t);
}

const locale = () => (language === 'zh' ? 'zh-CN' : 'en-GB');

export function number(value, digits = 2) {
  if (value === null || value === undefined) return '–';
  const small = Math.abs(value) < 1 && value !== 0;
  const shape = small ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: digits };
  return new Intl.NumberFormat(locale(), shape).format(value);
}

// A share with two digits, and with more where it would seem to be all or nothing and is not.
export function percent(above, below) {
  if (!below || above === null) return '–';
  const share = (100 * above) / below;
  let digits = 2;
  while (digits < 12 && [0, 100].includes(Number(share.toFixed(digits))) && ![0, 100].includes(share)) digits += 1;
  const shape = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return `${new Intl.NumberFormat(locale(), shape).format(share)}%`;
}

// Seconds as hours and minutes.
export function span(seconds) {
  if (seconds === null) return '–';
  const minutes = Math.round(seconds / 60);
  const hours = number(Math.floor(minutes / 60), 0);
  return minutes < 60 ? t('span_minutes', { minutes }) : t('span_hours', { hours, minutes: minutes % 60 });
}

export function unit(code) {
  return code === null || code === undefined ? '' : UNITS[code] ?? code;
}

export function clockTime(date) {
  return date.toLocaleTimeString(locale(), { hour12: false });
}

export function moment(date, now) {
  const sameDay = date.toDateString() === now.toDateString();
  return sameDay ? clockTime(date) : date.toLocaleDateString(locale(), { month: 'short', day: 'numeric' }) + ' ' + clockTime(date);
}

export function age(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return t('s', { n: s });
  if (s < 3600) return t('min', { n: Math.floor(s / 60) });
  if (s < 172800) return t('h', { n: Math.floor(s / 3600) });
  return t('d', { n: Math.floor(s / 86400) });
}

// Alerts as cards: worst first, with what can be done about them.

import { askInView, makePictures, updatePictures } from './card_pictures.js';
import { makeHandling, updateHandling } from './handling.js';
import { age, clockTime, number, t, unit } from './i18n.js';
import { element, keep, LEVELS, put, sign } from './shapes.js';
import { ring } from './sound.js';

const SHOWN_STEPS = ['acknowledged', 'closed', 'false_alarm'];
const GUIDANCE = ['action', 'contacts', 'cause', 'consequence'];
const list = document.getElementById('alert-cards');
const announcer = document.getElementById('announce');
let known = null; // ids seen before; null until the first load, which is not announced
let step = null; // takes a step; null: nobody here may
let problems = new Map(); // by alert id: why the last step failed

export function sorted(alerts) {
  const rank = (alert) => (alert.drill ? 3 : alert.shelved_until !== null ? 2 : alert.cleared_at === null ? 0 : 1);
  return [...alerts].sort((a, b) => rank(a) - rank(b)
    || LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level)
    || b.raised_at.localeCompare(a.raised_at));
}

// Whether somebody must be heard by: a red one that nobody has acknowledged, whether or not its condition lasts.
export const urgent = (alerts) => alerts.some((alert) => alert.level === 'red' && alert.handling === 'open'
  && alert.shelved_until === null && !alert.drill);

// Where it is, in words: its device, else its division, else what it is about.
export function place(alert) {
  if (alert.device === null) return alert.region ?? t('the_hub');
  return alert.device_name === alert.device ? alert.device : `${alert.device_name} · ${alert.device}`;
}

export function noteProblem(id, text) {
  if (text === null) problems.delete(id);
  else problems.set(id, text);
}

export function showAlerts(alerts, now, take) {
  const real = alerts.filter((alert) => !alert.drill);
  const over = real.filter((alert) => alert.cleared_at !== null).length;
  const values = { active: number(real.length - over, 0), over: number(over, 0) };
  put(document.getElementById('alerts-count'), real.length ? t('alerts_count', values) : '');
  document.getElementById('alerts-none').hidden = alerts.length > 0;
  step = take;
  keep(list, sorted(alerts), (alert) => alert.id, (alert) => makeCard(alert), (card, alert) => update(card, alert, now));
  if (known === null) document.getElementById(location.hash.slice(1))?.scrollIntoView(); // a link to an alert
  askInView();
  announce(real); // what was of a drill and is real now is new
}

export function showAges(now) {
  for (const card of list.children) {
    put(card.querySelector('.age'), age(now - Date.parse(card.dataset.raised)));
    put(card.querySelector('.climbs'), climbs(card.dataset, now));
  }
}

// When the chain of an alert goes on, and to whom; nothing where it does not.
function climbs({ climbsAt, climbsTo, climbsUnless }, now) {
  if (!climbsAt) return '';
  const s = Math.max(0, Math.floor((Date.parse(climbsAt) - now) / 1000));
  const values = { names: climbsTo, time: `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}` };
  return climbsUnless === 'true' ? t('escalates_unless', values) : t('escalates', values);
}

function announce(alerts) {
  const fresh = known === null ? [] : alerts.filter((alert) => !known.has(alert.id));
  known = new Set(alerts.map((alert) => alert.id));
  if (fresh.length) {
    const told = sorted(fresh).slice(0, 3).map((alert) => t('announce', { level: t(alert.level), title: alert.title, device: alert.device_name ?? place(alert) }));
    announcer.textContent = told.join('. ');
    ring(sorted(fresh)[0].level);
  }
}

function makeCard(alert) {
  const card = element('li', known === null ? 'card' : 'card new');
  card.id = `alert-${alert.id}`;
  const top = element('div', 'top');
  const chip = element('span', 'chip');
  chip.append(element('span', 'word'));
  top.append(chip, element('span', 'state'), element('span', 'over'), element('span', 'who'), element('span', 'age'));
  const measure = element('div', 'measure');
  const value = element('p', 'value');
  value.append(element('span'), element('small'));
  measure.append(value, element('p', 'limit'));
  const steps = element('div', 'steps');
  for (const to of SHOWN_STEPS) {
    const button = element('button');
    button.type = 'button';
    button.dataset.step = to;
    button.addEventListener('click', () => step?.(alert.id, to, steps.querySelectorAll('button')));
    steps.append(button);
  }
  const problem = element('span', 'problem');
  problem.setAttribute('role', 'status');
  steps.append(problem);
  const guidance = element('details', 'guidance');
  guidance.append(element('summary'), ...GUIDANCE.map((name) => element('p', name)));
  const title = element('h3');
  title.id = `title-${alert.id}`;
  card.append(top, title, element('p', 'where'), measure, element('p', 'climbs'), makePictures(card), guidance, steps, makeHandling(card));
  return card;
}

// What is to be done, unfolded once where it is urgent: the rule's words or the hub's.
function guide(block, said) {
  block.hidden = said === null;
  if (said === null) return;
  const within = said.respond_s === null ? '' : t('respond_within', { minutes: number(said.respond_s / 60, 0) });
  put(block.querySelector('summary'), [t('what_to_do'), within].filter(Boolean).join(' · '));
  for (const name of GUIDANCE) put(block.querySelector(`.${name}`), said[name] === null ? '' : said[name]);
}

function update(card, alert, now) {
  if (card.dataset.level !== alert.level) {
    card.dataset.level = alert.level;
    card.querySelector('.chip .sign')?.remove();
    card.querySelector('.chip').prepend(sign(alert.level));
    card.querySelector('.guidance').open = urgent([alert]);
  }
  card.dataset.raised = alert.raised_at;
  card.dataset.over = String(alert.cleared_at !== null);
  const find = (selector) => card.querySelector(selector);
  put(find('.chip .word'), t(alert.level));
  put(find('.state'), t(alert.state));
  put(find('.over'), alert.cleared_at !== null && alert.state !== 'cleared' ? t('over') : '');
  card.classList.toggle('shelved', alert.shelved_until !== null);
  const notes = [];
  card.classList.toggle('drill', alert.drill);
  if (alert.drill) notes.push(t('drill'));
  else if (alert.origin === 'manual') notes.push(t('reported'));
  if (alert.assignee !== null) notes.push(t('assigned_to', { name: alert.assignee }));
  if (alert.shelved_until !== null) notes.push(t('shelved', { time: clockTime(new Date(alert.shelved_until)) }));
  put(find('.who'), notes.join(' · '));
  put(find('.age'), age(now - Date.parse(alert.raised_at)));
  const { next_at: climbsAt, next_to: climbsTo, state } = alert.escalation ?? { next_at: null, next_to: [], state: '' };
  Object.assign(card.dataset, { climbsAt: climbsAt ?? '', climbsTo: climbsTo.join(', '), climbsUnless: state === 'acknowledged' });
  put(find('.climbs'), climbs(card.dataset, now));
  put(find('h3'), alert.title);
  put(find('.where'), place(alert));
  const measured = alert.value !== null;
  put(find('.value span'), measured ? number(alert.value) : '');
  put(find('.value small'), measured ? unit(alert.unit) : '');
  const limit = alert.direction === 'below' ? 'limit_below' : 'limit_above';
  put(find('.limit'), alert.threshold === null ? '' : t(limit, { value: number(alert.threshold) }));
  guide(find('.guidance'), alert.guidance);
  updatePictures(card, alert);
  const offered = step === null ? [] : SHOWN_STEPS.filter((to) => alert.steps.includes(to));
  updateHandling(card, alert, alert.title, step !== null);
  for (const button of card.querySelectorAll('.steps button')) {
    const to = button.dataset.step;
    button.hidden = !offered.includes(to);
    button.classList.toggle('main', to === offered[0]);
    put(button, t('step_' + to));
    button.setAttribute('aria-label', t('step_for', { step: t('step_' + to), title: `${alert.title}, ${alert.device_name ?? place(alert)}` }));
  }
  put(find('.problem'), problems.get(alert.id) ?? '');
}

// Who is logged in: name, roles and scope, sessions, the lock, and logging out.

import { ask } from './ask.js';
import { language, moment, t } from './i18n.js';
import { get, post, send, setToken } from './hub.js';
import { changePassword, enrol, logInAgain, logInSomehow, toProvider, unlock } from './login.js';
import { element, keep, put } from './shapes.js';

const SAID_MS = 30000; // the hub is told at most so often that the person is there
const at = (id) => document.getElementById(id);
const dialog = at('account-dialog');

export let who = null; // as GET /session tells
let active = Date.now(); // when the person last did something
let said = 0;
let changed = () => {};
let entering = null;

export const may = (permission) => who !== null && who.permissions.includes(permission);
export const ready = () => who !== null && who.kind !== null && !who.session?.first;
export const locked = () => who?.session?.locked === true;

// Asks who one is, and until somebody is known for a login; what has to be done first is done. Once, whoever calls.
export function enter(drawn) {
  changed = drawn ?? changed;
  entering ??= known().finally(() => { entering = null; });
  return entering;
}

async function known() {
  for (;;) {
    who = await get(`/session?lang=${language}`);
    if (who.kind === null) await logInSomehow(who.accounts, who.provider);
    else if (who.session?.first === 'password') await changePassword(true);
    else if (who.session?.first === 'second_factor') await enrol(true);
    else if (who.session?.first === 'login') await logInAgain(who.provider ?? '');
    else break;
  }
  draw();
}

export async function again() {
  try {
    who = await get(`/session?lang=${language}`);
  } catch { return; } // the hub is away: the page says so
  if (who.kind === null || who.session?.first) await enter();
  draw();
}

export function draw() {
  if (who === null) return;
  at('demo').hidden = !who.demo;
  at('locked').hidden = !locked();
  document.body.classList.toggle('is-locked', locked());
  // What only its owner may read does not stay on a screen that he left.
  if (locked()) for (const id of ['office-dialog', 'ask-dialog', 'account-dialog']) at(id).close();
  at('account').hidden = who.kind === null || who.kind === 'local';
  put(at('account'), who.display_name ?? '');
  at('account').setAttribute('aria-label', t('account_of', { name: who.display_name ?? '' }));
  put(at('account-title'), [who.display_name, ...who.roles].join(' · '));
  keep(at('account-scope'), who.scope.map((line) => ({ line })), ({ line }) => line, () => element('li'),
    (item, { line }) => put(item, line));
  at('account-person').hidden = who.session === null;
  at('do-forget').hidden = who.session !== null;
  at('do-password').hidden = at('do-enrol').hidden = who.session?.provider === true;
  changed();
}

async function drawSessions() {
  if (who.session === null) return;
  const { items } = await get('/sessions');
  keep(at('account-sessions'), items, ({ id }) => id, makeSession, (item, session) => {
    put(item.querySelector('.agent'), session.agent || '–');
    const from = t('session_from', { address: session.address, time: moment(new Date(session.created_at), new Date()) });
    put(item.querySelector('.small'), from);
    put(item.querySelector('b'), session.own ? t('session_own') : '');
    item.querySelector('button').hidden = session.own;
    put(item.querySelector('button'), t('session_end'));
  });
}

function makeSession({ id }) {
  const item = element('li', 'session');
  const button = element('button');
  button.type = 'button';
  button.addEventListener('click', async () => { await send('DELETE', `/sessions/${id}`); drawSessions(); });
  item.append(element('span', 'agent'), element('b'), button, element('span', 'small'));
  return item;
}

const closing = (work) => async () => { dialog.close(); await work(); await again(); };
at('account').addEventListener('click', () => { dialog.showModal(); drawSessions(); });
at('account-close').addEventListener('click', () => dialog.close());
at('do-phone').addEventListener('click', () => ask(t('contact_own'),
  [{ name: 'phone', label: t('contact_phone'), type: 'tel', max: 40, required: true }],
  async ({ phone }) => { await send('PUT', '/session/contact', { phone }); }));
at('do-lock').addEventListener('click', closing(() => post('/session/lock', {})));
at('do-password').addEventListener('click', closing(() => changePassword(false)));
at('do-enrol').addEventListener('click', closing(() => enrol(false)));
at('do-logout').addEventListener('click', async () => {
  await send('DELETE', '/session');
  if (who.session.provider) location.assign('/api/v1/oidc/logout');
  else location.reload();
});
at('do-forget').addEventListener('click', () => { setToken(null); location.reload(); });
at('unlock').addEventListener('click', async () => {
  if (who.session.provider) await toProvider(); // shows there again who it is
  await unlock();
  active = Date.now();
  await again();
});

for (const event of ['pointerdown', 'keydown']) {
  document.addEventListener(event, () => { active = Date.now(); }, { passive: true });
}
setInterval(async () => {
  if (!who?.session || locked()) return;
  const { lock_s: lockS } = who.session;
  if (active > said && Date.now() - said > SAID_MS) {
    said = Date.now();
    try { await post('/session/active', {}); } catch { await again(); }
  } else if (lockS > 0 && Date.now() - active > lockS * 1000) await again();
}, 5000);

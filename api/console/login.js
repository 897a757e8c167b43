// Logging in, and what a login may ask for first: one dialog with one form at a time. Each function resolves when done.

import { t } from './i18n.js';
import { post, request, send, setToken } from './hub.js';
import { element, put } from './shapes.js';

const at = (id) => document.getElementById(id);
const dialog = at('login-dialog');
let showing = null; // the form that is shown, and what to do with it
let provider = ''; // where else people log in
let came = new URLSearchParams(location.search).get('login'); // what a login there came to
if (came !== null) history.replaceState(null, '', location.pathname);

function show(id, title, note, submit, cancel = null) {
  for (const form of dialog.querySelectorAll('form')) form.hidden = form.id !== id;
  showing = { id, title, note };
  say();
  at('login-cancel').hidden = cancel === null;
  at('login-other').hidden = true;
  if (!dialog.open) dialog.showModal();
  const form = at(id);
  for (const input of form.querySelectorAll('input')) input.value = '';
  complain(form, '');
  form.querySelector('input')?.focus();
  return new Promise((done) => {
    const end = (value) => {
      form.onsubmit = null;
      at('login-cancel').onclick = null;
      done(value);
    };
    at('login-cancel').onclick = () => { dialog.close(); end(null); };
    form.onsubmit = async (event) => {
      event.preventDefault();
      const button = form.querySelector('button');
      button.disabled = true;
      complain(form, '');
      try {
        end(await submit());
      } catch (problem) {
        complain(form, inWords(problem));
      } finally {
        button.disabled = false;
      }
    };
  });
}

// What the hub says of a login comes in English only.
function inWords(problem) {
  if (problem.status === 429) return t('login_slow');
  if (problem.status !== 401) return problem.message;
  return problem.errors ? t('code_wrong') : t('login_wrong');
}

function complain(form, text) {
  const line = form.querySelector('.wrong');
  if (!line) return;
  put(line, text);
  line.hidden = text === '';
}

// The words of the dialog, anew when the language has changed.
export function say() {
  if (!showing) return;
  put(at('login-title'), showing.title());
  put(at('login-note'), showing.note());
  put(at('provider-go'), t('log_in_at', { name: provider }));
  if (came !== null) complain(at('provider-form'), cameTo(came));
  put(at('login-other'), at('login-form').hidden ? t('by_name') : t('by_token'));
}

function cameTo(word) {
  const told = t(`oidc_${word}`);
  return told === `oidc_${word}` ? t('oidc_provider') : told;
}

// To the provider, which sends back to this page.
export function toProvider() {
  location.assign('/api/v1/oidc/login');
  return new Promise(() => {});
}

// For a role that needs a second factor, which was not shown there.
export async function logInAgain(name) {
  provider = name;
  await show('provider-form', () => t('login_title'), () => t('log_in_again', { name }), toProvider);
}

async function logIn() {
  const code = at('login-code').value.trim();
  const body = { name: at('login-name').value.trim(), password: at('login-password').value, code: code || null };
  try {
    await post('/session', body);
  } catch (problem) {
    if (problem.errors?.[0]?.pointer === '/code') {
      at('login-code-field').hidden = false;
      at('login-code').focus();
      if (!code) throw new Error(t('code_asked'));
    }
    throw problem;
  }
  setToken(null);
  return true;
}

async function byToken() {
  setToken(at('token').value);
  const answer = await request('/session');
  if ((await answer.json()).kind === null) {
    setToken(null);
    throw new Error(t('token_wrong'));
  }
  return true;
}

// Until somebody is known; by name where there are accounts, else by token; or at the provider `name`.
export async function logInSomehow(accounts, name) {
  let byName = accounts || name !== null;
  provider = name ?? '';
  for (;;) {
    at('login-code-field').hidden = true;
    const shown = byName
      ? show('login-form', () => t('login_title'), () => t('login_note'), logIn)
      : show('token-form', () => t('token_title'), () => t('token_note'), byToken);
    at('login-other').hidden = false;
    at('provider-form').hidden = name === null;
    at('provider-form').onsubmit = (event) => { event.preventDefault(); toProvider(); };
    say();
    const other = new Promise((done) => { at('login-other').onclick = () => done('other'); });
    if (await Promise.race([shown, other]) !== 'other') break;
    came = null;
    byName = !byName;
  }
  dialog.close();
}

export async function changePassword(first) {
  const note = () => (first ? t('password_first') : t('password_note'));
  const done = await show('password-form', () => t('password_title'), note, async () => {
    if (at('password-new').value !== at('password-again').value) throw new Error(t('password_differs'));
    await send('PUT', '/session/password', { old: at('password-old').value, new: at('password-new').value });
    return true;
  }, first ? null : true);
  if (done) dialog.close();
}

export async function enrol(first) {
  const title = () => t('enrol_title');
  at('enrol-code-field').hidden = true;
  const begun = await show('enrol-form', title, () => (first ? t('enrol_first') : t('enrol_note')), async () => {
    const body = { password: at('enrol-password').value, code: at('enrol-code').value.trim() || null };
    try {
      return await post('/session/second-factor', body);
    } catch (problem) {
      if (problem.errors?.[0]?.pointer !== '/code') throw problem;
      at('enrol-code-field').hidden = false;
      throw body.code ? problem : new Error(t('code_asked'));
    }
  }, first ? null : true);
  if (!begun) return;
  const picture = new DOMParser().parseFromString(begun.qr, 'image/svg+xml').documentElement;
  picture.setAttribute('role', 'img');
  picture.setAttribute('aria-label', t('qr'));
  at('qr').replaceChildren(document.importNode(picture, true));
  put(at('totp-secret'), begun.secret.replace(/(.{4})/g, '$1 ').trim());
  const kept = await show('confirm-form', title, () => t('enrol_scan'), async () =>
    send('PUT', '/session/second-factor', { code: at('confirm-code').value.trim() }), first ? null : true);
  if (!kept) return;
  at('recovery-codes').replaceChildren(...kept.recovery_codes.map((code) => element('li', '', code)));
  await show('codes-form', () => t('codes_title'), () => t('codes_note'), async () => true);
  at('recovery-codes').replaceChildren();
  at('qr').replaceChildren();
  put(at('totp-secret'), '');
  dialog.close();
}

export async function unlock() {
  const done = await show('unlock-form', () => t('unlock'), () => t('locked'), async () => {
    await post('/session/unlock', { password: at('unlock-password').value });
    return true;
  }, true);
  if (done) dialog.close();
}

dialog.addEventListener('cancel', (event) => {
  event.preventDefault();
  if (!at('login-cancel').hidden) at('login-cancel').click(); // else there is nothing to see without it
});

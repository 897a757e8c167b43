// Who may do what: accounts with their roles and sessions, and keys of machines. For security administrators, and auditors to read.

import { may } from './account.js';
import { ask } from './ask.js';
import { get, post, send } from './hub.js';
import { moment, roleInWords, ROLES, t } from './i18n.js';
import { drawShares } from './shares.js';
import { element } from './shapes.js';
import { telling } from './telling.js';

const at = (id) => document.getElementById(id);
const dialog = at('office-dialog');
const { button, loaded } = telling('office');
export { button };
const PEOPLE_ONLY = ['security_administrator', 'auditor'];
const writes = () => may('access:write');

export function drawOffice() {
  at('office').hidden = !may('access:read') && !may('shares:read');
}

export function entry(title, state, small, lines, buttons) {
  const item = element('li', 'entry');
  const head = element('p');
  head.append(element('b', '', title), ...(state ? [element('span', 'state', state)] : []));
  const list = element('ul', 'plain small');
  list.append(...lines.map((line) => (line instanceof Node ? line : element('li', '', line))));
  const actions = element('div', 'actions');
  actions.append(...buttons);
  item.append(head, element('p', 'small', small.filter(Boolean).join(' · ')), list, actions);
  return item;
}

export const time = (text) => (text ? moment(new Date(text), new Date()) : '–');

async function all(path) {
  const items = [];
  for (let next = ''; next !== null;) {
    const page = await get(`${path}?limit=1000${next && `&cursor=${encodeURIComponent(next)}`}`);
    items.push(...page.items);
    next = page.next;
  }
  return items;
}

async function draw() {
  at('office-access').hidden = !may('access:read');
  at('office-shares').hidden = !may('shares:read');
  at('add-account').hidden = at('add-key').hidden = !writes();
  await Promise.all([may('access:read') && drawAccess(), may('shares:read') && drawShares()]);
}

async function drawAccess() {
  const [accounts, grants, keys] = await Promise.all(['/accounts', '/grants', '/keys'].map(all));
  const of = (name) => grants.filter((grant) => grant.principal.toLowerCase() === name.toLowerCase());
  at('accounts').replaceChildren(...accounts.map((account) => showAccount(account, of(account.name))));
  const open = keys.filter((key) => key.revoked_at === null);
  at('keys').replaceChildren(...open.map((key) => showKey(key, of(key.name))));
  at('keys-none').hidden = open.length > 0;
}

function grantLine(grant) {
  const line = element('li');
  const reach = [grant.organisation, grant.region, grant.area].filter(Boolean).join(' / ') || t('everything');
  const ceiling = grant.ceiling === 'L4' ? '' : ` · ${grant.ceiling}`;
  const until = grant.valid_to ? ` · ${t('until', { time: time(grant.valid_to) })}` : '';
  line.append(`${roleInWords(grant.role)}: ${reach}${ceiling}${until} `);
  if (writes()) line.append(button(t('take_back'), async () => { await send('DELETE', `/grants/${grant.id}`); await draw(); }));
  return line;
}

function showAccount(account, grants) {
  const path = `/accounts/${encodeURIComponent(account.name)}`;
  const step = (verb) => async () => { await post(`${path}/${verb}`); await draw(); };
  const locked = account.state === 'locked';
  const buttons = [button(t('sessions'), async () => {
    const { items } = await get(`${path}/sessions`);
    item.querySelector('ul').replaceChildren(...grants.map(grantLine), ...items.map((session) => element('li', '',
      `${session.agent || '–'} · ${t('session_from', { address: session.address, time: time(session.created_at) })}`)));
    if (items.length && writes()) item.querySelector('ul').append(button(t('sessions_end'),
      async () => { await send('DELETE', `${path}/sessions`); await draw(); }));
    else if (!items.length) item.querySelector('ul').append(element('li', '', t('sessions_none')));
  })];
  if (may('contacts:reveal') && account.phone) buttons.push(button(t('contact_reveal'), () => askContact(account, path)));
  if (writes()) buttons.push(
    button(t('grant'), () => askGrant(account.name, ROLES)),
    button(t('contact'), () => ask(t('contact_of', { name: account.name }), [{ name: 'phone', label: t('contact_phone'), type: 'tel', max: 40, required: true }],
      async ({ phone }) => { await send('PUT', `${path}/contact`, { phone }); await draw(); })),
    button(t('reset'), () => askReset(account.name, path)),
    button(locked ? t('unlock_account') : t('lock_account'), step(locked ? 'unlock' : 'lock')),
  );
  const state = locked ? t('state_locked') : account.must_change ? t('state_one_time') : '';
  const small = [account.display_name, account.organisation, account.phone, account.second_factor && t('second_factor'),
    t('last_login', { time: time(account.last_login_at) })];
  const item = entry(account.name, state, small, grants.map(grantLine), buttons);
  return item;
}

function askContact(account, path) {
  ask(t('contact_of', { name: account.name }), [{ name: 'reason', label: t('contact_reason'), required: true }],
    async (values) => ({ note: t('contact_audited'), once: (await post(`${path}/contact:reveal`, values)).phone }));
}

function askReset(name, path) {
  ask(t('reset_of', { name }), [
    { name: 'password', label: t('password_own'), type: 'password', required: true },
    { name: 'code', label: t('code_if_any'), max: 40 },
  ], async (values) => {
    const made = await post(`${path}/reset`, values);
    await draw();
    return { note: t('one_time_of', { name }), once: made.one_time_password };
  });
}

function askGrant(name, roles) {
  ask(t('grant_to', { name }), [
    { name: 'role', label: t('role'), options: [['', '–'], ...roles.map((role) => [role, roleInWords(role)])], required: true },
    { name: 'organisation', label: t('limit_organisation'), max: 64 },
    { name: 'region', label: t('limit_region'), max: 12 },
    { name: 'area', label: t('limit_area'), max: 64 },
    { name: 'ceiling', label: t('limit_ceiling'), options: [['L4', t('ceiling_none')], ['L3', 'L3'], ['L2', 'L2']] },
    { name: 'valid_to', label: t('limit_until'), type: 'datetime-local' },
  ], async (values) => { await post('/grants', { principal: name, ...values }); await draw(); });
}

function showKey(key, grants) {
  const small = [key.label, t('last_used', { time: time(key.last_used_at) }),
    key.expires_at && t('until', { time: time(key.expires_at) })];
  const machines = ROLES.filter((role) => !PEOPLE_ONLY.includes(role));
  const buttons = writes() ? [
    button(t('grant'), () => askGrant(key.name, machines)),
    button(t('revoke_key'), async () => { await send('DELETE', `/keys/${key.id}`); await draw(); }),
  ] : [];
  return entry(key.name, key.state === 'locked' ? t('state_locked') : '', small, grants.map(grantLine), buttons);
}

at('office').addEventListener('click', () => {
  dialog.showModal();
  loaded(draw);
});
at('office-close').addEventListener('click', () => dialog.close());
at('add-account').addEventListener('click', () => ask(t('add_account'), [
  { name: 'name', label: t('account_name'), required: true, max: 64 },
  { name: 'display_name', label: t('display_name') },
  { name: 'organisation', label: t('works_for'), max: 64 },
], async (values) => {
  const made = await post('/accounts', values);
  await draw();
  return { note: t('one_time_of', { name: made.name }), once: made.one_time_password };
}));
at('add-key').addEventListener('click', () => ask(t('add_key'), [
  { name: 'name', label: t('machine_name'), required: true, max: 64 },
  { name: 'label', label: t('key_label') },
  { name: 'expires_at', label: t('limit_until'), type: 'datetime-local' },
], async (values) => {
  const made = await post('/keys', values);
  await draw();
  return { note: t('key_of', { name: made.name }), once: made.key };
}));

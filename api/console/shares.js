// What organisations let each other see: asked for, granted, refused, revoked, and how often it was used.

import { may } from './account.js';
import { ask } from './ask.js';
import { get, post, send } from './hub.js';
import { t } from './i18n.js';
import { button, entry, time } from './office.js';
import { element } from './shapes.js';

const at = (id) => document.getElementById(id);
const KINDS = ['devices', 'readings', 'events', 'alerts'];
const DECIDED = { asked: ['granted', 'refused'], granted: ['revoked'] };

export async function drawShares() {
  const { items } = await get('/shares?limit=200');
  at('shares').replaceChildren(...items.map(showShare));
  at('shares-none').hidden = items.length > 0;
  at('ask-share').hidden = !may('shares:ask');
}

function showShare(share) {
  const buttons = [button(t('share_uses'), async () => {
    const uses = await get(`/shares/${share.id}/uses`);
    item.querySelector('ul').replaceChildren(...(uses.length ? uses.map((use) => element('li', '',
      `${use.day} · ${use.actor} · ${t('share_times', { n: use.uses })}`)) : [element('li', '', t('share_unused'))]));
  })];
  if (may('shares:decide')) buttons.push(...(share.over ? [] : DECIDED[share.state] ?? []).map((to) => button(t(`share_to_${to}`),
    () => ask(t(`share_to_${to}`), [
      { name: 'note', label: t('report_note') },
      ...(to === 'granted' ? [{ name: 'valid_to', label: t('limit_until'), type: 'datetime-local' }] : []),
    ], async (values) => { await post(`/shares/${share.id}/decision`, { to, ...values }); await drawShares(); }))));
  if (may('shares:ask') && ['asked', 'granted'].includes(share.state)) buttons.push(button(t('share_withdraw'),
    async () => { await send('DELETE', `/shares/${share.id}`); await drawShares(); }));
  const only = [share.devices, share.metrics, share.event_kinds].filter(Boolean).flat();
  const small = [share.purpose, share.kinds.map((kind) => t(`share_${kind}`)).join(', '), only.join(', '),
    share.valid_to && t('until', { time: time(share.valid_to) }), t('share_times', { n: share.uses })];
  const state = share.over ? t('share_over') : t(`share_state_${share.state}`);
  const item = entry(`${share.owner} → ${share.consumer}`, state, small, [], buttons);
  return item;
}

at('ask-share').addEventListener('click', () => ask(t('share_ask'), [
  { name: 'owner', label: t('share_owner'), required: true, max: 64 },
  { name: 'purpose', label: t('share_purpose'), required: true, max: 500 },
  { name: 'kinds', label: t('share_kinds'), type: 'several', required: true, options: KINDS.map((kind) => [kind, t(`share_${kind}`)]) },
  { name: 'valid_to', label: t('limit_until'), type: 'datetime-local' },
], async (values) => { await post('/shares', values); await drawShares(); }));

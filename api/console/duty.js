// Who is on duty now, and whether somebody is at this desk, which is asked before the last click is too old.

import { makeHandover, updateHandover } from './handover.js';
import { clockTime, dutyReason, t } from './i18n.js';
import { element, keep, put } from './shapes.js';

const BEFORE_MS = 300000; // so long before its end a click is asked for again, and at most a fifth of its time
const at = (id) => document.getElementById(id);

// `handovers`: the newest; `own`: the name of the person of this page, who may act where `acts`; `done` is called after it.
export function showDuty(duties, handovers, own, acts, done) {
  at('duty').hidden = duties.length === 0;
  keep(at('duty-rows'), duties, ({ code }) => code, () => makeRow(done), (row, duty) => {
    row.dataset.state = duty.reason ? 'nobody' : duty.present ? 'present' : 'absent';
    put(row.querySelector('b'), duty.name);
    const people = duty.people.map((name) => name ?? '–').join(', ');
    const told = [duty.reason ? t('duty_nobody', { why: dutyReason(duty.reason) }) : people];
    if (!duty.reason) told.push(duty.present ? t('duty_present') : t('duty_absent'));
    if (duty.leader) told.push(t('duty_led', { leader: duty.leader }));
    if (duty.held_over.length) told.push(t('held_over', { names: duty.held_over.map((name) => name ?? '–').join(', ') }));
    put(row.querySelector('.about'), told.join(' · '));
    const waiting = handovers.find((each) => each.rota === duty.code && each.state === 'open');
    updateHandover(row.querySelector('.handover'), duty, waiting, (acts && own) || '');
  });
}

function makeRow(done) {
  const row = element('li');
  const dot = element('i');
  dot.setAttribute('aria-hidden', 'true');
  row.append(dot, element('b'), element('span', 'about'), makeHandover(done));
  return row;
}

// Whether the person of this page is asked to prove that he is there: who is on duty and has not, or not lately.
export function asked(presence, now) {
  if (!presence?.own?.on_duty) return false;
  return until(presence) - now < Math.min(BEFORE_MS, presence.interval_s * 200);
}

const until = ({ own }) => (own.clicked_until ? Date.parse(own.clicked_until) : 0);

export function showDesk(presence, now, locked) {
  const asks = asked(presence, now);
  const time = presence?.own ? clockTime(new Date(until(presence))) : '';
  at('desk').hidden = !asks;
  if (asks) put(at('desk-text'), until(presence) > now ? t('desk_still', { time }) : t('desk_asked'));
  at('desk-here').hidden = locked;
  const there = Boolean(presence?.own) && !asks && until(presence) > now;
  put(at('desk-until'), there ? t('desk_until', { time }) : '');
}

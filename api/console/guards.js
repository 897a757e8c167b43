// What is not guarded now (失防), since when and why, and SIM cards that end: told here, handled elsewhere.

import { moment, t } from './i18n.js';
import { element, keep, put } from './shapes.js';

const SHOWN = 5;
const at = (id) => document.getElementById(id);

// `guards` and `sims`: lists with `items` and, where there is more than was asked for, `next`.
export function showGuards(guards, sims, now) {
  const rows = [...guards.items.slice(0, SHOWN).map(ofGuard), ...sims.items.slice(0, SHOWN).map(ofSim)];
  at('guards').hidden = rows.length === 0;
  keep(at('guard-rows'), rows, (row) => row.key, makeRow, (row, told) => {
    row.dataset.state = told.state;
    put(row.querySelector('b'), told.name);
    row.querySelector('b').title = told.device;
    put(row.querySelector('.about'), told.about(now).filter(Boolean).join(' · '));
  });
  put(at('guards-more'), [
    more(guards, (n) => t('guards_more', { n })), more(sims, (n) => t('sims_more', { n })),
  ].filter(Boolean).join(' '));
}

function more(list, words) {
  const left = list.items.length - SHOWN;
  return left > 0 ? words(left + (list.next ? '+' : '')) : '';
}

function ofGuard(guard) {
  return {
    key: `guard\n${guard.device}\n${guard.kind}\n${guard.part}\n${guard.since}`,
    state: guard.told ? 'nobody' : 'absent',
    name: guard.device_name,
    device: guard.device,
    about: (now) => [
      guard.part ? `${guard.why} (${guard.part})` : guard.why,
      t('guard_since', { time: moment(new Date(guard.since), new Date(now)) }),
      guard.until && t('guard_until', { time: moment(new Date(guard.until), new Date(now)) }),
      guard.told && t('guard_told'),
    ],
  };
}

function ofSim(sim) {
  return {
    key: `sim\n${sim.device}\n${sim.expires}`,
    state: sim.days < 0 ? 'nobody' : 'absent',
    name: sim.device_name,
    device: sim.device,
    about: () => [sim.days < 0 ? t('sim_ended', { day: sim.expires }) : t('sim_ends', { day: sim.expires, n: sim.days })],
  };
}

function makeRow() {
  const row = element('li');
  const dot = element('i');
  dot.setAttribute('aria-hidden', 'true');
  row.append(dot, element('b'), element('span', 'about'));
  return row;
}

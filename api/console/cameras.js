// Cameras that are looked at: which are away or faulty, what each costs, how far the patrol (轮巡) is, and the newest picture of one.

import { may } from './account.js';
import { drawn } from './case_files.js';
import { get, request } from './hub.js';
import { finding, moment, number, percent, t } from './i18n.js';
import { element, put } from './shapes.js';
import { telling } from './telling.js';

const at = (id) => document.getElementById(id);
const dialog = at('cameras-dialog');
const { loaded, button } = telling('cameras');
const SHOWN = 50; // rows that are added at a time
const EVENTS = 50; // of a camera, the newest, among which a picture is looked for
// What is left out of a stream to save time.
const PACES = {
  no_clips: () => t('cameras_pace_no_clips'),
  half: () => t('cameras_pace_half'),
  keys: () => t('cameras_pace_keys'),
  sparse: () => t('cameras_pace_sparse'),
};
let known = []; // all cameras
let most = SHOWN;

export function drawCameras() {
  at('cameras').hidden = !may('devices:read');
}

const time = (text) => (text ? moment(new Date(text), new Date()) : '–');

async function all() {
  const items = [];
  for (let next = ''; next !== null;) {
    const page = await get(`/camera-connections?limit=1000${next && `&cursor=${encodeURIComponent(next)}`}`);
    items.push(...page.items);
    next = page.next;
  }
  return items;
}

// What is wrong with a camera, in words; empty: nothing is known to be.
function wrongs({ enabled, state, figures }) {
  if (!enabled) return [];
  const faults = Object.keys(figures?.faults ?? {}).map(finding);
  const slow = figures?.pace in PACES ? [PACES[figures.pace]()] : [];
  return [...(state === 'down' ? [t('cameras_down')] : []), ...faults, ...slow, ...(figures?.network_fault ? [figures.network_fault] : [])];
}

function states(camera) {
  if (!camera.enabled) return [element('span', 'state', t('cameras_off'))];
  const wrong = wrongs(camera);
  if (wrong.length) return wrong.map((text) => element('span', 'state wrong', text));
  return [element('span', 'state', camera.state === 'up' ? t('cameras_up') : t('cameras_new'))];
}

// How its video comes, and what it costs.
function cost({ figures, patrolled }) {
  if (!figures) return [];
  if (patrolled) return [figures.seconds !== undefined && t('cameras_visit', { seconds: number(figures.seconds, 1) })];
  const { encoding, width, height, analysed_per_s: looked, bits_per_s: bits, cpu, dropped } = figures;
  return [encoding && `${encoding} ${width} × ${height}`, looked !== undefined && t('cameras_looked', { n: number(looked, 1) }),
    bits !== undefined && `${number(bits / 1e6, 2)} Mbit/s`, cpu !== undefined && t('cameras_cpu', { share: percent(cpu, 1) }),
    dropped > 0 && t('cameras_dropped', { n: number(dropped, 0) })];
}

function entry(camera) {
  const row = element('li', 'entry');
  const head = element('p');
  head.append(element('b', '', camera.device), ...states(camera));
  const seen = camera.patrolled ? t('cameras_visited_at', { time: time(camera.heard_at) }) : t('cameras_heard', { time: time(camera.heard_at) });
  const about = [camera.kind.toUpperCase(), camera.since && t('cameras_since', { time: time(camera.since) }), seen, ...cost(camera)];
  row.append(head, element('p', 'small', about.filter(Boolean).join(' · ')));
  if (camera.last_error) row.append(element('p', 'small', camera.last_error));
  if (may('events:read')) row.append(actions(row, camera));
  return row;
}

function actions(row, camera) {
  const list = element('div', 'actions');
  const look = button(t('cameras_picture'), async () => {
    const shown = row.querySelector('.seen');
    if (shown) shown.remove();
    else row.append(await newest(camera.device));
    put(look, shown ? t('cameras_picture') : t('picture_hide'));
  });
  list.append(look);
  return list;
}

// The picture of its newest event that has one, with the zone and the time of that; each reading is in the audit.
async function newest(device) {
  const seen = element('div', 'seen');
  const { items } = await get(`/events?device=${encodeURIComponent(device)}&limit=${EVENTS}`);
  const event = items.find(({ picture }) => picture === 'stored');
  if (!event) {
    seen.append(element('p', 'small', t('cameras_picture_none')));
    return seen;
  }
  const name = t('picture_of', { at: time(event.ts) });
  const content = await (await request(`/events/${event.id}/picture`)).blob();
  const what = [event.attributes.zone, time(event.ts)];
  seen.append(await drawn(content, name), element('p', 'small', what.filter(Boolean).join(' · ')));
  return seen;
}

function drawPatrol(told) {
  at('cameras-patrol').hidden = !told.cameras;
  if (!told.cameras) return;
  const n = (value) => number(value, 0);
  const round = told.began_at === null ? t('patrol_none')
    : told.ended_at ? t('patrol_over', { time: time(told.began_at), end: time(told.ended_at) })
      : t('patrol_on', { time: time(told.began_at) });
  const lines = [
    `${round} ${t('patrol_visited', { visited: n(told.visited), cameras: n(told.cameras) })}`,
    t('patrol_found', { fine: n(told.fine), faults: n(told.faults), failed: n(told.failed) }),
    told.last_s !== null && t('patrol_last', { seconds: n(told.last_s), cameras: n(told.last_cameras) }),
    ...told.outages.map(({ place, cameras }) => t('patrol_outage', { place, cameras: n(cameras) })),
  ];
  at('cameras-patrol-lines').replaceChildren(...lines.filter(Boolean).map((line) => element('li', '', line)));
}

function drawList() {
  const asked = at('cameras-find').value.trim().toLowerCase();
  const only = at('cameras-which').value;
  const found = known.filter((camera) => camera.device.toLowerCase().includes(asked)
    && (only !== 'wrong' || wrongs(camera).length) && (only !== 'patrolled' || camera.patrolled));
  at('camera-rows').replaceChildren(...found.slice(0, most).map(entry));
  put(at('cameras-none'), known.length ? t('cameras_none_such') : t('cameras_none'));
  at('cameras-none').hidden = found.length > 0;
  at('cameras-more').hidden = found.length <= most;
  put(at('cameras-more'), t('cameras_more', { n: number(found.length - most, 0) }));
}

async function draw() {
  const [cameras, patrol] = await Promise.all([all(), get('/camera-patrol')]);
  known = cameras.sort((one, other) => wrongs(other).length - wrongs(one).length || one.device.localeCompare(other.device));
  const cpu = known.reduce((sum, { figures }) => sum + (figures?.cpu ?? 0), 0);
  put(at('cameras-sum'), t('cameras_sum', {
    all: number(known.length, 0), wrong: number(known.filter((camera) => wrongs(camera).length).length, 0), cpu: number(cpu, 2),
  }));
  at('cameras-which').value = known.some((camera) => wrongs(camera).length) ? at('cameras-which').value : '';
  drawPatrol(patrol);
  drawList();
}

at('cameras').addEventListener('click', () => {
  most = SHOWN;
  dialog.showModal();
  loaded(draw, at('cameras-again'));
});
at('cameras-again').addEventListener('click', () => loaded(draw, at('cameras-again')));
at('cameras-close').addEventListener('click', () => dialog.close());
at('cameras-more').addEventListener('click', () => { most += SHOWN; drawList(); });
for (const [id, kind] of [['cameras-find', 'input'], ['cameras-which', 'change']]) at(id).addEventListener(kind, () => { most = SHOWN; drawList(); });

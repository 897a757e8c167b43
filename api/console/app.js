// The page: follows the hub and keeps what it shows up to date.

import { again, draw as drawAccount, enter, locked, may, ready } from './account.js';
import { noteProblem, showAges, showAlerts, urgent } from './alerts.js';
import { drawCameras } from './cameras.js';
import { drawCases } from './cases.js';
import { openDevice } from './device.js';
import { drawIndicators } from './indicators.js';
import { showDrills } from './drills.js';
import { asked, showDesk, showDuty } from './duty.js';
import { remember, showFigures } from './figures.js';
import { showGuards } from './guards.js';
import { age, clockTime, language, setLanguage, t, translatePage } from './i18n.js';
import { follow, get, HubProblem, post } from './hub.js';
import { say } from './login.js';
import { showLetters, showReadings } from './lists.js';
import { drawOffice } from './office.js';
import { openReport } from './report.js';
import { put } from './shapes.js';
import { keepRinging, setSound, sound, wake } from './sound.js';
import { showIncidents } from './incidents.js';
import { showWarnings } from './warnings.js';

const REFRESH_MS = 1000; // lists are asked for at most this often, however many alerts come
const LETTERS = 30;
const GUARDS = 100; // asked for at most: a few are shown, and how many more there are
const WARNINGS_MS = 20000; // warnings come from outside the stream
const DUTY_MS = 15000; // who is on duty and who is there changes without an alert
const LIVE = ['status:read', 'readings:read', 'alerts:read'];
const WAIT_MS = 10000; // an account that may see nothing is asked so often whether that has changed
const at = (id) => document.getElementById(id);

let status = null;
let alerts = null;
let letters = null;
let warnings = null;
let incidents = null;
let drills = null;
let flags = []; // of quality, with their names
let guards = null;
let sims = null;
let duties = null;
let handovers = [];
let presence = null;
let link = 'connecting';
let lostAt = null; // since when the hub is not heard
let skew = 0; // the hub's clock minus this one, in ms

const now = () => Date.now() + skew;

function draw() {
  put(at('link').querySelector('span'), t(link));
  at('link').dataset.state = link;
  drawBanner();
  drawSound();
  at('report').hidden = !may('alerts:raise') || locked();
  if (status) {
    showFigures(status);
    showReadings(status.latest, new Date(now()), openDevice, flags);
  }
  if (alerts) showAlerts(alerts, now(), may('alerts:step') && !locked() ? take : null);
  if (letters) showLetters(letters, new Date(now()));
  if (warnings) showWarnings(warnings, now());
  if (incidents) showIncidents(incidents, (id) => get(`/incidents/${id}?lang=${language}`));
  if (drills) showDrills(drills);
  if (guards) showGuards(guards, sims, now());
  if (duties) showDuty(duties, handovers, presence?.own?.name, may('alerts:step') && !locked(), loadDuty);
  showDesk(presence, now(), locked());
}

function drawBanner() {
  const reasons = [...(status?.not_ready ?? []), ...(status?.warnings ?? [])];
  const floods = status?.floods ?? [];
  const channels = status?.degraded_channels ?? [];
  let text = '';
  if (status?.path_broken) text = t('banner_path', { where: status.path_broken });
  else if (reasons.length) text = t('banner_trouble', { reasons: reasons.join('; ') });
  else if (channels.length) text = t('banner_degraded', { channels: channels.join(', ') });
  else if (floods.length) text = t('banner_floods', { devices: floods.map(({ device }) => device).join(', ') });
  put(at('banner'), text);
  at('banner').hidden = text === '';
}

function drawSound() {
  const state = sound();
  at('sound').dataset.state = state;
  put(at('sound'), t('sound_' + state));
  at('sound').setAttribute('aria-pressed', String(state === 'on'));
}

// Over everything: who looks at an old page must know it.
function drawLost() {
  at('lost').hidden = link !== 'down';
  if (link !== 'down') return;
  const time = clockTime(new Date(lostAt));
  put(at('lost').querySelector('.big'), t('lost_since', { time, age: age(Date.now() - lostAt) }));
}

// Wraps a load so that it runs at once, and then at most once in REFRESH_MS however often it is wanted.
function paced(load) {
  let busy = false;
  let again = false;
  return async function want() {
    if (busy) { again = true; return; }
    busy = true;
    try { await load(); } catch (error) {
      if (!(error instanceof HubProblem) && !(error instanceof TypeError)) throw error;
      again = link === 'live' && error.status !== 401; // the hub is away: the stream's reconnect loads anew
    }
    setTimeout(() => {
      busy = false;
      if (again) { again = false; want(); }
    }, REFRESH_MS);
  };
}

const loadAlerts = paced(async () => {
  const [active, over, red, drilled, fused] = await Promise.all([...['active=true&limit=1000', 'state=cleared&limit=50',
    'state=cleared&min_level=red&limit=1000', 'active=true&drill=true&limit=200'].map((wanted) => get(`/alerts?${wanted}&lang=${language}`, { 'Accept-Language': language })),
  get(`/incidents?active=true&limit=50&lang=${language}`)]);
  incidents = fused.items;
  const all = new Map([...over.items, ...red.items, ...active.items, ...drilled.items].map((alert) => [alert.id, alert]));
  alerts = [...all.values()];
  draw();
});

const loadLetters = paced(async () => {
  if (!may('letters:read')) return;
  letters = (await get(`/dead-letters?limit=${LETTERS}&lang=${language}`)).items;
  draw();
});

const loadWarnings = paced(async () => {
  if (!may('warnings:read')) return;
  warnings = (await get(`/warnings?limit=1000&lang=${language}`)).items;
  draw();
});

const loadDrills = paced(async () => {
  const [exercises, tests] = await Promise.all(['drills', 'device-tests'].map((kind) => get(`/${kind}?state=running`)));
  drills = { exercises: exercises.items, tests: tests.items };
  draw();
});

const loadFlags = paced(async () => {
  flags = (await get('/quality-flags')).items;
  draw();
});

const loadGuards = paced(async () => {
  if (!may('devices:read')) return;
  [guards, sims] = await Promise.all([get(`/guards?limit=${GUARDS}&lang=${language}`), get(`/sims?limit=${GUARDS}`)]);
  draw();
});

const loadDuty = paced(async () => {
  if (!may('rotas:read')) { duties = []; presence = null; return; }
  [{ items: duties }, presence, { items: handovers }] = await Promise.all([get('/duty?limit=1000'), get('/presence'), get('/handovers?limit=50')]);
  draw();
});

at('desk-here').addEventListener('click', async () => {
  at('desk-here').disabled = true;
  try { await post('/presence', {}); } catch (error) {
    if (error.status === 401 || error.status === 403) await again();
  } finally { at('desk-here').disabled = false; }
  loadDuty();
});

async function take(id, step, buttons) {
  for (const button of buttons) button.disabled = true;
  try {
    await post(`/alerts/${id}/steps`, { to: step });
    noteProblem(id, null);
  } catch (error) {
    noteProblem(id, t('failed', { problem: error.message }));
    if (error.status === 401 || error.status === 403) await again();
  } finally {
    for (const button of buttons) button.disabled = false;
  }
  draw();
  loadAlerts();
}

function heard(event, data) {
  if (event === 'alert') { loadAlerts(); loadDrills(); return; }
  const refusedBefore = status?.totals?.dead_letters;
  status = data;
  skew = Date.parse(data.time) - Date.now();
  if (data.totals && data.totals.dead_letters !== refusedBefore) loadLetters();
  remember(data);
  draw();
}

// What somebody may not see is not there.
function drawMay() {
  const live = LIVE.every(may);
  at('nothing').hidden = live || !ready();
  document.querySelector('main').hidden = !live;
  document.querySelector('.panel.letters').hidden = !may('letters:read');
  drawOffice();
  drawCases();
  drawCameras();
  drawIndicators();
  draw();
}

async function refused() {
  await enter();
  if (LIVE.every(may)) return;
  link = 'live';
  drawMay();
  await new Promise((resume) => setTimeout(resume, WAIT_MS));
}

function drawLanguage() {
  translatePage();
  put(at('language'), t('language'));
  at('language').setAttribute('aria-label', t('language_label'));
  say();
  drawAccount();
  draw();
}

at('login-language').addEventListener('click', () => at('language').click()); // what is behind a dialog is out of reach
at('language').addEventListener('click', () => {
  setLanguage(language === 'zh' ? 'en' : 'zh');
  drawLanguage();
  again(); // roles and scope come in the page's language
  loadAlerts(); // titles and what is to be done come in the page's language
  loadLetters(); // why a message was refused comes in the page's language
  loadWarnings();
  loadGuards(); // so does why something is not guarded
});
at('sound').addEventListener('click', () => {
  setSound(sound() !== 'on');
  drawSound();
});
for (const touched of ['pointerdown', 'keydown']) {
  addEventListener(touched, (event) => {
    if (event.target !== at('sound')) wake(); // its click decides
  }, { capture: true });
}
at('report').addEventListener('click', () => openReport(loadAlerts));
setInterval(() => {
  put(at('clock'), clockTime(new Date()));
  showAges(now());
  drawSound();
  drawLost();
  showDesk(presence, now(), locked());
  keepRinging({ lost: link === 'down', urgent: alerts !== null && urgent(alerts), asked: asked(presence, now()) });
}, 1000);

setInterval(() => { if (link === 'live') { loadWarnings(); loadDrills(); loadGuards(); } }, WARNINGS_MS);
setInterval(() => { if (link === 'live') loadDuty(); }, DUTY_MS);

drawLanguage();
follow('/live', {
  starting: () => enter(drawMay),
  opened() {
    link = 'live';
    lostAt = null;
    drawLost();
    draw();
    for (const load of [loadAlerts, loadLetters, loadWarnings, loadDrills, loadDuty, loadGuards, loadFlags]) load();
  },
  heard,
  lost() { link = 'down'; lostAt ??= Date.now(); drawLost(); draw(); },
  refused,
});

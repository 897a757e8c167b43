// That an alert came with a picture or clip, on its card: a button for the newest of each, which shows it there. Whether there are
// any is asked for cards in view, one at a time; none is read before somebody wants to see it, for each reading is in the audit.

import { may } from './account.js';
import { request } from './hub.js';
import { language } from './i18n.js';
import { clipButton, pictureButton } from './pictures.js';
import { element } from './shapes.js';
import { attempt } from './telling.js';

const AGAIN_MS = 10000; // asked again while a clip is being made, and after a failure
const TRIES = 3; // how often at most where there was none: some come after their event
const TIMEOUT_MS = 15000;
const KINDS = {
  picture: { there: (each) => each.why === null, button: pictureButton },
  clip: { there: (each) => each.clip?.why === null, button: clipButton },
};
const states = new WeakMap(); // by card: its alert, for what of it was asked, how often, and when again
const inView = new Set();
let asking = false;

const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) inView.add(target);
    else inView.delete(target);
  }
  askInView();
});

// Where they are, of a card.
export function makePictures(card) {
  states.set(card, { alert: null, asked: '', tries: 0, again: Infinity });
  watcher.observe(card);
  return element('div', 'seen');
}

export function updatePictures(card, alert) {
  states.get(card).alert = alert;
  if (!possible(alert)) card.querySelector('.seen').replaceChildren();
}

const possible = (alert) => may('events:read') && alert.device !== null && alert.event_kind !== null;
const version = (alert) => `${alert.seq} ${language}`;

function due(card) {
  const { alert, asked, again } = states.get(card);
  return alert !== null && possible(alert) && (asked !== version(alert) || Date.now() > again);
}

export async function askInView() {
  if (asking) return;
  asking = true;
  try {
    for (let card = [...inView].find(due); card; card = [...inView].find(due)) await ask(card);
  } finally { asking = false; }
}

async function ask(card) {
  const state = states.get(card);
  const wanted = version(state.alert);
  const found = await list(state.alert.id).catch(() => null); // the hub is away or busy: asked again
  state.tries = state.asked === wanted ? state.tries + 1 : 1;
  state.asked = wanted;
  const none = found !== null && !found.some((each) => KINDS.picture.there(each) || KINDS.clip.there(each));
  const later = found === null || found.some(({ clip }) => clip?.why === 'follows') || (none && state.tries < TRIES);
  state.again = later ? Date.now() + AGAIN_MS : Infinity;
  if (found !== null) for (const kind of Object.keys(KINDS)) draw(card, kind, found.find(KINDS[kind].there));
}

async function list(alert) {
  const answer = await request(`/alerts/${alert}/pictures?lang=${language}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  return answer.json();
}

// What somebody looks at stays until he is done, or wants it in another language.
function draw(card, kind, found) {
  const place = card.querySelector('.seen');
  const old = place.querySelector(`.${kind}`);
  const looked = old !== null && old.children.length > 1;
  if (looked ? old.lang === language : old?.dataset.event === found?.event && old?.lang === language) return;
  old?.remove();
  if (!found) return;
  const made = element('div', kind);
  made.lang = language;
  made.dataset.event = found.event;
  const button = KINDS[kind].button(made, found, (work, pressed) => attempt(work, (message) => tell(place, message), pressed));
  button.setAttribute('aria-describedby', card.querySelector('h3').id);
  made.append(button);
  if (kind === 'picture') place.prepend(made);
  else place.append(made);
}

function tell(place, message) {
  place.querySelector('.wrong')?.remove();
  if (message === null) return;
  const wrong = element('p', 'wrong', message);
  wrong.setAttribute('role', 'alert');
  place.append(wrong);
}

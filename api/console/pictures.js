// Pictures and clips of an alert's events, in which all that may be a person or vehicle is in blocks. Each reading is in the audit, so none
// is read before somebody asks for it. A picture is drawn on a canvas, as files of cases are.

import { may } from './account.js';
import { drawn } from './case_files.js';
import { played } from './clips.js';
import { get, request } from './hub.js';
import { language, moment, number, t } from './i18n.js';
import { element } from './shapes.js';

// Their list, with its title; nothing where no event came with one. `tried(work, button)` tells what fails.
export async function picturesOf(alert, tried) {
  if (!may('events:read')) return [];
  const found = await get(`/alerts/${alert}/pictures?lang=${language}`).catch(() => []); // the rest is told all the same
  const list = element('ul', 'plain files');
  list.append(...found.map((each) => entry(each, tried)));
  return found.length ? [element('h3', '', t('picture')), list] : [];
}

function entry(picture, tried) {
  const row = element('li', 'entry');
  const actions = element('div', 'actions');
  const notes = [];
  const about = (note) => notes.push(element('p', 'small', note));
  if (picture.why === null) {
    actions.append(pictureButton(row, picture, tried));
    if (picture.whole) about(t('picture_whole'));
  } else about(`${time(picture)} · ${t('picture_none')}: ${picture.why_text}`);
  const { clip } = picture;
  if (clip?.why === null) {
    actions.append(clipButton(row, picture, tried));
    if (clip.whole) about(t('clip_whole'));
  } else if (clip) about(`${t('clip_none')}: ${clip.why_text}`);
  row.append(actions, ...notes);
  return row;
}

const time = ({ ts }) => moment(new Date(ts), new Date());

export function pictureButton(row, picture, tried) {
  const name = t('picture_of', { at: time(picture) });
  const read = async () => drawn(await (await request(`/events/${picture.event}/picture`)).blob(), name);
  return toggle(row, name, t('picture_hide'), read, tried);
}

export function clipButton(row, picture, tried) {
  const { seconds, before_s: beforeS } = picture.clip;
  const name = t('clip', { at: time(picture), seconds: number(seconds, 0) });
  const read = async () => played(await (await request(`/events/${picture.event}/clip`)).blob(), name, beforeS);
  return toggle(row, name, t('clip_hide'), read, tried);
}

// A button that shows what `read` gives, at the end of the row, and takes it away again.
function toggle(row, name, hide, read, tried) {
  const look = element('button', '', name);
  look.type = 'button';
  let shown = null;
  look.addEventListener('click', () => tried(async () => {
    if (shown) {
      shown.remove();
      shown = null;
    } else {
      shown = await read();
      row.append(shown);
    }
    look.textContent = shown ? hide : name;
  }, look));
  return look;
}

// Pictures of an alert's events, in which all that may be a person or vehicle is in blocks. Each reading is in the audit, so none
// is read before somebody asks for it. A picture is drawn on a canvas, as files of cases are.

import { may } from './account.js';
import { drawn } from './case_files.js';
import { get, request } from './hub.js';
import { language, moment, t } from './i18n.js';
import { element } from './shapes.js';

// The list into `parent`; empty where no event came with a picture. `tried(work, button)` tells what fails.
export async function drawPictures(parent, alert, tried) {
  if (!may('events:read')) return;
  const found = await get(`/alerts/${alert}/pictures?lang=${language}`).catch(() => []); // the rest is told all the same
  const list = element('ul', 'plain files');
  list.append(...found.map((each) => entry(each, tried)));
  parent.replaceChildren(...(found.length ? [element('h3', '', t('picture')), list] : []));
}

function entry(picture, tried) {
  const row = element('li', 'entry');
  const at = moment(new Date(picture.ts), new Date());
  const name = t('picture_of', { at });
  if (picture.why !== null) {
    row.append(element('p', 'small', `${at} · ${t('picture_none')}: ${picture.why_text}`));
    return row;
  }
  const look = element('button', '', name);
  look.type = 'button';
  look.addEventListener('click', () => tried(async () => {
    const shown = row.querySelector('canvas');
    if (shown) shown.remove();
    else row.append(await drawn(await (await request(`/events/${picture.event}/picture`)).blob(), name));
    look.textContent = shown ? name : t('picture_hide');
  }, look));
  const actions = element('div', 'actions');
  actions.append(look);
  row.append(actions, ...(picture.whole ? [element('p', 'small', t('picture_whole'))] : []));
  return row;
}

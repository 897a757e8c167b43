// Pictures and papers of a case: listed by name, shown or saved when somebody asks for one, and brought. Each reading is in the
// audit, so none is read for a preview that nobody looks at. A picture is drawn on a canvas: the page may load none from a blob.

import { locked, may } from './account.js';
import { ask } from './ask.js';
import { request, save } from './hub.js';
import { language, moment, number, t } from './i18n.js';
import { element } from './shapes.js';

const TAKEN = 'image/jpeg,image/png,application/pdf,text/plain';
const WIDEST = 1600; // pixels; a picture of 50 million is saved to see all of it

// The field of a dialog in which files are chosen.
export const fileField = (several, required) => ({
  name: 'files', label: several ? t('case_files_with') : t('case_file'), type: 'file', accept: TAKEN, several, required });

// Files as the body of a step has them.
export function inJson(files) {
  return Promise.all(files.map(async (file) => ({ name: file.name, media_type: kindOf(file), content: await base64(file) })));
}

const kindOf = (file) => file.type || 'application/octet-stream'; // the hub says which kinds it takes

function base64(file) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => done(reader.result.slice(reader.result.indexOf(',') + 1)));
    reader.addEventListener('error', () => failed(reader.error));
    reader.readAsDataURL(file);
  });
}

function size(bytes) {
  if (bytes < 1e3) return `${number(bytes, 0)} B`;
  return bytes < 1e6 ? `${number(bytes / 1e3, 0)} kB` : `${number(bytes / 1e6, 1)} MB`;
}

// The list, where there is something to list, and a button to add one, where the person may. `made(text, work)` makes a button
// that tells what fails; `added(item)` is given the case with the new file.
export function drawFiles(parent, item, made, added) {
  const list = element('ul', 'plain files');
  list.append(...item.attachments.map((file) => entry(item, file, made)));
  const parts = item.attachments.length ? [element('h3', '', t('case_files')), list] : [];
  if (may('cases:handle') && !locked()) parts.push(made(t('case_file_add'), () => add(item, added)));
  parent.replaceChildren(...parts);
}

function entry(item, file, made) {
  const row = element('li', 'entry');
  let read = null; // once, whether it is shown, saved or both
  const content = async () => {
    read ??= await (await request(`/cases/${item.id}/attachments/${file.id}`)).blob();
    return read;
  };
  const about = [size(file.size), moment(new Date(file.added_at), new Date()), file.of_alert && t('case_file_of_alert'),
    file.of_case && t('case_file_of_case', { number: file.of_case })];
  const head = element('p');
  head.append(element('b', '', file.name));
  const actions = element('div', 'actions');
  if (file.media_type.startsWith('image/')) {
    const look = made(t('case_file_look'), async () => {
      const shown = row.querySelector('canvas');
      if (shown) shown.remove();
      else row.append(await drawn(await content(), file.name));
      look.textContent = shown ? t('case_file_look') : t('case_file_hide');
    });
    actions.append(look);
  }
  actions.append(made(t('case_file_save'), async () => save(await content(), file.name)));
  for (const each of actions.children) each.setAttribute('aria-label', `${each.textContent}: ${file.name}`);
  row.append(head, element('p', 'small', about.filter(Boolean).join(' · ')), actions);
  return row;
}

// A picture that was read, on a canvas.
export async function drawn(content, name) {
  const picture = await createImageBitmap(content).catch(() => { throw new Error(t('case_file_unreadable', { name })); });
  const scale = Math.min(1, WIDEST / picture.width);
  const canvas = element('canvas');
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext('2d').drawImage(picture, 0, 0, canvas.width, canvas.height);
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', name);
  picture.close();
  return canvas;
}

function add(item, added) {
  ask(`${t('case_file_add')}: ${item.number}`, [fileField(false, true)], async ({ files: [file] }) => {
    const path = `/cases/${item.id}/attachments?name=${encodeURIComponent(file.name)}&lang=${language}`;
    added(await (await request(path, { method: 'POST', headers: { 'Content-Type': kindOf(file) }, body: file })).json());
    return null;
  });
}

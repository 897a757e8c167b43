// The form in which a desk reports what no sensor has seen, such as a phone call.

import { post } from './hub.js';
import { t } from './i18n.js';
import { element, LEVELS, put } from './shapes.js';

const at = (id) => document.getElementById(id);
const dialog = at('report-dialog');
const form = at('report-form');
const go = form.querySelector('button[type=submit]');
let done = () => {};
let id = null; // one a dialog: sent again, it is the same report

// As crypto.randomUUID, which a page without TLS does not have.
export function newId() {
  const hex = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-8$4-$5');
}

export function openReport(then) {
  done = then;
  id = newId();
  form.reset();
  form.querySelector('.wrong').hidden = true;
  at('report-level').replaceChildren(...LEVELS.map((level) => {
    const option = element('option');
    option.value = level;
    put(option, t(level));
    return option;
  }));
  at('report-level').value = 'orange';
  dialog.showModal();
  at('report-what').focus();
}

at('report-cancel').addEventListener('click', () => dialog.close());

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const given = { title: 'what', level: 'level', device: 'device', region: 'region', note: 'note' };
  const values = Object.entries(given).map(([name, id]) => [name, at('report-' + id).value.trim()]);
  const wrong = form.querySelector('.wrong');
  go.disabled = true;
  try {
    await post('/alerts', { id, ...Object.fromEntries(values.filter(([, value]) => value !== '')) });
    dialog.close();
    done();
  } catch (error) {
    put(wrong, error.message);
    wrong.hidden = false;
  } finally {
    go.disabled = false;
  }
});

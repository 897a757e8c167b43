// The form in which a desk reports what no sensor has seen, such as a phone call.

import { post } from './hub.js';
import { t } from './i18n.js';
import { element, LEVELS, put } from './shapes.js';

const at = (id) => document.getElementById(id);
const dialog = at('report-dialog');
const form = at('report-form');
let done = () => {};

export function openReport(then) {
  done = then;
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
  try {
    await post('/alerts', Object.fromEntries(values.filter(([, value]) => value !== '')));
    dialog.close();
    done();
  } catch (error) {
    put(wrong, error.message);
    wrong.hidden = false;
  }
});

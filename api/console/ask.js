// One dialog for all that is asked of a person: its fields, and what is shown once when it is done.

import { t } from './i18n.js';
import { element, put } from './shapes.js';

const at = (id) => document.getElementById(id);
const dialog = at('ask-dialog');
const form = at('ask-form');
const go = form.querySelector('button[type=submit]');
let fields = [];
let work = null;

// Fields: { name, label, type, value, options: [[value, text]], required, max }, of type file also { accept, several }, which
// gives a list of files. What is empty is left out. `done(values)` may
// answer { note, once }: a text that is shown now and never again.
export function ask(title, asked, done) {
  fields = asked;
  work = done;
  put(at('ask-title'), title);
  at('ask-fields').replaceChildren(...fields.map(makeField));
  form.querySelector('.wrong').hidden = true;
  at('ask-once').hidden = true;
  put(at('ask-secret'), '');
  go.hidden = false;
  put(at('ask-cancel'), t('cancel'));
  dialog.showModal();
  form.elements[0]?.focus();
}

function makeField({ name, label, type = 'text', value = '', options, required = false, max = 200, accept, several }) {
  const made = element('label');
  const input = element(options ? 'select' : 'input');
  input.name = name;
  input.required = required;
  if (options) {
    input.multiple = type === 'several';
    input.append(...options.map(([code, text]) => {
      const option = element('option', '', text);
      option.value = code;
      return option;
    }));
  } else if (type === 'file') {
    Object.assign(input, { type, accept, multiple: several });
  } else {
    input.type = type;
    input.maxLength = max;
    input.autocomplete = type === 'password' ? 'current-password' : 'off';
    input.autocapitalize = 'none';
    input.spellcheck = false;
  }
  if (value) input.value = value;
  made.append(element('span', '', label), input);
  return made;
}

function given() {
  const values = {};
  for (const { name, type } of fields) {
    const input = form.elements.namedItem(name);
    if (type === 'several') values[name] = [...input.selectedOptions].map((option) => option.value);
    else if (type === 'file') {
      if (input.files.length) values[name] = [...input.files];
    } else if (type === 'datetime-local' && input.value) values[name] = new Date(input.value).toISOString();
    else if (input.value.trim()) values[name] = input.value.trim();
  }
  return values;
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const wrong = form.querySelector('.wrong');
  go.disabled = true;
  try {
    const told = await work(given());
    if (!told?.once) { dialog.close(); return; }
    at('ask-fields').replaceChildren();
    put(at('ask-note'), told.note);
    put(at('ask-secret'), told.once);
    at('ask-once').hidden = false;
    wrong.hidden = go.hidden = true;
    put(at('ask-cancel'), t('codes_kept_one'));
  } catch (error) {
    put(wrong, error.message);
    wrong.hidden = false;
  } finally {
    go.disabled = false;
  }
});
at('ask-cancel').addEventListener('click', () => dialog.close());
dialog.addEventListener('close', () => { // nothing secret stays in the page
  if (dialog.open) return; // the next one is already asked
  put(at('ask-secret'), '');
  at('ask-fields').replaceChildren();
});

// The table of latest readings and the list of dead letters.

import { language, moment, number, reasonInWords, unit } from './i18n.js';
import { element, keep, put } from './shapes.js';

const rows = document.getElementById('reading-rows');
const letterRows = document.getElementById('letter-rows');

// `flags` are those of quality, with their names; `open` is called with a device, a metric and the device's name by whoever presses it.
export function showReadings(latest, now, open, flags) {
  document.getElementById('readings-none').hidden = latest.length > 0;
  rows.closest('table').hidden = latest.length === 0;
  keep(rows, latest, (reading) => `${reading.device}\n${reading.metric}`, (reading) => makeReading(reading, open), (row, reading) => {
    const [device, metric, value, when] = row.children;
    put(device.firstChild, reading.device_name);
    device.title = reading.device;
    put(metric, reading.metric_name ?? reading.metric);
    const said = flags.filter((flag) => reading.quality & flag.value).map((flag) => (language === 'zh' ? flag.name_zh : flag.name_en));
    put(value.querySelector('.flag'), said.join(language === 'zh' ? '、' : ', '));
    value.querySelector('.flag').hidden = said.length === 0;
    put(value.querySelector('.v'), number(reading.value));
    put(value.querySelector('small'), unit(reading.unit));
    put(when, moment(new Date(reading.ts), now));
    if (row.dataset.ts && row.dataset.ts !== reading.ts) {
      row.classList.remove('changed');
      requestAnimationFrame(() => row.classList.add('changed'));
    }
    row.dataset.ts = reading.ts;
  });
}

function makeReading(reading, open) {
  const row = element('tr');
  const device = element('td');
  const button = element('button', 'link-like');
  button.type = 'button';
  button.addEventListener('click', () => open(reading.device, reading.metric, reading.device_name));
  device.append(button);
  const value = element('td', 'number');
  value.append(element('span', 'flag'), element('span', 'v'), element('small'));
  row.append(device, element('td'), value, element('td', 'when'));
  return row;
}

export function showLetters(letters, now) {
  document.getElementById('letters-none').hidden = letters.length > 0;
  keep(letterRows, letters, (letter) => letter.id, makeLetter, (row, letter) => {
    put(row.querySelector('.words'), reasonInWords(letter.reason));
    put(row.querySelector('code'), letter.device ?? letter.address);
    put(row.querySelector('.when'), moment(new Date(letter.received_at), now));
    put(row.querySelector('.detail'), letter.detail);
  });
}

function makeLetter() {
  const row = element('li');
  const why = element('p', 'why');
  why.append(element('span', 'words'), element('code'));
  row.append(why, element('p', 'when'), element('p', 'detail'));
  return row;
}

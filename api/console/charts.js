// Charts as tables: a row has its name, a drawing and its numbers, which are there as text for whoever does not see it.

import { element, svg } from './shapes.js';

const HEIGHT = 10;

// One bar of parts, `most` of which is the whole width.
function bar(parts, most, first) {
  const drawn = svg('svg', { viewBox: `0 0 100 ${HEIGHT}`, preserveAspectRatio: 'none', class: 'bar', 'aria-hidden': 'true' });
  let x = 0;
  parts.forEach((value, n) => {
    const width = most > 0 ? (100 * (value ?? 0)) / most : 0;
    if (width > 0) drawn.append(svg('rect', { x: x.toFixed(2), y: 0, width: Math.min(width, 100 - x).toFixed(2), height: HEIGHT, class: `part-${first + n}` }));
    x += width;
  });
  return drawn;
}

function legend(names) {
  const list = element('ul', 'legend');
  list.append(...names.map((name, n) => {
    const item = element('li');
    item.append(element('i', `part-${n}`), element('span', '', name));
    return item;
  }));
  return list;
}

// Rows: { name, bars: [[value]], labels: [text], open }. A row has a bar for each of `bars`, which is divided into its values;
// the whole width is `most`, or the longest bar. `open` is called by whoever presses the name.
export function chart(title, names, rows, most = null) {
  const figure = element('figure', 'chart');
  figure.append(element('figcaption', '', title));
  if (names.length) figure.append(legend(names));
  const longest = most ?? Math.max(0, ...rows.flatMap((row) => row.bars.map((parts) => parts.reduce((sum, value) => sum + (value ?? 0), 0))));
  const table = element('table');
  table.setAttribute('aria-label', title);
  const body = element('tbody');
  for (const row of rows) {
    const line = element('tr');
    const name = element('th');
    name.scope = 'row';
    name.append(row.open ? pressed(row) : element('span', '', row.name));
    const drawn = element('td', 'drawn');
    drawn.append(...row.bars.map((parts, n) => bar(parts, longest, row.bars.length > 1 ? n : 0)));
    const label = element('td', 'number');
    label.append(...row.labels.map((text) => element('p', '', text)));
    line.append(name, drawn, label);
    body.append(line);
  }
  table.append(body);
  figure.append(table);
  return figure;
}

function pressed(row) {
  const made = element('button', 'link-like', row.name);
  made.type = 'button';
  made.addEventListener('click', row.open);
  return made;
}

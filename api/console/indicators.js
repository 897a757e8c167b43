// The indicators of a month: of cases, of how alerts load people, and of cameras, with what each was counted from; its report.

import { may } from './account.js';
import { drawLoad } from './alert_load.js';
import { drawRates } from './camera_rates.js';
import { drawFigures } from './case_figures.js';
import { download, get } from './hub.js';
import { language, t } from './i18n.js';
import { element, put } from './shapes.js';
import { telling } from './telling.js';

const at = (id) => document.getElementById(id);
const dialog = at('indicators-dialog');
const { tried, loaded } = telling('indicators');
const VIEWS = { cases: 'cases:read', alerts: 'alerts:read', cameras: 'devices:read' };
let view = 'cases';

export function drawIndicators() {
  at('indicators').hidden = !Object.values(VIEWS).some(may);
  at('indicators-report').hidden = !may('cases:read');
}

// The first and the last day of the month that is chosen.
function days() {
  const [year, month] = at('indicators-month').value.split('-').map(Number);
  return [`${at('indicators-month').value}-01`, `${at('indicators-month').value}-${new Date(Date.UTC(year, month, 0)).getUTCDate()}`];
}

async function draw() {
  put(at('indicators-told'), '');
  for (const [name, permission] of Object.entries(VIEWS)) {
    const button = at(`indicators-of-${name}`);
    button.hidden = !may(permission);
    button.setAttribute('aria-pressed', String(name === view));
    at(`indicators-${name}`).hidden = name !== view;
  }
  at('indicators-definitions').hidden = at('indicators-groups').hidden = view !== 'cases';
  const [first, last] = days();
  if (view === 'cases') await drawFigures(first, last, at('indicators-set').value || 'standard', at('indicators-by').value, tried);
  else if (view === 'alerts') await drawLoad(first, last);
  else await drawRates(first, last, at('indicators-cameras-by').value);
}

// The months are those of China, wherever the page is looked at.
function thisMonth() {
  const told = new Intl.DateTimeFormat('en', { timeZone: 'Asia/Shanghai', year: 'numeric', month: '2-digit' }).formatToParts();
  const of = (type) => told.find((part) => part.type === type).value;
  return `${of('year')}-${of('month')}`;
}

async function open() {
  at('indicators-month').value ||= thisMonth();
  if (!may(VIEWS[view])) view = Object.keys(VIEWS).find((name) => may(VIEWS[name]));
  dialog.showModal();
  await loaded(async () => {
    const { items } = may('cases:read') ? await get('/indicators/sets?about=cases') : { items: [] };
    at('indicators-set').replaceChildren(...items.map(({ code, name }) => Object.assign(element('option', '', name), { value: code, selected: code === 'standard' })));
    await draw();
  });
}

async function report() {
  const month = at('indicators-month').value;
  put(at('indicators-told'), t('indicators_making'));
  try {
    const set = encodeURIComponent(at('indicators-set').value || 'standard');
    await download(`/indicators/report.pdf?month=${month}&set=${set}&lang=${language}`, `report-${month}.pdf`);
    put(at('indicators-told'), t('indicators_made', { file: `report-${month}.pdf` }));
  } catch (error) {
    put(at('indicators-told'), '');
    throw error;
  }
}

at('indicators').addEventListener('click', open);
at('indicators-close').addEventListener('click', () => dialog.close());
at('indicators-report').addEventListener('click', () => tried(report, at('indicators-report')));
for (const id of ['indicators-month', 'indicators-set', 'indicators-by', 'indicators-cameras-by']) at(id).addEventListener('change', () => loaded(draw));
for (const name of Object.keys(VIEWS)) {
  at(`indicators-of-${name}`).addEventListener('click', () => {
    view = name;
    loaded(draw);
  });
}

// Tables of categories and deadlines, brought as a file: what would change is shown first, and imported once somebody agrees.

import { locked, may } from './account.js';
import { ask } from './ask.js';
import { get, request } from './hub.js';
import { caseStage, language, number, t } from './i18n.js';
import { element } from './shapes.js';

const KINDS = { categories: () => t('case_table_categories'), deadlines: () => t('case_table_deadlines'),
  part: () => t('case_table_part'), event: () => t('case_table_event') };
const SIGNS = { added: '+', changed: '~', removed: '−' };

// Into a place of the list: the tables in force, and a button to bring the next. `made(text, work)` makes a button that tells what fails.
export async function drawTables(parent, made) {
  if (!may('cases:configure') || locked()) { parent.replaceChildren(); return; }
  const tables = await get('/case-tables');
  const newest = ['categories', 'deadlines'].map((kind) => tables.find((each) => each.kind === kind)).filter(Boolean);
  const told = newest.map((table) => t('case_table_in_force', about(table))).join(' · ');
  parent.replaceChildren(
    element('p', 'small', told || t('case_table_none')), actions(made(t('case_table_import'), () => bring(parent, made))));
}

const about = (table) => ({ kind: KINDS[table.kind](), version: table.version, name: table.name, rows: number(table.rows, 0) });

function actions(...buttons) {
  const row = element('div', 'actions');
  row.append(...buttons);
  return row;
}

function bring(parent, made) {
  const kinds = ['categories', 'deadlines'].map((kind) => [kind, KINDS[kind]()]);
  ask(t('case_table_import'), [
    { name: 'kind', label: t('case_table_kind'), options: kinds },
    { name: 'name', label: t('case_table_name'), required: true, max: 100 },
    { name: 'hours', label: t('case_table_hours') },
    { name: 'files', label: t('case_table_file'), type: 'file', accept: '.csv,text/csv', required: true },
  ], async ({ kind, name, hours, files: [file] }) => {
    const chosen = { kind, name, file, ...(kind === 'deadlines' && hours ? { hours } : {}) };
    await offer(parent, made, chosen, '');
    return null;
  });
}

// What a file would change of the table that is in force now. One that came into force since is shown before anything is imported.
async function offer(parent, made, chosen, why) {
  const told = await imported(chosen, true);
  const seen = told.in_force?.version ?? 0;
  parent.replaceChildren(...(why ? [element('p', 'error', why)] : []), ...preview(told, made(t('case_table_confirm'), async () => {
    try {
      await imported(chosen, false, seen);
    } catch (error) {
      if (error.status !== 409) throw error;
      await offer(parent, made, chosen, error.message);
      return;
    }
    await drawTables(parent, made);
  }), made(t('cancel'), () => drawTables(parent, made))));
}

async function imported({ kind, name, file, hours }, dryRun, seen) {
  const asked = new URLSearchParams({
    name, dry_run: dryRun, lang: language, ...(hours ? { hours } : {}), ...(dryRun ? {} : { in_force: seen }) });
  const sent = { method: 'POST', headers: { 'Content-Type': 'text/csv' }, body: file };
  try {
    return await (await request(`/case-tables/${kind}?${asked}`, sent)).json();
  } catch (error) { // all lines that are wrong, not only the first
    const lines = (error.errors ?? []).filter((each) => each.line).map((each) => t('case_table_wrong', each));
    throw lines.length > 1 ? new Error(lines.join('\n')) : error;
  }
}

function preview(told, confirm, cancel) {
  const { changes, in_force: before } = told;
  const parts = [element('h3', '', t('case_table_would', about(told))), element('p', '', t('case_table_changes', changes))];
  if (before?.hours && hoursOf(before) !== hoursOf(told)) {
    parts.push(element('p', '', t('case_table_hours_change', { before: hoursOf(before), after: hoursOf(told) })));
  }
  if (before?.zone && before.zone !== told.zone) {
    parts.push(element('p', '', t('case_table_zone_change', { before: before.zone, after: told.zone })));
  }
  const list = element('ul', 'plain');
  list.append(...changes.shown.map((each) => element('li', '', `${SIGNS[each.change]} ${line(each)}`)));
  const more = changes.added + changes.changed + changes.removed - changes.shown.length;
  if (more > 0) list.append(element('li', 'small', t('case_table_more', { n: number(more, 0) })));
  return [...parts, list, actions(confirm, cancel)];
}

const clock = (minute) => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
const hoursOf = (table) => table.hours.map((span) => span.map(clock).join('–')).join(', ');

function line(each) {
  const kind = each.category_kind && KINDS[each.category_kind]();
  const stage = each.stage && (each.stage === 'case' ? t('case_table_whole') : caseStage(each.stage));
  const what = [kind, each.category, each.level && t(each.level), stage].filter(Boolean).join(' ');
  return t('case_table_line', { what, terms: [each.before, each.after].filter(Boolean).map(terms).join(' → ') });
}

function terms({ name, parent, seconds, working }) {
  if (seconds === null) return parent ? t('case_table_below', { name, parent }) : name;
  const n = number(seconds / (seconds % 3600 ? 60 : 3600), 1);
  if (working) return seconds % 3600 ? t('case_table_working_minutes', { n }) : t('case_table_working_hours', { n });
  return seconds % 3600 ? t('case_table_calendar_minutes', { n }) : t('case_table_calendar_hours', { n });
}

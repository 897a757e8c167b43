// Cases: the list, and one with its timeline, its deadlines and the steps that may be taken now.

import { locked, may } from './account.js';
import { ask } from './ask.js';
import { drawConflicts } from './case_conflicts.js';
import { drawFiles, fileField, inJson } from './case_files.js';
import { drawTables } from './case_tables.js';
import { get, post } from './hub.js';
import { caseStage, caseStep, moment, t } from './i18n.js';
import { newId } from './report.js';
import { element, LEVELS, put } from './shapes.js';
import { telling } from './telling.js';
import { happened } from './timeline.js';

const at = (id) => document.getElementById(id);
const dialog = at('cases-dialog');
const { loaded, button } = telling('cases');
const SHOWN = 50;
const DECIDED = ['extension_granted', 'extension_refused', 'suspension_granted', 'suspension_refused',
  'suspension_reviewed', 'supervised'];
const REASONED = ['rejected', 'self_handled', 'returned', 'failed', 'commented', 'extension_asked', 'extension_refused',
  'suspension_asked', 'suspension_refused', 'suspension_reviewed', 'supervised', 'answered'];
let wanted = 'open=true';
let shown = null; // the id of the case that is open; null: the list

export function drawCases() {
  at('cases').hidden = !may('cases:read');
}

const time = (text) => (text ? moment(new Date(text), new Date()) : '–');
const placeOf = (item) => item.region_name ?? item.region;
const named = (item) => t('case_named', { number: item.number, title: item.title });

function entry(item) {
  const row = element('li', 'entry');
  const head = element('p');
  head.append(element('b', '', item.title), element('span', 'state', caseStage(item.stage)));
  if (item.overdue) head.append(element('span', 'state wrong', t('case_overdue')));
  if (item.suspended_at !== null) head.append(element('span', 'state', t('case_suspended')));
  const about = [item.number, item.level && t(item.level), item.category_name, placeOf(item), item.responsible_name ?? item.responsible,
    item.stage_due_at && t('case_due', { time: time(item.stage_due_at) })];
  const actions = element('div', 'actions');
  actions.append(button(t('case_open'), () => show(item.id)));
  row.append(head, element('p', 'small', about.filter(Boolean).join(' · ')), actions);
  return row;
}

async function list(cursor = '') {
  shown = null;
  const page = await get(`/cases?limit=${SHOWN}&${wanted}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
  if (!cursor) at('case-rows').replaceChildren();
  at('case-rows').append(...page.items.map(entry));
  const more = at('case-more');
  more.replaceChildren(...(page.next === null ? [] : [button(t('case_more'), () => list(page.next))]));
  at('case-none').hidden = at('case-rows').children.length > 0;
  at('case-list').hidden = false;
  at('case-one').hidden = true;
  if (!cursor) await drawTables(at('case-tables'), button);
}

async function show(id) {
  const item = await get(`/cases/${id}?lang=${document.documentElement.lang.slice(0, 2)}`);
  at('case-conflicts').replaceChildren();
  draw(item);
  await drawConflicts(at('case-conflicts'), item, () => show(id));
}

function draw(item) {
  shown = item.id;
  at('case-list').hidden = true;
  at('case-one').hidden = false;
  put(at('case-title'), named(item));
  const outcome = item.outcome && t('case_outcome', { stage: caseStage(item.outcome.stage), time: time(item.outcome.ended_at) });
  const lines = [caseStage(item.stage), item.level && t(item.level), item.category_name, placeOf(item),
    item.responsible && t('case_responsible', { name: item.responsible_name ?? item.responsible }),
    item.assisting.length > 0 && t('case_assisting', { names: item.assisting.join(', ') }),
    item.stage_due_at && t('case_due', { time: time(item.stage_due_at) }),
    item.due_at && t('case_due_whole', { time: time(item.due_at) }),
    item.overdue && t('case_overdue'), item.suspended_at && t('case_review', { time: time(item.review_at) }),
    item.supervision && t('case_supervised', { level: t(item.supervision), time: time(item.supervision_due_at) }),
    item.reporters > 1 && t('case_reporters', { n: item.reporters }), outcome];
  put(at('case-about'), lines.filter(Boolean).join(' · '));
  put(at('case-warning'), item.warning ?? '');
  const steps = locked() ? [] : item.steps;
  at('case-steps').replaceChildren(...steps.map((kind) => button(caseStep(kind), () => take(item, kind))));
  drawFiles(at('case-files'), item, button, draw);
  at('case-timeline').replaceChildren(...item.timeline.map((step) => (
    happened({ at: step.at, what: caseStep(step.kind), who: step.actor, lines: [step.note] }))));
}

const note = (kind) => ({ name: 'note', label: t('case_note'), max: 2000, required: REASONED.includes(kind) });
const until = (label) => ({ name: 'until', label, type: 'datetime-local', required: true });

// Of the table that is in force, as options.
async function categories() {
  const found = [['', '–']];
  let cursor = '';
  do {
    const page = await get(`/case-tables/categories?limit=1000${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    found.push(...page.items.map((each) => [`${each.category_kind}:${each.code}`, `${each.code} ${each.name}`]));
    cursor = page.next ?? '';
  } while (cursor);
  return found;
}

async function fieldsOf(kind, item) {
  switch (kind) {
    case 'classified': {
      const levels = LEVELS.map((level) => [level, t(level)]);
      return [{ name: 'category', label: t('case_category'), options: await categories(), value: item.category && `${item.category_kind}:${item.category}` },
        { name: 'component', label: t('case_component'), value: item.component, max: 16 },
        { name: 'level', label: t('report_level'), options: [['', '–'], ...levels], value: item.level }];
    }
    case 'dispatched':
      return [{ name: 'responsible', label: t('case_to'), required: true }, { name: 'assisting', label: t('case_helpers') }];
    case 'merged': return [{ name: 'into', label: t('case_into'), required: true }];
    case 'extension_asked': return [{ name: 'hours', label: t('case_hours'), type: 'number', required: true }];
    case 'suspension_asked':
    case 'suspension_reviewed': return [until(t('case_until'))];
    case 'supervised':
      return [{ name: 'level', label: t('report_level'), options: LEVELS.map((level) => [level, t(level)]), required: true },
        until(t('case_answer_by'))];
    default: return [];
  }
}

async function take(item, kind) {
  const id = newId(); // sent again, it is the same step
  ask(`${caseStep(kind)}: ${item.number}`, [...await fieldsOf(kind, item), note(kind), fileField(true, false)], async (values) => {
    const body = { ...values, id, to: kind };
    if (values.assisting) body.assisting = values.assisting.split(/[,，\s]+/).filter(Boolean);
    if (values.category) [body.category_kind, body.category] = values.category.split(':');
    if (values.files) body.files = await inJson(values.files);
    if (values.hours) body.hours = Number(values.hours);
    if (values.into) {
      const [found] = (await get(`/cases?number=${encodeURIComponent(values.into)}`)).items;
      if (!found) throw new Error(t('case_unknown', { number: values.into }));
      body.into = found.id;
    }
    const decided = DECIDED.includes(kind) || item.stage === 'coordinating' && kind === 'dispatched';
    const way = decided ? 'decisions' : 'steps';
    draw(await post(`/cases/${item.id}/${way}`, body));
    return null;
  });
}

at('cases').addEventListener('click', () => {
  dialog.showModal();
  loaded(() => list());
});
at('case-filter').addEventListener('change', () => {
  wanted = at('case-filter').value;
  loaded(() => list());
});
at('case-back').addEventListener('click', () => loaded(() => list()));
at('cases-close').addEventListener('click', () => dialog.close());
at('cases-again').addEventListener('click', () => loaded(() => (shown === null ? list() : show(shown))));

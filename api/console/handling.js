// What a desk does with an alarm (处警): check, transfer, arrive, feedback and close out, each one action; and its timeline.

import { ask } from './ask.js';
import { get, post } from './hub.js';
import { language, t } from './i18n.js';
import { element, put } from './shapes.js';
import { openTimeline } from './timeline.js';

let causes = null;

const named = () => ({ check: t('do_check'), transfer: t('do_transfer'), arrive: t('do_arrive'), feedback: t('do_feedback'),
  'close-out': t('do_close_out') });
const note = (required) => ({ name: 'note', label: t('do_note'), max: 2000, required });
const who = () => ({ name: 'who', label: t('do_who') });
const results = () => ({ real: t('do_real'), false_alarm: t('do_false'), test: t('do_test') });

const FIELDS = {
  check: () => [
    { name: 'result', label: t('do_result'), options: Object.entries(results()) },
    { name: 'by', label: t('do_by'), options: [['call', t('do_call')], ['camera', t('do_camera')], ['on_site', t('do_on_site')]] },
    { name: 'cause', label: t('do_cause'), options: [['', '–'], ...causes.filter((each) => each.in_use)
      .map((each) => [each.code, `${results()[each.result]}: ${each[`name_${language}`]}`])] },
    note(false),
  ],
  transfer: () => [
    { name: 'to', label: t('do_to'), options: [['119', '119'], ['110', '110'], ['120', '120'], ['other', t('do_other')]] },
    who(), { name: 'number', label: t('do_number') }, note(false),
  ],
  arrive: () => [who(), note(false)],
  feedback: () => [who(), note(true)],
  'close-out': () => [note(true)],
};

async function begin(step, card) {
  causes ??= (await get('/alert-causes')).items;
  const { alert, title } = card.dataset;
  ask(`${named()[step]}: ${title}`, FIELDS[step](), async (values) => { await post(`/alerts/${alert}/${step}`, values); });
}

// The buttons of a card, whose dataset names the alert.
export function makeHandling(card) {
  const row = element('div', 'handling');
  for (const step of Object.keys(FIELDS)) {
    const button = element('button');
    button.type = 'button';
    button.dataset.desk = step;
    button.addEventListener('click', () => begin(step, card));
    row.append(button);
  }
  const timeline = element('button');
  timeline.type = 'button';
  timeline.dataset.desk = 'timeline';
  timeline.addEventListener('click', () => openTimeline(card.dataset.alert, card.dataset.title));
  row.append(timeline);
  return row;
}

export function updateHandling(card, alert, title, allowed) {
  Object.assign(card.dataset, { alert: alert.id, title });
  const row = card.querySelector('.handling');
  for (const button of row.querySelectorAll('button')) {
    const { desk } = button.dataset;
    const name = desk === 'timeline' ? t('do_timeline') : named()[desk];
    button.hidden = desk !== 'timeline' && (!allowed || (desk === 'close-out' && alert.check_result === null));
    put(button, name);
    button.setAttribute('aria-label', `${name}: ${title}`);
  }
}

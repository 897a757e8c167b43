// Shifts are handed over (交接班) from the list of who is on duty: by whoever goes, and confirmed by whoever comes.

import { ask } from './ask.js';
import { post } from './hub.js';
import { clockTime, language, t } from './i18n.js';
import { element, put } from './shapes.js';

const note = () => [{ name: 'note', label: t('do_note'), max: 2000 }];

// The buttons of a rota's row; `waiting`: its handover that nobody has taken over; `own`: the name of the person of this page.
export function makeHandover(done) {
  const row = element('span', 'handover');
  for (const what of ['make', 'take']) {
    const button = element('button');
    button.type = 'button';
    button.dataset.handover = what;
    button.addEventListener('click', () => {
      const { rota, id } = row.dataset;
      const path = what === 'make' ? `/rotas/${rota}/handovers` : `/handovers/${id}:take`;
      ask(button.textContent, note(), async (values) => { await post(path, values); done(); });
    });
    row.append(button);
  }
  const link = element('a');
  link.target = '_blank';
  link.rel = 'noopener';
  row.append(link);
  return row;
}

export function updateHandover(row, duty, waiting, own) {
  Object.assign(row.dataset, { rota: duty.code, id: waiting?.id ?? '' });
  const [make, take] = row.querySelectorAll('button');
  put(make, t('hand_over'));
  put(take, t('take_over'));
  make.hidden = duty.handover_minutes === null || !duty.people.includes(own);
  take.hidden = !waiting || waiting.made_by === own || !duty.people.includes(own);
  const link = row.querySelector('a');
  link.hidden = !waiting;
  if (!waiting) return;
  link.href = `/api/v1/handovers/${waiting.id}/log.pdf?lang=${language}`;
  put(link, t('handed_over', { name: waiting.made_by ?? '–', time: clockTime(new Date(waiting.made_at)) }));
}

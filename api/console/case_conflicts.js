// What an outside system says of a case that does not fit: shown until a person decides.

import { locked, may } from './account.js';
import { ask } from './ask.js';
import { get, post } from './hub.js';
import { moment, t } from './i18n.js';
import { element } from './shapes.js';

// Into a list: the open conflicts of a case; `decided` is called after a decision.
export async function drawConflicts(list, item, decided) {
  const lang = document.documentElement.lang.slice(0, 2);
  const { items } = await get(`/outside-conflicts?case=${item.id}&lang=${lang}`);
  list.replaceChildren(...items.map((conflict) => row(conflict, decided)));
}

function row(conflict, decided) {
  const made = element('li', 'entry');
  const since = moment(new Date(conflict.state_at), new Date());
  const told = t('case_conflict', { system: conflict.system, state: conflict.state, time: since, reason: conflict.reason });
  made.append(element('p', '', told));
  if (conflict.note) made.append(element('p', 'small', conflict.note));
  if (!locked() && may('cases:handle')) {
    const actions = element('div', 'actions');
    actions.append(button('theirs', t('case_take_theirs'), conflict, decided), button('ours', t('case_take_ours'), conflict, decided));
    made.append(actions);
  }
  return made;
}

function button(take, text, conflict, decided) {
  const made = element('button', '', text);
  made.type = 'button';
  made.addEventListener('click', () => {
    ask(text, [{ name: 'note', label: t('case_note'), max: 2000, required: true }], async (values) => {
      await post(`/outside-conflicts/${conflict.id}:resolve`, { take, note: values.note });
      await decided();
      return null;
    });
  });
  return made;
}

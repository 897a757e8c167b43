// What somebody asks for takes time and may fail: both are told under the title of its dialog.

import { t } from './i18n.js';
import { element, put } from './shapes.js';

// Does something; `tell` is given why it failed, or null. A button rests meanwhile.
export async function attempt(work, tell, button = null) {
  if (button) button.disabled = true;
  try {
    await work();
    tell(null);
  } catch (error) {
    tell(error.message);
  } finally {
    if (button) button.disabled = false;
  }
}

// Of the dialog of a name: tried(work, button) does something and tells why it failed, button(text, work) is a button that does;
// loaded(work, button) also says at once that it is under way, and offers to try again.
export function telling(name) {
  const busy = element('p', 'busy');
  busy.setAttribute('role', 'status');
  const wrong = Object.assign(element('p', 'wrong'), { id: `${name}-wrong`, hidden: true });
  wrong.setAttribute('role', 'alert');
  const again = Object.assign(element('button', 'again'), { type: 'button', hidden: true });
  document.getElementById(`${name}-title`).after(busy, wrong, again);
  let newest = 0; // of what is loaded: what becomes of one before is told no more

  function tell(message, retry = null) {
    wrong.hidden = message === null;
    again.hidden = message === null || retry === null;
    again.onclick = retry;
    put(again, t('try_again'));
    if (message === null) return;
    put(wrong, message);
    wrong.scrollIntoView({ block: 'nearest' });
  }

  const tried = (work, made = null) => attempt(work, tell, made);

  async function loaded(work, made = null) {
    newest += 1;
    const mine = newest;
    tell(null);
    put(busy, t('loading'));
    await attempt(work, (message) => {
      if (mine !== newest) return;
      put(busy, '');
      tell(message, () => loaded(work, made));
    }, made);
  }

  function button(text, work) {
    const made = element('button', '', text);
    made.type = 'button';
    made.addEventListener('click', () => tried(work, made));
    return made;
  }

  return { tried, loaded, button };
}

// What somebody asks for may fail: that is told under the title of its dialog, in the hub's words.

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

// Of the dialog of a name: tried(work, button) does something and tells why it failed, button(text, work) is a button that does.
export function telling(name) {
  const wrong = Object.assign(element('p', 'wrong'), { id: `${name}-wrong`, hidden: true });
  wrong.setAttribute('role', 'alert');
  document.getElementById(`${name}-title`).after(wrong);

  function tell(message) {
    wrong.hidden = message === null;
    if (message === null) return;
    put(wrong, message);
    wrong.scrollIntoView({ block: 'nearest' });
  }

  const tried = (work, made = null) => attempt(work, tell, made);

  function button(text, work) {
    const made = element('button', '', text);
    made.type = 'button';
    made.addEventListener('click', () => tried(work, made));
    return made;
  }

  return { tried, button };
}

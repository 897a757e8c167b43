// Small things to build the page with. Text is only ever set as text: names come from devices.

const SVG = 'http://www.w3.org/2000/svg';
export const LEVELS = ['red', 'orange', 'yellow', 'blue'];
const SIGNS = {
  red: 'M8 1h0l0 0L11 1 15 5v6l-4 4H5l-4-4V5l4-4z', // octagon
  orange: 'M8 1l7.5 14H.5z', // triangle
  yellow: 'M8 .5L15.5 8 8 15.5.5 8z', // diamond
  blue: 'M8 1a7 7 0 1 0 0 14A7 7 0 1 0 8 1z', // circle
};

export function element(name, className = '', text = null) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== null) made.textContent = text;
  return made;
}

export function svg(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  return made;
}

export function sign(level) {
  const made = svg('svg', { viewBox: '0 0 16 16', class: 'sign', 'aria-hidden': 'true' });
  made.append(svg('path', { d: SIGNS[level] }));
  return made;
}

export function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Makes the children of a list be those of the items, by key and in order, keeping those that stay.
export function keep(list, items, keyOf, make, update) {
  const old = new Map([...list.children].map((child) => [child.dataset.key, child]));
  let place = list.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let child = old.get(key);
    if (child) old.delete(key);
    else {
      child = make(item);
      child.dataset.key = key;
    }
    update(child, item);
    if (child === place) place = place.nextElementSibling;
    else list.insertBefore(child, place);
  }
  for (const child of old.values()) child.remove();
}

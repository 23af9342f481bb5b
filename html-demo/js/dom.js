// Small helpers for the page's elements. Text from others only ever becomes text.

export const $ = (id) => document.getElementById(id);

/** An element: properties by name, `class`, `data-…` and `aria-…` as attributes. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'class' || name.includes('-'))
      element.setAttribute(name, value);
    else
      element[name] = value;
  }
  element.append(...children);
  return element;
}

export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

export function setIcon(button, name) {
  button.querySelector('use').setAttribute('href', `#i-${name}`);
}

/** A round button with an icon, and words for those who do not see it. */
export function iconButton(name, words, onclick, kind = 'soft') {
  return make('button', { type: 'button', class: `round ${kind}`, title: words, onclick }, icon(name),
    make('span', { class: 'visually-hidden' }, words));
}

/** The first letters of a name on a colour that is always the same for it. */
export function paintAvatar(element, name) {
  const hue = [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);
  element.style.setProperty('--hue', hue);
  element.textContent = name.split(/[\s._-]+/).filter(Boolean).slice(0, 2).map((part) => [...part][0]).join('') || '?';
  return element;
}

export const avatar = (name, size = '') => paintAvatar(make('span', { class: `avatar ${size}`, 'aria-hidden': 'true' }), name);

/** Said by a screen reader; `urgent` interrupts. */
export function announce(text, { urgent = false } = {}) {
  const element = $(urgent ? 'alarm' : 'announcer');
  // The same words twice are two announcements.
  element.textContent = '';
  setTimeout(() => { element.textContent = text; }, 50);
}

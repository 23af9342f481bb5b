// The panel that shows every message between the page and Janus, as it is.
import { $, announce, icon, make } from './dom.js';

const MOST = 400;

const KEEPALIVES = ['keepalive', 'ack', 'info', 'server_info'];

/** What a message is, in a few words: {title, rest, kind, isRefused}; kind is what can be hidden. */
function describe(message) {
  const data = message.plugindata?.data;
  if (message.janus === 'trickle')
    return { title: 'trickle', rest: message.candidate?.candidate ?? 'the last one', kind: 'signals' };
  if (message.body)
    return short(message.body.request, message.body, ['request']);
  if (data?.event)
    return short(data.event, data, ['call', 'event', 'timestamp']);
  if (data)
    return { ...short(`${data.call} ${data.request}`, data, ['call', 'request']), isRefused: data.call === 'error' };
  return { title: message.janus, rest: message.plugin ?? '', kind: KEEPALIVES.includes(message.janus) ? 'keepalives' : null };
}

/** The long callId goes last, where it may be cut off. */
function short(title, { callId, ...fields }, without) {
  const rest = Object.fromEntries(Object.entries(fields).filter(([name]) => !without.includes(name)));
  return { title, rest: JSON.stringify({ ...rest, callId }), kind: title.endsWith('call:signal') ? 'signals' : null };
}

const clockOf = (at) => {
  const time = new Date(at);
  return `${time.toTimeString().slice(0, 8)}.${String(time.getMilliseconds()).padStart(3, '0')}`;
};

const lineOf = ({ at, direction, message }) => `${new Date(at).toISOString()} ${direction === 'out' ? '>' : '<'} ${JSON.stringify(message)}`;

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    announce(`${what} copied`);
  } catch {
    announce('The browser does not let this page copy');
  }
}

export class WirePanel {
  #entries = [];

  constructor() {
    $('wire-toggle').onclick = () => this.toggle();
    $('wire-close').onclick = () => this.toggle(false);
    $('wire-clear').onclick = () => this.#clear();
    $('wire-copy').onclick = () => copy(this.text(), `${this.#entries.length} messages`);
    $('wire-keepalives').onchange = $('wire-signals').onchange = () => this.#filter();
    $('wire').addEventListener('keydown', ({ key }) => key === 'Escape' && this.toggle(false));
  }

  toggle(isOpen = $('wire').hidden) {
    const hadFocus = $('wire').contains(document.activeElement);
    $('wire').hidden = !isOpen;
    $('wire-toggle').setAttribute('aria-expanded', String(isOpen));
    if (isOpen)
      $('wire-list').scrollTop = $('wire-list').scrollHeight;
    else if (hadFocus)
      $('wire-toggle').focus();
  }

  /** Every message, one a line, with its time. */
  text() {
    return this.#entries.map(lineOf).join('\n');
  }

  add(entry) {
    const list = $('wire-list');
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    const { title, rest, kind, isRefused } = describe(entry.message);
    const isOut = entry.direction === 'out';
    const details = make('details', {}, make('summary', {},
      make('span', { class: 'wire-time' }, clockOf(entry.at)),
      make('span', { class: isOut ? 'wire-out' : 'wire-in', title: isOut ? 'sent' : 'received' }, isOut ? '→' : '←'),
      make('span', { class: `wire-what${isRefused ? ' wire-refused' : ''}` }, make('b', {}, title), ' ', make('span', {}, rest))));
    details.addEventListener('toggle', () => this.#open(details, entry), { once: true });
    const item = make('li', {}, details);
    item.dataset.kind = kind ?? '';
    item.hidden = this.#isHidden(item);
    list.append(item);
    this.#entries.push(entry);
    if (this.#entries.length > MOST) {
      this.#entries.shift();
      list.firstElementChild.remove();
    }
    $('wire-empty').hidden = true;
    if (isAtEnd)
      list.scrollTop = list.scrollHeight;
  }

  #open(details, entry) {
    const text = JSON.stringify(entry.message, null, 2);
    details.append(make('div', { class: 'wire-body' }, make('pre', {}, text),
      make('button', { type: 'button', class: 'tool', title: 'Copy this message', onclick: () => copy(lineOf(entry), 'The message') },
        icon('copy'), make('span', { class: 'visually-hidden' }, 'Copy this message'))));
  }

  #isHidden({ dataset: { kind } }) {
    return kind !== '' && !$(`wire-${kind}`).checked;
  }

  #filter() {
    for (const item of $('wire-list').children)
      item.hidden = this.#isHidden(item);
  }

  #clear() {
    this.#entries = [];
    $('wire-list').replaceChildren();
    $('wire-empty').hidden = false;
  }
}

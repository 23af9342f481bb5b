// Puts the page together: who I am, the connection, the lists, the call.
import { mode as usualMode, server } from '../config.js';
import { CallClient, deviceIdOf, janusJsTransport, webSocketTransport } from '../janus-call.js';
import { $, announce, paintAvatar } from './dom.js';
import { People } from './people.js';
import { Recent } from './recent.js';
import * as sounds from './sounds.js';
import { Stage } from './stage.js';
import { WirePanel } from './wire.js';
import { connectionWords } from './words.js';

const WIDE = 1200;
const address = new URLSearchParams(location.search);
const wire = new WirePanel();
let client = null;

// --- sound ---

for (const name of ['pointerdown', 'keydown'])
  addEventListener(name, () => { sounds.unlock(); setTimeout(showSoundHint, 200); }, { capture: true });

function showSoundHint() {
  $('sound-hint').hidden = !sounds.isLocked();
}

// --- who I am: of this tab alone, so that another can be somebody else ---

function remembered() {
  const named = address.get('user');
  const token = address.get('token');
  const kept = JSON.parse(sessionStorage.getItem('call.identity'));
  if (token)
    forgetInAddress('token');
  if (!named || kept?.userId === named && !token)
    return kept;
  return { userId: named, token: token ?? '' };
}

function forgetInAddress(name) {
  address.delete(name);
  history.replaceState(null, '', `${location.pathname}?${address}`);
}

function showSignIn(identity = {}) {
  document.body.dataset.view = 'sign-in';
  $('sign-in').hidden = false;
  for (const id of ['lists', 'me', 'leave', 'stage', 'idle'])
    $(id).hidden = true;
  $('user-id').value = identity.userId ?? '';
  $('user-id').focus();
}

$('sign-in-form').onsubmit = (event) => {
  event.preventDefault();
  start({ userId: $('user-id').value.trim(), token: $('token').value.trim() });
};

$('leave').onclick = async () => {
  sessionStorage.removeItem('call.identity');
  forgetInAddress('user');
  const leaving = client;
  client = null;
  stage?.leave();
  $('notice').hidden = true;
  showSignIn();
  await leaving?.close();
};

// --- what carries the media of calls that are made here ---

$('mode').value = address.get('mode') ?? sessionStorage.getItem('call.mode') ?? usualMode;
$('mode').onchange = () => sessionStorage.setItem('call.mode', $('mode').value);

// --- the connection ---

function transport() {
  return address.get('transport') === 'websocket' ? webSocketTransport(server) : janusJsTransport(server);
}

function showConnection(state) {
  const { status, title, text, action } = connectionWords(state, server);
  $('my-status').textContent = status;
  $('my-status').dataset.state = state.name;
  // A moment without a connection is no news.
  clearTimeout(showConnection.later);
  if (!title) {
    $('notice').hidden = $('notice').hidden || state.name === 'online';
    return;
  }
  const show = () => showNotice(title, text, action, state);
  if (state.name === 'waiting' && $('notice').hidden && hasBeenOnline)
    showConnection.later = setTimeout(show, 1000);
  else
    show();
}

function showNotice(title, text, action, state) {
  if ($('notice').hidden || $('notice-title').textContent !== title)
    announce(`${title} ${text}`);
  $('notice').hidden = false;
  $('notice-title').textContent = title;
  $('notice-text').textContent = text;
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = action;
  button.onclick = () => actions[state.name](state);
  // The same button stays, so that the focus does.
  if ($('notice-actions').firstElementChild?.textContent === action)
    $('notice-actions').firstElementChild.onclick = button.onclick;
  else
    $('notice-actions').replaceChildren(button);
}

const actions = {
  waiting: () => client.check(),
  replaced: () => register(),
  unregistered: ({ error }) => (error?.code === 'admin' ? register() : $('leave').click()),
  refused: () => $('leave').click(),
};

let identity = null;
let hasBeenOnline = false;
let stage = null;

function register() {
  // Nothing to wait for: `state` tells how it goes.
  client.register({ userId: identity.userId, displayName: identity.userId, token: identity.token || undefined }).catch(() => {});
}

function start(who) {
  identity = who;
  hasBeenOnline = false;
  sessionStorage.setItem('call.identity', JSON.stringify(who));
  const { userId } = who;
  const mine = new CallClient({ transport: transport(), deviceId: deviceIdOf(), mode: $('mode').value });
  client = mine;
  const dial = (name, { video }) => {
    people.add(name);
    stage.dial(name, { video });
  };
  const people = new People(userId, dial);
  const recent = new Recent(mine, userId, dial);
  stage = new Stage(mine, { modeOf: () => $('mode').value, onOver: () => setTimeout(() => recent.refresh(), 200) });
  const take = (call) => {
    people.add(call.peerId);
    stage.take(call);
  };
  for (const name of ['incoming', 'outgoing', 'resumed'])
    mine.on(name, take);
  mine.on('wire', (entry) => wire.add(entry));
  mine.on('state', (state) => {
    if (client !== mine)
      return;
    showConnection(state);
    stage.connectionChanged();
    if (state.name === 'online') {
      hasBeenOnline = true;
      recent.refresh();
    }
  });
  $('dial').onsubmit = (event) => {
    event.preventDefault();
    dial($('callee').value.trim(), { video: event.submitter?.value === 'video' });
    $('callee').value = '';
  };
  showHome(userId);
  register();
}

function showHome(userId) {
  document.body.dataset.view = 'home';
  $('sign-in').hidden = true;
  for (const id of ['lists', 'me', 'leave', 'idle'])
    $(id).hidden = false;
  paintAvatar($('my-avatar'), userId);
  $('my-name').textContent = userId;
  const other = userId === 'bob' ? 'alice' : 'bob';
  $('callee').placeholder = other;
  showSecondTab($('second-other'), other, `as ${other}, somebody to call`);
  showSecondTab($('second-same'), userId, `as ${userId} again, another device of yours`);
  $('idle-text').textContent = `You are ${userId}. Call somebody by name, or wait for a call.`;
  showSoundHint();
  if (innerWidth >= WIDE)
    wire.toggle(true);
  $('callee').focus();
}

function showSecondTab(link, userId, words) {
  const there = new URLSearchParams(address);
  there.set('user', userId);
  link.href = `?${there}`;
  link.querySelector('span').textContent = words;
}

// For tests and for the console.
globalThis.page = { get client() { return client; }, sounding: sounds.sounding, wireText: () => wire.text() };

const known = remembered();
if (known)
  start(known);
else
  showSignIn();

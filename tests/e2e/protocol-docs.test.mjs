// Plays every example of docs/protocol.md against a running Janus: requests are sent as they stand on the page; what is
// answered and heard must hold the same fields with the same values, but for times and what the server makes up.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import WebSocket from 'ws';

import { readPage } from '../check-protocol-docs.mjs';
import { startJanus } from './lib/janus.mjs';
import { EventQueue } from './lib/queue.mjs';
import { sdpOf } from './lib/sdp.mjs';
import { secondsFromNow, sign } from './lib/tokens.mjs';
import { until, within } from './lib/wait.mjs';

const PLUGIN = 'janus.plugin.call';
const BACKEND = 'the backend';
const WHOLE = Symbol('the whole Janus message');
const LONG_TEXT = /^x\*(\d+)$/;
const TOKEN = /^<token of (\S+)>$/;
const TOKEN_SECONDS = 120;
const SDP = 'v=0 …';

// --- comparing a message with its example ---

const times = new Set(['timestamp', 'serverTime', 'createdAt', 'ringingAt', 'acceptedAt', 'endedAt', 'expiresAt']);
const spans = new Set(['expiresInMs', 'durationMs', 'retryAfterMs', 'registrationExpiresInMs', 'atMs', 'awayMs']);
const madeUp = new Set(['id', 'session_id', 'sender', 'next', 'token', 'username', 'credential']);
const MADE_UP_ID = /^(CALL|DEV)_[0-9A-HJKMNP-TV-Z]{26}$/;

const isTime = (value) => Number.isSafeInteger(value) && Math.abs(value - Date.now()) < 240_000;
const isSpan = (value) => Number.isSafeInteger(value) && value >= 0 && value <= 240_000;

/** What stands on the page for something that the server makes up, and what it is this time. */
class Names {
  #actual = new Map();
  #secret;

  /** The secret is that of the scene's tokens. */
  constructor(secret) {
    this.#secret = secret;
  }

  bind(documented, actual, where) {
    assert.equal(typeof actual, typeof documented, where);
    if (!this.#actual.has(documented))
      this.#actual.set(documented, actual);
    assert.equal(actual, this.#actual.get(documented), where);
  }

  knows(documented) {
    return this.#actual.has(documented);
  }

  /** The message of the page as it is sent this time. */
  translate(value) {
    if (Array.isArray(value))
      return value.map((item) => this.translate(item));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.translate(inner)]));
    if (TOKEN.test(value))
      return sign({ sub: value.match(TOKEN)[1], exp: secondsFromNow(TOKEN_SECONDS) }, this.#secret);
    const [, length] = typeof value === 'string' ? value.match(LONG_TEXT) ?? [] : [];
    return length ? 'x'.repeat(Number(length)) : this.#actual.get(value) ?? value;
  }

  compare(actual, documented, where, key) {
    if (key === 'sdp' && documented === SDP && actual !== SDP)
      assert.ok(actual.startsWith('v=0\r\n'), `${where}: ${actual} is no SDP`);
    else if (times.has(key) && typeof documented === 'number')
      assert.ok(isTime(actual), `${where}: ${actual} is no time`);
    else if (spans.has(key))
      assert.ok(isSpan(actual) && isSpan(documented), `${where}: ${actual} is no span`);
    else if (madeUp.has(key) || MADE_UP_ID.test(documented))
      this.bind(documented, actual, where);
    else if (typeof documented === 'object' && documented !== null)
      this.#compareFields(actual, documented, where);
    else
      assert.deepEqual(actual, documented, where);
  }

  #compareFields(actual, documented, where) {
    assert.equal(typeof actual, 'object', where);
    assert.deepEqual(Object.keys(actual ?? {}).sort(), Object.keys(documented).sort(), `${where}: the fields`);
    for (const [key, value] of Object.entries(documented))
      this.compare(actual[key], value, `${where}.${key}`, key);
  }
}

// --- those who act ---

class Device {
  #socket;
  #waiting = new Map();
  #transactions = 0;

  constructor(name, janus) {
    this.name = name;
    this.janus = janus;
    this.events = new EventQueue(name);
  }

  async #open() {
    if (this.#socket)
      return;
    const socket = new WebSocket(this.janus.wsUrl, 'janus-protocol');
    this.#socket = socket;
    socket.on('message', (text) => this.#received(JSON.parse(text)));
    await within(new Promise((resolve, reject) => { socket.on('open', resolve).on('error', reject); }),
      `${this.name} connects`);
  }

  #received(message) {
    if (message.janus === 'event') {
      assert.equal(message.transaction, undefined, 'an event never carries a transaction');
      this.events.push({ ...message.plugindata.data, [WHOLE]: message });
      return;
    }
    this.#waiting.get(message.transaction)?.(message);
    this.#waiting.delete(message.transaction);
  }

  /** A message of the Janus API; remembers the session and the handle that it makes. */
  async sendWhole(message) {
    await this.#open();
    const transaction = message.transaction ?? `t${++this.#transactions}`;
    const answered = new Promise((resolve) => { this.#waiting.set(transaction, resolve); });
    this.#socket.send(JSON.stringify({ ...message, transaction }));
    const reply = await within(answered, `${this.name} is answered`);
    if (message.janus === 'create')
      this.session = reply.data.id;
    if (message.janus === 'attach')
      this.handle = reply.data.id;
    return reply;
  }

  /** The body of a request, or { body, jsep }. */
  async send(message) {
    const { body, jsep } = message.body ? message : { body: message };
    if (!this.session)
      await this.sendWhole({ janus: 'create' });
    if (!this.handle)
      await this.sendWhole({ janus: 'attach', session_id: this.session, plugin: PLUGIN });
    return this.sendWhole({ janus: 'message', session_id: this.session, handle_id: this.handle, body,
      ...(jsep && { jsep: { ...jsep, sdp: sdpOf(jsep.type) } }) });
  }

  async hear(wanted) {
    const data = await this.events.next(wanted);
    return data[WHOLE];
  }

  /** What arrived and stands nowhere on the page. */
  async leftOver() {
    if (this.handle)
      await this.send({ request: 'call:get', callId: 'settle' });
    return this.events.pending();
  }

  async drop() {
    const closed = new Promise((resolve) => { this.#socket.once('close', resolve); });
    this.#socket.terminate();
    await closed;
    this.#socket = this.session = this.handle = undefined;
  }

  close() {
    this.#socket?.terminate();
  }
}

/** Speaks to the Admin API; has answers of the same form as a device's. */
class Backend {
  constructor(janus) {
    this.janus = janus;
  }

  sendWhole(message) {
    return this.janus.adminRequest({ ...message, admin_secret: this.janus.adminSecret });
  }

  async send(request) {
    return { janus: 'success', plugindata: { data: await this.janus.admin(request) } };
  }

  leftOver() {
    return [];
  }

  close() {}
}

// --- playing a scene ---

class Player {
  #names;
  #actors = new Map();
  #answers = new Map();

  constructor(scene, janus) {
    this.scene = scene;
    this.janus = janus;
    this.#names = new Names(scene.plugin.auth?.secret);
  }

  #actor(who) {
    if (!this.#actors.has(who))
      this.#actors.set(who, who === BACKEND ? new Backend(this.janus) : new Device(who, this.janus));
    return this.#actors.get(who);
  }

  async play() {
    for (const step of this.scene.steps)
      await this.#steps[step.verb](step);
    for (const [who, actor] of this.#actors)
      assert.deepEqual(await actor.leftOver(), [], `${who} was told what the page does not say`);
  }

  close() {
    this.#actors.forEach((actor) => actor.close());
  }

  #steps = {
    registers: ({ who, ...step }) => {
      const [userId, deviceId] = who.split('/');
      return this.#send({ ...step, who, message: { request: 'call:register', userId, deviceId } });
    },
    sends: (step) => this.#send(step),
    'is answered': (step) => this.#compare(this.#answers.get(step.who), step),
    hears: async (step) => {
      const { event, callId } = step.message?.plugindata?.data ?? step.message ?? { event: step.event };
      const isKnown = callId && (!MADE_UP_ID.test(callId) || this.#names.knows(callId));
      const heard = await this.#actor(step.who).hear({ event, ...(isKnown && { callId: this.#names.translate(callId) }) });
      if (step.isShown)
        this.#compare(heard, step);
    },
    drops: async ({ who }) => {
      const before = await this.#present();
      await this.#actor(who).drop();
      await until(async () => await this.#present() < before, `the server noticed that ${who} went`);
    },
  };

  async #present() {
    const { devices, away } = await this.janus.admin({ request: 'stats' });
    return devices - away;
  }

  async #send(step) {
    const actor = this.#actor(step.who);
    const message = this.#names.translate(step.message);
    const answer = await (step.isWhole ? actor.sendWhole(message) : actor.send(message));
    this.#answers.set(step.who, answer);
    if (!this.#isAnswerShown(step)) {
      const { call } = answer.plugindata?.data ?? answer.response ?? {};
      assert.ok(answer.janus !== 'error' && call !== 'error', `line ${step.line}: ${JSON.stringify(answer)}`);
    }
  }

  #isAnswerShown({ line, who }) {
    const next = this.scene.steps.find((step) => step.line > line && step.who === who && step.verb !== 'hears');
    return next?.verb === 'is answered';
  }

  #compare(actual, { line, isWhole, message }) {
    const { plugindata, jsep } = actual;
    const said = isWhole ? actual : message.jsep ? { plugindata: { data: plugindata?.data }, jsep } : plugindata?.data;
    this.#names.compare(said, message, `line ${line} of the page, which was now ${JSON.stringify(said)}`);
  }
}

const { scenes, faults } = readPage();

test('the page can be read', () => {
  assert.deepEqual(faults, []);
  assert.ok(scenes.length > 0);
});

for (const scene of scenes) {
  test(`${scene.heading} (line ${scene.line})`, async () => {
    const janus = await startJanus({ plugin: scene.plugin });
    const player = new Player(scene, janus);
    try {
      await player.play();
      await janus.stop();
    } finally {
      player.close();
      await janus.end();
    }
  });
}

// What an app of the users can count on, in scenarios that play against their present server and against ours alike:
//   node tests/e2e/socketio-scenarios.mjs http://127.0.0.1:3000
// The address is the only parameter. The server lets everybody be who they say. The scenarios with a timeout take as long
// as the server rings.
//
// A scenario asserts what the users' document promises. What more it saw, it returns: an object with what differs from
// server to server, such as whether a caller who was away learns that the call was rejected.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';

import { App } from './lib/socketio-app.mjs';

const REASON = 'User declined';
const LONGEST_RING_MS = 90_000;
// Much longer than any of this takes: the machine may be busy.
const PATIENCE_MS = 10_000;

/** A client that is not back at once when its network was lost. */
const PATIENT = { transports: ['websocket'], reconnectionDelay: 2000 };

const newCallId = () => `CALL_${Date.now()}${randomUUID().slice(0, 8)}`;
const isNow = (timestamp) => assert.ok(Number.isSafeInteger(timestamp) && Math.abs(timestamp - Date.now()) < 60_000,
  `timestamp ${timestamp}`);

/** The apps of one scenario. */
class Stage {
  #apps = [];

  constructor(address) {
    this.address = address;
  }

  user(name) {
    return `${name}-${randomUUID().slice(0, 8)}`;
  }

  async app(userId, options) {
    const app = new App(this.address, { userId }, options);
    this.#apps.push(app);
    return app.connected();
  }

  async pair(options) {
    const [caller, callee] = await Promise.all(['alice', 'bob'].map((name) => this.app(this.user(name), options)));
    return { caller, callee };
  }

  async trio() {
    const bob = this.user('bob');
    const [caller, phone, tablet] = await Promise.all([this.user('alice'), bob, bob].map((name) => this.app(name)));
    return { caller, phone, tablet };
  }

  close() {
    this.#apps.forEach((app) => app.close());
  }
}

/** An event of this call, as the document has it. */
async function hears(app, event, callId, timeoutMs = PATIENCE_MS) {
  const heard = await app.next({ event, callId }, timeoutMs);
  isNow(heard.timestamp);
  return heard;
}

/** The phone falls silent: the document has more than one word for it. */
async function stopsRinging(app, callId, timeoutMs = PATIENCE_MS) {
  return app.next(({ event, callId: id }) => id === callId && ['call:ended', 'call:timeout'].includes(event), timeoutMs);
}

/** `caller` calls the user of these apps, and all of them ring; resolves with the callId. */
async function ring(caller, callees, fields = {}) {
  const callId = newCallId();
  caller.tell('call:initiate', { callId, receiverId: callees[0].userId, callType: 'audio', ...fields });
  for (const callee of callees) {
    const incoming = await hears(callee, 'call:incoming', callId);
    assert.equal(incoming.callerId, caller.userId);
  }
  return callId;
}

async function talk(caller, [answering, ...others]) {
  const callId = await ring(caller, [answering, ...others]);
  answering.tell('call:accept', { callId });
  await hears(caller, 'call:accepted', callId);
  return callId;
}

async function rejects(caller, callee, reason = REASON, name = 'call:reject') {
  const callId = await ring(caller, [callee]);
  callee.tell(name, { callId, reason });
  const rejected = await hears(caller, 'call:rejected', callId);
  assert.equal(rejected.reason, reason);
  return rejected;
}

/** A call goes from one to the other: all is well between them. */
async function canStillCall(caller, callee) {
  await rejects(caller, callee);
}

function isRefused(ack) {
  assert.equal(typeof ack.error, 'string', JSON.stringify(ack));
  assert.notEqual(ack.error, '');
}

function isDone(ack, callId) {
  assert.equal(ack.error, undefined, JSON.stringify(ack));
  assert.equal(ack.callId, callId);
}

export const scenarios = {
  async 'an app with default options connects by polling and upgrades'(stage) {
    const { caller, callee } = await stage.pair();
    assert.equal(await caller.upgraded(), 'websocket');
    assert.equal(await callee.upgraded(), 'websocket');
    await canStillCall(caller, callee);
  },

  async 'an app connects by WebSocket alone'(stage) {
    const { caller, callee } = await stage.pair({ transports: ['websocket'] });
    assert.equal(caller.transport, 'websocket');
    await canStillCall(caller, callee);
  },

  async 'an app connects by polling alone'(stage) {
    const { caller, callee } = await stage.pair({ transports: ['polling'] });
    await canStillCall(caller, callee);
    assert.equal(caller.transport, 'polling');
  },

  async 'an app that does not say who it is gets connect_error'(stage) {
    await assert.rejects(stage.app(undefined, { reconnection: false }), (error) => error.message !== '');
  },

  async 'the callee rejects with a reason, and the caller hears it'(stage) {
    const { caller, callee } = await stage.pair();
    const { cause } = await rejects(caller, callee, 'In a meeting, später 🙂');
    return { cause };
  },

  async 'the callee rejects without a reason'(stage) {
    const { caller, callee } = await stage.pair();
    const callId = await ring(caller, [callee]);
    callee.tell('call:reject', { callId });
    assert.equal((await hears(caller, 'call:rejected', callId)).reason, REASON);
  },

  async 'the callee accepts, and the caller ends'(stage) {
    const { caller, callee } = await stage.pair();
    const callId = await talk(caller, [callee]);
    caller.tell('call:end', { callId });
    await hears(callee, 'call:ended', callId);
  },

  async 'the callee accepts and ends'(stage) {
    const { caller, callee } = await stage.pair();
    const callId = await talk(caller, [callee]);
    callee.tell('call:end', { callId });
    await hears(caller, 'call:ended', callId);
  },

  async 'the caller gives up before the answer'(stage) {
    const { caller, callee } = await stage.pair();
    const callId = await ring(caller, [callee]);
    caller.tell('call:end', { callId });
    await hears(callee, 'call:ended', callId);
    isRefused(await callee.ask('call:accept', { callId }));
    await canStillCall(caller, callee);
  },

  async 'nobody answers: both sides hear when the ring is over'(stage) {
    const { caller, callee } = await stage.pair();
    const callId = await ring(caller, [callee]);
    const timeout = await hears(caller, 'call:timeout', callId, LONGEST_RING_MS);
    assert.equal(typeof timeout.reason, 'string');
    await stopsRinging(callee, callId);
    isRefused(await callee.ask('call:accept', { callId }));
    return { cause: timeout.cause };
  },

  async 'nobody is there: the caller hears of a timeout'(stage) {
    const caller = await stage.app(stage.user('alice'));
    const callId = newCallId();
    caller.tell('call:initiate', { callId, receiverId: stage.user('nobody'), callType: 'audio' });
    const { cause } = await hears(caller, 'call:timeout', callId, LONGEST_RING_MS);
    return { cause };
  },

  async 'two phones ring; one accepts, the other falls silent'(stage) {
    const { caller, phone, tablet } = await stage.trio();
    const callId = await ring(caller, [phone, tablet]);
    tablet.tell('call:accept', { callId });
    await hears(caller, 'call:accepted', callId);
    const { cause } = await stopsRinging(phone, callId);
    isRefused(await phone.ask('call:accept', { callId }));
    tablet.tell('call:end', { callId });
    await hears(caller, 'call:ended', callId);
    return { cause };
  },

  async 'two phones ring; one rejects, the other falls silent'(stage) {
    const { caller, phone, tablet } = await stage.trio();
    const callId = await ring(caller, [phone, tablet]);
    phone.tell('call:reject', { callId, reason: REASON });
    assert.equal((await hears(caller, 'call:rejected', callId)).reason, REASON);
    const { cause } = await stopsRinging(tablet, callId);
    return { cause };
  },

  async 'two phones ring; the caller gives up, both fall silent'(stage) {
    const { caller, phone, tablet } = await stage.trio();
    const callId = await ring(caller, [phone, tablet]);
    caller.tell('call:end', { callId });
    await Promise.all([phone, tablet].map((app) => stopsRinging(app, callId)));
  },

  async 'the callee is busy and says so'(stage) {
    const { caller, callee } = await stage.pair();
    const other = await stage.app(stage.user('carol'));
    const first = await talk(caller, [callee]);
    const second = await ring(other, [callee]);
    callee.tell('call:reject', { callId: second, reason: 'Busy', cause: 'busy' });
    const { reason, cause } = await hears(other, 'call:rejected', second);
    assert.equal(reason, 'Busy');
    // The call in progress is not touched.
    caller.tell('call:end', { callId: first });
    await hears(callee, 'call:ended', first);
    return { cause };
  },

  async 'the callee\'s network is lost; the client reconnects by itself and rings'(stage) {
    const { caller, callee } = await stage.pair();
    await canStillCall(caller, callee);
    const { back } = await callee.loseNetwork();
    await back;
    await canStillCall(caller, callee);
  },

  async 'a phone that was away while it was called'(stage) {
    const { caller, callee } = await stage.pair(PATIENT);
    const { back } = await callee.loseNetwork();
    const callId = newCallId();
    isDone(await caller.ask('call:initiate', { callId, receiverId: callee.userId, callType: 'audio' }), callId);
    await back;
    // The document does not say that a phone which comes late rings; if it does, it may answer.
    const incoming = await callee.next({ event: 'call:incoming', callId }, 500).catch(() => undefined);
    callee.tell('call:reject', { callId, reason: REASON });
    assert.equal((await hears(caller, 'call:rejected', callId)).reason, REASON);
    return { rang: incoming !== undefined };
  },

  async 'a caller who was away when the callee rejected'(stage) {
    const { caller, callee } = await stage.pair(PATIENT);
    const callId = await ring(caller, [callee]);
    const { back } = await caller.loseNetwork();
    isDone(await callee.ask('call:reject', { callId, reason: REASON }), callId);
    await back;
    // "Caller is offline" is all that the document has for it. If it is told after all, then rightly, and once.
    const rejected = await caller.next({ event: 'call:rejected', callId }, 1000).catch(() => undefined);
    if (rejected)
      assert.equal(rejected.reason, REASON);
    await canStillCall(caller, callee);
    assert.ok(!caller.events.pending().some((event) => event.callId === callId), 'told once');
    return { learned: rejected !== undefined };
  },

  async 'the callee is named as such apps name it'(stage) {
    const { caller, callee } = await stage.pair();
    for (const name of ['receiverId', 'targetUserId', 'to', 'calleeId']) {
      const callId = newCallId();
      caller.tell('call:initiate', { callId, [name]: callee.userId });
      await hears(callee, 'call:incoming', callId);
      callee.tell('call:reject', { callId, reason: name });
      assert.equal((await hears(caller, 'call:rejected', callId)).reason, name);
    }
  },

  async 'a call has a type'(stage) {
    const { caller, callee } = await stage.pair();
    const seen = [];
    for (const fields of [{ callType: 'audio' }, { callType: 'voice' }, { callType: 'video' }, { type: 'video' }]) {
      const callId = newCallId();
      caller.tell('call:initiate', { callId, receiverId: callee.userId, ...fields });
      const { media, callType } = await hears(callee, 'call:incoming', callId);
      seen.push(media ?? callType);
      callee.tell('call:reject', { callId });
      await hears(caller, 'call:rejected', callId);
    }
    return { seen };
  },

  async 'requests have the names that such apps use'(stage) {
    const { caller, callee } = await stage.pair();
    await rejects(caller, callee, REASON, 'call:decline');

    const cancelled = await ring(caller, [callee]);
    caller.tell('call:cancel', { callId: cancelled });
    await hears(callee, 'call:ended', cancelled);

    const ended = await talk(caller, [callee]);
    callee.tell('call:hangup', { callId: ended });
    await hears(caller, 'call:ended', ended);
  },

  async 'each request is answered in its ack'(stage) {
    const { caller, callee } = await stage.pair();
    const callId = newCallId();
    isDone(await caller.ask('call:initiate', { callId, receiverId: callee.userId, callType: 'audio' }), callId);
    isDone(await callee.ask('call:accept', { callId }), callId);
    isDone(await caller.ask('call:end', { callId }), callId);

    const another = await ring(caller, [callee]);
    isDone(await callee.ask('call:reject', { callId: another, reason: REASON }), another);
  },

  async 'what cannot be done is refused in the ack'(stage) {
    const { caller, callee } = await stage.pair();
    isRefused(await callee.ask('call:reject', { callId: newCallId(), reason: REASON }));
    isRefused(await caller.ask('call:initiate', { callId: newCallId() }));
    const callId = await ring(caller, [callee]);
    isRefused(await caller.ask('call:accept', { callId }));
    callee.tell('call:reject', { callId });
    await hears(caller, 'call:rejected', callId);
    isRefused(await callee.ask('call:accept', { callId }));
  },

  async 'a call of other people cannot be rejected'(stage) {
    const { caller, callee } = await stage.pair();
    const stranger = await stage.app(stage.user('mallory'));
    const callId = await ring(caller, [callee]);
    isRefused(await stranger.ask('call:reject', { callId, reason: REASON }));
    isRefused(await stranger.ask('call:end', { callId }));
    callee.tell('call:reject', { callId, reason: 'mine to say' });
    assert.equal((await hears(caller, 'call:rejected', callId)).reason, 'mine to say');
  },

  async 'twenty calls at once, each rejected with a reason of its own'(stage) {
    await Promise.all(Array.from({ length: 20 }, async (_, n) => {
      const { caller, callee } = await stage.pair({ transports: ['websocket'] });
      await rejects(caller, callee, `reason ${n}`);
    }));
  },

  async 'a hundred calls in a row between the same two'(stage) {
    const { caller, callee } = await stage.pair();
    for (let n = 0; n < 100; n++)
      await rejects(caller, callee, `reason ${n}`);
  },
};

/** Plays one scenario; resolves with what it saw beyond the document. */
export async function play(address, scenario) {
  const stage = new Stage(address);
  try {
    return await scenario(stage) ?? {};
  } finally {
    stage.close();
  }
}

async function main([address]) {
  if (!address)
    throw new Error('usage: node socketio-scenarios.mjs ADDRESS');
  const results = await Promise.all(Object.entries(scenarios).map(async ([name, scenario]) => {
    const result = await play(address, scenario).then((saw) => ({ saw }), (error) => ({ error }));
    console.log(result.error ? `FAIL ${name}: ${result.error.stack}` : `ok   ${name} ${JSON.stringify(result.saw)}`);
    return !result.error;
  }));
  const good = results.filter(Boolean).length;
  console.log(`${good} of ${results.length} scenarios hold`);
  process.exitCode = good === results.length ? 0 : 1;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  await main(process.argv.slice(2));

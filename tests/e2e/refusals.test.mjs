// The refusals of the protocol (section 7), and malformed values of every field.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { everyClient, JanodeClient } from './lib/clients/index.mjs';
import { ring, scene, talk } from './lib/scene.mjs';
import { hasShape, optional } from './lib/shape.mjs';

const numbers = {
  unknown_request: 404, not_registered: 401, invalid_request: 400, too_large: 413, call_not_found: 404, forbidden: 403,
  calling_self: 409, id_in_use: 409, glare: 409, wrong_state: 409, call_over: 410, too_many_devices: 429,
};

/** Sends a request and checks that the refusal has exactly the fields of the contract. */
async function refuses(client, request, fields, code, more = {}) {
  const reply = await client.refused(request, fields, code);
  hasShape(reply, {
    call: 'error', request, error_code: numbers[code], code, error: (text) => typeof text === 'string' && text !== '',
    ...more,
  });
  return reply;
}

const it = scene();

describe('before anything else', () => {
  for (const Client of everyClient) {
    test(`${Client.library} gets a refusal as the reply`, async () => {
      const client = await it.connect(Client);
      await refuses(client, 'call:history', {}, 'not_registered');
      await refuses(client, 'call:nonsense', {}, 'unknown_request');
    });
  }

  test('an unknown request is refused before the registration is looked at', async () => {
    const client = await it.connect();
    for (const request of ['call:', 'CALL:ACCEPT', 'register', '', 'call:accept ', 'call:rejected'])
      await refuses(client, request, {}, 'unknown_request');
  });

  test('a request that is missing or no string is malformed', async () => {
    const client = await it.connect();
    for (const body of [{}, { request: 5 }, { request: null }, { request: ['call:accept'] }, { request: {} }]) {
      const reply = await client.request(body);
      assert.equal(reply.call, 'error', JSON.stringify(reply));
      assert.ok(['invalid_request', 'unknown_request'].includes(reply.code), JSON.stringify(reply));
    }
  });

  test('without a registration nothing is found out about fields or calls', async () => {
    const client = await it.connect();
    const requests = ['call:unregister', 'call:initiate', 'call:ringing', 'call:accept', 'call:reject', 'call:end',
      'call:signal', 'call:update', 'call:get', 'call:history'];
    for (const request of requests) {
      await refuses(client, request, {}, 'not_registered');
      await refuses(client, request, { callId: 'x', calleeId: 'y', data: {} }, 'not_registered');
    }
  });
});

const anId = { missing: undefined, 'a boolean': true, 'a fraction': 1.5, 'an object': {}, 'an array': [], empty: '',
  'too long': 'x'.repeat(129), 'with a newline': 'a\nb', 'with an escape': 'a\u001b[31m', 'with DEL': 'a\u007f' };
const aName = { 'a number': 5, 'an object': {}, 'an array': [] };
const aCallId = { 'a number': 5, 'an object': {}, 'an array': [], empty: '', 'too long': 'x'.repeat(65),
  'with a space': 'CALL 1', 'with a slash': 'CALL/1', 'with a quote': 'CALL"1', 'not ASCII': 'CALL_é',
  'with a newline': 'CALL\n' };
const aNeededCallId = { missing: undefined, ...aCallId };
const anyObject = { 'a string': '{}', 'a number': 7, 'an array': [], 'a boolean': true };
const aLimit = { zero: 0, negative: -1, 'too many': 101, 'a fraction': 1.5, 'a string': '10', 'an object': {} };
const without = ({ missing, ...others }) => others;

const fields = {
  'call:register': {
    good: { userId: 'u', deviceId: 'd' },
    bad: { userId: anId, deviceId: without(anId), displayName: aName },
  },
  'call:initiate': {
    good: { calleeId: 'somebody' },
    bad: {
      calleeId: anId,
      callId: aCallId,
      media: { ...anyObject, 'audio a string': { audio: 'yes' }, 'video a number': { video: 1 } },
      mode: { 'a number': 1, unknown: 'carrier pigeon', empty: '', 'an object': {} },
      timeoutMs: { 'too short': 4999, 'too long': 180_001, negative: -1, 'a string': '10000', 'a fraction': 5000.5,
        huge: 1e15 },
      data: anyObject,
    },
  },
  'call:ringing': { good: { callId: 'c' }, bad: { callId: aNeededCallId } },
  'call:accept': { good: { callId: 'c' }, bad: { callId: aNeededCallId } },
  'call:reject': {
    good: { callId: 'c' },
    bad: {
      callId: aNeededCallId,
      reason: { 'a number': 5, 'an object': {}, 'an array': [] },
      cause: { unknown: 'bored', 'not the callee\'s to say': 'cancelled', 'a number': 1, empty: '' },
    },
  },
  'call:end': { good: { callId: 'c' }, bad: { callId: aNeededCallId, reason: { 'a number': 5, 'an object': {} } } },
  'call:signal': { good: { callId: 'c', data: {} }, bad: { callId: aNeededCallId, data: { missing: undefined } } },
  'call:update': { good: { callId: 'c', data: {} }, bad: { callId: aNeededCallId, data: { missing: undefined } } },
  'call:get': { good: { callId: 'c' }, bad: { callId: aNeededCallId } },
  'call:history': {
    good: {},
    bad: {
      limit: aLimit,
      before: { 'a number': 5, nonsense: 'not-a-cursor', 'an object': {} },
      status: { unknown: 'lost', 'a number': 1, empty: '' },
      peerId: without(anId),
      missed: { 'a string': 'yes', 'a number': 1 },
    },
  },
};

describe('malformed fields', () => {
  for (const [request, { good, bad }] of Object.entries(fields)) {
    for (const [field, values] of Object.entries(bad)) {
      test(`${request}: ${field}`, async () => {
        const client = await it.device(it.user('alice'), 'laptop', { Client: JanodeClient });
        for (const [what, value] of Object.entries(values)) {
          const { error } = await refuses(client, request, { ...good, [field]: value }, 'invalid_request');
          assert.ok(error.includes(field), `${field} ${what}: the text names the field: ${error}`);
        }
      });
    }
  }

  test('numbers are taken as identifiers and become strings', async () => {
    const number = Math.floor(Math.random() * 2 ** 40);
    const client = await it.connect();
    const reply = await client.register(number, 7);
    assert.deepEqual([reply.userId, reply.deviceId], [String(number), '7']);
    const caller = await it.device(it.user('alice'), 'laptop');
    const { devices } = await caller.ask('call:initiate', { calleeId: number });
    assert.equal(devices, 1);
    assert.equal((await client.next('call:incoming')).calleeId, String(number));
  });

  test('identifiers of 128 bytes, and call ids of 64, are fine', async () => {
    const long = it.user('ü'.repeat(50)).padEnd(78, 'x');
    assert.equal(Buffer.byteLength(long), 128);
    const client = await it.device(long, 'd'.repeat(128));
    const callId = 'Az09_.:-'.repeat(8);
    await client.ask('call:initiate', { calleeId: it.user('x'), callId });
    await client.ask('call:end', { callId });
  });

  test('fields that the protocol does not know are ignored', async () => {
    const { caller, callee } = await it.pair();
    const callId = await ring(caller, [callee], { colour: 'red', deviceId: 'forged', callerId: 'forged' });
    const { record } = await callee.ask('call:get', { callId, x: null });
    assert.equal(record.callerId, caller.userId);
  });
});

describe('too large', () => {
  const text = (bytes) => 'x'.repeat(bytes);

  test('data of an initiate over 4 KiB', async () => {
    const { caller, callee } = await it.pair();
    await refuses(caller, 'call:initiate', { calleeId: callee.userId, data: { text: text(4096) } }, 'too_large');
    await ring(caller, [callee], { data: { text: text(4096 - '{"text":""}'.length) } });
  });

  test('data of a signal over 64 KiB, of an update over 4 KiB', async () => {
    const { caller, callee } = await it.pair();
    const callId = await talk(caller, [callee]);
    await refuses(caller, 'call:signal', { callId, data: text(65536) }, 'too_large');
    await refuses(caller, 'call:update', { callId, data: { text: text(4096) } }, 'too_large');
    await callee.nothingMore();
  });

  test('a reason over 256 bytes', async () => {
    const { caller, callee } = await it.pair();
    const callId = await ring(caller, [callee]);
    await refuses(callee, 'call:reject', { callId, reason: text(257) }, 'too_large');
    await caller.nothingMore();
    await callee.ask('call:reject', { callId, reason: 'é'.repeat(128) });
    assert.equal((await caller.next('call:rejected')).reason, 'é'.repeat(128));
  });
});

describe('calls that are not there, or not yours', () => {
  test('unknown ids, and calls of others', async () => {
    const { caller, callee } = await it.pair();
    const stranger = await it.device(it.user('eve'), 'laptop');
    const callId = await ring(caller, [callee]);
    for (const request of ['call:ringing', 'call:accept', 'call:reject', 'call:end', 'call:get']) {
      await refuses(stranger, request, { callId }, 'call_not_found', { callId: optional(callId) });
      await refuses(caller, request, { callId: 'CALL_unknown' }, 'call_not_found', { callId: optional('CALL_unknown') });
    }
    await refuses(stranger, 'call:signal', { callId, data: 1 }, 'call_not_found', { callId: optional(callId) });
    await refuses(stranger, 'call:update', { callId, data: {} }, 'call_not_found', { callId: optional(callId) });
    await caller.nothingMore();
    await callee.nothingMore();
  });

  test('the caller may neither accept nor reject, nor say that it rings', async () => {
    const { caller, callee } = await it.pair();
    const callId = await ring(caller, [callee]);
    for (const request of ['call:accept', 'call:reject', 'call:ringing'])
      await refuses(caller, request, { callId }, 'forbidden', { callId, status: 'ringing', cause: null, rev: 1 });
    await callee.nothingMore();
  });

  test('a sibling of the device that answered may not signal', async () => {
    const { caller, phone, tablet } = await it.trio();
    const callId = await talk(caller, [phone, tablet]);
    await refuses(tablet, 'call:signal', { callId, data: 1 }, 'forbidden', { callId, status: 'accepted', cause: null, rev: 2 });
    await caller.nothingMore();
  });
});

describe('initiate', () => {
  test('to oneself', async () => {
    const { caller } = await it.pair();
    await refuses(caller, 'call:initiate', { calleeId: caller.userId }, 'calling_self');
  });

  test('with an id that another call has', async () => {
    const { caller, callee } = await it.pair();
    const callId = await ring(caller, [callee]);
    await refuses(caller, 'call:initiate', { callId, calleeId: it.user('carol') }, 'id_in_use',
      { callId, status: 'ringing', cause: null, rev: 1 });
    const { status } = await caller.ask('call:initiate', { callId, calleeId: callee.userId });
    assert.equal(status, 'ringing');
    await callee.nothingMore();
  });

  test('while the callee calls: glare, with the call to accept', async () => {
    const { caller, callee } = await it.pair();
    const callId = await ring(caller, [callee]);
    await refuses(callee, 'call:initiate', { calleeId: caller.userId }, 'glare',
      { otherCallId: callId, otherStatus: 'ringing' });
    await callee.ask('call:accept', { callId });
    await caller.next('call:accepted');
    await refuses(callee, 'call:initiate', { calleeId: caller.userId }, 'glare',
      { otherCallId: callId, otherStatus: 'accepted' });
  });
});

describe('too late or too early', () => {
  test('wrong_state: accept what was answered elsewhere, reject what was accepted, signal what rings', async () => {
    const { caller, phone, tablet } = await it.trio();
    const ringing = await ring(caller, [phone, tablet]);
    const live = { callId: ringing, status: 'ringing', cause: null, rev: 1 };
    await refuses(phone, 'call:signal', { callId: ringing, data: 1 }, 'wrong_state', live);
    await refuses(caller, 'call:update', { callId: ringing, data: {} }, 'wrong_state', live);
    await phone.ask('call:accept', { callId: ringing });
    const accepted = { callId: ringing, status: 'accepted', cause: null, rev: 2 };
    await refuses(tablet, 'call:accept', { callId: ringing }, 'wrong_state', accepted);
    await refuses(phone, 'call:reject', { callId: ringing }, 'wrong_state', accepted);
    await refuses(tablet, 'call:ringing', { callId: ringing }, 'wrong_state', accepted);
  });

  test('wrong_state: another user on a registered handle', async () => {
    const { caller } = await it.pair();
    await refuses(caller, 'call:register', { userId: it.user('mallory'), deviceId: 'x' }, 'wrong_state');
    await caller.ask('call:history');
  });

  test('call_over says how it ended, for each way to be late', async () => {
    const { caller, callee } = await it.pair();
    const callId = await ring(caller, [callee]);
    await caller.ask('call:end', { callId });
    const over = { callId, status: 'cancelled', cause: 'cancelled', rev: 2 };
    for (const request of ['call:accept', 'call:reject', 'call:ringing', 'call:end'])
      await refuses(callee, request, { callId }, 'call_over', over);
    await refuses(callee, 'call:signal', { callId, data: 1 }, 'call_over', over);
    await refuses(caller, 'call:update', { callId, data: {} }, 'call_over', over);
  });

  test('repeats succeed while what they made still holds', async () => {
    const { caller, phone, tablet } = await it.trio();
    const rejected = await ring(caller, [phone, tablet]);
    const first = await phone.ask('call:reject', { callId: rejected });
    for (const device of [phone, tablet]) {
      const again = await device.ask('call:reject', { callId: rejected, reason: 'again' });
      assert.deepEqual([again.status, again.rev], ['rejected', first.rev]);
    }
    await caller.next('call:rejected');
    const accepted = await ring(caller, [phone, tablet]);
    await phone.ask('call:accept', { callId: accepted });
    assert.equal((await phone.ask('call:accept', { callId: accepted })).status, 'accepted');
    await caller.ask('call:end', { callId: accepted });
    assert.equal((await caller.ask('call:end', { callId: accepted })).status, 'ended');
    await refuses(phone, 'call:accept', { callId: accepted }, 'call_over',
      { callId: accepted, status: 'ended', cause: 'hangup', rev: 3 });
    await caller.next('call:accepted');
    await caller.nothingMore();
  });

  test('an end that overtakes its initiate cancels it: nobody rings', async () => {
    const { caller, callee } = await it.pair();
    const callId = 'CALL_overtaken';
    await refuses(caller, 'call:end', { callId }, 'call_not_found', { callId: optional(callId) });
    const reply = await caller.ask('call:initiate', { callId, calleeId: callee.userId });
    assert.deepEqual([reply.status, reply.cause], ['cancelled', 'cancelled']);
    await caller.nothingMore();
    await callee.nothingMore();
  });
});

describe('limits', () => {
  test('the eleventh device of a user', async () => {
    const alice = it.user('alice');
    for (let n = 0; n < 10; n++)
      await it.device(alice, `device-${n}`);
    const eleventh = await it.connect();
    await refuses(eleventh, 'call:register', { userId: alice, deviceId: 'one-too-many' }, 'too_many_devices');
    await eleventh.register(alice, 'device-0');
  });
});

// Each configured limit at its edge, on a running Janus (docs/configuration.md, limits; docs/protocol.md, section 7).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { ring, scene, talk } from './lib/scene.mjs';
import { pause } from './lib/wait.mjs';

const limited = (limits) => scene({ plugin: { limits } });

/** `count` requests at once: how many were answered, and the refusals. */
async function burst(client, count, body) {
  const replies = await Promise.all(Array.from({ length: count }, () => client.request(body)));
  const refused = replies.filter(({ code }) => code === 'rate_limited');
  return { passed: count - refused.length, refused };
}

function hasRetryAfter(reply, mostMs) {
  assert.equal(reply.error_code, 429);
  assert.ok(reply.retryAfterMs >= 1 && reply.retryAfterMs <= mostMs, JSON.stringify(reply));
}

describe('a message', () => {
  const BYTES = 2000;
  const it = limited({ max_message_bytes: BYTES, max_depth: 4 });

  test('has at most so many bytes', async () => {
    const client = await it.device(it.user('alice'), 'phone');
    const bare = { request: 'call:get', callId: 'CALL_1', more: '' };
    const fits = { ...bare, more: 'x'.repeat(BYTES - JSON.stringify(bare).length) };
    await client.refused('call:get', fits, 'call_not_found');
    const reply = await client.refused('call:get', { ...fits, more: `${fits.more}x` }, 'too_large');
    assert.equal(reply.error, `body: must have at most ${BYTES} bytes`);
    assert.equal(reply.error_code, 413);
  });

  test('is nested at most so deep', async () => {
    const client = await it.device(it.user('alice'), 'phone');
    await client.refused('call:signal', { callId: 'C', data: [[[]]] }, 'call_not_found');
    const reply = await client.refused('call:signal', { callId: 'C', data: [[[[]]]] }, 'invalid_request');
    assert.match(reply.error, /^data: /);
    await client.refused('call:get', { callId: 'C', more: [[[[]]]] }, 'invalid_request');
  });
});

describe('at once', () => {
  const it = limited({ max_devices: 2, max_live_calls: 1, max_users: 4, max_calls: 2 });

  test('there are so many devices, users and calls', async () => {
    const [alice, bob, carol, dave] = ['alice', 'bob', 'carol', 'dave'].map((name) => it.user(name));
    const a = await it.device(alice, 'phone');
    const b = await it.device(bob, 'phone');
    const c = await it.device(carol, 'phone');
    const d = await it.device(dave, 'phone');
    await it.device(alice, 'watch');
    const another = await it.connect();

    const devices = await another.refused('call:register', { userId: alice, deviceId: 'desk' }, 'too_many_devices');
    assert.equal(devices.retryAfterMs, undefined);
    const users = await another.refused('call:register', { userId: it.user('eve') }, 'too_many_devices');
    hasRetryAfter(users, 5000);

    await ring(a, [b]);
    await a.refused('call:initiate', { calleeId: carol }, 'too_many_calls');
    assert.equal((await c.ask('call:initiate', { calleeId: bob })).cause, 'busy');
    await ring(c, [d]);
    const e = await it.connect();
    await d.ask('call:unregister');
    await e.register(it.user('eve'), 'phone');
    hasRetryAfter(await e.refused('call:initiate', { calleeId: 'nobody' }, 'too_many_calls'), 5000);
  });
});

describe('in a time', () => {
  const it = limited({ requests_per_second: 5, registrations_per_second: 0 });

  test('a user asks so often, whichever device', async () => {
    const alice = it.user('alice');
    const phone = await it.device(alice, 'phone');
    const watch = await it.device(alice, 'watch');
    const { passed, refused } = await burst(phone, 40, { request: 'call:get', callId: 'C' });
    assert.ok(passed >= 8 && passed <= 12, `${passed} passed; ten at once, two were used, some come back meanwhile`);
    refused.forEach((reply) => hasRetryAfter(reply, 200));
    const { passed: ofAnother } = await burst(watch, 10, { request: 'call:history' });
    assert.ok(ofAnother <= 3, `${ofAnother} passed`);
    // How long to wait is what the reply says.
    const { retryAfterMs } = (await burst(phone, 10, { request: 'call:get', callId: 'C' })).refused.at(-1);
    await pause(retryAfterMs);
    await phone.refused('call:get', { callId: 'C' }, 'call_not_found');
  });

  test('and nobody else is refused for that', async () => {
    const eve = await it.device(it.user('eve'), 'phone');
    const bob = await it.device(it.user('bob'), 'phone');
    await burst(eve, 40, { request: 'call:get', callId: 'C' });
    await bob.refused('call:get', { callId: 'C' }, 'call_not_found');
  });

  test('and leaving does not help', async () => {
    const eve = await it.device(it.user('eve'), 'phone');
    await burst(eve, 40, { request: 'call:get', callId: 'C' });
    eve.drop();
    const again = await it.connect();
    const replies = await burst(again, 8, { request: 'call:register', userId: eve.userId, deviceId: 'phone' });
    assert.ok(replies.refused.length >= 5, `${replies.refused.length} refused`);
  });
});

describe('before there is a user', () => {
  const it = limited({ registrations_per_second: 1 });

  test('a connection registers so often', async () => {
    const client = await it.connect();
    const replies = await Promise.all(Array.from({ length: 30 }, () =>
      client.request({ request: 'call:register', userId: { not: 'an id' } })));
    assert.ok(replies.every(({ code }) => code === 'invalid_request'), 'a bad field is named first');
    const reply = await client.refused('call:register', { userId: it.user('alice') }, 'rate_limited');
    hasRetryAfter(reply, 1000);
    assert.equal(reply.error, 'you register too often');
    const another = await it.device(it.user('bob'), 'phone');
    assert.ok(another.registered);
  });
});

describe('from one to another', () => {
  const it = limited({ calls_per_minute: 3 });

  test('there are so many calls a minute', async () => {
    const { caller, callee } = await it.pair();
    for (let i = 0; i < 3; i++) {
      const callId = await ring(caller, [callee]);
      await caller.ask('call:end', { callId });
      await callee.next({ event: 'call:ended', callId });
    }
    hasRetryAfter(await caller.refused('call:initiate', { calleeId: callee.userId }, 'rate_limited'), 20_000);
    await callee.nothingMore();
    const other = await it.device(it.user('carol'), 'phone');
    await ring(caller, [other]);
    await ring(callee, [caller]);
  });
});

describe('in a call', () => {
  const BYTES = 65_536;
  const it = limited({ relayed_bytes_per_second: BYTES });

  test('a user has so many bytes passed on', async () => {
    const { caller, callee } = await it.pair();
    const callId = await talk(caller, [callee]);
    const data = 'x'.repeat(60_000);
    let passed = 0, reply;
    const from = performance.now();
    do {
      reply = await caller.request({ request: 'call:signal', callId, data });
      passed += reply.call === 'success' ? 1 : 0;
    } while (reply.call === 'success');
    const seconds = (performance.now() - from) / 1000;
    assert.ok(passed * data.length <= BYTES * (4 + seconds), `${passed} of ${data.length} bytes in ${seconds} s`);
    assert.ok(passed >= 4, `${passed} passed`);
    hasRetryAfter(reply, 1000);
    assert.equal(reply.callId, callId);
    for (let i = 0; i < passed; i++)
      assert.equal((await callee.next({ event: 'call:signal', callId })).data.length, data.length);
    await callee.nothingMore();
    await caller.ask('call:end', { callId });
  });
});

// The example of a backend in a PHP process of its own, with a real Janus and devices: buttons, calls that the backend
// makes, webhooks, push.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { ring, scene, talk } from './lib/scene.mjs';
import { aCallId, aDuration, isEvent } from './lib/shape.mjs';
import { WebhookApi } from './lib/contract.mjs';
import { Laravel } from './lib/laravel.mjs';

const ROUNDS = 20;

describe('the example of a backend', () => {
  const it = scene();
  let laravel;

  before(async () => {
    laravel = await (await Laravel.reserve()).start(it.janus);
  });
  after(() => laravel?.stop());

  const press = (user, callId, button, body = {}) => laravel.as(user, 'POST', `/calls/${callId}/${button}`, body);

  describe('a button of a notification', () => {
    test('rejects: the caller knows with the reason, the devices stop, the table follows', async () => {
      const { caller, phone, tablet } = await it.trio();
      const callId = await ring(caller, [phone, tablet]);
      const reply = await press(phone.userId, callId, 'reject', { reason: 'I am driving' });
      assert.deepEqual(reply, { status: 200, body: { callId, status: 'rejected', cause: 'declined', rev: 2 } });
      isEvent(await caller.next('call:rejected'), 'call:rejected',
        { callId, rev: 2, reason: 'I am driving', cause: 'declined', calleeId: phone.userId });
      for (const device of [phone, tablet])
        assert.equal((await device.next('call:ended')).cause, 'declined_elsewhere');
      assert.deepEqual(await laravel.knows(phone.userId, callId), ['rejected', 'declined', 2]);
      await Promise.all([caller, phone, tablet].map((device) => device.nothingMore()));
    });

    test('and the app may fire too: one outcome, one event, both are told yes', async () => {
      const { caller, callee } = await it.pair();
      for (const isButtonFirst of [true, false]) {
        const callId = await ring(caller, [callee]);
        const both = [() => press(callee.userId, callId, 'reject'), () => callee.ask('call:reject', { callId })];
        for (const act of isButtonFirst ? both : both.reverse())
          await act();
        assert.equal((await press(callee.userId, callId, 'reject')).status, 200, 'and once more');
        assert.equal((await caller.next('call:rejected')).callId, callId);
        assert.deepEqual(await laravel.knows(caller.userId, callId), ['rejected', 'declined', 2]);
        if (isButtonFirst)
          await callee.next('call:ended');
      }
      await Promise.all([caller, callee].map((device) => device.nothingMore()));
    });

    test('comes too late: the app is told how the call stands', async () => {
      const { caller, callee } = await it.pair();
      const callId = await ring(caller, [callee]);
      await caller.ask('call:end', { callId });
      const { status, body } = await press(callee.userId, callId, 'reject');
      assert.deepEqual([status, body.code, body.status, body.cause], [410, 'call_over', 'cancelled', 'cancelled']);
      assert.deepEqual(await laravel.knows(callee.userId, callId), ['cancelled', 'cancelled', 2]);
    });

    test('is not for everybody', async () => {
      const { caller, callee } = await it.pair();
      const callId = await ring(caller, [callee]);
      assert.equal((await press(undefined, callId, 'reject')).status, 401);
      assert.equal((await press(it.user('mallory'), callId, 'reject')).status, 404);
      assert.equal((await press(caller.userId, callId, 'reject')).status, 403);
      await callee.ask('call:accept', { callId });
    });

    test('how long it takes until the caller knows, beside a reject over the own connection', async () => {
      const { caller, callee } = await it.pair();
      const took = { A: [], B: [] };
      const ways = { A: (callId) => callee.ask('call:reject', { callId }), B: (callId) => press(callee.userId, callId, 'reject') };
      for (let round = 0; round < ROUNDS; round++) {
        for (const [name, reject] of Object.entries(ways)) {
          const callId = await ring(caller, [callee]);
          const knows = caller.next({ event: 'call:rejected', callId }).then(() => performance.now());
          const began = performance.now();
          const done = reject(callId);
          took[name].push(await knows - began);
          await done;
        }
      }
      const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
      const text = Object.entries(took).map(([name, list]) => `${name} ${median(list).toFixed(1)} ms (at most ${list.at(-1).toFixed(1)})`);
      console.log(`speed: reject to call:rejected, median of ${ROUNDS}: ${text.join(', ')}; A: the device's own connection, B: HTTP to PHP, from there the Admin API`);
      assert.ok(median(took.B) < 2000, text.join());
    });
  });

  describe('the backend', () => {
    test('ends a live call for one of its parties', async () => {
      const { caller, callee } = await it.pair();
      const callId = await talk(caller, [callee]);
      const { status, body } = await press(caller.userId, callId, 'end', { reason: 'Out of credit' });
      assert.deepEqual([status, body.status, body.cause], [200, 'ended', 'hangup']);
      for (const device of [caller, callee]) {
        isEvent(await device.next('call:ended'), 'call:ended', {
          callId, rev: 3, cause: 'hangup', status: 'ended', endedBy: caller.userId, reason: 'Out of credit', durationMs: aDuration,
        });
      }
      assert.deepEqual(await laravel.knows(callee.userId, callId), ['ended', 'hangup', 3]);
    });

    test('starts a call for a user', async () => {
      const { caller, callee } = await it.pair();
      const { status, body } = await laravel.as(caller.userId, 'POST', '/calls',
        { deviceId: caller.deviceId, calleeId: callee.userId, media: { audio: true, video: true } });
      assert.deepEqual([status, body.status, body.devices], [201, 'ringing', 1]);
      assert.ok(aCallId(body.callId));
      assert.equal((await caller.next('call:outgoing')).callId, body.callId);
      assert.deepEqual((await callee.next('call:incoming')).media, { audio: true, video: true });
      await callee.ask('call:accept', { callId: body.callId });
      await caller.next('call:accepted');
      const elsewhere = await laravel.as(caller.userId, 'POST', '/calls', { deviceId: 'not registered', calleeId: callee.userId });
      assert.ok(elsewhere.status >= 400 && elsewhere.status < 500, JSON.stringify(elsewhere));
    });

    test('reads the plugin\'s own database', async () => {
      const { caller, callee } = await it.pair();
      const callId = await ring(caller, [callee], { data: { subject: 'Lunch' } });
      await caller.ask('call:end', { callId });
      const { over, missed } = JSON.parse(await laravel.script('records.php', callee.userId));
      for (const calls of [over, missed]) {
        assert.deepEqual(calls.map((call) => [call.call_id, call.caller_id, call.status, call.data, call.video]),
          [[callId, caller.userId, 'cancelled', { subject: 'Lunch' }, false]]);
      }
      assert.deepEqual(JSON.parse(await laravel.script('records.php', caller.userId)).missed, []);
    });
  });

  describe('a webhook', () => {
    const post = (...webhook) => laravel.post(...webhook);

    async function rejectedRecord() {
      const { caller, callee } = await it.pair();
      const callId = await ring(caller, [callee]);
      const { record: live } = await callee.ask('call:get', { callId });
      await callee.ask('call:reject', { callId });
      const { record } = await callee.ask('call:get', { callId });
      return { user: callee.userId, callId, live, record };
    }

    test('signed by another\'s hand, counts once, and never turns the time back', async () => {
      const { user, callId, live, record } = await rejectedRecord();
      assert.equal(await laravel.knows(user, callId), undefined);
      assert.equal(await post('call.rejected', record, { change: (body) => body.replace('declined', 'declineD') }), 401);
      assert.equal(await laravel.knows(user, callId), undefined);
      for (let n = 0; n < 2; n++) {
        assert.equal(await post('call.rejected', record, { id: `same_${callId}` }), 204);
        assert.equal(await post('call.ringing', live), 204);
        assert.deepEqual(await laravel.knows(user, callId), ['rejected', 'declined', 2]);
      }
    });

    test('is taken as docs/webhooks.openapi.yaml has it by example', async () => {
      for (const { value } of new WebhookApi().examples) {
        const callId = `${value.data.callId}_${value.type}`;
        assert.equal(await post(value.type, { ...value.data, callId }), 204, JSON.stringify(value));
        assert.deepEqual(await laravel.knows('bob', callId), [value.data.status, value.data.cause, value.data.rev]);
      }
    });

    test('asks for a push: the phone gets one, and one to stop', async () => {
      const { user, live, record } = await rejectedRecord();
      await laravel.as(user, 'POST', '/push-tokens', { deviceId: 'phone', token: `fcm-${user}` });
      const push = { ...live, userId: user, expiresAt: live.createdAt + 45_000 };
      await post('call.push', push);
      await post('call.push', push);
      await post('call.push', { ...push, ...record, stop: true });
      const sent = laravel.pushes().filter(({ token }) => token === `fcm-${user}`);
      assert.deepEqual(sent.map(({ data }) => [data.type, data.callId]), [['call_incoming', live.callId], ['call_stop', live.callId]]);
      assert.equal(sent[0].android.priority, 'HIGH');
      assert.ok(Math.abs(Number.parseFloat(sent[0].android.ttl) - 45) < 10, sent[0].android.ttl);
    });
  });
});

describe('with tokens', () => {
  const it = scene({ plugin: { general: { auth: 'jwt' }, auth: Laravel.auth } });
  let laravel;
  before(async () => {
    laravel = await (await Laravel.reserve()).start(it.janus);
  });
  after(() => laravel?.stop());

  async function tokenOf(user, deviceId) {
    const { status, body } = await laravel.as(user, 'POST', '/calls/token', { deviceId });
    assert.equal(status, 200);
    return body;
  }

  test('a device registers with the backend\'s token: who, which device, which name, for how long', async () => {
    const [alice, bob] = [await it.connect(), await it.connect()];
    const { token, expiresInMs } = await tokenOf('alice', 'laptop');
    const reply = await alice.ask('call:register', { token, displayName: 'Somebody else' });
    assert.deepEqual([reply.userId, reply.deviceId], ['alice', 'laptop']);
    assert.ok(Math.abs(reply.registrationExpiresInMs - expiresInMs) < 5000, `${reply.registrationExpiresInMs} of ${expiresInMs}`);
    await bob.ask('call:register', { token: (await tokenOf('bob', 'phone')).token });
    const { callId } = await alice.ask('call:initiate', { calleeId: 'bob' });
    assert.equal((await bob.next('call:incoming')).callerName, 'Alice');
    const { status } = await laravel.as('bob', 'POST', `/calls/${callId}/reject`, { reason: 'Later' });
    assert.equal(status, 200);
    assert.equal((await alice.next('call:rejected')).reason, 'Later');
  });

  test('and for no other user or device, nor with a byte changed', async () => {
    const mallory = await it.connect();
    const { token } = await tokenOf('mallory', 'phone');
    const [header, claims, signature] = token.split('.');
    const changed = Buffer.from(claims, 'base64url').toString().replace('"mallory"', '"alicexx"');
    await mallory.refused('call:register', { token, userId: 'alice' }, 'unauthorized');
    await mallory.refused('call:register', { token, deviceId: 'laptop' }, 'unauthorized');
    await mallory.refused('call:register', { token: [header, Buffer.from(changed).toString('base64url'), signature].join('.') }, 'unauthorized');
    await mallory.refused('call:register', { userId: 'mallory' }, 'unauthorized');
    await mallory.ask('call:register', { token });
  });
});

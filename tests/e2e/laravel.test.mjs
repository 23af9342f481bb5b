// The example of a backend in a PHP process of its own, with a real Janus and devices: buttons, calls that the backend
// makes, webhooks, push.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Webhook } from 'standardwebhooks';

import { rows } from './lib/database.mjs';
import { startJanus } from './lib/janus.mjs';
import { ring, scene, Scene, talk } from './lib/scene.mjs';
import { aCallId, aDuration, isEvent } from './lib/shape.mjs';
import { until } from './lib/wait.mjs';
import { WebhookApi } from './lib/contract.mjs';
import { Laravel } from './lib/laravel.mjs';

const ROUNDS = 20;
const SHORT_RING_MS = 300;
const LONG_RING = { timeoutMs: 30_000 };

describe('the example of a backend', () => {
  const it = scene({ plugin: { store: { store_wait: 10_000 } } });
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
      const file = path.join(it.janus.dir, 'calls.sqlite');
      await until(async () => (await rows(file, 'SELECT number FROM unfiled')).length === 0, 'the call is filed');
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

    test('may come to two workers at once, twice: one push, and the newest record', async () => {
      const bob = it.user('bob');
      await laravel.as(bob, 'POST', '/push-tokens', { deviceId: 'phone', token: `fcm-${bob}` });
      const ids = Array.from({ length: ROUNDS }, (_, n) => `${bob}_${n}`);
      for (const callId of ids) {
        const now = Date.now();
        const record = (status, rev) => ({ callId, callerId: 'alice', calleeId: bob, status, cause: null, createdAt: now, rev });
        const push = { ...record('ringing', 1), userId: bob, expiresAt: now + 45_000, expiresInMs: 45_000 };
        const toBoth = (...webhooks) => Promise.all([laravel.webhookUrl, laravel.otherWebhookUrl].flatMap((to) =>
          webhooks.map(([type, data]) => laravel.post(type, data, { id: `${callId} ${type}`, to }))));
        assert.deepEqual(await toBoth(['call.push', push]), [204, 204]);
        assert.deepEqual(await toBoth(['call.ended', record('ended', 3)], ['call.accepted', record('accepted', 2)]), [204, 204, 204, 204]);
        assert.deepEqual(await laravel.knows(bob, callId), ['ended', null, 3]);
      }
      const pushed = laravel.pushes().filter(({ token }) => token === `fcm-${bob}`).map(({ data }) => data.callId);
      assert.deepEqual(pushed, ids);
    });

    test('asks for a push: the phone gets one, and one to stop', async () => {
      const { user, live, record } = await rejectedRecord();
      await laravel.as(user, 'POST', '/push-tokens', { deviceId: 'phone', token: `fcm-${user}` });
      const push = { ...live, userId: user, expiresAt: live.createdAt + 45_000, expiresInMs: 45_000 };
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

/** Looks over the backend's shoulder: is told what it is told, and holds it against docs/webhooks.openapi.yaml. */
class Watcher {
  api = new WebhookApi();
  bodies = [];
  faults = [];

  async listen() {
    this.server = http.createServer((request, response) => this.#take(request, response));
    await new Promise((resolve) => { this.server.listen(0, '127.0.0.1', resolve); });
    this.url = `http://127.0.0.1:${this.server.address().port}/`;
    return this;
  }

  async #take(request, response) {
    const chunks = [];
    for await (const chunk of request)
      chunks.push(chunk);
    try {
      const body = new Webhook(Laravel.secret).verify(Buffer.concat(chunks).toString(), request.headers);
      this.bodies.push(body);
      this.api.sawWebhook(body);
    } catch (error) {
      this.faults.push(error.message);
    }
    response.writeHead(204).end();
  }

  typesOf(callId) {
    return this.bodies.filter(({ type, data }) => data.callId === callId && type !== 'call.push').map(({ type }) => type);
  }

  close() {
    this.server?.closeAllConnections();
    this.server?.close();
  }
}

const configuration = fs.readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
const hasWebhooks = configuration.includes('## `webhooks`');
const hasPush = configuration.includes('`push_after`');
const onceThereIsPush = { skip: !hasPush && 'the plugin asks for no push yet' };

describe('told by the plugin itself', { skip: !hasWebhooks && 'the plugin has no webhooks yet' }, () => {
  const it = new Scene();
  const watcher = new Watcher();
  let laravel;
  before(async () => {
    laravel = await Laravel.reserve();
    await watcher.listen();
    const endpoint = (name, url) => ({ name, url, secret: Laravel.secret });
    it.janus = await startJanus({
      plugin: {
        timers: { ring: SHORT_RING_MS },
        webhooks: { endpoints: [endpoint('laravel', laravel.webhookUrl), endpoint('watcher', watcher.url)] },
      },
    });
    await laravel.start(it.janus);
  });
  after(async () => {
    await it.close();
    await it.janus?.stop();
    await laravel?.stop();
    watcher.close();
  });

  const becomes = (user, callId, ...wanted) => until(async () => {
    const known = await laravel.knows(user, callId);
    return JSON.stringify(known) === JSON.stringify(wanted);
  }, `the table says ${wanted} of ${callId}`);

  const pushesTo = (token) => laravel.pushes().filter((message) => message.token === token).map(({ data }) => [data.type, data.callId, data.status]);

  test('approach A: the app rejects by its own connection, and the table follows', async () => {
    const { caller, callee } = await it.pair();
    const callId = await ring(caller, [callee], LONG_RING);
    await becomes(callee.userId, callId, 'ringing', null, 1);
    await callee.ask('call:reject', { callId, reason: 'Later' });
    await becomes(callee.userId, callId, 'rejected', 'declined', 2);
  });

  test('approach B: the button and the webhook say the same', async () => {
    const { caller, callee } = await it.pair();
    const callId = await ring(caller, [callee], LONG_RING);
    await laravel.as(callee.userId, 'POST', `/calls/${callId}/reject`, {});
    await until(() => watcher.typesOf(callId).length === 2, 'the webhooks came');
    assert.deepEqual(await laravel.knows(callee.userId, callId), ['rejected', 'declined', 2]);
  });

  test('a whole call, in order', async () => {
    const { caller, callee } = await it.pair();
    const callId = await talk(caller, [callee], { ...LONG_RING, media: { audio: true, video: true } });
    await callee.ask('call:end', { callId, reason: 'Bye' });
    await becomes(caller.userId, callId, 'ended', 'hangup', 3);
    await until(() => watcher.typesOf(callId).length === 3, 'the webhooks came');
    assert.deepEqual(watcher.typesOf(callId), ['call.ringing', 'call.accepted', 'call.ended']);
  });

  async function callSleeping() {
    const [alice, bob] = [it.user('alice'), it.user('bob')];
    const token = `fcm-${bob}`;
    const tablet = `fcm-tablet-${bob}`;
    await laravel.as(bob, 'POST', '/push-tokens', { deviceId: 'phone', token });
    await laravel.as(bob, 'POST', '/push-tokens', { deviceId: 'tablet', token: tablet });
    const caller = await it.device(alice, 'laptop', { displayName: 'Alice' });
    const { callId, reachable } = await caller.ask('call:initiate', { calleeId: bob, ...LONG_RING });
    assert.equal(reachable, false);
    await until(() => [token, tablet].every((one) => pushesTo(one).length > 0), 'the phones were pushed');
    assert.deepEqual([token, tablet].map(pushesTo), [[['call_incoming', callId, undefined]], [['call_incoming', callId, undefined]]]);
    return { caller, bob, token, tablet, callId };
  }

  test('a phone that sleeps is woken, rings and answers', onceThereIsPush, async () => {
    const { caller, bob, token, tablet, callId } = await callSleeping();
    const phone = await it.device(bob, 'phone');
    const incoming = await phone.next('call:incoming');
    assert.equal(incoming.callId, callId);
    assert.ok(incoming.expiresInMs < LONG_RING.timeoutMs);
    await phone.ask('call:accept', { callId });
    await caller.next('call:accepted');
    await becomes(bob, callId, 'accepted', null, 2);
    await until(() => pushesTo(tablet).length > 1, 'the other push was stopped');
    assert.deepEqual(pushesTo(tablet)[1], ['call_stop', callId, 'accepted']);
    assert.equal(pushesTo(token).length, 1, 'the phone that answered is left alone');
  });

  test('and is let be when the caller gives up; who comes late learns of it', onceThereIsPush, async () => {
    const { caller, bob, token, callId } = await callSleeping();
    await caller.ask('call:end', { callId });
    await until(() => pushesTo(token).length > 1, 'the push was stopped');
    assert.deepEqual(pushesTo(token)[1], ['call_stop', callId, 'cancelled']);
    const phone = await it.device(bob, 'phone');
    assert.deepEqual(phone.registered.calls.map((call) => [call.callId, call.status]), [[callId, 'cancelled']]);
    await phone.nothingMore();
  });

  test('the caller gives up, with all that a call may carry', async () => {
    const { caller, callee } = await it.pair();
    const plain = await ring(caller, [callee], LONG_RING);
    await caller.ask('call:end', { callId: plain });
    await becomes(callee.userId, plain, 'cancelled', 'cancelled', 2);
    const full = await ring(caller, [callee], { ...LONG_RING, mode: 'p2p', data: { subject: 'Lunch' } });
    await caller.ask('call:end', { callId: full, reason: 'Never mind' });
    await becomes(callee.userId, full, 'cancelled', 'cancelled', 2);
  });

  test('nobody answers', async () => {
    const { caller, callee } = await it.pair();
    const { callId } = await caller.ask('call:initiate', { calleeId: callee.userId });
    await becomes(callee.userId, callId, 'timeout', 'no_answer', 2);
  });

  test('each was signed, and as docs/webhooks.openapi.yaml says; its examples look like them', () => {
    assert.deepEqual(watcher.faults, []);
    const unlike = watcher.api.examples.filter(({ value }) => value.type !== 'call.failed' && (hasPush || value.type !== 'call.push'))
      .flatMap(({ value }) => watcher.api.unlikeAll(value, value.type));
    assert.deepEqual(unlike, []);
  });
});

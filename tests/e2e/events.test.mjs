// Every event of the protocol (section 3), and every cause that can be made, told to clients that are not ours.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { JanodeClient, JanusApiClient, JanusJsClient, WsClient } from './lib/clients/index.mjs';
import { ring, scene, talk } from './lib/scene.mjs';
import { aCallId, aDuration, aTime, between, hasShape, isEvent, isReply, optional } from './lib/shape.mjs';

const SOON_MS = 400;
const casts = [
  { Caller: JanodeClient, Phone: JanusApiClient, Tablet: JanusJsClient },
  { Caller: JanusJsClient, Phone: JanodeClient, Tablet: JanusApiClient },
];
const anyReason = optional((text) => typeof text === 'string');

async function isOver(...devices) {
  await Promise.all(devices.map((device) => device.nothingMore()));
}

for (const cast of casts) {
  const names = Object.values(cast).map(({ library }) => library).join(', ');

  describe(`between ${names}`, () => {
    const it = scene();

    test('call:incoming carries what the caller gave', async () => {
      const alice = it.user('alice');
      const caller = await it.device(alice, 'laptop', { Client: cast.Caller, displayName: 'Alice Ä. 👋' });
      const phone = await it.device(it.user('bob'), 'phone', { Client: cast.Phone });
      const data = { subject: 'lunch?', nested: { list: [1, 2.5, null, true, 'ü'] } };
      const media = { audio: true, video: true };
      const { callId } = await caller.ask('call:initiate',
        { calleeId: phone.userId, media, mode: 'p2p', timeoutMs: 30_000, data });
      isEvent(await phone.next('call:incoming'), 'call:incoming', {
        callId: aCallId, rev: 1, callerId: alice, callerName: 'Alice Ä. 👋', calleeId: phone.userId, media, mode: 'p2p',
        data, expiresAt: (at) => aTime(at - 30_000), expiresInMs: between(29_000, 30_000),
      });
      await caller.ask('call:end', { callId });
      await phone.next('call:ended');
      await isOver(caller, phone);
    });

    test('call:outgoing tells a device of the call that a backend started', async () => {
      const { caller, phone } = await it.trio(cast);
      const reply = await it.janus.admin({
        request: 'call:initiate', userId: caller.userId, deviceId: caller.deviceId, calleeId: phone.userId,
        data: { from: 'backend' },
      });
      assert.equal(reply.call, 'success', JSON.stringify(reply));
      assert.equal(reply.status, 'ringing');
      isEvent(await caller.next('call:outgoing'), 'call:outgoing', {
        callId: reply.callId, rev: 1, calleeId: phone.userId, media: { audio: true, video: false }, mode: 'none',
        data: { from: 'backend' }, expiresAt: reply.expiresAt, expiresInMs: between(1, 45_000),
      });
      await phone.next({ event: 'call:incoming', callId: reply.callId });
      await phone.ask('call:accept', { callId: reply.callId });
      await caller.next({ event: 'call:accepted', callId: reply.callId });
      await caller.ask('call:end', { callId: reply.callId });
      await phone.next({ event: 'call:ended', callId: reply.callId });
      await isOver(caller, phone);
    });

    test('call:ringing comes once, from the first device that alerts', async () => {
      const { caller, phone, tablet } = await it.trio(cast);
      const callId = await ring(caller, [phone, tablet]);
      isReply(await phone.ask('call:ringing', { callId }), 'call:ringing', { callId, status: 'ringing', rev: 2 });
      isEvent(await caller.next('call:ringing'), 'call:ringing',
        { callId, rev: 2, calleeId: phone.userId, deviceId: 'phone' });
      isReply(await tablet.ask('call:ringing', { callId }), 'call:ringing', { callId, status: 'ringing', rev: 2 });
      await isOver(caller, phone, tablet);
    });

    test('call:accepted, and the sibling is told answered_elsewhere', async () => {
      const { caller, phone, tablet } = await it.trio(cast);
      const callId = await ring(caller, [phone, tablet]);
      await phone.ask('call:accept', { callId });
      isEvent(await caller.next('call:accepted'), 'call:accepted', {
        callId, rev: 2, calleeId: phone.userId, deviceId: 'phone', mode: 'none', media: { audio: true, video: false },
      });
      isEvent(await tablet.next('call:ended'), 'call:ended', {
        callId, rev: 2, cause: 'answered_elsewhere', status: 'accepted', endedBy: optional(phone.userId),
        reason: anyReason,
      });
      await isOver(caller, phone, tablet);
    });

    test('call:rejected says the default reason, and the sibling is told declined_elsewhere', async () => {
      const { caller, phone, tablet } = await it.trio(cast);
      const callId = await ring(caller, [phone, tablet]);
      await tablet.ask('call:reject', { callId });
      isEvent(await caller.next('call:rejected'), 'call:rejected', {
        callId, rev: 2, reason: 'User declined', cause: 'declined', calleeId: phone.userId, deviceId: 'tablet',
      });
      isEvent(await phone.next('call:ended'), 'call:ended', {
        callId, rev: 2, cause: 'declined_elsewhere', status: 'rejected', endedBy: phone.userId, reason: anyReason,
      });
      await isOver(caller, phone, tablet);
    });

    test('call:rejected with busy, as the callee said', async () => {
      const { caller, phone, tablet } = await it.trio(cast);
      const callId = await ring(caller, [phone, tablet]);
      await phone.ask('call:reject', { callId, cause: 'busy', reason: 'In a meeting' });
      isEvent(await caller.next('call:rejected'), 'call:rejected', {
        callId, rev: 2, reason: 'In a meeting', cause: 'busy', calleeId: phone.userId, deviceId: 'phone',
      });
      await tablet.next({ event: 'call:ended', cause: 'declined_elsewhere' });
      await isOver(caller, phone, tablet);
    });

    test('a callee with two calls is busy, in the reply and in call:rejected', async () => {
      const { caller, phone } = await it.trio(cast);
      for (let other = 0; other < 2; other++)
        await ring(await it.device(it.user('other'), 'phone'), [phone]);
      const reply = await caller.ask('call:initiate', { calleeId: phone.userId });
      assert.equal(reply.status, 'rejected');
      assert.equal(reply.cause, 'busy');
      isEvent(await caller.next('call:rejected'), 'call:rejected', {
        callId: reply.callId, rev: reply.rev, reason: (text) => typeof text === 'string', cause: 'busy',
        calleeId: phone.userId,
      });
      await isOver(caller, phone);
    });

    test('call:ended with cancelled', async () => {
      const { caller, phone, tablet } = await it.trio(cast);
      const callId = await ring(caller, [phone, tablet]);
      isReply(await caller.ask('call:end', { callId, reason: 'Never mind' }), 'call:end',
        { callId, status: 'cancelled', rev: 2 });
      for (const device of [phone, tablet]) {
        isEvent(await device.next('call:ended'), 'call:ended', {
          callId, rev: 2, cause: 'cancelled', status: 'cancelled', endedBy: caller.userId, reason: 'Never mind',
        });
      }
      await isOver(caller, phone, tablet);
    });

    test('call:ended with hangup, from the callee and from another device of the caller', async () => {
      const { caller, phone } = await it.trio(cast);
      const first = await talk(caller, [phone]);
      await phone.ask('call:end', { callId: first, reason: 'Bye' });
      isEvent(await caller.next('call:ended'), 'call:ended', {
        callId: first, rev: 3, cause: 'hangup', status: 'ended', endedBy: phone.userId, reason: 'Bye',
        durationMs: aDuration,
      });
      const watch = await it.device(caller.userId, 'watch', { Client: cast.Tablet });
      const second = await talk(caller, [phone]);
      await watch.ask('call:end', { callId: second });
      for (const device of [caller, phone]) {
        isEvent(await device.next({ event: 'call:ended', callId: second }), 'call:ended', {
          callId: second, rev: 3, cause: 'hangup', status: 'ended', endedBy: caller.userId, durationMs: aDuration,
        });
      }
      await isOver(caller, phone, watch);
    });

    test('call:ended with replaced when the same device calls anew', async () => {
      const { caller, phone } = await it.trio(cast);
      const older = await ring(caller, [phone]);
      const newer = await ring(caller, [phone]);
      isEvent(await phone.next({ event: 'call:ended', callId: older }), 'call:ended', {
        callId: older, rev: 2, cause: 'replaced', status: 'cancelled', endedBy: optional(caller.userId),
        reason: anyReason,
      });
      await phone.ask('call:accept', { callId: newer });
      await caller.next({ event: 'call:accepted', callId: newer });
      const newest = await ring(caller, [phone]);
      isEvent(await phone.next({ event: 'call:ended', callId: newer }), 'call:ended', {
        callId: newer, rev: 3, cause: 'replaced', status: 'ended', endedBy: optional(caller.userId), reason: anyReason,
        durationMs: aDuration,
      });
      assert.notEqual(newest, newer);
      await isOver(caller, phone);
    });

    test('call:ended with admin, ringing and accepted', async () => {
      const { caller, phone, tablet } = await it.trio(cast);
      const ringing = await ring(caller, [phone, tablet]);
      const cancelled = await it.janus.admin({ request: 'call:end', callId: ringing, callerId: caller.userId });
      assert.equal(cancelled.status, 'cancelled', JSON.stringify(cancelled));
      for (const device of [caller, phone, tablet]) {
        isEvent(await device.next('call:ended'), 'call:ended',
          { callId: ringing, rev: 2, cause: 'admin', status: 'cancelled', reason: anyReason });
      }
      const accepted = await talk(caller, [phone, tablet]);
      await it.janus.admin({ request: 'call:end', callId: accepted, callerId: caller.userId });
      for (const device of [caller, phone]) {
        isEvent(await device.next({ event: 'call:ended', callId: accepted }), 'call:ended', {
          callId: accepted, rev: 3, cause: 'admin', status: 'ended', durationMs: aDuration, reason: anyReason,
        });
      }
      await isOver(caller, phone, tablet);
    });

    test('a backend rejects for the callee: everybody is told', async () => {
      const { caller, phone, tablet } = await it.trio(cast);
      const callId = await ring(caller, [phone, tablet]);
      const reply = await it.janus.admin({ request: 'call:reject', callId, userId: phone.userId, reason: 'From the lock screen' });
      assert.equal(reply.status, 'rejected', JSON.stringify(reply));
      isEvent(await caller.next('call:rejected'), 'call:rejected', {
        callId, rev: 2, reason: 'From the lock screen', cause: 'declined', calleeId: phone.userId,
      });
      await Promise.all([phone, tablet].map((device) => device.next({ event: 'call:ended', callId })));
      await isOver(caller, phone, tablet);
    });

    test('call:peer when a device in the call goes away and comes back', async () => {
      const { caller, phone } = await it.trio(cast);
      const callId = await talk(caller, [phone]);
      phone.drop();
      isEvent(await caller.next('call:peer'), 'call:peer', { callId, rev: 3, state: 'reconnecting' });
      const again = await it.device(phone.userId, 'phone', { Client: cast.Tablet });
      isEvent(await caller.next('call:peer'), 'call:peer', { callId, rev: 4, state: 'connected' });
      caller.drop();
      isEvent(await again.next('call:peer'), 'call:peer', { callId, rev: 5, state: 'reconnecting' });
      const back = await it.device(caller.userId, 'laptop', { Client: cast.Phone });
      isEvent(await again.next('call:peer'), 'call:peer', { callId, rev: 6, state: 'connected' });
      await back.ask('call:end', { callId });
      await again.next({ event: 'call:ended', callId });
      await isOver(back, again);
    });

    test('call:signal and call:updated reach the other device as they were sent', async () => {
      const { caller, phone, tablet } = await it.trio(cast);
      const callId = await talk(caller, [phone, tablet]);
      for (const data of [{ sdp: 'v=0\r\no=- 1', type: 'offer' }, ['a', 1, null], 'text', 7, false, { deep: { x: 'é' } }]) {
        isReply(await caller.ask('call:signal', { callId, data }), 'call:signal', { callId, status: 'accepted', rev: 2 });
        isEvent(await phone.next('call:signal'), 'call:signal', { callId, rev: 2, from: caller.userId, data });
      }
      const data = { audio: false, hold: true };
      isReply(await phone.ask('call:update', { callId, data }), 'call:update', { callId, status: 'accepted', rev: 2 });
      isEvent(await caller.next('call:updated'), 'call:updated', { callId, rev: 2, from: phone.userId, data });
      await isOver(caller, phone, tablet);
    });

    test('signals arrive in the order in which their replies were awaited, 64 KiB too', async () => {
      const { caller, phone } = await it.trio(cast);
      const callId = await talk(caller, [phone]);
      const big = 'x'.repeat(64 * 1024 - 2);
      await caller.ask('call:signal', { callId, data: big });
      for (let n = 0; n < 50; n++)
        await caller.ask('call:signal', { callId, data: n });
      assert.equal((await phone.next('call:signal')).data, big);
      for (let n = 0; n < 50; n++)
        assert.equal((await phone.next('call:signal')).data, n);
      await isOver(caller, phone);
    });

    test('call:replaced when the device registers elsewhere; ringing calls are announced anew', async () => {
      const { caller, phone } = await it.trio(cast);
      const callId = await ring(caller, [phone]);
      const again = await it.device(phone.userId, 'phone', { Client: cast.Tablet });
      hasShape(await phone.next('call:replaced'), { call: 'event', event: 'call:replaced', timestamp: aTime });
      isEvent(await again.next('call:incoming'), 'call:incoming', {
        callId, rev: 1, callerId: caller.userId, calleeId: phone.userId, media: { audio: true, video: false },
        mode: 'none', expiresAt: between(Date.now(), Date.now() + 45_000), expiresInMs: between(1000, 45_000),
      });
      await phone.refused('call:accept', { callId }, 'not_registered');
      await again.ask('call:accept', { callId });
      await caller.next({ event: 'call:accepted', deviceId: 'phone' });
      await isOver(caller, phone, again);
    });

    test('the same device again on the same handle refreshes: nothing rings twice', async () => {
      const { caller, phone } = await it.trio(cast);
      const callId = await ring(caller, [phone]);
      const { calls } = await phone.register(phone.userId, 'phone');
      assert.deepEqual(calls.map((call) => [call.callId, call.status, call.role]), [[callId, 'ringing', 'callee']]);
      await isOver(caller, phone);
    });

    test('call:unregistered when an operator disconnects the device', async () => {
      const { caller, phone, tablet } = await it.trio(cast);
      const reply = await it.janus.admin({ request: 'disconnect', userId: phone.userId, deviceId: 'phone' });
      assert.equal(reply.call, 'success', JSON.stringify(reply));
      hasShape(await phone.next('call:unregistered'),
        { call: 'event', event: 'call:unregistered', timestamp: aTime, cause: 'admin' });
      await phone.refused('call:history', {}, 'not_registered');
      const { devices } = await caller.ask('call:initiate', { calleeId: phone.userId });
      assert.equal(devices, 1);
      await tablet.next('call:incoming');
      await isOver(caller, phone, tablet);
    });

    test('call:unregister is wilful: rings are cancelled, calls hang up, ringing legs drop out', async () => {
      const { caller, phone, tablet } = await it.trio(cast);
      const first = await ring(caller, [phone, tablet]);
      await tablet.ask('call:unregister');
      await caller.ask('call:unregister');
      isEvent(await phone.next('call:ended'), 'call:ended', {
        callId: first, rev: 2, cause: 'cancelled', status: 'cancelled', endedBy: caller.userId, reason: anyReason,
      });
      await caller.register(caller.userId, 'laptop');
      const second = await talk(caller, [phone]);
      await phone.ask('call:unregister');
      isEvent(await caller.next({ event: 'call:ended', callId: second }), 'call:ended', {
        callId: second, rev: 3, cause: 'hangup', status: 'ended', endedBy: phone.userId, durationMs: aDuration,
        reason: anyReason,
      });
      await isOver(caller, phone, tablet);
    });
  });
}

describe('with short graces', () => {
  const it = scene({ plugin: { timers: { caller_grace: SOON_MS, in_call_grace: SOON_MS, unreachable: SOON_MS } } });

  test('call:timeout with unreachable when no device is there', async () => {
    const { caller } = await it.trio(casts[0]);
    const nobody = it.user('nobody');
    const reply = await caller.ask('call:initiate', { calleeId: nobody });
    isReply(reply, 'call:initiate', {
      callId: aCallId, status: 'ringing', rev: 1, reachable: false, devices: 0, expiresAt: (at) => aTime(at - 45_000),
      expiresInMs: between(44_000, 45_000),
    });
    isEvent(await caller.next('call:timeout'), 'call:timeout',
      { callId: reply.callId, rev: 2, cause: 'unreachable', reason: (text) => typeof text === 'string' && text !== '' });
    await isOver(caller);
  });

  test('call:ended with caller_lost', async () => {
    const { caller, phone, tablet } = await it.trio(casts[0]);
    const callId = await ring(caller, [phone, tablet]);
    caller.drop();
    for (const device of [phone, tablet]) {
      isEvent(await device.next('call:ended'), 'call:ended', {
        callId, rev: between(2, 3), cause: 'caller_lost', status: 'cancelled', endedBy: optional(caller.userId),
        reason: anyReason,
      });
    }
    await isOver(phone, tablet);
  });

  test('call:ended with connection_lost, whichever side is lost', async () => {
    for (const lost of ['caller', 'phone']) {
      const cast = await it.trio(casts[1]);
      const callId = await talk(cast.caller, [cast.phone]);
      const [gone, left] = lost === 'caller' ? [cast.caller, cast.phone] : [cast.phone, cast.caller];
      gone.drop();
      await left.next({ event: 'call:peer', state: 'reconnecting' });
      isEvent(await left.next('call:ended'), 'call:ended', {
        callId, rev: 4, cause: 'connection_lost', status: 'ended', endedBy: optional(gone.userId),
        durationMs: aDuration, reason: anyReason,
      });
      await isOver(left);
    }
  });

  test('a ringing device of the callee drops out without a word, the others ring on', async () => {
    const { caller, phone, tablet } = await it.trio(casts[1]);
    const callId = await ring(caller, [phone, tablet]);
    phone.drop();
    await tablet.ask('call:accept', { callId });
    await caller.next({ event: 'call:accepted', deviceId: 'tablet' });
    await isOver(caller, tablet);
  });
});

describe('with a short ring and a short maximum', () => {
  const it = scene({ plugin: { timers: { ring: SOON_MS, max_duration: SOON_MS } } });

  test('call:timeout with no_answer, and each device of the callee is told', async () => {
    const { caller, phone, tablet } = await it.trio(casts[0]);
    const callId = await ring(caller, [phone, tablet]);
    isEvent(await caller.next('call:timeout'), 'call:timeout',
      { callId, rev: 2, cause: 'no_answer', reason: (text) => typeof text === 'string' && text !== '' });
    for (const device of [phone, tablet]) {
      isEvent(await device.next('call:ended'), 'call:ended',
        { callId, rev: 2, cause: 'no_answer', status: 'timeout', reason: anyReason });
    }
    await isOver(caller, phone, tablet);
  });

  test('call:ended with max_duration to both', async () => {
    const { caller, phone } = await it.trio(casts[1]);
    const callId = await talk(caller, [phone]);
    for (const device of [caller, phone]) {
      isEvent(await device.next('call:ended'), 'call:ended', {
        callId, rev: 3, cause: 'max_duration', status: 'ended', durationMs: between(SOON_MS, 10_000), reason: anyReason,
      });
    }
    await isOver(caller, phone);
  });
});

describe('with hidden presence', () => {
  const it = scene({ plugin: { general: { reveal_presence: false }, timers: { ring: SOON_MS * 2 } } });

  test('an offline callee just does not answer', async () => {
    const { caller } = await it.trio(casts[0]);
    const reply = await caller.ask('call:initiate', { calleeId: it.user('nobody') });
    isReply(reply, 'call:initiate',
      { callId: aCallId, status: 'ringing', rev: 1, expiresAt: aTime, expiresInMs: between(0, SOON_MS * 2) });
    isEvent(await caller.next('call:timeout'), 'call:timeout',
      { callId: reply.callId, rev: 2, cause: 'no_answer', reason: (text) => typeof text === 'string' });
    await isOver(caller);
  });

  test('a callee who is there looks the same, and call:ringing stays with the server', async () => {
    const { caller, phone } = await it.trio(casts[1]);
    const reply = await caller.ask('call:initiate', { calleeId: phone.userId });
    isReply(reply, 'call:initiate',
      { callId: aCallId, status: 'ringing', rev: 1, expiresAt: aTime, expiresInMs: between(0, SOON_MS * 2) });
    await phone.next('call:incoming');
    await phone.ask('call:ringing', { callId: reply.callId });
    isEvent(await caller.next('call:timeout'), 'call:timeout',
      { callId: reply.callId, rev: 2, cause: 'no_answer', reason: (text) => typeof text === 'string' });
    await phone.next('call:ended');
    await isOver(caller, phone);
  });

  test('a busy callee seems to ring', async () => {
    const { caller, phone } = await it.trio({ ...casts[0], Caller: WsClient });
    for (let other = 0; other < 2; other++) {
      const somebody = await it.device(it.user('other'), 'phone');
      const callId = await ring(somebody, [phone]);
      await phone.ask('call:accept', { callId });
    }
    const reply = await caller.ask('call:initiate', { calleeId: phone.userId });
    assert.equal(reply.status, 'ringing');
    const { record } = await caller.ask('call:get', { callId: reply.callId });
    assert.equal(record.status, 'ringing');
    assert.equal(record.cause, null);
    isEvent(await caller.next('call:timeout'), 'call:timeout',
      { callId: reply.callId, rev: 2, cause: 'no_answer', reason: (text) => typeof text === 'string' });
    const { record: truth } = await phone.ask('call:get', { callId: reply.callId });
    assert.deepEqual([truth.status, truth.cause], ['rejected', 'busy']);
    await isOver(caller, phone);
  });
});

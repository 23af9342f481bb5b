// A device that was away learns from its next call:register, and from call:get, what it missed.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { JanodeClient, JanusApiClient, JanusJsClient, overWebSocket } from './lib/clients/index.mjs';
import { startJanus } from './lib/janus.mjs';
import { ring, scene, talk } from './lib/scene.mjs';
import { aTime, between, hasShape, isEvent, isReply } from './lib/shape.mjs';

const REASON = 'User declined';

function aRejected(caller, callee, callId) {
  return {
    callId, callerId: caller.userId, calleeId: callee.userId, status: 'rejected', cause: 'declined', reason: REASON,
    media: { audio: true, video: false }, mode: 'none', createdAt: aTime, ringingAt: aTime, endedAt: aTime,
    endedBy: callee.userId, rev: 2,
  };
}

describe('the caller is away when the callee rejects', () => {
  const it = scene();

  for (const Caller of overWebSocket) {
    test(`${Caller.library} learns it from call:register and from call:get`, async () => {
      const { caller, callee } = await it.pair({ Caller });
      const callId = await ring(caller, [callee]);
      caller.drop();
      isReply(await callee.ask('call:reject', { callId, reason: REASON }), 'call:reject',
        { callId, status: 'rejected', rev: 2 });

      const back = await it.device(caller.userId, 'laptop', { Client: Caller });
      assert.equal(back.registered.calls.length, 1);
      hasShape(back.registered.calls[0], aRejected(caller, callee, callId));
      const { record } = await back.ask('call:get', { callId });
      hasShape(record, aRejected(caller, callee, callId));
      await back.nothingMore();
      await callee.nothingMore();
    });
  }

  test('another device of the caller learns it too', async () => {
    const { caller, callee } = await it.pair();
    const callId = await ring(caller, [callee]);
    caller.drop();
    await callee.ask('call:reject', { callId, reason: REASON });
    const other = await it.device(caller.userId, 'tablet', { Client: JanodeClient });
    hasShape(other.registered.calls[0], aRejected(caller, callee, callId));
  });

  test('a missed cancel reaches the callee the same way', async () => {
    const { caller, callee } = await it.pair({ Callee: JanusJsClient });
    const callId = await ring(caller, [callee]);
    callee.drop();
    await caller.ask('call:end', { callId });
    const back = await it.device(callee.userId, 'phone');
    const [snapshot] = back.registered.calls;
    assert.deepEqual([snapshot.callId, snapshot.status, snapshot.cause], [callId, 'cancelled', 'cancelled']);
    await back.nothingMore();
  });
});

describe('a device that comes while a call rings', () => {
  const it = scene();

  test('of the callee rings with the time that is left', async () => {
    const { caller, callee } = await it.pair({ Caller: JanusApiClient });
    const { callId, expiresAt, expiresInMs } = await caller.ask('call:initiate', { calleeId: callee.userId });
    await callee.next('call:incoming');
    const late = await it.device(callee.userId, 'tablet', { Client: JanusJsClient });
    const incoming = await late.next('call:incoming');
    isEvent(incoming, 'call:incoming', {
      callId, rev: 1, callerId: caller.userId, calleeId: callee.userId, media: { audio: true, video: false },
      mode: 'none', expiresAt, expiresInMs: between(1000, expiresInMs),
    });
    const [snapshot] = late.registered.calls;
    hasShape(snapshot, {
      callId, callerId: caller.userId, calleeId: callee.userId, status: 'ringing', media: { audio: true, video: false },
      mode: 'none', createdAt: aTime, ringingAt: aTime, rev: 1, role: 'callee', expiresInMs: between(1000, expiresInMs),
      cause: null,
    });
    await late.ask('call:accept', { callId });
    await caller.next({ event: 'call:accepted', deviceId: 'tablet' });
    await callee.next({ event: 'call:ended', cause: 'answered_elsewhere' });
    await late.nothingMore();
  });

  test('of a callee who was offline ends the wait for a device', async () => {
    const caller = await it.device(it.user('alice'), 'laptop');
    const bob = it.user('bob');
    const { callId, reachable } = await caller.ask('call:initiate', { calleeId: bob });
    assert.equal(reachable, false);
    const phone = await it.device(bob, 'phone', { Client: JanodeClient });
    await phone.next({ event: 'call:incoming', callId });
    await phone.ask('call:ringing', { callId });
    await caller.next({ event: 'call:ringing', deviceId: 'phone' });
    await phone.ask('call:reject', { callId });
    await caller.next({ event: 'call:rejected', callId });
    await caller.nothingMore();
  });
});

describe('a caller that drops and comes back', () => {
  const it = scene();

  test('while it rings goes on where it was', async () => {
    const { caller, callee } = await it.pair({ Caller: JanodeClient });
    const callId = await ring(caller, [callee]);
    caller.drop();
    const back = await it.device(caller.userId, 'laptop', { Client: JanusApiClient });
    const [snapshot] = back.registered.calls;
    assert.deepEqual([snapshot.callId, snapshot.status, snapshot.role], [callId, 'ringing', 'caller']);
    assert.ok(snapshot.expiresInMs > 0 && snapshot.expiresInMs <= 45_000);
    await callee.nothingMore();
    await callee.ask('call:reject', { callId, reason: REASON });
    await back.next({ event: 'call:rejected', callId, reason: REASON });
    await back.nothingMore();
  });

  test('while the callee answers finds the call accepted', async () => {
    const { caller, callee } = await it.pair();
    const callId = await ring(caller, [callee]);
    caller.drop();
    await callee.ask('call:accept', { callId });
    isEvent(await callee.next('call:peer'), 'call:peer', { callId, rev: between(2, 3), state: 'reconnecting' });
    const back = await it.device(caller.userId, 'laptop');
    const [snapshot] = back.registered.calls;
    assert.deepEqual([snapshot.callId, snapshot.status, snapshot.role, snapshot.answeredBy],
      [callId, 'accepted', 'caller', 'phone']);
    isEvent(await callee.next('call:peer'), 'call:peer', { callId, rev: between(3, 4), state: 'connected' });
    await back.ask('call:end', { callId });
    await callee.next({ event: 'call:ended', cause: 'hangup' });
    await callee.nothingMore();
    await back.nothingMore();
  });
});

describe('a device without a deviceId', () => {
  const it = scene();

  test('is given one, and is that one again when it comes back', async () => {
    const alice = it.user('alice');
    const callee = await it.device(it.user('bob'), 'phone');
    const nameless = await it.device(alice, undefined);
    const { deviceId } = nameless.registered;
    assert.match(deviceId, /\S/);
    const callId = await ring(nameless, [callee]);
    await it.lose(nameless);
    await callee.nothingMore();
    const back = await it.device(alice, undefined);
    assert.equal(back.registered.deviceId, deviceId);
    await callee.ask('call:reject', { callId });
    if (!back.registered.calls.some((call) => call.status === 'rejected'))
      await back.next({ event: 'call:rejected', callId });
  });
});

describe('the server is killed', () => {
  test('what it confirmed is known afterwards, and what was live has failed', async () => {
    const janus = await startJanus();
    try {
      const it = { janus };
      const connect = async (userId, deviceId) => {
        const client = await new JanodeClient(it.janus, `${userId}/${deviceId}`).connect();
        client.registered = await client.register(userId, deviceId);
        return client;
      };
      const [caller, callee] = [await connect('alice', 'laptop'), await connect('bob', 'phone')];
      const rejected = await ring(caller, [callee]);
      await callee.ask('call:reject', { callId: rejected, reason: REASON });
      const ringing = await ring(caller, [callee], { callId: 'CALL_ringing' });
      const { rev } = await callee.ask('call:ringing', { callId: ringing });
      const accepted = await talk(await connect('carol', 'laptop'), [callee], { callId: 'CALL_accepted' });
      await janus.kill9();
      await janus.restart();

      const back = await connect('alice', 'laptop');
      const outcome = Object.fromEntries(back.registered.calls.map((call) => [call.callId, call]));
      assert.deepEqual([outcome[rejected].status, outcome[rejected].cause, outcome[rejected].reason],
        ['rejected', 'declined', REASON]);
      assert.deepEqual([outcome[ringing].status, outcome[ringing].cause], ['failed', 'server_restart']);
      assert.ok(outcome[ringing].rev > rev, `rev ${outcome[ringing].rev} after ${rev}`);
      const { record } = await back.ask('call:get', { callId: rejected });
      assert.equal(record.status, 'rejected');
      const bob = await connect('bob', 'phone');
      const { record: other } = await bob.ask('call:get', { callId: accepted });
      assert.deepEqual([other.status, other.cause], ['failed', 'server_restart']);
      // The same initiate, sent again by an app that never got its reply, rings nobody.
      const again = await back.ask('call:initiate', { callId: rejected, calleeId: 'bob' });
      assert.equal(again.status, 'rejected');
      await bob.nothingMore();
      await Promise.all([back.close(), bob.close()]);
      await janus.stop();
    } finally {
      await janus.end();
    }
  });
});

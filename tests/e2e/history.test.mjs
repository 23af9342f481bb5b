// call:get and call:history (sections 2 and 4).
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { JanodeClient, JanusApiClient } from './lib/clients/index.mjs';
import { ring, scene, talk } from './lib/scene.mjs';
import { aDuration, aTime, hasShape, optional } from './lib/shape.mjs';

const it = scene({ plugin: { timers: { ring: 45_000, unreachable: 300 } } });
const ids = (calls) => calls.map(({ callId }) => callId);

describe('a record', () => {
  const audio = { audio: true, video: false };

  test('of a call that rings, is answered and ends', async () => {
    const { caller, callee } = await it.pair({ Caller: JanodeClient });
    const callId = await ring(caller, [callee], { data: { a: 1 }, mode: 'p2p' });
    const facts = {
      callId, callerId: caller.userId, calleeId: callee.userId, media: audio, mode: 'p2p', data: { a: 1 },
      createdAt: aTime, ringingAt: aTime,
    };
    const seen = async (device) => (await device.ask('call:get', { callId })).record;
    for (const device of [caller, callee])
      hasShape(await seen(device), { ...facts, status: 'ringing', cause: null, rev: 1 });
    await callee.ask('call:accept', { callId });
    for (const device of [caller, callee])
      hasShape(await seen(device), { ...facts, status: 'accepted', cause: null, acceptedAt: aTime, answeredBy: 'phone', rev: 2 });
    await caller.ask('call:end', { callId, reason: 'Bye' });
    for (const device of [caller, callee]) {
      hasShape(await seen(device), {
        ...facts, status: 'ended', cause: 'hangup', reason: 'Bye', acceptedAt: aTime, answeredBy: 'phone', endedAt: aTime,
        endedBy: caller.userId, durationMs: aDuration, rev: 3,
      });
    }
    const { calls } = await callee.ask('call:history');
    assert.deepEqual(calls[0], await seen(callee));
  });

  test('of a call that nobody heard has no ringingAt', async () => {
    const { caller } = await it.pair();
    const nobody = it.user('nobody');
    const { callId } = await caller.ask('call:initiate', { calleeId: nobody });
    await caller.next('call:timeout');
    hasShape((await caller.ask('call:get', { callId })).record, {
      callId, callerId: caller.userId, calleeId: nobody, status: 'timeout', cause: 'unreachable', media: audio,
      mode: 'none', createdAt: aTime, endedAt: aTime, rev: 2,
      reason: optional((text) => typeof text === 'string'),
    });
  });
});

describe('history', () => {
  let alice;
  let bob;
  let carol;
  const made = {};

  before(async () => {
    alice = await it.device(it.user('alice'), 'laptop', { Client: JanusApiClient });
    bob = await it.device(it.user('bob'), 'phone');
    carol = await it.device(it.user('carol'), 'phone');
    made.rejected = await ring(alice, [bob]);
    await bob.ask('call:reject', { callId: made.rejected });
    made.cancelled = await ring(alice, [bob]);
    await alice.ask('call:end', { callId: made.cancelled });
    made.ended = await talk(alice, [bob]);
    await bob.ask('call:end', { callId: made.ended });
    made.busy = await ring(carol, [bob]);
    await bob.ask('call:reject', { callId: made.busy, cause: 'busy' });
    made.own = await ring(bob, [carol]);
    await bob.ask('call:end', { callId: made.own });
    made.live = await ring(carol, [bob]);
  });

  const newestFirst = () => [made.live, made.own, made.busy, made.ended, made.cancelled, made.rejected];

  test('is newest first, of one\'s own calls', async () => {
    const { calls, next } = await bob.ask('call:history');
    // A call that is still going on may be listed or not; those that are over are.
    assert.deepEqual(ids(calls).filter((id) => id !== made.live), newestFirst().slice(1));
    assert.equal(next, undefined);
    assert.deepEqual(ids((await alice.ask('call:history')).calls), [made.ended, made.cancelled, made.rejected]);
    assert.deepEqual((await (await it.device(it.user('eve'), 'x')).ask('call:history')).calls, []);
  });

  test('comes in pages, each call once', async () => {
    const whole = ids((await bob.ask('call:history')).calls);
    for (const limit of [1, 2, 3, 100]) {
      const seen = [];
      let cursor;
      do {
        const page = await bob.ask('call:history', { limit, ...(cursor && { before: cursor }) });
        assert.ok(page.calls.length <= limit);
        seen.push(...ids(page.calls));
        cursor = page.next;
      } while (cursor);
      assert.deepEqual(seen, whole, `limit ${limit}`);
    }
  });

  test('by status, by peer, and both', async () => {
    const list = async (filter) => ids((await bob.ask('call:history', filter)).calls);
    assert.deepEqual(await list({ status: 'rejected' }), [made.busy, made.rejected]);
    assert.deepEqual(await list({ status: 'cancelled' }), [made.own, made.cancelled]);
    assert.deepEqual(await list({ status: 'ended', peerId: alice.userId }), [made.ended]);
    assert.deepEqual(await list({ status: 'ended', peerId: carol.userId }), []);
    assert.deepEqual((await list({ peerId: carol.userId })).filter((id) => id !== made.live), [made.own, made.busy]);
    assert.deepEqual(await list({ peerId: it.user('nobody') }), []);
  });

  test('missed: I was called, and it ended as timeout, cancelled, or rejected with busy', async () => {
    const { calls } = await bob.ask('call:history', { missed: true });
    assert.deepEqual(ids(calls), [made.busy, made.cancelled]);
    assert.deepEqual((await alice.ask('call:history', { missed: true })).calls, []);
    assert.deepEqual(ids((await carol.ask('call:history', { missed: true })).calls), [made.own]);
  });

  test('is the backend\'s to read too', async () => {
    const reply = await it.janus.admin({ request: 'call:history', userId: bob.userId, status: 'ended' });
    assert.deepEqual(ids(reply.calls), [made.ended]);
    const { record } = await it.janus.admin({ request: 'call:get', userId: bob.userId, callId: made.ended });
    assert.equal(record.status, 'ended');
  });
});

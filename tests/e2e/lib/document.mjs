// The requests and events of the users' own document, and the others, as two devices play them; each message is looked at
// field by field.
import assert from 'node:assert/strict';

import { aDuration, aTime, between, hasShape, isEvent, isReply, optional } from './shape.mjs';

export const CALL_ID = 'CALL_17637599232099';
export const REASON = 'User declined';
export const RING_MS = 45_000;
export const audio = { audio: true, video: false };

/** call:initiate and call:incoming; of a client that registers by a request its reply too. */
export async function call(caller, callee) {
  if (caller.registered) {
    hasShape(caller.registered, {
      call: 'success', request: 'call:register', userId: caller.userId, deviceId: caller.deviceId, protocol: 1,
      serverTime: aTime, timers: (timers) => timers.ringMs === RING_MS, limits: (limits) => limits.maxDevices === 10,
      calls: [], complete: optional(true), durable: optional(false),
    });
  }
  const reply = await caller.ask('call:initiate', { callId: CALL_ID, calleeId: callee.userId });
  isReply(reply, 'call:initiate', {
    callId: CALL_ID, status: 'ringing', rev: 1, reachable: true, devices: 1, expiresAt: (at) => aTime(at - RING_MS),
    expiresInMs: between(RING_MS - 1000, RING_MS),
  });
  isEvent(await callee.next('call:incoming'), 'call:incoming', {
    callId: CALL_ID, rev: 1, callerId: caller.userId, calleeId: callee.userId, media: audio, mode: 'none',
    expiresAt: reply.expiresAt, expiresInMs: between(RING_MS - 1000, RING_MS),
  });
}

export async function rejects({ caller, callee }) {
  await call(caller, callee);
  const reply = await callee.ask('call:reject', { callId: CALL_ID, reason: REASON });
  isReply(reply, 'call:reject', { callId: CALL_ID, status: 'rejected', rev: 2 });
  isEvent(await caller.next('call:rejected'), 'call:rejected', {
    callId: CALL_ID, rev: 2, reason: REASON, cause: 'declined', calleeId: callee.userId, deviceId: callee.deviceId,
  });
}

export async function acceptsAndEnds({ caller, callee }) {
  await call(caller, callee);
  const reply = await callee.ask('call:accept', { callId: CALL_ID });
  isReply(reply, 'call:accept', { callId: CALL_ID, status: 'accepted', rev: 2, mode: 'none', media: audio });
  isEvent(await caller.next('call:accepted'), 'call:accepted', {
    callId: CALL_ID, rev: 2, calleeId: callee.userId, deviceId: callee.deviceId, mode: 'none', media: audio,
  });
  const ended = await caller.ask('call:end', { callId: CALL_ID });
  isReply(ended, 'call:end', { callId: CALL_ID, status: 'ended', rev: 3 });
  isEvent(await callee.next('call:ended'), 'call:ended', {
    callId: CALL_ID, rev: 3, cause: 'hangup', status: 'ended', endedBy: caller.userId, durationMs: aDuration,
  });
}

/** Every request that an app may send, but for those that another function here sends, and the events of them. */
export async function playsAll({ caller, callee }) {
  const media = { audio: true, video: true };
  const data = { subject: 'später 🙂', nested: { list: [1, 2.5, null, true] } };

  const initiated = await caller.ask('call:initiate',
    { callId: CALL_ID, calleeId: callee.userId, media, mode: 'p2p', timeoutMs: 30_000, data });
  isReply(initiated, 'call:initiate', {
    callId: CALL_ID, status: 'ringing', rev: 1, reachable: true, devices: 1, expiresAt: (at) => aTime(at - 30_000),
    expiresInMs: between(29_000, 30_000),
  });
  isEvent(await callee.next('call:incoming'), 'call:incoming', {
    callId: CALL_ID, rev: 1, callerId: caller.userId, calleeId: callee.userId, media, mode: 'p2p', data,
    expiresAt: initiated.expiresAt, expiresInMs: between(29_000, 30_000),
  });

  isReply(await callee.ask('call:ringing', { callId: CALL_ID }), 'call:ringing',
    { callId: CALL_ID, status: 'ringing', rev: 2 });
  isEvent(await caller.next('call:ringing'), 'call:ringing',
    { callId: CALL_ID, rev: 2, calleeId: callee.userId, deviceId: callee.deviceId });

  isReply(await callee.ask('call:accept', { callId: CALL_ID }), 'call:accept',
    { callId: CALL_ID, status: 'accepted', rev: 3, mode: 'p2p', media, join: optional((join) => !!join) });
  isEvent(await caller.next('call:accepted'), 'call:accepted', {
    callId: CALL_ID, rev: 3, calleeId: callee.userId, deviceId: callee.deviceId, mode: 'p2p', media,
    join: optional((join) => !!join),
  });

  for (const [from, to] of [[caller, callee], [callee, caller]]) {
    const sdp = { type: 'offer', sdp: 'v=0\r\n'.repeat(5000) };
    isReply(await from.ask('call:signal', { callId: CALL_ID, data: sdp }), 'call:signal',
      { callId: CALL_ID, status: 'accepted', rev: 3 });
    isEvent(await to.next('call:signal'), 'call:signal', { callId: CALL_ID, rev: 3, from: from.userId, data: sdp });
    await from.ask('call:update', { callId: CALL_ID, data: { audio: false, hold: true } });
    isEvent(await to.next('call:updated'), 'call:updated',
      { callId: CALL_ID, rev: 3, from: from.userId, data: { audio: false, hold: true } });
  }

  isReply(await callee.ask('call:end', { callId: CALL_ID, reason: 'bye' }), 'call:end',
    { callId: CALL_ID, status: 'ended', rev: 4 });
  isEvent(await caller.next('call:ended'), 'call:ended', {
    callId: CALL_ID, rev: 4, cause: 'hangup', status: 'ended', reason: 'bye', endedBy: callee.userId,
    durationMs: aDuration,
  });

  const { record } = await caller.ask('call:get', { callId: CALL_ID });
  assert.equal(record.status, 'ended');
  assert.deepEqual(record.data, data);
  const { calls } = await callee.ask('call:history', { limit: 5 });
  assert.deepEqual(calls.map(({ callId, status }) => [callId, status]), [[CALL_ID, 'ended']]);
}

// The four requests and five events of the users' own document, between every two clients that are not ours.
import { describe, test } from 'node:test';

import { everyClient } from './lib/clients/index.mjs';
import { scene } from './lib/scene.mjs';
import { aDuration, aTime, between, hasShape, isEvent, isReply, optional } from './lib/shape.mjs';

const CALL_ID = 'CALL_17637599232099';
const REASON = 'User declined';
const RING_MS = 45_000;
const audio = { audio: true, video: false };

const pairs = everyClient.flatMap((Caller) => everyClient.map((Callee) => [Caller, Callee]));

/** call:register, call:initiate and call:incoming. */
async function call(caller, callee) {
  hasShape(caller.registered, {
    call: 'success', request: 'call:register', userId: caller.userId, deviceId: caller.deviceId, protocol: 1,
    serverTime: aTime, timers: (timers) => timers.ringMs === RING_MS, limits: (limits) => limits.maxDevices === 10,
    calls: [], complete: optional(true), durable: optional(false),
  });
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

async function rejects({ caller, callee }) {
  await call(caller, callee);
  const reply = await callee.ask('call:reject', { callId: CALL_ID, reason: REASON });
  isReply(reply, 'call:reject', { callId: CALL_ID, status: 'rejected', rev: 2 });
  isEvent(await caller.next('call:rejected'), 'call:rejected', {
    callId: CALL_ID, rev: 2, reason: REASON, cause: 'declined', calleeId: callee.userId, deviceId: callee.deviceId,
  });
}

async function acceptsAndEnds({ caller, callee }) {
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

describe('with the usual timers', () => {
  const it = scene({ plugin: { timers: { ring: RING_MS } } });

  for (const [Caller, Callee] of pairs) {
    const names = `${Caller.library} calls ${Callee.library}`;

    test(`${names}, which rejects`, async () => {
      const both = await it.pair({ Caller, Callee });
      await rejects(both);
      await both.caller.nothingMore();
      await both.callee.nothingMore();
    });

    test(`${names}, which accepts; the caller ends`, async () => {
      const both = await it.pair({ Caller, Callee });
      await acceptsAndEnds(both);
      await both.caller.nothingMore();
      await both.callee.nothingMore();
    });
  }
});

describe('with a ring that ends soon', () => {
  const it = scene({ plugin: { timers: { ring: 300 } } });

  for (const Caller of everyClient) {
    test(`${Caller.library} calls somebody who does not answer`, async () => {
      const { caller, callee } = await it.pair({ Caller });
      await caller.ask('call:initiate', { callId: CALL_ID, calleeId: callee.userId });
      await callee.next('call:incoming');
      isEvent(await caller.next('call:timeout'), 'call:timeout', {
        callId: CALL_ID, rev: 2, cause: 'no_answer', reason: (text) => typeof text === 'string' && text !== '',
      });
      isEvent(await callee.next('call:ended'), 'call:ended', {
        callId: CALL_ID, rev: 2, cause: 'no_answer', status: 'timeout', reason: optional((text) => text !== ''),
      });
      await caller.nothingMore();
    });
  }
});

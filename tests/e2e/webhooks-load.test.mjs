// Calls while the backend is dead, in every way that it can be: they feel nothing, and afterwards everything was told, once
// at the least, in the order of each call; also when Janus was killed in between. And how long it takes until a caller
// knows of a rejection that came through the backend, beside one that came from the device.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { rows } from './lib/database.mjs';
import { quantile } from './lib/measure.mjs';
import { ThreadedReceiver } from './lib/receiver-thread.mjs';
import { Receiver } from './lib/receiver.mjs';
import { ring, talk } from './lib/scene.mjs';
import { drained, toldScenes, webhookStats } from './lib/told.mjs';
import { pause } from './lib/wait.mjs';

const DEAD_MS = Number(process.env.E2E_DEAD_MS ?? 10_000);
const HEALTHY_MS = Number(process.env.E2E_HEALTHY_MS ?? 4000);
const PAIRS = 8;
const PAUSE_MS = 30;
const WAYS = ['500', 'hang', 'midbody', 'slow', 'redirect'];
// A few late calls of a busy machine are no sign of anything.
const NOISE_MS = 3;
// Nor is one slow round, when something else ran on the machine: what a dead backend costs it costs each time.
const ROUNDS = 3;

const DRAIN_MS = 60_000;

const told = toldScenes();

async function begin(backend, plugin) {
  const it = await told([backend], { limits: { requests_per_second: 0 }, webhooks: { timeout: 1000, connect_timeout: 1000 }, ...plugin });
  it.pairs = await Promise.all(Array.from({ length: PAIRS }, () => it.pair()));
  return it;
}

/** One call that is rejected: how long it took from the reject until the caller knew. */
async function rejected({ caller, callee }) {
  const callId = await ring(caller, [callee]);
  const asked = performance.now();
  const reply = callee.ask('call:reject', { callId });
  await caller.next({ event: 'call:rejected', callId });
  const took = performance.now() - asked;
  await reply;
  return took;
}

/** All pairs call for so long; resolves with the times. */
async function load(it, ms) {
  const until_ = performance.now() + ms;
  const times = [];
  await Promise.all(it.pairs.map(async (pair) => {
    while (performance.now() < until_) {
      times.push(await rejected(pair));
      await pause(PAUSE_MS);
    }
  }));
  return times;
}

/** What each call of the database must have been told as: Map callId -> types. */
async function expectedOf(it) {
  const calls = await rows(`${it.janus.dir}/calls.sqlite`, 'SELECT call_id, status, accepted_at FROM calls');
  return new Map(calls.map(({ call_id, status, accepted_at }) =>
    [call_id, ['call.ringing', ...(accepted_at ? ['call.accepted'] : []), `call.${status}`]]));
}

function assertTold(backend, expected) {
  backend.assertAll(expected);
  const ids = new Set(backend.taken.map(({ id }) => id));
  const events = [...expected.values()].reduce((sum, types) => sum + types.length, 0);
  assert.equal(ids.size, events, 'as many events as there were, and each has an id of its own');
}

/** Calls with a healthy backend, with one dead in every way, and with a healthy one again: `isFelt` if they were slower meanwhile. */
async function round(it, backend) {
  const healthy = await load(it, HEALTHY_MS);
  const dead = [];
  for (const way of WAYS) {
    backend.behave(way);
    dead.push(...await load(it, DEAD_MS / WAYS.length));
  }
  backend.behave('well');
  healthy.push(...await load(it, HEALTHY_MS));
  const [usual, worst] = [quantile(healthy, 0.99), quantile(dead, 0.99)];
  console.log(`webhooks: reject to rejected, 99th percentile: ${usual.toFixed(1)} ms with a healthy backend (${healthy.length} calls), `
    + `${worst.toFixed(1)} ms with a dead one (${dead.length} calls); usually ${quantile(healthy, 0.5).toFixed(1)} and ${quantile(dead, 0.5).toFixed(1)}`);
  return { isFelt: worst > 1.5 * usual + NOISE_MS, worst };
}

describe('a dead backend', () => {
  test('calls feel nothing, and everything is told afterwards', async () => {
    const backend = await new ThreadedReceiver().start();
    const it = await begin(backend);
    await load(it, 500);
    const rounds = [];
    do
      rounds.push(await round(it, backend));
    while (rounds.at(-1).isFelt && rounds.length < ROUNDS);
    assert.ok((await webhookStats(it.janus)).endpoints[0].failed > 0, 'it was dead');
    await drained(it.janus, DRAIN_MS);
    await backend.collect();
    assertTold(backend, await expectedOf(it));
    assert.ok(!rounds.at(-1).isFelt, JSON.stringify(rounds));
  });

  test('nothing is missing when Janus is killed in between', async () => {
    const backend = await new Receiver().start();
    const it = await begin(backend);
    await load(it, 500);
    backend.behaviour = () => (Math.random() < 0.5 ? '500' : 'well');
    await load(it, 1500);
    backend.behaviour = 'hang';
    const [{ caller, callee }] = it.pairs;
    await load(it, 1500);
    const live = await talk(caller, [callee]);
    await it.janus.kill9();
    await it.close();
    await it.janus.restart();
    backend.behaviour = 'well';
    await drained(it.janus, DRAIN_MS);
    const expected = await expectedOf(it);
    assert.deepEqual(expected.get(live), ['call.ringing', 'call.accepted', 'call.failed']);
    assert.ok(expected.size > 50);
    assertTold(backend, expected);
  });

  test('and with records in memory, as long as Janus lives', async () => {
    const backend = await new Receiver().start();
    const it = await begin(backend, { store: { type: 'memory' } });
    backend.behaviour = '500';
    const times = await load(it, 1500);
    backend.behaviour = 'well';
    await drained(it.janus, DRAIN_MS);
    const histories = [...backend.histories().values()];
    assert.equal(histories.length, times.length);
    assert.ok(histories.every((types) => types.join() === 'call.ringing,call.rejected'));
  });
});

describe('the backend acts', () => {
  test('its reject reaches the caller with the reason, as fast as one from the device', async () => {
    const backend = await new Receiver().start();
    const it = await begin(backend);
    const [{ caller, callee }] = it.pairs;
    const times = { device: [], backend: [] };
    for (let i = 0; i < 60; i++) {
      const by = i % 2 ? 'device' : 'backend';
      const callId = await ring(caller, [callee]);
      const request = { request: 'call:reject', callId, reason: `from the ${by}` };
      const asked = performance.now();
      const reply = by === 'device' ? callee.request(request) : it.janus.admin({ ...request, userId: callee.userId });
      const event = await caller.next({ event: 'call:rejected', callId });
      times[by].push(performance.now() - asked);
      assert.deepEqual([event.reason, event.cause], [`from the ${by}`, 'declined']);
      assert.equal((await reply).status, 'rejected');
    }
    console.log(`backend: reject to rejected, usually ${quantile(times.device, 0.5).toFixed(2)} ms from the device's connection, `
      + `${quantile(times.backend, 0.5).toFixed(2)} ms through the backend`);
  });

  test('it ends a live call, and starts one for a user, and hears of both', async () => {
    const backend = await new Receiver().start();
    const it = await begin(backend);
    const [{ caller, callee }] = it.pairs;
    const callId = await talk(caller, [callee]);
    assert.equal((await it.janus.admin({ request: 'call:end', callId, userId: caller.userId })).cause, 'hangup');
    await Promise.all([caller, callee].map((device) => device.next({ event: 'call:ended', callId })));
    await backend.next(callId, 'call.ended');

    const made = await it.janus.admin({ request: 'call:initiate', userId: caller.userId, deviceId: 'laptop', calleeId: callee.userId });
    await caller.next({ event: 'call:outgoing', callId: made.callId });
    await callee.next({ event: 'call:incoming', callId: made.callId });
    await callee.ask('call:accept', { callId: made.callId });
    await caller.next({ event: 'call:accepted', callId: made.callId });
    await backend.next(made.callId, 'call.accepted');
  });
});

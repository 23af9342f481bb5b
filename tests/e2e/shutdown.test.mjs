// SIGTERM while calls are being made: Janus ends in time, in order, and with a store that can be read again.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { WsClient } from './lib/clients/index.mjs';
import { startJanus } from './lib/janus.mjs';

const SHUTDOWNS = Number(process.env.E2E_SHUTDOWNS ?? 5);
const PAIRS = 6;
const CALLS_BEFORE = 100;
const LIMIT_MS = 5000;

async function openPair(janus, n) {
  const [caller, callee] = await Promise.all(['alice', 'bob'].map((user) => new WsClient(janus, `${user}${n}`).connect()));
  await caller.register(`alice${n}`, 'laptop');
  await callee.register(`bob${n}`, 'phone');
  return { caller, callee };
}

/** Calls and lets the other side answer in one of several ways, until the connection goes. */
async function keepCalling({ caller, callee }, load) {
  try {
    for (let n = 0; ; n++) {
      const { callId } = await caller.request({ request: 'call:initiate', calleeId: callee.userId });
      const answer = ['call:reject', 'call:accept', 'call:end'][n % 3];
      await callee.request({ request: answer, callId });
      if (answer === 'call:accept' && n % 2 === 0)
        await caller.request({ request: 'call:end', callId });
      load.made();
    }
  } catch (error) {
    load.isOver(error);
  }
}

/** Resolves with the number of calls made when there is enough of a load, which goes on. */
async function underLoad(pairs, state) {
  let calls = 0;
  await new Promise((resolve, reject) => {
    const load = {
      made: () => {
        if (++calls === CALLS_BEFORE)
          resolve();
      },
      isOver: (error) => {
        if (!state.isStopping)
          reject(error);
      },
    };
    pairs.forEach((pair) => keepCalling(pair, load));
  });
  return calls;
}

async function stopsUnderLoad(janus) {
  const pairs = await Promise.all(Array.from({ length: PAIRS }, (_, n) => openPair(janus, n)));
  const state = { isStopping: false };
  await underLoad(pairs, state);
  state.isStopping = true;
  return janus.stop({ withinMs: LIMIT_MS, keep: true });
}

async function hasNothingLive(janus) {
  const { caller, callee } = await openPair(janus, 0);
  const { calls } = await callee.ask('call:history', { limit: 100 });
  assert.ok(calls.length > 0, 'the store kept the calls');
  assert.deepEqual(calls.filter(({ status }) => ['ringing', 'accepted'].includes(status)), [],
    'nothing is live after a restart');
  await Promise.all([caller.close(), callee.close()]);
}

test(`${SHUTDOWNS} times, each within ${LIMIT_MS} ms`, async (t) => {
  for (let round = 0; round < SHUTDOWNS; round++) {
    const janus = await startJanus({ plugin: { limits: { max_live_calls: 1000 } } });
    try {
      t.diagnostic(`stopped in ${(await stopsUnderLoad(janus)).toFixed(0)} ms`);
      await janus.restart();
      await hasNothingLive(janus);
      await janus.stop();
    } finally {
      await janus.end();
    }
    janus.remove();
  }
});

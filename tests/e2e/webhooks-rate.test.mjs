// A thousand calls a second with webhooks on: the deliveries keep up, or the backlog is gone within a minute, and memory is
// bounded. Only for some seconds unless E2E_RATE_MS says more.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { JanusSocket } from '../../scripts/janus-ws.mjs';
import { startFastReceiver } from './lib/fast-receiver.mjs';
import { startJanus } from './lib/janus.mjs';
import { mostResidentBytes } from './lib/measure.mjs';
import { newSecret } from './lib/receiver.mjs';
import { drained, webhookStats } from './lib/told.mjs';
import { pause } from './lib/wait.mjs';

const RATE_MS = Number(process.env.E2E_RATE_MS ?? 3000);
const CALLS_A_SECOND = Number(process.env.E2E_RATE ?? 1000);
const SOCKETS = 8;
const PAIRS_OF_A_SOCKET = 25;
const DRAIN_MS = 60_000;
const MEMORY_MOST_MB = 300;
// With fewer, what is asserted of order and memory says little.
const LEAST_CALLS_A_SECOND = CALLS_A_SECOND / 4;

/** Two users on one socket. */
async function openPair(socket, name) {
  const pair = { socket };
  for (const role of ['caller', 'callee']) {
    pair[role] = await socket.attach('janus.plugin.call');
    const reply = await socket.request(pair[role], { request: 'call:register', userId: `${role}-${name}`, deviceId: 'd' });
    assert.equal(reply.call, 'success', JSON.stringify(reply));
  }
  pair.calleeId = `callee-${name}`;
  return pair;
}

async function callAndReject({ socket, caller, callee, calleeId }) {
  const { callId, ...reply } = await socket.request(caller, { request: 'call:initiate', calleeId });
  assert.ok(callId, JSON.stringify(reply));
  await socket.request(callee, { request: 'call:reject', callId });
}

test(`${CALLS_A_SECOND} calls a second for ${RATE_MS / 1000} s`, async () => {
  const backend = await startFastReceiver();
  const janus = await startJanus({
    plugin: {
      general: { log_calls: false },
      limits: { calls_per_minute: 0, requests_per_second: 0, registrations_per_second: 0 },
      webhooks: { endpoints: [{ url: backend.url, secret: newSecret() }], parallel: 16 },
    },
  });
  try {
    const sockets = await Promise.all(Array.from({ length: SOCKETS }, () => JanusSocket.open(janus.wsUrl)));
    const pairs = (await Promise.all(sockets.map(async (socket, i) => {
      const own = [];
      for (let j = 0; j < PAIRS_OF_A_SOCKET; j++)
        own.push(await openPair(socket, `${i}-${j}`));
      return own;
    }))).flat();
    const begin = performance.now();
    let asked = 0;
    const due = () => Math.floor((performance.now() - begin) * CALLS_A_SECOND / 1000);
    await Promise.all(pairs.map(async (pair) => {
      while (performance.now() - begin < RATE_MS) {
        if (asked < due()) {
          asked++;
          await callAndReject(pair);
        } else {
          await pause(1);
        }
      }
    }));
    const took = (performance.now() - begin) / 1000;
    const backlog = (await webhookStats(janus)).waiting;
    const drainBegin = performance.now();
    await drained(janus, DRAIN_MS);
    const most = mostResidentBytes(janus.pid) / 1024 / 1024;
    const { events, disordered } = await backend.counts();
    console.log(`webhooks: ${(asked / took).toFixed(0)} calls a second for ${took.toFixed(0)} s; ${backlog} of ${2 * asked} events waited at the end, `
      + `gone after ${((performance.now() - drainBegin) / 1000).toFixed(1)} s; Janus had ${most.toFixed(0)} MB at most`);
    assert.deepEqual({ events, disordered }, { events: 2 * asked, disordered: 0 });
    assert.ok(asked / took >= LEAST_CALLS_A_SECOND, `${asked} calls in ${took} s`);
    assert.ok(most < MEMORY_MOST_MB, `${most} MB`);
    for (const socket of sockets)
      socket.close?.();
    await janus.stop();
  } finally {
    await janus.end();
    janus.remove();
    await backend.stop();
  }
});

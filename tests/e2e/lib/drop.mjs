// What many sockets that go at once do to those who stay.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { until, within } from './wait.mjs';

const CHILD = fileURLToPath(new URL('./drop-child.mjs', import.meta.url));

const here = ({ devices, away }) => devices - away;

/** Asks again and again until `isOver()`; resolves with the longest time that an answer took, in ms. */
async function longestPause(witness, isOver) {
  let longest = 0;
  while (!isOver()) {
    const from = performance.now();
    await witness.request({ request: 'call:get', callId: 'none' });
    longest = Math.max(longest, performance.now() - from);
  }
  return longest;
}

/** Has a process with so many sockets, all of them in calls, killed. */
export async function dropThousands(it, Client, sockets, round) {
  const witness = await it.device(it.user('witness'), 'd', { Client });
  const before = here(await it.janus.admin({ request: 'stats' }));
  const child = fork(CHILD, [JSON.stringify({ url: it.janus.listenerUrl, sockets, round })]);
  try {
    const [state] = await within(once(child, 'message'), 'the sockets are open', 120_000);
    assert.equal(state, 'ready');
    const calm = await longestPause(witness, (() => {
      const end = performance.now() + 500;
      return () => performance.now() > end;
    })());
    let isOver = false;
    const watching = longestPause(witness, () => isOver);
    const from = performance.now();
    child.kill('SIGKILL');
    // In grace, or already past it.
    await until(async () => here(await it.janus.admin({ request: 'stats' })) <= before, 'all are away', 20_000)
      .finally(() => { isOver = true; });
    const awayMs = performance.now() - from;
    return { sockets, awayMs, calmMs: calm, pauseMs: await watching };
  } finally {
    child.kill('SIGKILL');
  }
}

// A Janus that tells backends of the test's own, by webhooks and pushes.
import { after } from 'node:test';

import { startJanus } from './janus.mjs';
import { Scene } from './scene.mjs';
import { until } from './wait.mjs';

async function end({ it, receivers }) {
  await it.close();
  await it.janus?.stop();
  await Promise.all(receivers.map((receiver) => receiver.stop()));
}

/**
 * For the top of a test file. What it returns starts a Janus that tells these receivers, and resolves with its Scene; each is
 * stopped and looked at after the file's tests. `plugin` is as for startJanus().
 */
export function toldScenes() {
  const started = [];
  after(async () => {
    const problems = [];
    for (const one of started)
      await end(one).catch((problem) => problems.push(problem));
    if (problems.length > 0)
      throw problems[0];
  });
  return async (receivers, { limits, webhooks, ...plugin } = {}) => {
    const it = new Scene();
    started.push({ it, receivers });
    it.janus = await startJanus({ plugin: {
      ...plugin,
      limits: { calls_per_minute: 0, ...limits },
      webhooks: { endpoints: receivers.map((receiver) => receiver.endpoint()), ...webhooks },
    } });
    return it;
  };
}

export const webhookStats = async (janus) => (await janus.admin({ request: 'stats' })).webhooks;

/** Nothing waits any more: each event was taken, and the store knows. */
export const drained = (janus, timeoutMs = 20_000) =>
  until(async () => (await webhookStats(janus)).waiting === 0, 'the outbox is empty', timeoutMs);

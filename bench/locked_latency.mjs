// How long after a callee's call:reject the caller hears call:rejected, at about 100 calls a second: with the database
// well, and while another process has it locked. Prints both, and exits with 1 when the 99th percentile of the second is
// more than twice the first's. Needs a machine that is otherwise idle.
//   [CALL_PLUGIN=libjanus_call.so] node bench/locked_latency.mjs [SECONDS]
import path from 'node:path';

import { Holder } from '../tests/e2e/lib/database.mjs';
import { startJanus } from '../tests/e2e/lib/janus.mjs';
import { Pair } from '../tests/e2e/lib/pair.mjs';
import { pause, until } from '../tests/e2e/lib/wait.mjs';

const SECONDS = Number(process.argv[2] ?? 10);
const PAIRS = 10;
const CALLS_PER_SECOND = 100;
const RATIO_MOST = 2;

class MeasuredPair extends Pair {
  /** One call that is rejected; { ms, durable }. */
  async measure() {
    const { caller, callee } = this;
    const [{ callId }] = await Promise.all([
      caller.ask('call:initiate', { calleeId: callee.userId }), callee.next('call:incoming')]);
    const from = performance.now();
    const heard = caller.next({ event: 'call:rejected', callId }).then(() => performance.now() - from);
    const reply = await callee.ask('call:reject', { callId });
    return { ms: await heard, durable: reply.durable !== false };
  }

  /** Calls at its share of the rate, for as long as it is told to. */
  async measureFor(seconds, results) {
    const interval = PAIRS / CALLS_PER_SECOND * 1000;
    const end = performance.now() + seconds * 1000;
    for (let next = performance.now() + Math.random() * interval; next < end; next += interval) {
      await pause(Math.max(0, next - performance.now()));
      results.push(await this.measure());
    }
  }
}

async function measure(pairs, seconds) {
  const results = [];
  await Promise.all(pairs.map((pair) => pair.measureFor(seconds, results)));
  return results;
}

function report(what, results) {
  const sorted = results.map(({ ms }) => ms).sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  const durable = results.filter((result) => result.durable).length;
  console.log(`${what.padEnd(6)} ${results.length} calls, ${durable} rejections confirmed as durable: `
    + `p50 ${at(0.5).toFixed(2)} ms, p99 ${at(0.99).toFixed(2)} ms, slowest ${at(1).toFixed(2)} ms`);
  return at(0.99);
}

const janus = await startJanus({ plugin: { general: { log_calls: false } } });
const database = path.join(janus.dir, 'calls.sqlite');
try {
  const pairs = await Promise.all(Array.from({ length: PAIRS }, (_, n) => new MeasuredPair(janus, n).open()));
  await measure(pairs, 2);
  const well = report('well', await measure(pairs, SECONDS));
  const holder = await Holder.hold(database, 'EXCLUSIVE');
  const locked = report('locked', await measure(pairs, SECONDS));
  await holder.release();
  await until(async () => (await pairs[0].measure()).durable, 'replies are durable again');
  console.log(`ratio of the 99th percentiles: ${(locked / well).toFixed(2)}`);
  process.exitCode = locked / well <= RATIO_MOST ? 0 : 1;
  await Promise.all(pairs.map((pair) => pair.close()));
  await janus.stop();
} finally {
  await janus.end();
}

// Mixed traffic against a real Janus with its database, for as long as asked: calls that are accepted, rejected, given up, or time
// out; devices that drop, come back by another door, take over; slow readers; clients that are killed; a backend that is told. First
// Janus itself is killed under load, so that what is measured has begun with a recovery; then a rush fills what may be filled.
//   [CALL_PLUGIN=libjanus_call.so] node bench/soak.mjs [--seconds N] [--csv FILE] [--memory-is-free]      (an hour unless told otherwise)
// Exits with 1 when the median of the resident memory in the last quarter is more than 2 % above that of the second, when a
// descriptor or a thread is more, or when something is left over when nobody calls. A run of less than ten minutes does not get to
// where memory stands still: 15 % are forgiven.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { rows } from '../tests/e2e/lib/database.mjs';
import { startJanus } from '../tests/e2e/lib/janus.mjs';
import { quantile, residentBytes } from '../tests/e2e/lib/measure.mjs';
import { Random } from '../tests/e2e/lib/random.mjs';
import { newSecret } from '../tests/e2e/lib/receiver.mjs';
import { drained } from '../tests/e2e/lib/told.mjs';
import { pause, until, within } from '../tests/e2e/lib/wait.mjs';

const PEOPLE = fileURLToPath(new URL('soak-people.mjs', import.meta.url));
const { values: { seconds, csv, 'memory-is-free': isMemoryFree } } = parseArgs({ options: {
  seconds: { type: 'string', default: '3600' },
  csv: { type: 'string' },
  // A sanitizer keeps what was freed.
  'memory-is-free': { type: 'boolean' },
} });
const RUN_MS = Number(seconds) * 1000;
const IS_SHORT = RUN_MS < 600_000;
const GROWTH_MOST = IS_SHORT ? 1.15 : 1.02;
// A short run rests once in a quarter: what then is there of Janus's pool and of the connections to the backend, 8 each, is chance. A
// leak would be of dozens, for so many clients are killed.
const MORE_MOST = IS_SHORT ? 8 : 0;
const RUSH_MS = Math.min(RUN_MS / 20, 60_000);
const SAMPLE_MS = IS_SHORT ? 500 : 5000;
const REST_MS = Math.max(RUN_MS / 60, 5000);
const KILL_MS = Math.max(RUN_MS / 200, 2000);
const SETTLE_MS = 60_000;
const BACKLOG_MS = 600_000;

const PROCESSES = 5;
const USERS_OF_A_PROCESS = 24;
const USERS = PROCESSES * USERS_OF_A_PROCESS;
const CALLS_PER_SECOND = 40;

// glibc keeps what was freed for each thread and size, and takes an hour to fill these caches: megabytes that hide a leak, or look
// like one.
process.env.GLIBC_TUNABLES = 'glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1';

const counts = { kills: 0, 'slow readers': 0, 'of them cut by ping/pong': 0, 'webhooks taken': 0, rests: 0 };
const random = new Random(1);
const MB = 1 << 20;
const inMb = (bytes) => (bytes / MB).toFixed(1);

/** A backend that takes what it is told. */
async function startBackend() {
  const server = http.createServer((request, response) => {
    request.resume().on('end', () => {
      counts['webhooks taken']++;
      response.writeHead(204).end();
    });
  });
  server.keepAliveTimeout = 600_000;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  server.endpoint = { url: `http://127.0.0.1:${server.address().port}/hooks`, secret: newSecret() };
  return server;
}

/** A process full of clients. */
class Crowd {
  static #number = 0;

  constructor(janus, options) {
    this.janus = janus;
    this.options = options;
  }

  async open() {
    const urls = { janusUrl: this.janus.wsUrl, listenerUrl: this.janus.listenerUrl };
    const options = { ...this.options, urls, users: USERS, seed: ++Crowd.#number };
    this.child = fork(PEOPLE, [JSON.stringify(options)]);
    this.child.on('message', ({ slowReader }) => {
      if (slowReader)
        counts[slowReader]++;
    });
    this.child.once('exit', (code) => { this.hasFailed ||= code !== null && code !== 0; });
    return this.#answer('open');
  }

  async #answer(key) {
    for (;;) {
      const [message] = await within(once(this.child, 'message'), `clients say ${key}`, SETTLE_MS);
      if (key in message)
        return message[key];
    }
  }

  go() {
    this.child.send({ ask: 'go' });
  }

  /** Resolves with how many devices are registered, when all of this crowd are and no call is left. */
  rest() {
    this.child.send({ ask: 'rest' });
    return this.#answer('resting');
  }

  async kill() {
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}

/** All the clients of one run of Janus. */
class World {
  constructor(janus, callsPerSecond) {
    const common = { count: USERS_OF_A_PROCESS, callsPerSecond: callsPerSecond / PROCESSES };
    this.janus = janus;
    this.crowds = Array.from({ length: PROCESSES }, (_, n) => new Crowd(janus, { ...common, first: n * USERS_OF_A_PROCESS }));
    this.crowds.push(new Crowd(janus, { areSlow: true, first: USERS }));
  }

  async open() {
    await Promise.all(this.crowds.map((crowd) => crowd.open()));
    return this;
  }

  go() {
    this.crowds.forEach((crowd) => crowd.go());
  }

  /** One of the processes is gone at once, with all its connections; another one takes its place. */
  async killOne() {
    const crowd = random.pick(this.crowds);
    await crowd.kill();
    await crowd.open();
    crowd.go();
    counts.kills++;
  }

  /** Resolves when everybody is there and nobody calls. */
  async rest(limitMs = SETTLE_MS) {
    const devices = (await Promise.all(this.crowds.map((crowd) => crowd.rest()))).reduce((sum, n) => sum + n);
    let stats;
    await until(async () => {
      stats = await this.janus.admin({ request: 'stats' });
      return stats.liveCalls === 0 && stats.away === 0 && stats.devices === devices && stats.webhooks.waiting === 0;
    }, 'nobody calls, and all that is left over is gone', limitMs).catch((error) => {
      error.message += `: ${devices} devices are registered, and the server says ${JSON.stringify(stats)}`;
      throw error;
    });
    assert.ok(this.crowds.every(({ hasFailed }) => !hasFailed), 'a process of clients ended by itself');
    counts.rests++;
  }

  close() {
    return Promise.all(this.crowds.map((crowd) => crowd.kill()));
  }
}

class Samples {
  all = [];
  begun = performance.now();

  constructor(janus) {
    this.janus = janus;
    this.pid = janus.pid;
  }

  take(isResting) {
    assert.ok(this.janus.alive, `Janus ended in the midst of it; its files are in ${this.janus.dir}`);
    const at = performance.now() - this.begun;
    const count = (what) => fs.readdirSync(`/proc/${this.pid}/${what}`).length;
    const sample = { at, isResting, rss: residentBytes(this.pid), descriptors: count('fd'), threads: count('task') };
    this.all.push(sample);
    if (csv)
      fs.appendFileSync(csv, `${(at / 1000).toFixed(1)},${isResting ? 1 : 0},${sample.rss},${sample.descriptors},${sample.threads}\n`);
    return sample;
  }

  #quarter(n) {
    return this.all.filter(({ at }) => Math.min(Math.floor(at / RUN_MS * 4), 3) === n - 1);
  }

  memory(quarter) {
    return quantile(this.#quarter(quarter).map(({ rss }) => rss), 0.5);
  }

  /** The median of all the times when nobody calls: a connection is being closed now and then, or one to the backend has been. */
  descriptors(quarter) {
    return quantile(this.#resting(quarter).map((sample) => sample.descriptors), 0.5);
  }

  /** Threads of Janus's pool come and go, up to its size. */
  mostThreads(quarter) {
    return Math.max(...this.#resting(quarter).map(({ threads }) => threads));
  }

  #resting(quarter) {
    return this.#quarter(quarter).filter(({ isResting }) => isResting);
  }
}

/** Clients as fast as they may. */
async function rush(janus) {
  const world = await new World(janus, 0).open();
  world.go();
  await pause(RUSH_MS);
  return world;
}

/** A database of some size, and the end of Janus under load. */
async function fill(janus) {
  const world = await rush(janus);
  await janus.kill9();
  await world.close();
}

/** SQLite's page caches, of which each connection has its own, are full. */
async function warm(janus) {
  await drained(janus, BACKLOG_MS);
  const world = await rush(janus);
  await world.rest(BACKLOG_MS);
  await world.close();
}

async function traffic(world, samples) {
  const restEnd = samples.begun + RUN_MS;
  for (let rest = 1; performance.now() < restEnd; rest++) {
    world.go();
    const end = Math.min(samples.begun + rest * REST_MS, restEnd);
    for (let kill = performance.now() + KILL_MS; performance.now() < end;) {
      await pause(Math.min(SAMPLE_MS, Math.max(end - performance.now(), 0)));
      samples.take(false);
      if (performance.now() > kill && performance.now() < end) {
        await world.killOne();
        kill = performance.now() + KILL_MS;
      }
    }
    await world.rest();
    tell(samples.take(true));
  }
}

function tell({ at, rss, descriptors, threads }) {
  console.log(`${String(Math.round(at / 1000)).padStart(6)} s  ${inMb(rss).padStart(6)} MB  ${descriptors} descriptors  ${threads} threads`);
}

function judge(samples) {
  const memory = [2, 4].map((quarter) => samples.memory(quarter));
  const descriptors = [2, 4].map((quarter) => samples.descriptors(quarter));
  const threads = [2, 4].map((quarter) => samples.mostThreads(quarter));
  const problems = [
    !isMemoryFree && memory[1] > memory[0] * GROWTH_MOST && 'memory grows',
    descriptors[1] > descriptors[0] + MORE_MOST && 'more descriptors',
    threads[1] > threads[0] + MORE_MOST && 'more threads',
  ].filter(Boolean);
  console.log(`memory: ${inMb(memory[0])} MB in the second quarter, ${inMb(memory[1])} MB in the last: `
    + `${((memory[1] / memory[0] - 1) * 100).toFixed(2)} %; when nobody calls ${descriptors.join(' and ')} descriptors, `
    + `${threads.join(' and ')} threads: ${problems.join(', ') || 'good'}`);
  return problems.length === 0;
}

async function judgeRecords(database, stats) {
  const [{ all, live }] = await rows(database, 'SELECT count(*) AS "all", ifnull(sum(ended_at IS NULL OR closed_at IS NULL), 0) AS live FROM calls');
  console.log(`records: ${all} calls stored, ${live} of them live at the end; since the restart ${JSON.stringify({ initiated: stats.initiated, accepted: stats.accepted, ...stats.closed })}`);
  return live === 0;
}

if (csv)
  fs.writeFileSync(csv, 'seconds,resting,rss,descriptors,threads\n');
const backend = await startBackend();
const janus = await startJanus({
  plugin: {
    general: { log_calls: false },
    timers: { ring: 3000, unreachable: 2000, caller_grace: 1000, in_call_grace: 2000, push_after: 500 },
    limits: { max_ended_per_user: 20 },
    listener: {},
    webhooks: { endpoints: [backend.endpoint] },
  },
  janus: { task_pool_size: 8 },
});
try {
  await fill(janus);
  await janus.restart();
  await warm(janus);
  const world = await new World(janus, CALLS_PER_SECOND).open();
  const samples = new Samples(janus);
  await traffic(world, samples);
  const stats = await janus.admin({ request: 'stats' });
  await world.close();
  await until(async () => (await janus.admin({ request: 'stats' })).devices === 0, 'all devices are gone');
  await janus.stop({ keep: true });
  console.log(`traffic: ${Object.entries(counts).map(([what, n]) => `${n} ${what}`).join(', ')}`);
  const isGood = [judge(samples), await judgeRecords(path.join(janus.dir, 'calls.sqlite'), stats)].every(Boolean);
  process.exitCode = isGood ? 0 : 1;
  janus.remove();
} finally {
  await janus.end();
  backend.closeAllConnections();
  backend.close();
}

// Measures: starts peers, runs the load generator against them, and writes what it printed to bench/results.
//   node bench/measure.mjs [--quick] [--rounds N] [--only PART,...] [--peers NAME,...] [--out FOLDER]
// Parts: latency, rounds, store, crowds, settings, drop. What was measured before of other parts stays.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { pause } from '../tests/e2e/lib/wait.mjs';
import { peers } from './peers/index.mjs';
import { ROOT, built, isBuilt } from './peers/lib/built.mjs';
import { crowdSteps, crowds, dropStep, latencyPeers, plan, rounds, settingStep, settings } from './plan.mjs';
import { mergeRuns, pauseServer, resumeServer } from './slices.mjs';

const RUN_MS = 180_000;
const { values: options } = parseArgs({ options: {
  quick: { type: 'boolean' }, rounds: { type: 'string' }, only: { type: 'string' }, peers: { type: 'string' }, out: { type: 'string' },
} });
const out = options.out ?? path.join(ROOT, 'bench/results');
const lengths = plan({ isQuick: options.quick, roundCount: Number(options.rounds ?? 0) });
const wantsPart = (name) => !options.only || options.only.split(',').includes(name);
const wantsPeer = (name) => !options.peers || options.peers.split(',').includes(name);

const cores = os.cpus().length;
const serverCore = 0;
const generatorCore = cores > 1 ? 1 : 0;
const say = (text) => process.stderr.write(`bench: ${text}\n`);

/** One run; what the generator printed. */
function load(peer, { port, pid }, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(built('bench/load/load'),
      ['--dialect', peer.dialect, '--port', String(port), '--server', String(pid), '--core', String(generatorCore),
        '--patience', peer.mayLose ? '1' : '5', '--keep-alive', '300', ...args],
      { stdio: ['ignore', 'pipe', 'pipe'], timeout: RUN_MS });
    let output = '';
    let errors = '';
    child.stdout.on('data', (data) => { output += data; });
    child.stderr.on('data', (data) => { errors += data; });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0)
        resolve(JSON.parse(output));
      else
        reject(new Error(`the load generator ended with ${code}: ${errors}`));
    });
  });
}

/** Errors of a run are errors of the benchmark; a peer that is known to lose calls or to crash may do so, and it is told. */
function check(name, step, result) {
  const wrong = result.errors > 0 ? `${result.errors} errors, the first: ${result.first_error}`
    : result.lost > 0 ? `${result.lost} calls lost` : result.workload !== 'idle' && result.calls === 0 ? 'no calls' : '';
  if (!wrong)
    return;
  if (!peers[name].mayLose)
    throw new Error(`${name}, ${step}: ${wrong}`);
  say(`${name}, ${step}: ${wrong}`);
}

let runs = 0;
async function run(name, server, step, args) {
  const steps = await (server.admin && server.admin({ request: 'stats' }).catch(() => undefined));
  const result = await load(peers[name], server, [...args, '--prefix', `r${++runs}`]);
  const after = steps && await server.admin({ request: 'stats' }).catch(() => undefined);
  check(name, step, result);
  return { peer: name, step, ...result, ...(after && { stats: { before: steps, after } }) };
}

const missing = Object.keys(peers).filter((name) => peers[name].isThere && !peers[name].isThere());
const isThere = (name) => wantsPeer(name) && !missing.includes(name);

const failures = [];

function noteFailure(name, error) {
  say(`${name}: ${error.message}`);
  failures.push({ peer: name, mayLose: Boolean(peers[name].mayLose), error: error.message.slice(0, 500) });
}

const start = (name, settings = {}) => peers[name].start({ core: cores > 1 ? serverCore : undefined, ...settings });

/** Starts a peer, does something with it, ends it whatever happened. What goes wrong is told and kept, and the others go on. */
async function withPeer(name, act, settings = {}) {
  try {
    const server = await start(name, settings);
    await act(server).finally(() => server.stop());
  } catch (error) {
    noteFailure(name, error);
  }
}

/** In another order for each `seed`, so that nobody always follows the same neighbour; the same one each time it runs. */
function shuffled(names, seed) {
  const left = [...names];
  let state = seed + 1;
  return names.map(() => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return left.splice((state >>> 8) % left.length, 1)[0];
  });
}

/** A peer that is one of several, all of which are there and of which one runs: what it did in its turns, until something went wrong. */
class Slices {
  runs = [];

  constructor(name) {
    this.name = name;
  }

  async begin() {
    this.server = await start(this.name);
    pauseServer(this.server);
  }

  async play() {
    resumeServer(this.server);
    this.runs.push(await run(this.name, this.server, 'latency', lengths.latency).finally(() => pauseServer(this.server)));
  }

  /** Does one of these, unless it failed before. */
  async dare(act) {
    if (!this.hasFailed)
      await act.call(this).catch((error) => { this.hasFailed = true; noteFailure(this.name, error); });
  }

  async end() {
    if (!this.server)
      return;
    resumeServer(this.server);
    await this.server.stop();
  }
}

async function measureLatencyRound(round) {
  const all = latencyPeers.filter(isThere).map((name) => new Slices(name));
  try {
    for (const one of all)
      await one.dare(one.begin);
    for (let slice = 0; slice < lengths.slices; slice++)
      for (const one of shuffled(all, round * lengths.slices + slice))
        await one.dare(one.play);
  } finally {
    await Promise.allSettled(all.map((one) => one.end()));
  }
  return all.filter(({ hasFailed }) => !hasFailed).map(({ name, runs }) => ({ round, peer: name, step: 'latency', ...mergeRuns(runs) }));
}

async function measureLatency() {
  const results = [];
  for (let round = 0; round < lengths.rounds; round++) {
    for (const result of await measureLatencyRound(round)) {
      say(`round ${round + 1}, ${result.peer}, latency: ${summary(result)}`);
      results.push(result);
    }
  }
  return results;
}

async function turn(name, round) {
  const results = [];
  await withPeer(name, async (server) => {
    for (const step of rounds[name]) {
      const result = await run(name, server, step, lengths.steps[step]);
      say(`round ${round + 1}, ${name}, ${step}: ${summary(result)}`);
      results.push({ round, ...result });
    }
  });
  return results;
}

function summary({ calls_per_s: rate, due, server, generator_cpu_share: own }) {
  return `${rate} calls/s${due ? `, p50 ${due.p50_us} us, p99 ${due.p99_us} us` : ''}, `
    + `${server.cpu_s_per_1000_calls ?? '-'} s CPU/1000 calls, generator ${own}`;
}

async function measureRounds() {
  const results = [];
  for (let round = 0; round < lengths.rounds; round++) {
    for (const name of shuffled(Object.keys(rounds).filter(isThere), round))
      results.push(...await turn(name, round));
  }
  return results;
}

/** As many sockets as the machine lets both ends have. */
function atMost(size) {
  const limit = Number(execFileSync('bash', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }));
  return Number.isNaN(limit) ? size : Math.min(size, limit - 500);
}

async function measureCrowds() {
  const results = [];
  for (const name of Object.keys(crowds).filter(isThere).slice(0, lengths.isQuick ? 2 : undefined)) {
    for (const size of lengths.sizes.map(atMost)) {
      await withPeer(name, async (server) => {
        for (const [step, args] of Object.entries(crowdSteps(crowds[name], size, lengths))) {
          const result = await run(name, server, step, args);
          say(`${size} users, ${name}, ${step}: ${summary(result)}, ${result.server.kb_per_user} KB a user`);
          results.push({ size, ...result });
        }
      });
    }
  }
  return results;
}

async function measureSettings() {
  const results = [];
  for (const janus of lengths.isQuick ? settings.slice(0, 2) : settings) {
    await withPeer('call', async (server) => {
      const result = await run('call', server, 'settings', settingStep(lengths.settingUsers, lengths.crowdSeconds));
      say(`${JSON.stringify(janus)}: ${summary(result)}, ${result.server.threads} threads`);
      results.push({ janus, ...result });
    }, { janus });
  }
  return results;
}

/** Resolves with the time when no more than `staying` devices are there by the server's own count (one that is in no call is forgotten at
 *  once, one that is in a call is away), once more were. */
async function watchDevices(server, staying, done) {
  let were = 0;
  while (!done.is) {
    const { devices, away } = await server.admin({ request: 'stats' });
    const present = devices - away;
    were = Math.max(were, present);
    if (were > staying && present <= staying)
      return Date.now();
    await pause(10);
  }
  return undefined;
}

async function measureDrops() {
  const users = atMost(lengths.dropped + 200) - 200;
  const results = [];
  for (const name of ['callv1', 'call'].filter(isThere).slice(0, 1)) {
    await withPeer(name, async (server) => {
      const done = { is: false };
      const watching = watchDevices(server, 200, done);
      const result = await run(name, server, 'drop', dropStep(users, lengths.isQuick ? 2 : 4)).finally(() => { done.is = true; });
      const noticed = await watching;
      const took = noticed === undefined ? null : noticed - result.dropped_wall_ms;
      say(`${name}: ${users} cut off, noticed after ${took} ms, worst answer ${result.worst_after_drop_us} us`);
      results.push({ dropped: users, all_away_ms: took, ...result });
    });
  }
  return results;
}

/** How large the groups were in which a run's records were committed. */
export function groupSize({ stats }) {
  const before = stats?.before?.store;
  const after = stats?.after?.store;
  if (!before || !after || after.commits === before.commits)
    return undefined;
  return (after.records - before.records) / (after.commits - before.commits);
}

/** SQLite alone on the server's core, in groups as large as the listener's were: one plain table, and our own store. */
function measureStore(results) {
  const sizes = results.filter(({ peer, step }) => peer === 'callv1' && step === 'c64').map(groupSize).filter(Boolean).sort((a, b) => a - b);
  const group = sizes.length ? Math.max(1, Math.round(sizes[Math.floor(sizes.length / 2)])) : 64;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'call-bench-store-'));
  const measured = [];
  for (let round = 0; round < lengths.rounds; round++)
    for (const rows of ['plain', 'store']) {
      const output = execFileSync('taskset', ['-c', String(serverCore), built('bench/raw_store'), '--path', path.join(folder, 'calls.sqlite'),
        '--rows', rows, '--group', String(group), '--calls', String(lengths.isQuick ? 2000 : 20000)], { encoding: 'utf8' });
      const { callsPerSecond, cpuSecondsPer1000Calls } = JSON.parse(output);
      measured.push({ round, rows, group, calls_per_s: callsPerSecond, cpu_s_per_1000_calls: cpuSecondsPer1000Calls });
      say(`SQLite alone, ${rows}, groups of ${group}: ${callsPerSecond} calls/s`);
    }
  fs.rmSync(folder, { recursive: true });
  return measured;
}

function machine() {
  const cpu = os.cpus()[0];
  const version = (command, args) => {
    try {
      return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).split('\n')[0];
    } catch {
      return 'unknown';
    }
  };
  return {
    at: new Date().toISOString(), cpu: cpu.model, cores, memory_mb: Math.round(os.totalmem() / 2 ** 20), kernel: os.release(), node: process.version,
    janus: version('dpkg-query', ['-W', '-f', '${Version}', 'janus']), kamailio: version('dpkg-query', ['-W', '-f', '${Version}', 'kamailio']),
    libwebsockets: version('dpkg-query', ['-W', '-f', '${Version}', 'libwebsockets17']),
    load_before: os.loadavg().map((value) => Math.round(value * 100) / 100), rounds: lengths.rounds, quick: Boolean(options.quick), missing,
  };
}

const write = (name, value) => {
  fs.mkdirSync(out, { recursive: true });
  const rows = Array.isArray(value) ? `[\n${value.map((row) => JSON.stringify(row)).join(',\n')}\n]\n` : `${JSON.stringify(value, null, 1)}\n`;
  fs.writeFileSync(path.join(out, `${name}.json`), rows);
};

for (const name of missing)
  say(`${name} is not there: left out`);
const began = Date.now();
const about = machine();
write('machine', about);
let measured = [];
if (wantsPart('latency'))
  write('latency', await measureLatency());
if (wantsPart('rounds'))
  write('rounds', measured = await measureRounds());
if (wantsPart('store') && isBuilt('bench/raw_store'))
  write('store', measureStore(measured));
if (wantsPart('crowds'))
  write('crowds', await measureCrowds());
if (wantsPart('settings') && isThere('call'))
  write('settings', await measureSettings());
if (wantsPart('drop'))
  write('drop', await measureDrops());
write('machine', { ...about, failures, took_s: Math.round((Date.now() - began) / 1000) });
say(`took ${Math.round((Date.now() - began) / 1000)} s, ${failures.length} turns failed`);
process.exitCode = options.quick && failures.some(({ mayLose }) => !mayLose) ? 1 : 0;

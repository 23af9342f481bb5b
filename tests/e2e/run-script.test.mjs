// ./run.sh as users and scripts use it: it starts, says so, and however it ends it leaves no process behind.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { WsClient } from './lib/clients/index.mjs';
import { freePortsInARow } from './lib/ports.mjs';
import { until } from './lib/wait.mjs';

const RUN = fileURLToPath(new URL('../../run.sh', import.meta.url));
const START_MS = 600_000;
const END_MS = 20_000;

let folder;
const started = new Set();

before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'call-run-'));
});
after(() => {
  started.forEach((run) => run.child.kill('SIGKILL'));
  fs.rmSync(folder, { recursive: true, force: true });
});

/** The processes that name this folder on their command line: Janus, and what run.sh left running. */
function processesOf(state) {
  return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(state);
    } catch {
      return false;
    }
  }).map(Number);
}

class Run {
  output = '';
  errors = '';

  constructor(args, options = {}) {
    this.child = spawn(RUN, args, { cwd: '/', stdio: ['ignore', 'pipe', 'pipe'], ...options });
    this.child.stdout.on('data', (text) => { this.output += text; });
    this.child.stderr.on('data', (text) => { this.errors += text; });
    started.add(this);
    this.exited = new Promise((resolve) => {
      this.child.once('exit', (code, signal) => {
        started.delete(this);
        resolve(signal ?? code);
      });
    });
  }

  /** Starts run.sh and resolves when it said that it is ready. */
  static async ready(state, args = []) {
    const [port] = await freePortsInARow(5);
    const run = new Run(['--port', String(port), '--state', state, ...args], { cwd: folder });
    Object.assign(run, { port, wsUrl: `ws://127.0.0.1:${port}`, httpUrl: `http://127.0.0.1:${port + 1}/janus` });
    const isReady = () => run.output.split('\n').includes(`ready ${run.wsUrl}`);
    await until(() => isReady() || run.child.exitCode !== null, 'it is ready', START_MS);
    assert.ok(isReady(), `${run.output}\n${run.errors}`);
    return run;
  }

  /** Waits for the end, and that nothing is left. */
  async ends(state) {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), END_MS);
    const status = await this.exited;
    clearTimeout(timer);
    assert.deepEqual(processesOf(state), [], 'processes are left behind');
    return status;
  }
}

test('from another folder, twice, with its state kept', async () => {
  const state = path.join(folder, 'kept');
  let secret;
  for (let time = 0; time < 2; time++) {
    const run = await Run.ready('kept');
    const client = await new WsClient(run, 'somebody').connect();
    const info = await fetch(`${run.httpUrl}/info`).then((response) => response.json());
    assert.ok(info.plugins['janus.plugin.call']);
    const file = path.join(state, 'admin_secret');
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    secret ??= fs.readFileSync(file, 'utf8');
    assert.equal(fs.readFileSync(file, 'utf8'), secret);
    const admin = await fetch(`http://127.0.0.1:${run.port + 2}/admin`, {
      method: 'POST', body: JSON.stringify({ janus: 'list_sessions', transaction: 't', admin_secret: secret.trim() }),
    }).then((response) => response.json());
    assert.equal(admin.sessions.length, 1, JSON.stringify(admin));
    run.child.kill('SIGTERM');
    assert.equal(await run.ends(state), 0, run.errors);
    await client.close();
    assert.match(fs.readFileSync(path.join(state, 'janus.log'), 'utf8'), /Bye!/, 'Janus ended in order');
  }
});

test('it serves the page, which knows where this Janus is, and nothing else of its folder', async () => {
  const state = path.join(folder, 'page');
  const run = await Run.ready(state);
  const page = `http://127.0.0.1:${run.port + 3}/`;
  assert.ok(run.output.includes(page), run.output);
  const get = async (name) => {
    const response = await fetch(page + name);
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
  };
  assert.match((await get('')).text, /<title>Calls<\/title>/);
  assert.ok((await get('config.js')).text.includes(run.wsUrl));
  for (const name of ['js/main.js', 'janus-call.js', 'vendor/janus.js', 'vendor/adapter.js'])
    assert.deepEqual(await get(name).then(({ status, type }) => [status, type]), [200, 'text/javascript; charset=utf-8'], name);
  for (const name of ['%2e%2e/admin_secret', '..%2fadmin_secret', '%2e%2e/conf/janus.jcfg', 'js', 'nothing.js', '%'])
    assert.equal((await get(name)).status, 404, name);
  run.child.kill('SIGTERM');
  assert.equal(await run.ends(state), 0, run.errors);
  await assert.rejects(fetch(page), 'the page is still served');
});

test('Ctrl-C stops it, for the whole group at once', async () => {
  const state = path.join(folder, 'interrupted');
  const run = await Run.ready(state);
  run.child.kill('SIGINT');
  assert.equal(await run.ends(state), 0, run.errors);
});

test('it ends when nobody reads its output any more', async () => {
  const state = path.join(folder, 'unread');
  const run = await Run.ready(state);
  run.child.stdout.destroy();
  assert.equal(await run.ends(state), 0, run.errors);
});

test('it says so when Janus dies, and fails', async () => {
  const state = path.join(folder, 'died');
  const run = await Run.ready(state);
  const [janus] = processesOf(path.join(state, 'conf'));
  process.kill(janus, 'SIGKILL');
  assert.equal(await run.ends(state), 1);
  assert.match(run.errors, /Janus ended by itself/);
});

test('Janus ends when run.sh is killed', async () => {
  const state = path.join(folder, 'killed');
  const run = await Run.ready(state);
  run.child.kill('SIGKILL');
  await run.exited;
  await until(() => processesOf(state).length === 0, 'Janus is gone');
});

test('a port that is in use is named', async () => {
  for (const offset of [1, 3]) {
    const [port] = await freePortsInARow(5);
    const server = net.createServer().listen(port + offset, '127.0.0.1');
    const run = new Run(['--port', String(port), '--state', path.join(folder, 'taken')]);
    assert.equal(await run.exited, 1);
    assert.match(run.errors, new RegExp(`port ${port + offset} .*in use`));
    server.close();
  }
});

test('a state that another run uses is refused', async () => {
  const state = path.join(folder, 'shared');
  const first = await Run.ready(state);
  const [port] = await freePortsInARow(5);
  const second = new Run(['--port', String(port), '--state', state]);
  assert.equal(await second.exited, 1);
  assert.match(second.errors, /another run\.sh/);
  first.child.kill('SIGTERM');
  assert.equal(await first.ends(state), 0);
});

test('mistakes in the arguments are refused', async () => {
  for (const args of [['--port'], ['--port', 'x'], ['--port', '70000'], ['--state'], ['--nonsense']]) {
    const run = new Run(args);
    assert.notEqual(await run.exited, 0, args.join(' '));
    assert.match(run.errors, /--port|usage/);
  }
});

test('--try plays the users\' own test and stops', async () => {
  const state = path.join(folder, 'try');
  for (let time = 0; time < 2; time++) {
    const [port] = await freePortsInARow(5);
    const run = new Run(['--port', String(port), '--state', state, '--try']);
    assert.equal(await run.ends(state), 0, run.output + run.errors);
    assert.match(run.output, /A +< call:rejected .*"callId":"CALL_17637599232099".*"reason":"User declined"/);
    assert.match(run.output, /B\/tablet +< call:ended .*"cause":"declined_elsewhere"/);
    assert.match(run.output, /A knew \d+\.\d+ ms after B declined/);
  }
});

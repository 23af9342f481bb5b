// The Java client of examples/java: compiles it, runs its own tests, and plays devices with it.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { EventQueue } from './queue.mjs';
import { within } from './wait.mjs';

const run = promisify(execFile);
export const EXAMPLE = fileURLToPath(new URL('../../../examples/java/', import.meta.url));
const JARS = ['okhttp', 'okio', 'gson'].map((name) => `/usr/share/java/${name}.jar`);
// Android has what Java 8 has.
const RELEASE = '8';
// These programs are over before a better compiler is worth its while.
const QUICK = ['-XX:TieredStopAtLevel=1', '-Xshare:auto'];

/** The sources in these folders of the example. */
export function javaFiles(...folders) {
  const namesIn = (folder) => fs.readdirSync(folder, { recursive: true }).map((name) => path.join(folder, name));
  return folders.flatMap((folder) => namesIn(path.join(EXAMPLE, folder))).filter((name) => name.endsWith('.java')).sort();
}

/** A folder of classes. */
export class Classes {
  static async compile(sources, { more = [] } = {}) {
    const self = new Classes();
    self.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'call-java-'));
    self.path = [self.folder, ...more, ...JARS].join(':');
    try {
      await run('javac', ['--release', RELEASE, '-Xlint:all,-options', '-Werror', '-cp', self.path, '-d', self.folder,
        ...sources]);
    } catch (error) {
      self.remove();
      throw error;
    }
    return self;
  }

  /** Starts a program; resolves at once with its process. */
  start(name, ...args) {
    return spawn('java', [...QUICK, '-cp', this.path, name, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  }

  /** Runs a program to its end; resolves with { status, output }. */
  async run(name) {
    const done = await run('java', [...QUICK, '-cp', this.path, name]).catch((error) => error);
    return { status: done.code ?? 0, output: done.stdout };
  }

  remove() {
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The cases in the output of a program that prints TAP: { title, fault }. */
export function casesOf(output) {
  const cases = [];
  for (const line of output.split('\n')) {
    const [, not, title] = line.match(/^(not )?ok \d+ - (.*)$/) ?? [];
    if (title)
      cases.push({ title, fault: not ? '' : undefined });
    else if (line.startsWith('#') && cases.length > 0)
      cases.at(-1).fault += `${line.slice(2)}\n`;
  }
  const [, planned] = output.match(/^1\.\.(\d+)$/m) ?? [];
  assert.equal(cases.length, Number(planned), `as many cases as planned:\n${output}`);
  return cases;
}

/** One process with as many devices as a test wants. */
export class Agent {
  #process;
  #answers = new Map();
  #devices = new Map();
  #count = 0;

  constructor(classes) {
    this.#process = classes.start('januscall.Agent');
    this.exited = new Promise((resolve) => { this.#process.once('exit', resolve); });
    readline.createInterface({ input: this.#process.stdout }).on('line', (line) => this.#received(JSON.parse(line)));
  }

  #received(line) {
    if (line.device)
      this.#devices.get(line.device).heard(line);
    else
      this.#answers.get(line.n)(line);
  }

  device(name) {
    const device = new JavaDevice(this, `${name}-${++this.#count}`);
    this.#devices.set(device.name, device);
    return device;
  }

  /** Sends a command; resolves with the reply of the server, or of the client in its place. */
  async ask(command) {
    const n = ++this.#count;
    const answered = new Promise((resolve) => { this.#answers.set(n, resolve); });
    this.#process.stdin.write(`${JSON.stringify({ n, ...command })}\n`);
    const { reply, fault } = await answered;
    assert.equal(fault, undefined);
    return reply;
  }

  async close() {
    this.#process.stdin.end();
    await this.exited;
  }
}

/** A device with the Java client. What its listener hears is in `events`, but for the connection's `state`. */
export class JavaDevice {
  state = 'STOPPED';

  constructor(agent, name) {
    this.agent = agent;
    this.name = name;
    this.events = new EventQueue(name);
  }

  heard(line) {
    if (line.event === 'state')
      this.state = line.state;
    else
      this.events.push(line);
  }

  /** Starts the client; resolves when it is registered. `more` are fields of its configuration. */
  async open(url, userId, deviceId, more = {}) {
    this.userId = userId;
    this.deviceId = deviceId;
    await this.do('open', { url, userId, deviceId, firstPauseMs: 50, longestPauseMs: 200, ...more });
    await this.registered();
    return this;
  }

  /** Waits until the client is registered once more. */
  async registered() {
    return (await this.next('registered')).reply;
  }

  do(what, fields = {}) {
    return this.agent.ask({ device: this.name, do: what, ...fields });
  }

  /** The same, of which the test expects success. */
  async ask(what, fields) {
    const reply = await within(this.do(what, fields), `${this.name}: ${what}`);
    assert.equal(reply.call, 'success', `${this.name} ${what}: ${JSON.stringify(reply)}`);
    return reply;
  }

  next(what, timeoutMs) {
    return this.events.next(what, timeoutMs);
  }

  /** Asserts that nothing was heard but what the test took. */
  async nothingMore() {
    for (let round = 0; round < 2; round++)
      await this.do('request', { request: 'call:get', fields: { callId: 'settle' } });
    assert.deepEqual(this.events.pending(), [], `${this.name} heard more than expected`);
  }
}

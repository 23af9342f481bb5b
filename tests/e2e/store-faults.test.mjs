// The store fails under a running Janus: calls go on as ever and replies say so; when it is well again all records are
// there, in order (docs/protocol.md, section 1). A store that cannot be used at the start: the plugin does not load.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';

import { Holder, filesOf, halfWritten, rows } from './lib/database.mjs';
import { startJanus } from './lib/janus.mjs';
import { Pair } from './lib/pair.mjs';
import { pause, until } from './lib/wait.mjs';

const LOCKED_MS = Number(process.env.E2E_LOCKED_MS ?? 10_000);
const USUAL_MS = 1000; // whatever happens is heard within this
const PAIRS = 5;
const BETWEEN_MS = 50; // of one pair's calls: about 100 calls a second in all

const isRoot = process.getuid() === 0;

/* --- calls that go on, whatever the store does --- */

/** A caller and a callee who call without end, in every way that a call can go, and note what they hear and when. */
class CallingPair extends Pair {
  calls = []; // { callId, replies, status, rev }
  slowest = 0;

  /** Whoever is to hear of a request hears of it in time. The reply, the event. */
  async #heard(call, by, request, fields, other, event) {
    const from = performance.now();
    const heard = other.next({ event }, 5000).then((message) => ({ message, ms: performance.now() - from }));
    const [reply, { message, ms }] = await Promise.all([by.ask(request, { callId: call.callId, ...fields }), heard]);
    assert.ok(ms <= USUAL_MS, `${event} came after ${ms.toFixed(0)} ms`);
    assert.ok(performance.now() - from <= USUAL_MS, `${request} was answered after ${(performance.now() - from).toFixed(0)} ms`);
    this.slowest = Math.max(this.slowest, ms);
    call.callId ??= reply.callId;
    assert.equal(message.callId, call.callId, `${other.name} hears of its calls in order`);
    assert.equal(message.rev, reply.rev);
    Object.assign(call, { status: reply.status, rev: reply.rev });
    call.replies.push(reply.durable !== false);
    return reply;
  }

  /** One call: rung and rejected, cancelled, or answered and ended. */
  async call() {
    const { caller, callee } = this;
    const n = this.calls.length;
    const call = { replies: [], callerId: caller.userId };
    this.calls.push(call);
    if (n % 2)
      call.callId = `${caller.userId}_${n}_${Date.now()}`;
    await this.#heard(call, caller, 'call:initiate', { calleeId: callee.userId }, callee, 'call:incoming');
    if (n % 3 === 0) {
      await this.#heard(call, callee, 'call:reject', { reason: 'Not now' }, caller, 'call:rejected');
    } else if (n % 3 === 1) {
      await this.#heard(call, caller, 'call:end', {}, callee, 'call:ended');
    } else {
      await this.#heard(call, callee, 'call:accept', {}, caller, 'call:accepted');
      await this.#heard(call, caller, 'call:end', {}, callee, 'call:ended');
    }
    return call;
  }

  /** Calls and calls until told to stop. */
  async keepCalling(state) {
    while (!state.isStopping) {
      await this.call();
      await pause(BETWEEN_MS);
    }
  }
}

/** Pairs on a Janus of its own, with a database where the test says. */
class Load {
  static async start(options) {
    const self = new Load();
    self.janus = await startJanus({ plugin: { general: { log_calls: false }, ...options.plugin }, ...options });
    self.database = options.plugin?.store?.path ?? path.join(self.janus.dir, 'calls.sqlite');
    await self.open();
    return self;
  }

  async open() {
    this.pairs = await Promise.all(Array.from({ length: PAIRS }, (_, n) => new CallingPair(this.janus, n).open()));
    this.state = { isStopping: false };
    this.running = Promise.all(this.pairs.map((pair) => pair.keepCalling(this.state)));
    this.running.catch((error) => { this.error = error; });
  }

  /** Stops calling; whatever went wrong until then is thrown. */
  async rest() {
    this.state.isStopping = true;
    await this.running;
    for (const { caller, callee } of this.pairs) {
      await caller.nothingMore();
      await callee.nothingMore();
    }
  }

  async end() {
    this.state.isStopping = true;
    await this.running.catch(() => {});
    await this.janus.end();
    this.janus.remove();
  }

  get calls() {
    return this.pairs.flatMap(({ calls }) => calls);
  }

  #count(isDurable) {
    return this.calls.flatMap(({ replies }) => replies).filter((durable) => durable === isDurable).length;
  }

  /** How many replies were confirmations, how many said durable:false. */
  get replies() {
    return { durable: this.#count(true), 'not durable': this.#count(false), calls: this.calls.length };
  }

  /** Resolves when `more` calls were made from now on. */
  async moreCalls(more) {
    const from = this.calls.length;
    await until(() => this.error || this.calls.length >= from + more, `${more} more calls`, 20_000);
    if (this.error)
      throw this.error;
  }

  /** Resolves when replies say durable:false, or do no longer. */
  async until(isDurable, limitMs = 10_000) {
    const newest = () => this.pairs.map(({ calls }) => calls.at(-2)?.replies.at(-1));
    await until(() => this.error || newest().every((durable) => durable === isDurable),
      `replies say ${isDurable ? 'no longer ' : ''}durable:false`, limitMs);
    if (this.error)
      throw this.error;
  }

  /** Every call is stored as its people know it, whole, and in the order in which they made them. */
  async checkStored() {
    const stored = await rows(this.database, 'SELECT call_id, caller_id, status, rev FROM calls ORDER BY id');
    const known = new Map(stored.map((row) => [row.call_id, row]));
    for (const { callId, status, rev } of this.calls)
      assert.deepEqual([callId, known.get(callId)?.status, known.get(callId)?.rev], [callId, status, rev]);
    for (const { caller, calls } of this.pairs) {
      const own = stored.filter((row) => row.caller_id === caller.userId).map((row) => row.call_id);
      const made = calls.map(({ callId }) => callId);
      assert.deepEqual(own.filter((id) => made.includes(id)), made, 'in the order of the calls');
    }
    assert.deepEqual(await halfWritten(this.database), []);
  }

  report(what) {
    const slowest = Math.max(...this.pairs.map((pair) => pair.slowest));
    console.log(`store-faults: ${what}: ${JSON.stringify(this.replies)}, the slowest event after ${slowest.toFixed(0)} ms`);
  }
}

/** Runs a test under load and sees that nothing is left of it. */
async function underLoad(options, run) {
  const load = await Load.start(options);
  try {
    await load.until(true);
    await run(load);
    await Promise.all(load.pairs.map((pair) => pair.close()));
    await load.janus.stop({ keep: true });
  } finally {
    await load.end();
  }
}

/** What the log says when it begins and when it is over. */
const ILL = /The store does not take records \(.+\): calls go on, replies say durable:false/;
const WELL = /The store is well again; [0-9]+ records follow/;

async function isOver(load, what) {
  await load.until(true);
  await load.moreCalls(20);
  await load.rest();
  load.report(what);
  await load.janus.logged(WELL);
  await load.checkStored();
}

test(`the database is locked by another process for ${LOCKED_MS} ms`, () =>
  underLoad({}, async (load) => {
    const holder = await Holder.hold(load.database, 'EXCLUSIVE');
    const from = performance.now();
    await load.until(false);
    const [{ before }] = await rows(load.database, 'SELECT count(*) AS before FROM calls');
    await load.moreCalls(20);
    await load.janus.logged(ILL);
    // The lock is the fault, and its length what is asked for.
    await pause(LOCKED_MS - (performance.now() - from));
    const [{ during }] = await rows(load.database, 'SELECT count(*) AS during FROM calls');
    assert.equal(during, before, 'nothing was written meanwhile');
    await load.until(false, 1000);
    await holder.release();
    await isOver(load, 'locked');
  }));

/* --- a disk that is full --- */

/** A Janus that outlives the signal of the size limit, as one does whose service says so. */
function janusIgnoringSizeSignal(t) {
  const folder = fs.mkdtempSync(path.join(process.env.TMPDIR ?? '/tmp', 'call-e2e-bin-'));
  const real = execFileSync('sh', ['-c', 'command -v janus'], { encoding: 'utf8' }).trim();
  fs.writeFileSync(path.join(folder, 'janus'), `#!/bin/sh\nexec env --ignore-signal=XFSZ ${real} "$@"\n`, { mode: 0o755 });
  const before = process.env.PATH;
  process.env.PATH = `${folder}:${before}`;
  t.after(() => {
    process.env.PATH = before;
    fs.rmSync(folder, { recursive: true });
  });
}

const limitFileSize = (janus, size) =>
  execFileSync('prlimit', ['--pid', String(janus.pid), `--fsize=${size}:unlimited`]);

test('no file may grow any more', async (t) => {
  janusIgnoringSizeSignal(t);
  await underLoad({}, async (load) => {
    limitFileSize(load.janus, Math.max(...filesOf(load.database).slice(0, 2).map((file) => fs.statSync(file).size)) + 1000);
    await load.until(false);
    await load.janus.logged(ILL);
    await load.moreCalls(100);
    limitFileSize(load.janus, 'unlimited');
    await isOver(load, 'a size limit');
  });
});

/** A small file system of memory, for the test's time; needs root, and a machine that lets root do it. */
function smallDisk(t) {
  const folder = fs.mkdtempSync(path.join(process.env.TMPDIR ?? '/tmp', 'call-e2e-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'pipe' });
  } catch {
    fs.rmdirSync(folder);
    return undefined;
  }
  t.after(() => {
    execFileSync('umount', [folder]);
    fs.rmdirSync(folder);
  });
  return folder;
}

function fill(file) {
  const fd = fs.openSync(file, 'w');
  try {
    for (;;)
      fs.writeSync(fd, Buffer.alloc(4096));
  } catch (error) {
    assert.equal(error.code, 'ENOSPC');
  } finally {
    fs.closeSync(fd);
  }
}

test('the disk is full', async (t) => {
  const disk = smallDisk(t);
  if (!disk) {
    t.skip('a file system of memory cannot be mounted here');
    return;
  }
  await underLoad({ plugin: { store: { path: path.join(disk, 'calls.sqlite') } } }, async (load) => {
    fill(path.join(disk, 'filler'));
    await load.until(false);
    await load.janus.logged(ILL);
    await load.moreCalls(100);
    fs.rmSync(path.join(disk, 'filler'));
    await isOver(load, 'a full disk');
  });
});

/* --- a file that goes away --- */

const move = (from, to) =>
  filesOf(from).forEach((file, n) => fs.existsSync(file) && fs.renameSync(file, filesOf(to)[n]));

describe('the file, while Janus runs,', () => {
  test('is moved away and comes back', () =>
    underLoad({}, async (load) => {
      move(load.database, `${load.database}.away`);
      await load.until(false);
      assert.match(await load.janus.logged(ILL), /was removed or replaced while it is in use/);
      await load.moreCalls(100);
      move(`${load.database}.away`, load.database);
      await isOver(load, 'moved away');
    }));

  test('is removed: a restart makes a new one', () =>
    underLoad({}, async (load) => {
      filesOf(load.database).forEach((file) => fs.rmSync(file, { force: true }));
      await load.until(false);
      assert.match(await load.janus.logged(ILL), /was removed or replaced while it is in use/);
      await load.moreCalls(100);
      await load.rest();
      load.report('removed');
      await Promise.all(load.pairs.map((pair) => pair.close()));
      await load.janus.stop({ keep: true });
      assert.match(load.janus.log(), /[0-9]+ records could not be written before the end/);
      await load.janus.restart();
      await load.open();
      await load.until(true);
      await load.rest();
      await load.checkStored();
    }));
});

/* --- a store that cannot be used at the start --- */

describe('at the start', () => {
  /** Root may do anything; take that away from it, so that it sees what Janus's own user would. */
  function janusWithoutPrivileges(t) {
    if (!isRoot)
      return;
    const folder = fs.mkdtempSync(path.join(process.env.TMPDIR ?? '/tmp', 'call-e2e-bin-'));
    const real = execFileSync('sh', ['-c', 'command -v janus'], { encoding: 'utf8' }).trim();
    const less = '-dac_override,-dac_read_search,-fowner,-chown';
    fs.writeFileSync(path.join(folder, 'janus'),
      `#!/bin/sh\nexec setpriv --bounding-set=${less} --inh-caps=${less} ${real} "$@"\n`, { mode: 0o755 });
    const before = process.env.PATH;
    process.env.PATH = `${folder}:${before}`;
    t.after(() => {
      process.env.PATH = before;
      fs.rmSync(folder, { recursive: true });
    });
  }

  const newDatabase = (file, sql) => execFileSync('sqlite3', [file, sql]);

  const cases = {
    'the file is not readable': {
      // A folder that may not be entered hides it from its owner; another's file stays another's.
      prepare(file) {
        newDatabase(file, 'CREATE TABLE x (y)');
        fs.chmodSync(isRoot ? file : path.dirname(file), isRoot ? 0o600 : 0);
        if (isRoot)
          fs.chownSync(file, 65534, 65534);
      },
      says: /calls\.sqlite.*[Pp]ermission denied/,
    },
    'the file is not a database': {
      prepare: (file) => fs.writeFileSync(file, 'this is a letter to my mother, and no database\n'.repeat(50)),
      says: /calls\.sqlite: file is not a database/,
    },
    'the database is of something else': {
      prepare: (file) => newDatabase(file, 'CREATE TABLE mail (id)'),
      says: /calls\.sqlite: is a database of something else/,
    },
    'the database is of a newer version': {
      prepare: (file) => newDatabase(file, 'PRAGMA application_id = 1245929836; PRAGMA user_version = 1000000'),
      says: /calls\.sqlite: was made by a newer version of the plugin/,
    },
    'there is a folder in its place': {
      prepare: (file) => fs.mkdirSync(file),
      says: /calls\.sqlite: is not a file/,
    },
    'its folder may not be written': {
      prepare: (file) => fs.chmodSync(path.dirname(file), 0o500),
      says: /calls\.sqlite: cannot be made: Permission denied/,
    },
    'its folder cannot be made': {
      prepare(file) {
        fs.rmdirSync(path.dirname(file));
        fs.writeFileSync(path.dirname(file), 'a file');
      },
      says: /calls\.sqlite: cannot be made: Not a directory/,
    },
  };

  for (const [name, { prepare, says }] of Object.entries(cases)) {
    test(name, async (t) => {
      janusWithoutPrivileges(t);
      const dir = fs.mkdtempSync(path.join(process.env.TMPDIR ?? '/tmp', 'call-e2e-start-'));
      const folder = path.join(dir, 'store');
      fs.mkdirSync(folder);
      prepare(path.join(folder, 'calls.sqlite'));
      const janus = await startJanus({ dir, mayRefuse: true, plugin: { store: { path: path.join(folder, 'calls.sqlite') } } });
      try {
        const line = await janus.logged(/The store cannot be used, so the plugin does not load/);
        assert.match(line, says);
        const { plugins } = await fetch(`${janus.httpUrl}/info`).then((response) => response.json());
        assert.equal(plugins['janus.plugin.call'], undefined, 'it is not loaded');
        await janus.stop();
      } finally {
        await janus.end();
        if (fs.statSync(folder).isDirectory())
          fs.chmodSync(folder, 0o700);
        janus.remove();
      }
    });
  }
});

// Starts and stops a Janus of the machine for a test: on free ports of 127.0.0.1, with a configuration of its own
// in a temporary folder.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { jcfg } from './jcfg.mjs';
import { freePortsInARow } from './ports.mjs';
import { pause, until } from './wait.mjs';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PLUGIN_FILE = 'libjanus_call.so';
const START_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 10_000;
const ATTEMPTS = 5;

/** What must never be in the log or on the standard error of a Janus, however it was used. */
const CRASH = /segmentation fault|addresssanitizer|threadsanitizer|undefinedbehavior|runtime error:|-critical \*\*|assertion .*failed|double free|corrupted|stack smashing/i;

/** Janus 1.1.2's own, while it ends under load: it frees its pool of tasks and its sessions while its threads still use them. */
const KNOWN_AT_THE_END = /^.*GLib-CRITICAL.*(g_thread_pool_push: .*'real->running'|g_hash_table_lookup: .*'hash_table != NULL').*$/gm;

const running = new Set();
process.on('exit', () => running.forEach((janus) => janus.killNow()));

function firstExisting(what, candidates) {
  const found = candidates.filter(Boolean).find((file) => fs.existsSync(file));
  assert.ok(found, `${what} not found; looked at ${candidates.filter(Boolean).join(', ')}`);
  return found;
}

export function pluginPath() {
  const folders = ['build/.libs', 'build/plugins/.libs'];
  return firstExisting('the plugin (build it, or set CALL_PLUGIN)',
    [process.env.CALL_PLUGIN, ...folders.map((folder) => path.join(ROOT, folder, PLUGIN_FILE))]);
}

function janusLibraries() {
  const multiarch = fs.readdirSync('/usr/lib').filter((name) => name.endsWith('-linux-gnu'));
  return firstExisting('the folder of Janus\'s modules',
    [process.env.JANUS_LIBDIR, ...multiarch.map((name) => `/usr/lib/${name}/janus`), '/opt/janus/lib/janus']);
}

function link(folder, files) {
  fs.mkdirSync(folder, { recursive: true });
  for (const file of files)
    fs.symlinkSync(file, path.join(folder, path.basename(file)));
}

/** The sanitizer's library must come first in the process when the plugin was built with one. */
function environment() {
  const env = { ...process.env };
  if (process.env.CALL_PRELOAD)
    env.LD_PRELOAD = process.env.CALL_PRELOAD;
  return env;
}

class Janus {
  #process;
  #exited;
  #name = `test-${randomUUID()}`;

  /** See startJanus(). */
  constructor({ plugin = {}, janus = {}, dir, plugins, beside = {}, eventsTo, mayRefuse = false }) {
    this.pluginConfig = plugin;
    this.janusConfig = janus;
    this.pluginFiles = plugins;
    this.beside = beside;
    this.eventsTo = eventsTo;
    this.needsPlugin = !plugins && !mayRefuse;
    this.ownsDir = !dir;
    this.dir = dir ?? fs.mkdtempSync(path.join(os.tmpdir(), 'call-e2e-'));
    this.logPath = path.join(this.dir, 'janus.log');
    this.outputPath = path.join(this.dir, 'output.log');
    this.adminSecret = randomUUID();
  }

  #configure([ws, http, admin, listener]) {
    const libraries = janusLibraries();
    const at = (...names) => path.join(this.dir, ...names);
    const write = (name, sections) => fs.writeFileSync(at('conf', name), jcfg(sections));
    fs.rmSync(at('conf'), { recursive: true, force: true });
    fs.rmSync(at('modules'), { recursive: true, force: true });
    fs.mkdirSync(at('conf'));
    link(at('modules/transports'), ['websockets', 'http'].map((name) => `${libraries}/transports/libjanus_${name}.so`));
    const stock = ['echotest', ...Object.keys(this.beside)].map((name) => `${libraries}/plugins/libjanus_${name}.so`);
    link(at('modules/plugins'), [this.pluginFiles ?? pluginPath(), stock].flat());
    for (const [name, sections] of Object.entries(this.beside))
      write(`janus.plugin.${name}.jcfg`, sections);
    write('janus.jcfg', {
      general: {
        configs_folder: at('conf'),
        plugins_folder: at('modules/plugins'),
        transports_folder: at('modules/transports'),
        events_folder: at('modules/events'),
        loggers_folder: at('modules/loggers'),
        log_to_stdout: false,
        log_to_file: this.logPath,
        debug_level: 4,
        debug_colors: false,
        debug_timestamps: true,
        admin_secret: this.adminSecret,
        server_name: this.#name,
        interface: '127.0.0.1',
        session_timeout: 60,
        reclaim_session_timeout: 0,
        event_loops: 8,
        task_pool_size: 16,
        ...this.janusConfig,
      },
      events: { broadcast: this.eventsTo !== undefined },
    });
    if (this.eventsTo) {
      link(at('modules/events'), [`${libraries}/events/libjanus_sampleevh.so`]);
      write('janus.eventhandler.sampleevh.jcfg',
        { general: { enabled: true, events: 'all', grouping: true, json: 'compact', backend: this.eventsTo } });
    }
    write('janus.transport.websockets.jcfg', {
      general: { json: 'compact', ws: true, ws_port: ws, ws_ip: '127.0.0.1', wss: false,
        pingpong_trigger: 15, pingpong_timeout: 10 },
      admin: { admin_ws: false, admin_wss: false },
    });
    write('janus.transport.http.jcfg', {
      general: { json: 'compact', base_path: '/janus', http: true, port: http, ip: '127.0.0.1', https: false },
      admin: { admin_base_path: '/admin', admin_http: true, admin_port: admin, admin_ip: '127.0.0.1',
        admin_https: false },
    });
    write('janus.plugin.call.jcfg', this.#callConfig(listener));
    this.wsUrl = `ws://127.0.0.1:${ws}`;
    this.httpUrl = `http://127.0.0.1:${http}/janus`;
    this.adminUrl = `http://127.0.0.1:${admin}/admin`;
    this.listenerUrl = `${this.pluginConfig.listener?.certificate ? 'wss' : 'ws'}://127.0.0.1:${listener}`;
  }

  #callConfig(listenerPort) {
    const { general, limits, store, listener, ...others } = this.pluginConfig;
    return {
      general: { auth: 'open', reveal_presence: true, log_calls: true, ...general },
      // How often somebody may ask is a test's own matter: most ask as fast as they can.
      limits: { requests_per_second: 0, calls_per_minute: 0, relayed_bytes_per_second: 0, registrations_per_second: 0,
        read_bytes_per_second: 0,
        ...limits },
      store: { type: 'sqlite', path: path.join(this.dir, 'calls.sqlite'), ...store },
      // Off unless a test asks for it: with `listener: {}` too.
      ...(listener && { listener: { enabled: true, port: listenerPort, ...listener } }),
      ...others,
    };
  }

  async start() {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      this.#configure(await freePortsInARow(4));
      this.#spawn();
      if (await this.#answers())
        return this;
      if (!/address already in use|bind|start webserver|creating vhost/i.test(this.log() + this.output()))
        break;
      await this.kill9();
    }
    const text = `${this.output()}\n${this.log()}`;
    await this.kill9();
    throw new Error(`Janus did not start:\n${text}`);
  }

  #spawn() {
    fs.rmSync(this.logPath, { force: true });
    const output = fs.openSync(this.outputPath, 'w');
    // Should this process be killed, the kernel ends its Janus.
    this.#process = spawn('setpriv', ['--pdeathsig', 'KILL', 'janus', '-F', path.join(this.dir, 'conf')],
      { stdio: ['ignore', output, output], env: environment(), cwd: this.dir });
    fs.closeSync(output);
    running.add(this);
    const child = this.#process;
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        running.delete(this);
        resolve({ code, signal });
      });
    });
  }

  /** Waits until this very Janus answers on each of its doors; false if it ended or never did. */
  async #answers() {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (Date.now() < deadline && this.alive) {
      const info = await fetch(`${this.httpUrl}/info`).then((response) => response.json()).catch(() => ({}));
      if (info['server-name'] === this.#name)
        return (!this.needsPlugin || 'janus.plugin.call' in info.plugins) && this.#allDoors();
      await pause(20);
    }
    return false;
  }

  async #allDoors() {
    // A Janus that is told to stop before this thread runs waits for it for ever.
    await this.logged(/HTTP transport timer started/);
    const { port } = new URL(this.wsUrl);
    const socket = net.connect(Number(port), '127.0.0.1');
    const websocket = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    const admin = await this.adminRequest({ janus: 'ping' }).then((reply) => reply.janus === 'pong', () => false);
    return websocket && admin;
  }

  get alive() {
    return running.has(this);
  }

  get pid() {
    return this.#process.pid;
  }

  /** Resolves with { code, signal } when the process has ended. */
  get exited() {
    return this.#exited;
  }

  /** A request to the Admin API itself. */
  async adminRequest(request) {
    const response = await fetch(this.adminUrl, {
      method: 'POST',
      body: JSON.stringify({ transaction: randomUUID(), admin_secret: this.adminSecret, ...request }),
    });
    return response.json();
  }

  /** A request to the plugin's administrative side; resolves with the plugin's answer. */
  async admin(request) {
    const reply = await this.adminRequest({ janus: 'message_plugin', plugin: 'janus.plugin.call', request });
    assert.equal(reply.janus, 'success', JSON.stringify(reply));
    return reply.response;
  }

  log() {
    return fs.existsSync(this.logPath) ? fs.readFileSync(this.logPath, 'utf8') : '';
  }

  output() {
    return fs.existsSync(this.outputPath) ? fs.readFileSync(this.outputPath, 'utf8') : '';
  }

  /** Waits until the log holds a line that matches. */
  async logged(pattern, timeoutMs = 5000) {
    const find = () => this.log().split('\n').find((line) => pattern.test(line));
    await until(find, `a line of the log matches ${pattern}`, timeoutMs).catch((error) => {
      error.message += `:\n${this.log()}`;
      throw error;
    });
    return find();
  }

  /** Nothing in what Janus wrote tells of a crash; `except` is forgiven. */
  assertNoCrash(except = /$^/) {
    for (const text of [this.log(), this.output().replace(except, '')]) {
      const at = text.search(CRASH);
      assert.equal(at, -1, `in Janus's log: ${text.slice(Math.max(0, at - 200), at + 3000)}`);
    }
  }

  /** Stops Janus as an operator does, and asserts that it went well. Resolves with how long it took, in ms. */
  async stop({ withinMs = STOP_TIMEOUT_MS, keep = !this.ownsDir } = {}) {
    this.assertNoCrash();
    const asked = performance.now();
    if (this.alive)
      this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.killNow(), withinMs);
    const { code, signal } = await this.#exited;
    clearTimeout(timer);
    const took = performance.now() - asked;
    assert.deepEqual({ code, signal }, { code: 0, signal: null },
      `Janus ended with ${signal ?? code} after ${took.toFixed(0)} ms:\n${this.output()}\n${this.log().slice(-3000)}`);
    this.assertNoCrash(KNOWN_AT_THE_END);
    if (!keep)
      this.remove();
    return took;
  }

  killNow() {
    this.#process.kill('SIGKILL');
  }

  /** Ends Janus as a power cut would. */
  async kill9() {
    this.killNow();
    await this.#exited;
  }

  /** Sees to it that nothing runs any more, whatever happened before. */
  async end() {
    if (this.alive)
      await this.kill9();
  }

  /** Starts the same Janus again, with the same store; the ports are new. */
  restart() {
    assert.ok(!this.alive);
    return this.start();
  }

  remove() {
    fs.rmSync(this.dir, { recursive: true, force: true });
  }
}

/**
 * Starts a Janus and resolves with it when it answers.
 *   plugin    sections of janus.plugin.call.jcfg, over the harness's own
 *   janus     keys of `general` in janus.jcfg
 *   dir       a folder to use instead of a temporary one
 *   plugins   files to load instead of ours
 *   beside     plugins of Janus's own to load too: { name: sections of its .jcfg }
 *   mayRefuse  it is fine if our plugin does not load
 */
export function startJanus(options = {}) {
  return new Janus(options).start();
}

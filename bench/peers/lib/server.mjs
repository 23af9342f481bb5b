// A server that is started for a benchmark: on one core, with as many open files as the machine allows, in a folder of its own,
// and never left behind.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

import { pause } from '../../../tests/e2e/lib/wait.mjs';

const START_MS = 20_000;
const STOP_MS = 5_000;

const running = new Set();
process.on('exit', () => running.forEach((server) => server.kill('SIGKILL')));

/** A folder that is gone when the server is. */
export function makeFolder(name) {
  return fs.mkdtempSync(path.join(os.tmpdir(), `call-bench-${name}-`));
}

export class Server {
  #child;
  #exited;

  /** `core`: where it runs; undefined: anywhere. `output` is a file of the folder. */
  constructor({ command, core, folder, env = {} }) {
    this.folder = folder;
    this.outputPath = path.join(folder, 'output.log');
    const output = fs.openSync(this.outputPath, 'w');
    // The shell raises the limit and becomes the server; should this process be killed, the kernel ends it.
    const pin = core === undefined ? '' : `taskset -c ${core} `;
    this.#child = spawn('setpriv', ['--pdeathsig', 'KILL', 'bash', '-c', `ulimit -n "$(ulimit -Hn)"; exec ${pin}"$@"`, 'bash', ...command],
      { stdio: ['ignore', output, output], cwd: folder, env: { ...process.env, ...env } });
    fs.closeSync(output);
    running.add(this);
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        running.delete(this);
        this.status = signal ?? code;
        resolve();
      });
    });
  }

  get pid() {
    return this.#child.pid;
  }

  get alive() {
    return running.has(this);
  }

  output() {
    return fs.readFileSync(this.outputPath, 'utf8');
  }

  kill(signal) {
    this.#child.kill(signal);
  }

  /** Waits until `condition` (may be asynchronous) says something true, and returns that. */
  async until(condition) {
    const deadline = Date.now() + START_MS;
    for (;;) {
      const found = await condition();
      if (found)
        return found;
      if (!this.alive || Date.now() > deadline) {
        const output = this.output().slice(-2000);
        await this.stop();
        throw new Error(`the server did not start (${this.status}):\n${output}`);
      }
      await pause(20);
    }
  }

  async stop({ keep = false } = {}) {
    if (this.alive)
      this.kill('SIGTERM');
    const timer = setTimeout(() => this.kill('SIGKILL'), STOP_MS);
    await this.#exited;
    clearTimeout(timer);
    if (!keep)
      fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Whether somebody accepts connections there. */
export function accepts(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => { socket.destroy(); resolve(true); });
    socket.once('error', () => resolve(false));
  });
}

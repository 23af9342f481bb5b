// Starts and stops the users' present server, as it was rebuilt in tests/users-server, in a process of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { within } from './wait.mjs';

const FOLDER = fileURLToPath(new URL('../../users-server', import.meta.url));

/** Whether the SQLite of Node was built here; it is optional. */
export const hasSqlite = fs.existsSync(path.join(FOLDER, 'node_modules/better-sqlite3/build/Release'));

class UsersServer {
  async start({ ringMs, store }) {
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'users-server-'));
    // Should this process be killed, the kernel ends the server.
    this.child = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, path.join(FOLDER, 'server.mjs'),
      '--ring-ms', ringMs, '--store', store, '--path', path.join(this.dir, 'calls.sqlite'), '--log'],
    { stdio: ['ignore', 'pipe', 'inherit'] });
    this.output = '';
    this.child.stdout.setEncoding('utf8').on('data', (text) => { this.output += text; });
    await within(this.#listens(), 'the users\' server listens');
    this.address = `http://${this.output.match(/listening on (\S+)/)[1]}`;
    return this;
  }

  async #listens() {
    while (!/listening on \S+\n/.test(this.output))
      await once(this.child.stdout, 'data');
  }

  async stop() {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const [code] = await within(ended, 'the users\' server ends');
    fs.rmSync(this.dir, { recursive: true, force: true });
    return code;
  }
}

/** `store` is "memory" or "sqlite". Resolves with the server, which has an `address`, when it listens. */
export function startUsersServer({ ringMs = 45_000, store = 'memory' } = {}) {
  return new UsersServer().start({ ringMs, store });
}

// The users' present server, rebuilt from their document: Node, Socket.IO, calls in SQLite or in a Map.
import fs from 'node:fs';
import path from 'node:path';

import { freePortsInARow } from '../../tests/e2e/lib/ports.mjs';
import { ROOT } from './lib/built.mjs';
import { Server, accepts, makeFolder } from './lib/server.mjs';

const folder = path.join(ROOT, 'tests/users-server');
const program = path.join(folder, 'server.mjs');

const peer = (store, needed) => ({
  dialect: 'socketio',
  what: `the users' server (Node, Socket.IO), calls in ${store === 'memory' ? 'memory' : 'SQLite'}`,
  isThere: () => needed.every((name) => fs.existsSync(path.join(folder, 'node_modules', name))),
  async start({ core } = {}) {
    const [port] = await freePortsInARow(1);
    const home = makeFolder('users-server');
    const server = new Server({
      command: [process.execPath, program, '--port', String(port), '--store', store, '--path', path.join(home, 'calls.sqlite')],
      core, folder: home, env: { NODE_ENV: 'production' },
    });
    await server.until(() => accepts(port));
    return { pid: server.pid, port, stop: () => server.stop() };
  },
});

export const usersServer = peer('sqlite', ['socket.io', 'better-sqlite3']);
export const usersServerMemory = peer('memory', ['socket.io']);

// The least that a server can be: names and sockets (bench/relay.c), on the event library of our listener.
import { freePortsInARow } from '../../tests/e2e/lib/ports.mjs';
import { built, isBuilt } from './lib/built.mjs';
import { Server, accepts, makeFolder } from './lib/server.mjs';

export const relay = {
  dialect: 'relay',
  what: 'a bare relay on libwebsockets',
  isThere: () => isBuilt('bench/relay'),
  async start({ core } = {}) {
    const [port] = await freePortsInARow(1);
    const server = new Server({ command: [built('bench/relay'), '--port', String(port)], core, folder: makeFolder('relay') });
    await server.until(() => accepts(port));
    return { pid: server.pid, port, stop: () => server.stop() };
  },
};

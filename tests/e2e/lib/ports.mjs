// Free ports of 127.0.0.1, below those that the system hands out itself, so that no client's connection sits on them.
import net from 'node:net';

const FIRST = 20_000;
const LAST = 32_000;

function isFree(port) {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/** So many ports that follow each other. */
export async function freePortsInARow(count) {
  for (;;) {
    const first = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    const ports = Array.from({ length: count }, (_, n) => first + n);
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean))
      return ports;
  }
}

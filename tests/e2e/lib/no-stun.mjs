// A STUN server on 127.0.0.1 that refuses at once. `werift` asks one in the Internet when it is told of none, and waits for it.
import dgram from 'node:dgram';
import { once } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';

// It also leaves a socket open now and then, which must not keep a test's process from ending.
const { createSocket } = dgram;
dgram.createSocket = (...options) => createSocket(...options).unref();
syncBuiltinESMExports();

const BINDING_ERROR = 0x0111;
const ERROR_CODE = Buffer.from([0, 9, 0, 4, 0, 0, 4, 0]);

async function start() {
  const socket = dgram.createSocket('udp4');
  socket.on('message', (request, { port, address }) => {
    const header = Buffer.from(request.subarray(0, 20));
    header.writeUInt16BE(BINDING_ERROR, 0);
    header.writeUInt16BE(ERROR_CODE.length, 2);
    socket.send(Buffer.concat([header, ERROR_CODE]), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return `stun:127.0.0.1:${socket.address().port}`;
}

export const noStun = await start();

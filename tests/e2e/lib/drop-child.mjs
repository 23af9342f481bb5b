// A process that holds many sockets of call.v1, each pair of users in a call, until it is killed: { url, sockets, round } as
// its argument. Says 'ready'.
import { once } from 'node:events';
import WebSocket from 'ws';

const { url, sockets, round } = JSON.parse(process.argv[2]);
const AT_ONCE = 50;
const nameOf = (number) => `drop-${round}-${number}`;

async function open(userId) {
  const socket = new WebSocket(url, 'call.v1', { perMessageDeflate: false });
  await once(socket, 'open');
  socket.once('close', (code) => {
    process.send(`the socket of ${userId} was closed: ${code}`);
    process.exit(1);
  });
  const ask = async (body) => {
    socket.send(JSON.stringify(body));
    for (;;) {
      const [data] = await once(socket, 'message');
      const message = JSON.parse(data);
      if (message.request === body.request)
        return message;
    }
  };
  await ask({ request: 'call:register', userId, deviceId: 'd' });
  return ask;
}

async function openPair(number) {
  const [caller, callee] = [await open(nameOf(2 * number)), await open(nameOf(2 * number + 1))];
  const { callId } = await caller({ request: 'call:initiate', calleeId: nameOf(2 * number + 1) });
  const { status } = await callee({ request: 'call:accept', callId });
  if (status !== 'accepted')
    throw new Error(`pair ${number} is ${status}`);
}

let next = 0;
await Promise.all(Array.from({ length: AT_ONCE }, async () => {
  while (next < sockets / 2)
    await openPair(next++);
}));
process.send('ready');
setInterval(() => {}, 1000);

// A thread that sends requests without waiting for answers, from a client of its own: { url, userId, perSecond }. Says 'begun', and when
// it is told to stop, what the answers were.
import { parentPort, workerData } from 'node:worker_threads';

import { HostileSocket } from './hostile.mjs';
import { pause } from './wait.mjs';

const { url, userId, perSecond } = workerData;
const eve = await (await HostileSocket.open(url)).attach();
await eve.message({ request: 'call:register', userId, deviceId: 'flood' });
const request = JSON.stringify({ janus: 'message', transaction: 'flood', session_id: eve.session, handle_id: eve.handle,
  body: { request: 'call:get', callId: 'CALL_flood' } });

let isOver = false;
parentPort.once('message', () => { isOver = true; });
parentPort.postMessage('begun');
const began = performance.now();
for (let sent = 0; !isOver;) {
  for (; sent < (performance.now() - began) / 1000 * perSecond; sent++)
    eve.sendBytes(request);
  await pause(1);
}
await eve.message({ request: 'call:get', callId: 'CALL_last' });
const answers = eve.messages.filter(({ transaction }) => transaction === 'flood').map(({ plugindata }) => plugindata.data);
const refused = answers.filter(({ code }) => code === 'rate_limited');
parentPort.postMessage({ answered: answers.length - refused.length, refused: refused.length,
  least: Math.min(...refused.map(({ retryAfterMs }) => retryAfterMs)) });
eve.close();

// What a relayed packet costs, beside Janus's own VideoCall in the same process: CPU time of Janus per packet, and the time from
// the accept to the first packet that arrives. By hand, after `npm ci` in tests/e2e: node bench/relay.mjs [ROUNDS [PACKETS]]
import fs from 'node:fs';

import { HostileSocket } from '../tests/e2e/lib/hostile.mjs';
import { startJanus } from '../tests/e2e/lib/janus.mjs';
import { quantile } from '../tests/e2e/lib/measure.mjs';
import { MediaPeer } from '../tests/e2e/lib/media-peer.mjs';
import { ring, Scene } from '../tests/e2e/lib/scene.mjs';
import { pause, until } from '../tests/e2e/lib/wait.mjs';

const ROUNDS = Number(process.argv[2] ?? 5);
const PACKETS = Number(process.argv[3] ?? 10_000);
const BURST = 10;

const world = new Scene();
world.janus = await startJanus({ beside: { videocall: {} }, plugin: { general: { log_calls: false } } });
const { caller, callee } = await world.pair();

/** CPU time of Janus so far, in ns. */
function cpuNs() {
  const folder = `/proc/${world.janus.pid}/task`;
  return fs.readdirSync(folder).map((task) => Number(fs.readFileSync(`${folder}/${task}/schedstat`, 'utf8').split(' ')[0]))
    .reduce((sum, ns) => sum + ns, 0);
}

async function ourCall() {
  const callId = await ring(caller, [callee], { mode: 'relay' });
  const began = performance.now();
  const { join: theirJoin } = await callee.ask('call:accept', { callId });
  const { join: ourJoin } = await caller.next('call:accepted');
  const theirs = await MediaPeer.attach(world.janus, { name: 'callee' });
  const ours = await MediaPeer.attach(world.janus, { name: 'caller' });
  await theirs.join(callId, theirJoin.token, { withOffer: true });
  await ours.join(callId, ourJoin.token);
  const end = async () => {
    await caller.ask('call:end', { callId });
    await callee.next('call:ended');
  };
  return { ours, theirs, began, end };
}

/** A MediaPeer whose handle is one of VideoCall's. */
async function videoCallPeer(name) {
  const peer = await MediaPeer.attach(world.janus, { name });
  const { socket } = peer;
  socket.handle = (await socket.send({ janus: 'attach', session_id: socket.session, plugin: 'janus.plugin.videocall' })).data.id;
  await socket.message({ request: 'register', username: name });
  return peer;
}

const described = (peer, event) => peer.socket.messages.find(({ plugindata, jsep }) => jsep && plugindata.data.result?.event === event);

async function itsCall(n) {
  const ours = await videoCallPeer(`caller-${n}`);
  const theirs = await videoCallPeer(`callee-${n}`);
  await ours.ask({ request: 'call', username: theirs.name }, await ours.offer());
  await until(() => described(theirs, 'incomingcall'), 'it rings');
  const began = performance.now();
  await theirs.pc.setRemoteDescription(described(theirs, 'incomingcall').jsep);
  await theirs.pc.setLocalDescription(await theirs.pc.createAnswer());
  await theirs.ask({ request: 'accept' }, theirs.pc.localDescription);
  await until(() => described(ours, 'accepted'), 'it is accepted');
  await ours.pc.setRemoteDescription(described(ours, 'accepted').jsep);
  const end = () => ours.ask({ request: 'hangup' });
  return { ours, theirs, began, end };
}

/** { us: CPU per packet, ms: from the accept to the first packet }. */
async function measure(call) {
  const { ours, theirs, began, end } = call;
  await until(() => {
    theirs.send('video');
    return ours.received.video.count > 0;
  }, 'the first packet');
  const ms = performance.now() - began;
  await Promise.all([ours.connected(), theirs.connected()]);
  await pause(500);
  // Both ways: what Janus does for a device depends on who of the two offered.
  const arrived = () => ours.received.video.count + theirs.received.video.count;
  const before = arrived();
  const cpu = cpuNs();
  for (let sent = 0; sent < PACKETS; sent += BURST) {
    theirs.send('video', BURST / 2);
    ours.send('video', BURST / 2);
    await pause(1);
  }
  await until(() => arrived() >= before + PACKETS * 0.99, 'the packets arrived').catch(() => {});
  const count = arrived() - before;
  const us = (cpuNs() - cpu) / 1000 / count;
  await end();
  await Promise.all([ours.close(), theirs.close()]);
  return { us, ms, lost: PACKETS - count };
}

const results = { ours: [], videocall: [] };
// Node, too, is slow the first time.
await measure(await ourCall());
await measure(await itsCall('first'));
for (let n = 0; n < ROUNDS; n++) {
  results.ours.push(await measure(await ourCall()));
  results.videocall.push(await measure(await itsCall(n)));
}
const median = (name, field) => quantile(results[name].map((result) => result[field]), 0.5);
for (const name of Object.keys(results)) {
  const each = results[name].map(({ us }) => us.toFixed(1)).join(' ');
  console.log(`${name}: ${median(name, 'us').toFixed(1)} us of CPU per packet (${each}), ` +
    `${median(name, 'ms').toFixed(0)} ms from the accept to the first packet, ${median(name, 'lost')} of ${PACKETS} lost`);
}
console.log(`ratio: ${(median('ours', 'us') / median('videocall', 'us')).toFixed(2)} of the CPU, ` +
  `${(median('ours', 'ms') - median('videocall', 'ms')).toFixed(0)} ms later`);
await world.close();
await world.janus.stop();
process.exit(0);

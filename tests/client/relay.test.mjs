// Streams of the modes relay and room on a FakePeerConnection and a Janus of the test's own: what comes late, twice, crossed, or
// not at all. With a real Janus and real media: tests/browser/media*.test.mjs.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import { CallError, joinRelay, RelayStream, RoomStream } from '../../html-demo/janus-call.js';
import { until } from '../e2e/lib/wait.mjs';
import { FakePeerConnection, fakePort } from './lib/fake-peer.mjs';

const streams = [];
beforeEach(() => {
  FakePeerConnection.all.length = 0;
  globalThis.RTCPeerConnection = FakePeerConnection;
});
afterEach(() => {
  streams.splice(0).forEach((stream) => stream.close());
  delete globalThis.RTCPeerConnection;
});

const success = async () => ({ call: 'success' });
const refused = (code, more) => ({ call: 'error', code, error: code, ...more });

function begin(answer = success, more = {}, Stream = RelayStream) {
  const port = fakePort(answer, more);
  const stream = new Stream(port);
  streams.push(stream);
  stream.start();
  return { port, stream, handles: port.handles, latest: () => port.handles.at(-1), peer: () => FakePeerConnection.all.at(-1) };
}

const requested = (handles, what, count = 1) => until(
  () => handles.flatMap(({ requests }) => requests).filter((one) => one === what).length >= count, `${what}, ${count} times`);

/** A caller whose media is agreed on and connected. */
async function connected(answer, more) {
  const scene = begin(answer, more);
  await requested(scene.handles, 'call:join');
  scene.latest().offer();
  await requested(scene.handles, 'call:media answer');
  scene.peer().become('connected');
  assert.equal(scene.stream.state, 'connected');
  return scene;
}

test('the callee joins with an offer, the caller without, and answers', async () => {
  const callee = begin(success, { isCaller: false });
  await requested(callee.handles, 'call:join offer');
  const caller = await connected();
  assert.deepEqual(caller.latest().requests, ['call:join', 'call:media answer']);
});

test('both offer at once: the refused one is taken back, the other\'s is answered, and then it is our turn', async () => {
  let isRefused = true;
  const { peer, latest, handles } = await connected(async ({ request }, jsep) => (
    request === 'call:media' && jsep.type === 'offer' && isRefused ? refused('wrong_state') : success()));
  peer().onnegotiationneeded();
  await requested(handles, 'call:media offer');
  latest().offer();
  await requested(handles, 'call:media answer', 2);
  isRefused = false;
  await requested(handles, 'call:media offer', 2);
  latest().answer();
  await until(() => peer().log.at(-1) === 'takes answer', 'the answer is taken');
  assert.deepEqual(peer().log.slice(2), ['offers', 'rollback', 'takes offer', 'answers', 'offers', 'takes answer']);
});

test('an offer that does not fit what there is: everything anew, with the token', async () => {
  const { latest, handles, stream } = await connected();
  latest().offer('does not fit');
  await requested(handles, 'call:join', 2);
  assert.deepEqual([handles.length, handles[0].isDetached, FakePeerConnection.open.length], [2, true, 1]);
  assert.equal(stream.state, 'reconnecting');
});

test('an answer that nobody waits for, or that belongs to a handle before, changes nothing', async () => {
  const { latest, handles, peer } = await connected();
  const [old] = handles;
  latest().answer();
  old.lose();
  await requested(handles, 'call:join', 2);
  old.offer();
  old.answer();
  old.lose();
  assert.equal(latest().isDetached, false);
  latest().offer();
  await requested(handles, 'call:media answer', 2);
  assert.deepEqual(peer().log, ['takes offer', 'answers']);
});

test('a handle that the server closes is followed by another; after the end by none', async () => {
  const { handles, stream, latest } = await connected();
  latest().lose();
  await requested(handles, 'call:join', 2);
  latest().lose();
  stream.close();
  // Longer than the pause before the next.
  await new Promise((resolve) => { setTimeout(resolve, 500); });
  assert.deepEqual([handles.length, FakePeerConnection.open.length, stream.state], [2, 0, 'closed']);
});

test('at the end the handle goes only when the server had time to hear of it: nobody is told that this side is away', async () => {
  const { stream, latest } = await connected();
  stream.close();
  assert.deepEqual([stream.state, latest().isDetached, FakePeerConnection.open.length], ['closed', false, 1]);
  await until(() => latest().isDetached && FakePeerConnection.open.length === 0, 'it goes');
});

test('a handle that is attached when the call is over already is let go of', async () => {
  let attached;
  const scene = begin(success, {});
  const { attach } = scene.port;
  scene.port.attach = async (...args) => {
    await new Promise((resolve) => { attached = resolve; });
    return attach(...args);
  };
  await until(() => attached, 'it attaches');
  scene.stream.close();
  attached();
  await until(() => scene.latest()?.isDetached, 'it is detached');
  assert.deepEqual(scene.latest().requests, []);
});

test('a join that is refused for good is not tried again, until there is news', async () => {
  let code = 'unauthorized';
  const { handles, stream } = begin(async ({ request }) => (request === 'call:join' && code ? refused(code) : success()));
  await requested(handles, 'call:join');
  await until(() => handles[0].isDetached, 'the handle is let go of');
  await new Promise((resolve) => { setTimeout(resolve, 500); });
  assert.equal(handles.length, 1);
  code = null;
  stream.mend();
  await requested(handles, 'call:join', 2);
});

test('a join that is too fast waits as long as it is told to', async () => {
  const asked = [];
  const { handles } = begin(async ({ request }) => {
    if (request !== 'call:join')
      return success();
    asked.push(performance.now());
    return asked.length === 1 ? refused('rate_limited', { retryAfterMs: 400 }) : success();
  });
  await requested(handles, 'call:join', 2);
  assert.ok(asked[1] - asked[0] >= 395, `${asked[1] - asked[0]} ms`);
});

test('without a connection to the server it tries on, and at once when there is one', async () => {
  let isOnline = false;
  let tries = 0;
  const scene = begin();
  const { attach } = scene.port;
  scene.port.attach = async (...args) => {
    tries++;
    if (!isOnline)
      throw new CallError('offline', 'a test');
    return attach(...args);
  };
  await until(() => tries >= 4, 'it has tried');
  isOnline = true;
  const before = performance.now();
  scene.stream.mend();
  await requested(scene.handles, 'call:join');
  assert.ok(performance.now() - before < 100);
});

test('a connection that fails: first an ICE restart, then everything anew', async (t) => {
  const { peer, handles, latest } = await connected();
  t.mock.timers.enable({ apis: ['setTimeout'] });
  peer().become('failed');
  t.mock.timers.tick(1);
  assert.equal(peer().log.at(-1), 'restarts');
  t.mock.timers.tick(30_000);
  t.mock.timers.reset();
  await requested(handles, 'call:join', 2);
  assert.equal(latest().isDetached, false);
});

test('a connection that comes up while an offer of ours is out is well as soon as that has its answer', async () => {
  const { stream, handles, latest, peer } = await connected();
  latest().lose();
  await requested(handles, 'call:join', 2);
  latest().offer();
  await requested(handles, 'call:media answer', 2);
  peer().onnegotiationneeded();
  await requested(handles, 'call:media offer');
  peer().become('connected');
  assert.equal(stream.state, 'reconnecting');
  latest().answer();
  await until(() => stream.state === 'connected', 'it is well');
});

test('what this side wants to get is asked for again after a new join', async () => {
  const { stream, handles, latest } = await connected();
  await stream.configure({ audio: false });
  latest().lose();
  await requested(handles, 'call:join', 2);
  await until(() => latest().requests.includes('call:configure'), 'it is asked for again');
});

test('relayed media alone: one session for its handles, closed with it, and opened anew after a loss', async () => {
  const opened = [];
  const transport = {
    open: async (hooks) => {
      const { attach } = fakePort(success);
      const link = { attach, isClosed: false, probe: async () => {}, close: () => { link.isClosed = true; }, lose: () => hooks.lost(new Error('a test')) };
      opened.push(link);
      assert.equal(hooks.isForMedia, true);
      return link;
    },
  };
  let joins = 0;
  const stream = joinRelay({ transport, callId: 'C', isCaller: true, join: () => { joins++; return { token: 'T' }; },
    getUserMedia: fakePort().getUserMedia });
  streams.push(stream);
  await until(() => joins > 0 && opened.length === 1, 'it joins');
  stream.close();
  await until(() => opened[0].isClosed, 'the session is closed');
});

// --- rooms ---

const room = { plugin: 'janus.plugin.videoroom', room: 1, pin: 'P', token: 'T' };

/** VideoRoom, as far as a device sees it: `join(handle)` answers a publisher's join. */
const videoRoom = (join) => async ({ request, ptype }, jsep, handle) => {
  queueMicrotask(() => {
    if (request === 'join' && ptype === 'publisher')
      handle.say(join(handle));
    else if (request === 'publish' || request === 'configure')
      handle.say({ videoroom: 'event', configured: 'ok' }, { type: 'answer', sdp: 'fits' });
  });
};

const entered = (publishers = []) => ({ videoroom: 'joined', private_id: 7, publishers });

test('a room that is not there yet is tried again', async () => {
  let tries = 0;
  const { handles } = begin(videoRoom(() => (tries++ === 0 ? { videoroom: 'event', error_code: 426, error: 'No such room' } : entered())),
    { join: () => room }, RoomStream);
  await requested(handles, 'join', 2);
  assert.deepEqual(handles.map(({ isDetached }) => isDetached), [true, false]);
});

test('a room that does not let us in is left alone', async () => {
  const { handles } = begin(videoRoom(() => ({ videoroom: 'event', error_code: 433, error: 'Unauthorized' })), { join: () => room }, RoomStream);
  await until(() => handles[0]?.isDetached, 'it is given up');
  await new Promise((resolve) => { setTimeout(resolve, 500); });
  assert.equal(handles.length, 1);
});

test('of the feeds in a room, the other side\'s newest is watched, and none of our own from before a reload', async () => {
  const feed = (id, display) => ({ id, display, streams: [{ mid: '0', type: 'audio' }] });
  const { handles } = begin(videoRoom(() => entered([feed(1, 'caller')])), { join: () => room }, RoomStream);
  await requested(handles, 'join');
  const [publisher] = handles;
  assert.equal(handles.length, 1, 'our own is not watched');
  publisher.say({ videoroom: 'event', publishers: [feed(2, 'callee')] });
  await until(() => handles.length === 2, 'the other side is watched');
  publisher.say({ videoroom: 'event', publishers: [feed(3, 'callee')] });
  await until(() => handles.length === 3, 'its newest is watched');
  publisher.say({ videoroom: 'event', leaving: 2 });
  await until(() => handles[2].requests.length > 0, 'it is subscribed to');
  assert.deepEqual(handles.map(({ isDetached }) => isDetached), [false, true, false]);
});

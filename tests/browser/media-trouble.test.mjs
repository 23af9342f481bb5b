// Relayed media in Chromium when things go wrong: handles that are closed, events that are lost, devices that signal by another
// door, and devices that keep to no rule. With rooms where these are as much in danger.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { eventOf } from '../client/lib/proxy.mjs';
import { WsClient } from '../e2e/lib/clients/index.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { arrivesBothWays, bothWays, duringPictures, got, hangUp, hears, onStream, pairOf, peersOf, sees, talking, watchPeers } from './lib/media.mjs';
import { dial, online, phase, site } from './lib/page.mjs';

const GONE_MS = 1000;
const LONG_RING_MS = 60_000;
const scene = site({ beside: { videoroom: { general: { admin_key: 'the key' } } }, plugin: { media: { room_admin_key: 'the key' } } });
afterEach(async () => {
  await scene.clear();
  scene.proxy.reset();
});

test('relay: nothing of media exists before the answer', async () => {
  const { alice, bob } = await pairOf(scene);
  await dial(alice, bob.userId, { video: true });
  await phase(bob, 'incoming');
  await alice.waitForFunction(() => page.client.calls[0].stream.local);
  assert.deepEqual(await Promise.all([alice, bob].map(peersOf)), [[], []]);
  assert.equal(await bob.evaluate(() => page.client.calls[0].stream.local), null);
  await bob.click('#accept-video');
  await bothWays(alice, bob);
  await hangUp(bob, alice);
});

test('relay: the server holds back what a device does not want, and less comes when it asks for less', async () => {
  const { alice, bob } = await talking(scene, { video: true });
  await onStream(bob, (stream) => stream.configure({ audio: false }));
  await until(async () => (await duringPictures(bob)).audioPackets === 0, 'no sound is sent to Bob');
  await hears(alice);
  await onStream(bob, (stream) => stream.configure({ audio: true, video: false }));
  await hears(bob);
  await until(async () => {
    const { videoPackets } = await got(bob);
    await hears(bob);
    return (await got(bob)).videoPackets === videoPackets;
  }, 'no pictures are sent to Bob');
  await onStream(bob, (stream) => stream.configure({ video: true, bitrate: 100_000, substream: 0, temporal: 1 }));
  await sees(bob);
  const target = () => alice.evaluate(async () => {
    const stats = await Promise.all(peers.map((peer) => peer.getStats()));
    return stats.flatMap((each) => [...each.values()]).find(({ type, kind }) => type === 'outbound-rtp' && kind === 'video').targetBitrate;
  });
  await until(async () => await target() <= 100_000, 'Alice\'s browser sends no more than Bob asked for');
  await hangUp(bob, alice);
});

test('relay: what a device does not want stays away after a join anew', async () => {
  const { alice, bob } = await talking(scene, { video: true });
  await onStream(bob, (stream) => stream.configure({ audio: false }));
  await closeOnServer(bob);
  await sees(bob);
  await until(async () => (await duringPictures(bob)).audioPackets === 0, 'no sound is sent to Bob');
  await hangUp(bob, alice);
});

/** Has Janus's operator close the PeerConnection of a tab's media handle. */
async function closeOnServer(tab) {
  const { session_id, sender } = await tab.evaluate(() => {
    const lines = page.wireText().split('\n').filter((line) => line.includes('"janus":"webrtcup"'));
    return JSON.parse(lines.at(-1).replace(/^\S+ . /, ''));
  });
  const { janus } = await scene.janus.adminRequest({ janus: 'hangup_webrtc', session_id, handle_id: sender, reason: 'a test' });
  assert.equal(janus, 'success');
  await tab.waitForFunction(() => page.wireText().includes('"janus":"hangup"'));
}

for (const mode of ['relay', 'room']) {
  test(`${mode}: the server closes a media handle without the call's end: it is joined anew`, async () => {
    const { alice, bob } = await talking(scene, { mode, video: true });
    for (const tab of [alice, bob]) {
      await closeOnServer(tab);
      await bothWays(alice, bob);
    }
    assert.deepEqual(await Promise.all([alice, bob].map((tab) => tab.locator('#stage').getAttribute('data-phase'))), ['talking', 'talking']);
    await hangUp(alice, bob);
  });

  test(`${mode}: a caller who missed call:accepted joins by its snapshot`, async () => {
    const { alice, bob } = await pairOf(scene, { mode });
    await dial(alice, bob.userId, { video: true });
    await phase(bob, 'incoming');
    scene.proxy.rule = (message) => (eventOf(message) === 'call:accepted' ? 'lose' : 'pass');
    await bob.click('#accept-video');
    await phase(bob, 'talking');
    assert.equal(await alice.locator('#stage').getAttribute('data-phase'), 'outgoing');
    scene.proxy.cut();
    await Promise.all([online(alice), online(bob)]);
    await phase(alice, 'talking');
    await bothWays(alice, bob);
    await hangUp(alice, bob);
  });
}

test('relay: with a session of its own, media goes on while the signalling is away', async () => {
  const people = await pairOf(scene);
  const { alice, bob } = people;
  for (const tab of [alice, bob]) {
    await tab.evaluate(async ([url, direct, userId]) => {
      const { CallClient, webSocketTransport } = await import('./janus-call.js');
      await page.client.close();
      globalThis.mine = new CallClient({ url, mode: 'relay', mediaTransport: webSocketTransport(direct) });
      mine.on('incoming', (call) => call.accept());
      await mine.register({ userId });
    }, [scene.proxy.url, scene.janus.wsUrl, `${tab.userId}-x`]);
  }
  await alice.evaluate((callee) => { globalThis.call = mine.call(callee, { video: true }); }, `${bob.userId}-x`);
  await arrivesBothWays(alice, bob);
  const before = await Promise.all([alice, bob].map(peersOf));
  scene.proxy.cut();
  scene.proxy.refuses = true;
  await alice.waitForFunction(() => mine.state.name === 'waiting');
  await arrivesBothWays(alice, bob);
  scene.proxy.refuses = false;
  await Promise.all([alice, bob].map((tab) => tab.waitForFunction(() => mine.isOnline)));
  await arrivesBothWays(alice, bob);
  assert.deepEqual(await Promise.all([alice, bob].map(peersOf)), before, 'no connection was made anew');
  await alice.evaluate(() => call.end());
  await bob.waitForFunction(() => peers.every(({ signalingState }) => signalingState === 'closed'));
});

// --- devices that signal by another door, and devices that do not keep to the rules ---

/** Two devices that signal from here, and a page for the media of each. */
async function signalled({ mode = 'relay' } = {}) {
  const [caller, callee] = await Promise.all(['caller', 'callee'].map((name) => new WsClient(scene.janus, name).connect()));
  await caller.register(scene.name('alice'), 'laptop');
  await callee.register(scene.name('bob'), 'phone');
  const tabs = [];
  for (const name of ['alice', 'bob']) {
    const context = await scene.context();
    await watchPeers(context);
    const tab = await context.newPage();
    tab.userId = name;
    await tab.goto(scene.url);
    tabs.push(tab);
  }
  const { callId } = await caller.ask('call:initiate', { calleeId: callee.userId, mode, media: { audio: true, video: true } });
  await callee.next('call:incoming');
  const accept = async () => {
    const { join } = await callee.ask('call:accept', { callId });
    return [(await caller.next('call:accepted')).join, join];
  };
  return { caller, callee, callId, tabs, accept, close: () => Promise.all([caller.close(), callee.close()]) };
}

const joinRelay = (tab, { callId, join, isCaller }) => tab.evaluate(async ([url, options]) => {
  const library = await import('./janus-call.js');
  globalThis.stream = library.joinRelay({ url, ...options, media: { audio: true, video: true } });
}, [scene.janus.wsUrl, { callId, join, isCaller }]);

test('relayed media alone, for devices that signal by another door', async () => {
  const call = await signalled();
  const [alice, bob] = call.tabs;
  const joins = await call.accept();
  await Promise.all(call.tabs.map((tab, n) => joinRelay(tab, { callId: call.callId, join: joins[n], isCaller: n === 0 })));
  await arrivesBothWays(alice, bob);
  await bob.reload();
  await joinRelay(bob, { callId: call.callId, join: joins[1], isCaller: false });
  await arrivesBothWays(alice, bob);
  await call.caller.ask('call:end', { callId: call.callId });
  await Promise.all(call.tabs.map((tab) => tab.evaluate(() => stream.close())));
  // Its session with Janus is over with it.
  await until(async () => (await scene.janus.adminRequest({ janus: 'list_sessions' })).sessions.length === 2, 'two sessions are left');
  await call.close();
});

/**
 * A client that keeps to no rule: in the page, a handle with a PeerConnection that sends, and any request that it likes with an
 * offer. Resolves with the answer, where it was, and the state of its PeerConnection a moment later.
 */
const breakIn = (tab, body) => tab.evaluate(async ([url, request]) => {
  const { webSocketTransport } = await import('./janus-call.js');
  let ids;
  const link = await webSocketTransport(url).open({ event() {}, lost() {}, isForMedia: true,
    wire: (direction, message) => { if (message.handle_id) ids = { session_id: message.session_id, handle_id: message.handle_id }; } });
  const handle = await link.attach('janus.plugin.call', { event: (data, jsep) => jsep && peer.setRemoteDescription(jsep), lost() {} });
  const peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  media.getTracks().forEach((track) => peer.addTrack(track, media));
  peer.onicecandidate = ({ candidate }) => handle.trickle(candidate ?? { completed: true });
  await peer.setLocalDescription();
  const answer = await handle.request(request, { type: 'offer', sdp: peer.localDescription.sdp });
  globalThis.intruder = peer;
  return { ...ids, code: answer.code };
}, [scene.janus.wsUrl, body]);

async function leavesNothing(tab, body, code) {
  const answer = await breakIn(tab, body);
  assert.equal(answer.code, code, JSON.stringify(answer));
  await until(async () => {
    const { info } = await scene.janus.adminRequest({ janus: 'handle_info', session_id: answer.session_id, handle_id: answer.handle_id });
    return info !== undefined && !('agent-created' in info) && Object.keys(info.sdps ?? {}).length === 0;
  }, `the agent of ${JSON.stringify(body)} is gone`, GONE_MS);
  assert.notEqual(await tab.evaluate(() => intruder.connectionState), 'connected');
}

test('a modified client that joins, offers or sends too early, too late or with another call\'s token: nothing is relayed', async () => {
  const [call, other] = [await signalled(), await signalled()];
  const [alice, bob] = call.tabs;
  const [, thief] = other.tabs;
  const { callId } = call;
  // Before the accept.
  await leavesNothing(bob, { request: 'call:join', callId, token: 'X'.repeat(32) }, 'unauthorized');
  await leavesNothing(bob, { request: 'call:media', callId }, 'not_registered');
  await leavesNothing(bob, { request: 'call:accept', callId }, 'not_registered');
  const otherJoins = await other.accept();
  await leavesNothing(thief, { request: 'call:join', callId, token: otherJoins[1].token }, 'unauthorized');
  const joins = await call.accept();
  // Another call's token, and the caller's with an offer.
  await leavesNothing(thief, { request: 'call:join', callId, token: otherJoins[1].token }, 'unauthorized');
  await leavesNothing(thief, { request: 'call:join', callId, token: otherJoins[0].token }, 'unauthorized');
  await leavesNothing(bob, { request: 'call:join', callId, token: joins[0].token }, 'invalid_request');
  // The call itself is as well as any.
  await Promise.all(call.tabs.map((tab, n) => joinRelay(tab, { callId, join: joins[n], isCaller: n === 0 })));
  await arrivesBothWays(alice, bob);
  await leavesNothing(thief, { request: 'call:join', callId, token: otherJoins[1].token }, 'unauthorized');
  assert.equal((await got(thief)).videoPackets + (await got(thief)).audioPackets, 0);
  // After the end.
  await call.caller.ask('call:end', { callId });
  await Promise.all(call.tabs.map((tab) => tab.evaluate(() => stream.close())));
  for (const token of joins.map((join) => join.token))
    await leavesNothing(bob, { request: 'call:join', callId, token }, 'unauthorized');
  await leavesNothing(alice, { request: 'call:media', callId }, 'not_registered');
  await Promise.all([call.close(), other.close()]);
});

test('relay: a phone that rings for a minute and is then answered has sound and pictures', { skip: !process.env.E2E_LONG }, async () => {
  const { alice, bob } = await pairOf(scene);
  await alice.evaluate((callee) => { page.client.call(callee, { video: true, timeoutMs: 120_000 }); }, bob.userId);
  await phase(bob, 'incoming');
  await bob.waitForTimeout(LONG_RING_MS);
  await bob.click('#accept-video');
  // Alice's page does not know of this call, and plays nothing.
  await arrivesBothWays(alice, bob);
  await bob.click('#hang-up');
  await alice.waitForFunction(() => page.client.calls.length === 0);
});

// Media of accepted calls against a running Janus, with PeerConnections that are not ours (werift): what is relayed and what
// is not, what remains when it is over, recordings, rooms. With Chromium: tests/browser.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';

import { HostileSocket, offer } from './lib/hostile.mjs';
import { startJanus } from './lib/janus.mjs';
import { MediaPeer } from './lib/media-peer.mjs';
import { ring, scene } from './lib/scene.mjs';
import { pause, until } from './lib/wait.mjs';

const CALLS = Number(process.env.E2E_MEDIA_CALLS ?? 50);
/** How long a phone rings before it is answered, for those who have the time: 0 is not at all. */
const RING_MS = Number(process.env.E2E_RING_MS ?? 0);
/** Janus's agent must be gone within it. */
const GONE_MS = 1000;

/** A call of that mode, answered: { caller, callee, callId, tokens: [caller's, callee's], joins }. */
async function accepted(it, mode = 'relay', more = {}) {
  const { caller, callee } = await it.pair();
  const callId = await ring(caller, [callee], { mode, ...more });
  const reply = await callee.ask('call:accept', { callId });
  const event = await caller.next('call:accepted');
  return { caller, callee, callId, joins: [event.join, reply.join], tokens: [event.join.token, reply.join.token] };
}

/** Both media handles of an accepted call, joined and connected. */
async function joined(it, call, options = {}) {
  const theirs = await MediaPeer.attach(it.janus, { name: 'callee', ...options });
  await theirs.join(call.callId, call.tokens[1], { withOffer: true });
  const ours = await MediaPeer.attach(it.janus, { name: 'caller', ...options });
  await ours.join(call.callId, call.tokens[0]);
  await Promise.all([ours.connected(), theirs.connected()]);
  return { ours, theirs };
}

const agentIsGone = (peer) => until(async () => !await peer.hasAgent(), `the agent of ${peer.name} is gone`, GONE_MS);

async function closeAll(...peers) {
  await Promise.all(peers.map((peer) => peer.close()));
}

describe('relay', () => {
  const it = scene();

  test('audio and video go both ways, messages too, and the numbers tell', async () => {
    const call = await accepted(it);
    const { ours, theirs } = await joined(it, call, { data: true });
    for (const kind of ['audio', 'video']) {
      await ours.reaches(theirs, kind);
      await theirs.reaches(ours, kind);
    }
    await Promise.all([ours.channel(), theirs.channel()]);
    ours.say('hello');
    await until(() => theirs.messages.some(({ data }) => data === 'hello'), 'the message came');
    theirs.say('hello yourself');
    await until(() => ours.messages.some(({ data }) => data === 'hello yourself'), 'the answer came');

    const { plugin_specific: { media } } = await theirs.core();
    assert.equal(media.side, 'callee');
    assert.equal(media.callId, call.callId);
    const video = media.streams.find(({ kind }) => kind === 'video');
    assert.ok(video.codec === 'vp8' && video.received.packets >= 20 && video.sent.packets >= 20, JSON.stringify(media));
    assert.ok(!JSON.stringify(media).includes(call.tokens[1]));

    await call.caller.ask('call:end', { callId: call.callId });
    await Promise.all([agentIsGone(ours), agentIsGone(theirs)]);
    await until(async () => (await it.janus.admin({ request: 'call:get', callId: call.callId })).record.mediaReport?.devices?.length === 2,
      'the record has the report');
    const { record } = await it.janus.admin({ request: 'call:get', callId: call.callId });
    assert.deepEqual(record.mediaReport.devices.map(({ side }) => side).sort(), ['callee', 'caller']);
    assert.equal((await call.caller.ask('call:get', { callId: call.callId })).record.mediaReport, undefined);
    await closeAll(ours, theirs);
  });

  test('a device that joins again, either, is heard and hears', async () => {
    const call = await accepted(it);
    let { ours, theirs } = await joined(it, call);
    await theirs.reaches(ours, 'video');
    const before = ours.received.video.last.header.sequenceNumber;
    const old = theirs;
    theirs = await MediaPeer.attach(it.janus, { name: 'callee again' });
    await theirs.join(call.callId, call.tokens[1], { withOffer: true });
    await agentIsGone(old);
    await theirs.connected();
    await theirs.reaches(ours, 'video');
    await ours.reaches(theirs, 'audio');
    const jump = (ours.received.video.last.header.sequenceNumber - before) & 0xffff;
    assert.ok(jump < 2000, `the sequence goes on: ${jump}`);

    const oldCaller = ours;
    ours = await MediaPeer.attach(it.janus, { name: 'caller again' });
    await ours.join(call.callId, call.tokens[0]);
    await agentIsGone(oldCaller);
    await ours.connected();
    await ours.reaches(theirs, 'video');
    await theirs.reaches(ours, 'audio');
    await call.callee.ask('call:end', { callId: call.callId });
    await Promise.all([agentIsGone(ours), agentIsGone(theirs)]);
    await closeAll(ours, theirs, old, oldCaller);
  });

  test('audio becomes video, by an offer of either side', async () => {
    for (const byCaller of [true, false]) {
      const call = await accepted(it);
      const { ours, theirs } = await joined(it, call, { kinds: ['audio'] });
      await theirs.reaches(ours, 'audio');
      const [offering, other] = byCaller ? [ours, theirs] : [theirs, ours];
      offering.add('video');
      assert.equal((await offering.renegotiate()).call, 'success');
      await until(() => offering.pc.signalingState === 'stable', 'it was answered');
      await offering.reaches(other, 'video');
      await other.reaches(offering, 'audio');
      await call.caller.ask('call:end', { callId: call.callId });
      await closeAll(ours, theirs);
    }
  });

  test('of two offers at once the later is refused, media goes on, and it may try again', async () => {
    const call = await accepted(it);
    const { ours, theirs } = await joined(it, call, { kinds: ['audio'] });
    const answerLater = [];
    ours.onMedia = async (event) => { answerLater.push(event); };
    theirs.add('video');
    assert.equal((await theirs.renegotiate()).call, 'success');
    await until(() => answerLater.length > 0, 'the offer is there');
    // As a browser that has taken it back (rollback).
    const mine = await ours.pc.createOffer();
    assert.equal((await ours.ask({ request: 'call:media', callId: call.callId }, mine)).code, 'wrong_state');
    await theirs.reaches(ours, 'audio');
    delete ours.onMedia;
    await ours.onMedia(answerLater[0]);
    await until(() => theirs.pc.signalingState === 'stable', 'the offer was answered');
    await theirs.reaches(ours, 'video');
    assert.equal((await ours.renegotiate()).call, 'success');
    await until(() => ours.pc.signalingState === 'stable', 'and then the other one');
    await ours.reaches(theirs, 'audio');
    assert.deepEqual([...ours.hangups(), ...theirs.hangups()], []);
    await call.caller.ask('call:end', { callId: call.callId });
    await closeAll(ours, theirs);
  });

  test('what a receiver does not want does not come, until it does', async () => {
    const call = await accepted(it);
    const { ours, theirs } = await joined(it, call);
    await theirs.reaches(ours, 'video');
    await ours.ask({ request: 'call:configure', callId: call.callId, video: false });
    await theirs.reaches(ours, 'audio', 5);
    const { count } = ours.received.video;
    theirs.send('video', 20);
    await theirs.reaches(ours, 'audio', 20);
    assert.equal(ours.received.video.count, count);
    await ours.ask({ request: 'call:configure', callId: call.callId, video: true });
    await theirs.reaches(ours, 'video');
    await call.caller.ask('call:end', { callId: call.callId });
    await closeAll(ours, theirs);
  });

  test('a page that is gone is away, comes back, and the other side is told both', async () => {
    const call = await accepted(it);
    const { ours, theirs } = await joined(it, call);
    await theirs.reaches(ours, 'audio');
    await theirs.close();
    assert.equal((await call.caller.next('call:peer')).state, 'reconnecting');
    const again = await MediaPeer.attach(it.janus, { name: 'callee again' });
    await again.join(call.callId, call.tokens[1], { withOffer: true });
    await again.connected();
    assert.equal((await call.caller.next('call:peer')).state, 'connected');
    await again.reaches(ours, 'audio');
    await call.caller.ask('call:end', { callId: call.callId });
    await closeAll(ours, again);
  });
});

describe('the safe rule', () => {
  const it = scene();

  /** A request with an offer on that handle is refused; the PeerConnection is closed and its agent gone. */
  async function leavesNothing(peer, body, code) {
    const reply = await peer.ask(body, await peer.offer());
    assert.equal(reply.code, code, JSON.stringify(reply));
    await agentIsGone(peer);
  }

  const nothingCame = (...peers) => {
    for (const { received, messages } of peers)
      assert.deepEqual([received.audio.count, received.video.count, messages.length], [0, 0, 0]);
  };

  test('T24 before the answer nobody joins, whatever it guesses, and nothing is relayed', async () => {
    const { caller, callee } = await it.pair();
    const callId = await ring(caller, [callee], { mode: 'relay' });
    const eager = await MediaPeer.attach(it.janus, { name: 'eager' });
    for (const token of ['', 'x', callId, 'A'.repeat(43)])
      await leavesNothing(eager, { request: 'call:join', callId, token }, 'unauthorized');
    await leavesNothing(eager, { request: 'call:media', callId }, 'not_registered');
    eager.send('audio', 10);
    const { record } = await callee.ask('call:get', { callId });
    assert.ok(record.status === 'ringing' && record.join === undefined);
    await caller.nothingMore();
    nothingCame(eager);
    await closeAll(eager);
  });

  test('T24 after the end the token is worth nothing, and what was joined is closed', async () => {
    const call = await accepted(it);
    const { ours, theirs } = await joined(it, call);
    await theirs.reaches(ours, 'audio');
    await call.callee.ask('call:end', { callId: call.callId });
    await Promise.all([agentIsGone(ours), agentIsGone(theirs)]);
    const { count } = ours.received.audio;
    const late = await MediaPeer.attach(it.janus, { name: 'late' });
    await leavesNothing(late, { request: 'call:join', callId: call.callId, token: call.tokens[1] }, 'unauthorized');
    theirs.send('audio', 10);
    await call.caller.settle();
    assert.equal(ours.received.audio.count, count);
    await closeAll(ours, theirs, late);
  });

  test('T25 the token of another call opens that call only, and no other device\'s part of it', async () => {
    const [mine, other] = [await accepted(it), await accepted(it)];
    const thief = await MediaPeer.attach(it.janus, { name: 'thief' });
    await leavesNothing(thief, { request: 'call:join', callId: other.callId, token: mine.tokens[1] }, 'unauthorized');
    await leavesNothing(thief, { request: 'call:join', callId: mine.callId, token: mine.tokens[0] }, 'invalid_request');
    const { ours, theirs } = await joined(it, other);
    await theirs.reaches(ours, 'audio');
    await leavesNothing(thief, { request: 'call:media', callId: other.callId }, 'not_registered');
    // One that joined its own call cannot speak in another.
    const own = await joined(it, mine);
    await leavesNothing(own.theirs, { request: 'call:media', callId: other.callId }, 'call_not_found');
    for (const { received } of [thief, own.ours, own.theirs])
      assert.equal(received.audio.count, 0);
    for (const { caller, callId } of [mine, other])
      await caller.ask('call:end', { callId });
    await closeAll(ours, theirs, own.ours, own.theirs, thief);
  });

  test('T24 with any other request, on any handle, an offer leaves nothing', async () => {
    const call = await accepted(it);
    const eve = await MediaPeer.attach(it.janus, { name: 'eve' });
    for (const body of [{ request: 'call:get', callId: call.callId }, { request: 'call:configure', callId: call.callId, audio: true },
      { request: 'no such thing' }, {}]) {
      await eve.ask(body, offer('eve'));
      await agentIsGone(eve);
    }
    await call.caller.ask('call:end', { callId: call.callId });
    await closeAll(eve);
  });
});

describe('liveness', () => {
  const it = scene({ plugin: { timers: { media: 1500, in_call_grace: 700 } } });

  test('media that never connects ends the call, and nothing of it remains', async () => {
    const call = await accepted(it);
    const alone = await MediaPeer.attach(it.janus, { name: 'alone' });
    await alone.join(call.callId, call.tokens[1], { withOffer: true });
    for (const device of [call.caller, call.callee]) {
      const { status, cause } = await device.next('call:ended');
      assert.deepEqual([status, cause], ['failed', 'media_failed']);
    }
    await agentIsGone(alone);
    await closeAll(alone);
  });

  test('while media flows, a device whose signalling is away is not given up', async () => {
    const call = await accepted(it);
    const { ours, theirs } = await joined(it, call);
    await theirs.reaches(ours, 'audio');
    await it.lose(call.callee);
    assert.equal((await call.caller.next('call:peer')).state, 'reconnecting');
    const until = performance.now() + 1500;
    while (performance.now() < until)
      await theirs.reaches(ours, 'audio', 5);
    assert.equal((await call.caller.ask('call:get', { callId: call.callId })).record.status, 'accepted');
    const back = await it.device(call.callee.userId, call.callee.deviceId);
    const snapshot = back.registered.calls.find(({ callId }) => callId === call.callId);
    assert.equal(snapshot.join.token, call.tokens[1]);
    assert.equal((await call.caller.next('call:peer')).state, 'connected');
    await call.caller.ask('call:end', { callId: call.callId });
    await closeAll(ours, theirs);
  });

  test('a device whose media and signalling are gone is given up after its grace', async () => {
    const call = await accepted(it);
    const { ours, theirs } = await joined(it, call);
    await it.lose(call.callee);
    await theirs.close();
    const { status, cause } = await call.caller.next('call:ended');
    assert.deepEqual([status, cause], ['ended', 'connection_lost']);
    await agentIsGone(ours);
    await closeAll(ours);
  });
});

describe('a phone that rings long', () => {
  const it = scene();

  // Janus forgets candidates that have waited for an answer for 45 s.
  test(`gets media after ${RING_MS} ms`, { skip: RING_MS === 0, timeout: RING_MS + 30_000 }, async () => {
    const { caller, callee } = await it.pair();
    const callId = await ring(caller, [callee], { mode: 'relay', timeoutMs: 120_000 });
    await pause(RING_MS);
    const reply = await callee.ask('call:accept', { callId });
    const { join } = await caller.next('call:accepted');
    const { ours, theirs } = await joined(it, { callId, tokens: [join.token, reply.join.token] });
    await theirs.reaches(ours, 'audio');
    await ours.reaches(theirs, 'video');
    await caller.ask('call:end', { callId });
    await closeAll(ours, theirs);
  });
});

describe('many calls', () => {
  const it = scene();

  const usage = ({ pid }) => ({
    threads: fs.readdirSync(`/proc/${pid}/task`).length,
    files: fs.readdirSync(`/proc/${pid}/fd`).length,
    rssKb: Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]),
  });

  test(`${CALLS} calls one after the other leave no thread, file or agent, and no memory`, { timeout: 240_000 + CALLS * 2000 }, async () => {
    const { caller, callee } = await it.pair();
    const samples = [];
    for (let n = 0; n < CALLS; n++) {
      const callId = await ring(caller, [callee], { mode: 'relay' });
      const { join: theirJoin } = await callee.ask('call:accept', { callId });
      const { join: ourJoin } = await caller.next('call:accepted');
      const { ours, theirs } = await joined(it, { callId, tokens: [ourJoin.token, theirJoin.token] });
      await theirs.reaches(ours, 'audio', 3);
      await caller.ask('call:end', { callId });
      await callee.next('call:ended');
      await closeAll(ours, theirs);
      samples.push(usage(it.janus));
    }
    const settled = samples[Math.min(Math.floor(CALLS / 5), 100)];
    const { sessions } = await it.janus.adminRequest({ janus: 'list_sessions' });
    await until(() => usage(it.janus).files <= settled.files + 4 && usage(it.janus).threads <= settled.threads + 4,
      `files and threads are as after the first calls: ${JSON.stringify([settled, usage(it.janus)])}`);
    const last = usage(it.janus);
    console.log(`media: ${CALLS} calls: threads ${settled.threads} -> ${last.threads}, files ${settled.files} -> ${last.files}, ` +
      `RSS ${settled.rssKb} -> ${last.rssKb} kB, ${sessions.length} sessions`);
    // A sanitizer keeps what was freed for a while.
    assert.ok(process.env.CALL_PRELOAD || last.rssKb < settled.rssKb * 1.1 + 4096, JSON.stringify([settled, last]));
  });
});

describe('recording', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'call-recordings-'));
  const it = scene({ plugin: { media: { record: true, record_folder: folder } } });
  after(() => fs.rmSync(folder, { recursive: true }));

  test('each device\'s streams are files that janus-pp-rec takes, listed in the record', async () => {
    const call = await accepted(it);
    const { ours, theirs } = await joined(it, call, { data: true });
    for (let n = 0; n < 60; n++) {
      for (const peer of [ours, theirs]) {
        peer.send('audio');
        peer.send('video');
      }
      await pause(10);
    }
    await ours.channel();
    ours.say('written down');
    await until(() => theirs.messages.length > 0, 'the message came');
    await call.caller.ask('call:end', { callId: call.callId });
    let record;
    await until(async () => {
      ({ record } = await it.janus.admin({ request: 'call:get', callId: call.callId }));
      return record.mediaReport?.recordings;
    }, 'the record lists recordings');
    const { recordings } = record.mediaReport;
    assert.deepEqual(fs.readdirSync(folder).sort(), [...recordings].sort());
    assert.equal(recordings.length, 5, recordings.join(' '));
    for (const name of recordings) {
      assert.match(name, /^\d{8}-\d{6}-[0-9a-f]{16}-(caller|callee)-1-\d-(audio0|video1|data)\.mjr$/);
      const ending = name.includes('audio') ? 'opus' : name.includes('video') ? 'webm' : 'srt';
      const result = path.join(folder, `${name}.${ending}`);
      execFileSync('janus-pp-rec', [path.join(folder, name), result], { stdio: 'ignore' });
      const size = fs.statSync(result).size;
      assert.ok(size > 20, `${result}: ${size}`);
    }
    await closeAll(ours, theirs);
  });
});

describe('room', () => {
  const it = scene({ beside: { videoroom: { general: { admin_key: 'the key' } } }, plugin: { media: { room_admin_key: 'the key' } } });
  const videoroom = async (request) => (await it.janus.adminRequest({ janus: 'message_plugin', plugin: 'janus.plugin.videoroom', request }))
    .response;

  async function enters(join, more = {}) {
    const socket = await HostileSocket.open(it.janus.wsUrl);
    socket.session = (await socket.send({ janus: 'create' })).data.id;
    socket.handle = (await socket.send({ janus: 'attach', session_id: socket.session, plugin: join.plugin })).data.id;
    await socket.message({ request: 'join', ptype: 'publisher', room: join.room, pin: join.pin, token: join.token, ...more });
    const answer = () => socket.messages.find(({ janus, plugindata }) => janus === 'event' && plugindata?.data?.videoroom);
    await until(answer, 'VideoRoom answers');
    const { data } = answer().plugindata;
    socket.close();
    return data;
  }

  test('the two go into a room that is there from the accept to the end', async () => {
    const call = await accepted(it, 'room');
    const [ours, theirs] = call.joins;
    assert.deepEqual([ours.plugin, ours.room, ours.pin], ['janus.plugin.videoroom', theirs.room, theirs.pin]);
    assert.equal((await enters(ours)).videoroom, 'joined');
    assert.equal((await enters(theirs)).videoroom, 'joined');
    await call.caller.ask('call:end', { callId: call.callId });
    assert.equal((await videoroom({ request: 'exists', room: ours.room })).exists, false);
  });

  test('T26 nobody else gets in: by guessing, with the pin alone, with one\'s own token for another room', async () => {
    const [call, other] = [await accepted(it, 'room'), await accepted(it, 'room')];
    const [join] = call.joins;
    const { list } = await videoroom({ request: 'list' });
    assert.ok(!list.some(({ room }) => room === join.room), 'it is in no list');
    for (const wrong of [{ token: undefined }, { token: 'guess' }, { token: other.joins[0].token }, { pin: undefined }, { pin: other.joins[0].pin }])
      assert.equal((await enters(join, wrong)).videoroom, 'event', JSON.stringify(wrong));
    for (const request of ['destroy', 'edit', 'allowed', 'listparticipants']) {
      const answer = await videoroom({ request, room: join.room, secret: join.pin, action: 'disable' });
      if (request !== 'listparticipants')
        assert.ok(answer.error_code, `${request}: ${JSON.stringify(answer)}`);
    }
    assert.equal((await videoroom({ request: 'exists', room: join.room })).exists, true);
    for (const { caller, callId } of [call, other])
      await caller.ask('call:end', { callId });
  });
});

describe('without VideoRoom', () => {
  const it = scene();

  test('mode room is refused with the reason, the others go on', async () => {
    const { caller, callee } = await it.pair();
    const refused = await caller.refused('call:initiate', { calleeId: callee.userId, mode: 'room' }, 'invalid_request');
    assert.match(refused.error, /VideoRoom/);
    for (const mode of ['none', 'p2p', 'relay'])
      await caller.ask('call:end', { callId: await ring(caller, [callee], { mode }) });
  });
});

test('a server that is stopped in mid-call stops well', async () => {
  const it = { janus: await startJanus() };
  const { Scene } = await import('./lib/scene.mjs');
  const world = Object.assign(new Scene(), it);
  const call = await accepted(world);
  const { ours, theirs } = await joined(world, call);
  await theirs.reaches(ours, 'video');
  const sending = setInterval(() => { ours.send('video', 5); theirs.send('audio', 5); }, 5);
  await world.janus.stop();
  clearInterval(sending);
  await closeAll(ours, theirs);
  await world.close();
});

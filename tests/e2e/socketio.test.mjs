// The npm socket.io-client at our own door, with default options, over a WebSocket alone, and by polling alone: the whole
// protocol, mixed with devices on Janus's transports, and what happens when the network is bad.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { after, describe, test } from 'node:test';

import WebSocket from 'ws';

import { WsClient } from './lib/clients/index.mjs';
import {
  SocketIoClient, SocketIoWebSocketClient, overSocketIo, socketIoUrl,
} from './lib/clients/socketio.mjs';
import { CALL_ID, REASON, acceptsAndEnds, audio, playsAll, rejects } from './lib/document.mjs';
import { startJanus } from './lib/janus.mjs';
import { TcpProxy } from './lib/proxy.mjs';
import { Scene, ring, scene, talk } from './lib/scene.mjs';
import { aTime, hasShape, isEvent, isReply } from './lib/shape.mjs';
import { App } from './lib/socketio-app.mjs';
import { makeKey, secondsFromNow, sign } from './lib/tokens.mjs';
import { pause, until, within } from './lib/wait.mjs';

const isText = (text) => typeof text === 'string' && text !== '';
const event = (app, name) => within(once(app.socket, name), `${app.name}: ${name}`).then(([value]) => value);

/** Apps that a test makes by hand, closed after each of its tests. */
function apps(it) {
  const all = [];
  after(() => all.forEach((app) => app.close()));
  return (auth, options, address = socketIoUrl(it.janus)) => {
    const app = new App(address, auth, options);
    all.push(app);
    return app;
  };
}

/** Proxies that a test breaks. */
function proxies(it) {
  const all = [];
  after(() => all.forEach((proxy) => proxy.close()));
  return async () => {
    const proxy = await TcpProxy.before(it.janus.listenerUrl);
    proxy.address = proxy.url.replace(/^ws/, 'http');
    all.push(proxy);
    return proxy;
  };
}

/** The network is away until the returned function is called, which resolves when the app is connected again. */
async function away(device) {
  const gone = event(device, 'disconnect');
  device.network.isOpen = false;
  device.network.cut();
  await gone;
  const back = event(device, 'connect');
  return () => {
    device.network.isOpen = true;
    return back;
  };
}

describe('the users\' document', () => {
  const it = scene({ plugin: { listener: {} } });
  const pairs = overSocketIo.flatMap((Client) => [[Client, WsClient], [WsClient, Client], [Client, Client]]);

  for (const [Caller, Callee] of pairs) {
    for (const [what, play] of [['rejects', rejects], ['accepts; the caller ends', acceptsAndEnds]]) {
      test(`${Caller.library} calls ${Callee.library}, which ${what}`, async () => {
        const both = await it.pair({ Caller, Callee });
        await play(both);
        await both.caller.nothingMore();
        await both.callee.nothingMore();
      });
    }
  }
});

describe('every request and event', () => {
  const it = scene({ plugin: { listener: {} } });
  const app = apps(it);

  for (const Client of overSocketIo) {
    test(`${Client.library}: a call from its start to its end`, async () => {
      const both = await it.pair({ Caller: Client, Callee: Client });
      await playsAll(both);
      await both.caller.nothingMore();
      await both.callee.nothingMore();
    });

    test(`${Client.library}: the caller gives up`, async () => {
      const { caller, phone, tablet } = await it.trio({ Caller: Client, Phone: Client, Tablet: WsClient });
      const callId = await ring(caller, [phone, tablet]);
      isReply(await caller.ask('call:end', { callId }), 'call:end', { callId, status: 'cancelled', rev: 2 });
      for (const device of [phone, tablet]) {
        isEvent(await device.next('call:ended'), 'call:ended',
          { callId, rev: 2, cause: 'cancelled', status: 'cancelled', endedBy: caller.userId });
      }
      await caller.nothingMore();
    });

    test(`${Client.library}: a device on each door, and each stops when the other answers`, async () => {
      for (const [Phone, Tablet] of [[Client, WsClient], [WsClient, Client]]) {
        const { caller, phone, tablet } = await it.trio({ Caller: Client, Phone, Tablet });
        const rejected = await ring(caller, [phone, tablet]);
        await phone.ask('call:reject', { callId: rejected });
        assert.equal((await tablet.next('call:ended')).cause, 'declined_elsewhere');
        await caller.next('call:rejected');

        const accepted = await ring(caller, [phone, tablet]);
        await phone.ask('call:accept', { callId: accepted });
        const { cause, status } = await tablet.next('call:ended');
        assert.deepEqual({ cause, status }, { cause: 'answered_elsewhere', status: 'accepted' });
        await caller.next('call:accepted');
        // Another device of a party may end it.
        await tablet.ask('call:end', { callId: accepted });
        await Promise.all([caller, phone].map((device) => device.next('call:ended')));
        await tablet.nothingMore();
      }
    });

    test(`${Client.library}: the callee is busy`, async () => {
      const { caller, callee } = await it.pair({ Caller: Client, Callee: Client });
      const callId = await ring(caller, [callee]);
      await callee.ask('call:reject', { callId, reason: 'Busy', cause: 'busy' });
      isEvent(await caller.next('call:rejected'), 'call:rejected',
        { callId, rev: 2, reason: 'Busy', cause: 'busy', calleeId: callee.userId, deviceId: callee.deviceId });
    });

    test(`${Client.library}: unregister is wilful, and so is disconnect()`, async () => {
      const { caller, callee } = await it.pair({ Caller: Client, Callee: WsClient });
      const first = await ring(caller, [callee]);
      await caller.ask('call:unregister');
      assert.equal((await callee.next('call:ended')).callId, first);
      await caller.refused('call:initiate', { calleeId: callee.userId }, 'not_registered');

      const other = await it.device(it.user('alice'), 'laptop', { Client });
      const second = await ring(other, [callee]);
      other.app.socket.disconnect();
      const { callId, cause } = await callee.next('call:ended');
      assert.deepEqual({ callId, cause }, { callId: second, cause: 'cancelled' });
    });

    test(`${Client.library}: refusals are acks`, async () => {
      const { caller, callee } = await it.pair({ Caller: Client, Callee: Client });
      const calleeId = callee.userId;
      await caller.refused('call:nonsense', {}, 'unknown_request');
      await caller.refused('call:initiate', {}, 'invalid_request');
      await caller.refused('call:initiate', { calleeId, callId: 'not an id' }, 'invalid_request');
      await caller.refused('call:initiate', { calleeId: caller.userId }, 'calling_self');
      await caller.refused('call:initiate', { calleeId, callType: 'smoke' }, 'invalid_request');
      await caller.refused('call:signal', { callId: 'nobodys', data: {} }, 'call_not_found');
      const callId = await ring(caller, [callee]);
      await caller.refused('call:accept', { callId }, 'forbidden');
      await caller.refused('call:initiate', { calleeId: 'somebody-else', callId }, 'id_in_use');
      const glare = await callee.refused('call:initiate', { calleeId: caller.userId }, 'glare');
      assert.deepEqual([glare.otherCallId, glare.otherStatus], [callId, 'ringing']);
      await caller.refused('call:update', { callId, data: {} }, 'wrong_state');
      await callee.ask('call:reject', { callId });
      const over = await callee.refused('call:accept', { callId }, 'call_over');
      assert.deepEqual([over.status, over.cause, over.rev], ['rejected', 'declined', 2]);
      await caller.refused('call:update', { callId, data: { text: 'x'.repeat(5000) } }, 'too_large');
    });
  }

  test('what is said without an ack is answered by an event only when it is refused', async () => {
    const { caller, callee } = await it.pair({ Caller: SocketIoClient, Callee: SocketIoClient });
    caller.app.tell('call:initiate', { callId: CALL_ID, calleeId: callee.userId });
    await callee.next('call:incoming');
    callee.app.tell('call:accept', { callId: 'another' });
    const { code, error, request } = await callee.next('call:error');
    assert.deepEqual({ code, request }, { code: 'call_not_found', request: 'call:accept' });
    assert.ok(isText(error));
    callee.app.tell('call:reject', { callId: CALL_ID, reason: REASON });
    await caller.next('call:rejected');
    await caller.nothingMore();
    await callee.nothingMore();
  });

  test('an app that acknowledges call:incoming has rung', async () => {
    const caller = await it.device(it.user('alice'), 'laptop');
    const bob = it.user('bob');
    const callee = app({ userId: bob, deviceId: 'phone' });
    callee.socket.on('call:incoming', (data, ack) => ack({ ringing: true }));
    await callee.connected();
    const { callId } = await caller.ask('call:initiate', { calleeId: bob });
    isEvent(await caller.next('call:ringing'), 'call:ringing', { callId, rev: 2, calleeId: bob, deviceId: 'phone' });
  });

  test('the words of such apps', async () => {
    const { caller, callee } = await it.pair({ Caller: SocketIoWebSocketClient, Callee: SocketIoClient });
    for (const [fields, media] of [
      [{ receiverId: callee.userId, callType: 'video' }, { audio: true, video: true }],
      [{ targetUserId: callee.userId, type: 'voice' }, audio],
      [{ to: callee.userId }, audio],
      [{ calleeId: callee.userId, to: 'not-this-one' }, audio],
    ]) {
      await caller.app.ask('call:initiate', fields);
      const incoming = await callee.next('call:incoming');
      assert.deepEqual(incoming.media, media);
      await callee.app.ask('call:decline', { callId: incoming.callId, reason: REASON });
      assert.equal((await caller.next('call:rejected')).reason, REASON);
    }
    const cancelled = await ring(caller, [callee]);
    assert.equal((await caller.app.ask('call:cancel', { callId: cancelled })).status, 'cancelled');
    await callee.next('call:ended');
    const ended = await talk(caller, [callee]);
    assert.equal((await callee.app.ask('call:hangup', { callId: ended })).status, 'ended');
    assert.equal((await caller.next('call:ended')).cause, 'hangup');
  });

  test('an app that does not say who it is learns why it is not let in', async () => {
    for (const auth of [undefined, {}, { userId: '' }, { userId: 'x'.repeat(129) }, { userId: ['a'] }]) {
      const stranger = app(auth, { reconnection: false });
      const error = await event(stranger, 'connect_error');
      assert.ok(isText(error.message), error.stack);
      assert.equal(error.data.code, 'invalid_request');
    }
  });

  test('two devices on two doors answer at once: one of them is first, and all agree which', async () => {
    const { caller, phone, tablet } = await it.trio({ Caller: SocketIoClient, Phone: SocketIoWebSocketClient, Tablet: WsClient });
    for (let round = 0; round < 20; round++) {
      const callId = await ring(caller, [phone, tablet]);
      const [accept, reject] = await Promise.all([
        phone.request({ request: 'call:accept', callId }), tablet.request({ request: 'call:reject', callId }),
      ]);
      const accepted = accept.call === 'success';
      assert.equal(reject.call === 'success', !accepted, JSON.stringify([accept, reject]));
      assert.equal((await caller.next(({ callId: id }) => id === callId)).event, accepted ? 'call:accepted' : 'call:rejected');
      const { cause } = await (accepted ? tablet : phone).next({ event: 'call:ended', callId });
      assert.equal(cause, accepted ? 'answered_elsewhere' : 'declined_elsewhere');
      if (accepted) {
        await caller.ask('call:end', { callId });
        await phone.next({ event: 'call:ended', callId });
      }
    }
  });

  test('whoever sends nonsense loses its own connection at most', async () => {
    const { caller, callee } = await it.pair({ Caller: SocketIoWebSocketClient, Callee: SocketIoWebSocketClient });
    const callId = await talk(caller, [callee]);
    const connect = `40${JSON.stringify({ userId: it.user('mallory'), deviceId: 'x' })}`;
    for (const frames of [
      ['5'], ['4'], ['49'], ['4\u0000'], ['7'], ['x'], ['40{"userId":'], ['40[]'], ['40nonsense'], ['40/,'],
      [`${connect.slice(0, -1)},"deep":${'['.repeat(50_000)}`],
      ...['42', '42{', '42[]', '42[1]', '42["call:reject"', '42[null,{}]', '42["call:reject",7]', '42["disconnect"]', '42["connect"]',
        '4299999999999999999999["call:get",{}]', '421["call:get",{}', '43', '43[]', '430{}', '451-["x",{"_placeholder":true,"num":0}]',
        '42/other,["x"]', '41/other,', '44', '45', '46', `42${'['.repeat(100_000)}`, `42["${'x'.repeat(3_000_000)}"]`,
        '42["call:initiate",{"calleeId":"a\\u0000b"}]', '40', '1'].map((frame) => [connect, frame]),
    ]) {
      const socket = new WebSocket(`${it.janus.listenerUrl}/socket.io/?EIO=4&transport=websocket`);
      await within(once(socket, 'open'), 'it opens');
      socket.on('error', () => {});
      frames.forEach((frame) => socket.send(frame));
      socket.send('2');
      // Either it is closed, or it is answered.
      await within(new Promise((resolve) => {
        socket.on('close', resolve);
        socket.on('message', (text) => /^(42\["call:error"|43|44)/.test(text) && resolve());
        setTimeout(resolve, 100);
      }), `after ${frames.join(' ').slice(0, 100)}`);
      socket.terminate();
    }
    await caller.ask('call:update', { callId, data: { still: 'well' } });
    assert.deepEqual((await callee.next('call:updated')).data, { still: 'well' });
    await caller.ask('call:end', { callId });
  });

  test('something binary ends a connection, and nothing else', async () => {
    const { caller, callee } = await it.pair({ Caller: SocketIoWebSocketClient, Callee: SocketIoWebSocketClient });
    const callId = await talk(caller, [callee]);
    const gone = event(caller.app, 'disconnect');
    caller.app.tell('call:update', { callId, data: Buffer.from('binary') });
    await gone;
    assert.equal((await callee.next('call:peer')).state, 'reconnecting');
    // The client comes back by itself, and the call goes on.
    assert.equal((await callee.next('call:peer')).state, 'connected');
    await caller.ask('call:end', { callId });
    await callee.next('call:ended');
  });

  test('an app on each transport at once, and more of them than a poll may hold back', async () => {
    const { caller, callee } = await it.pair({ Caller: SocketIoClient, Callee: overSocketIo[2] });
    const callId = await talk(caller, [callee]);
    // Between two polls all of this has to wait; and it keeps its order.
    await Promise.all(Array.from({ length: 200 }, (_, n) => caller.ask('call:update', { callId, data: { n } })));
    for (let n = 0; n < 200; n++)
      assert.equal((await callee.next('call:updated')).data.n, n);
    await caller.ask('call:end', { callId });
  });
});

describe('a bad network', () => {
  const it = scene({ plugin: { listener: { ping_interval: 400, ping_timeout: 400 } } });
  const app = apps(it);
  const proxy = proxies(it);

  /** An app behind a network of its own: { app, network }. */
  async function behind(userId, options, auth = { deviceId: 'phone' }) {
    const network = await proxy();
    const device = app({ userId, ...auth }, { transports: ['websocket'], reconnectionDelay: 50, ...options },
      network.address);
    device.network = network;
    await device.connected();
    return device;
  }

  const closings = (device, callId) => device.events.all().filter(
    (heard) => heard.callId === callId && ['call:rejected', 'call:ended', 'call:timeout'].includes(heard.event));

  /** Whatever was on its way has come. */
  const settle = (device) => device.ask('call:get', { callId: 'settle' });

  for (const [name, transports] of [['default options', ['polling', 'websocket', 'webtransport']],
    ['a WebSocket alone', ['websocket']], ['polling alone', ['polling']]]) {
    test(`${name}: the client comes back by its own back-off in the middle of a call`, async () => {
      const peer = await it.device(it.user('alice'), 'laptop');
      const bob = it.user('bob');
      const phone = await behind(bob, { transports, reconnectionDelay: 1000 });
      const { callId } = await peer.ask('call:initiate', { calleeId: bob });
      await phone.next('call:incoming');
      await phone.ask('call:accept', { callId });
      await peer.next('call:accepted');
      for (let round = 0; round < 2; round++) {
        const comeBack = await away(phone);
        isEvent(await peer.next('call:peer'), 'call:peer', { callId, rev: 3 + 2 * round, state: 'reconnecting' });
        await comeBack();
        isEvent(await peer.next('call:peer'), 'call:peer', { callId, rev: 4 + 2 * round, state: 'connected' });
      }
      await peer.ask('call:signal', { callId, data: { still: 'here' } });
      assert.deepEqual((await phone.next('call:signal')).data, { still: 'here' });
      await phone.ask('call:end', { callId });
      await peer.next('call:ended');
      assert.deepEqual(closings(phone, callId), []);
    });
  }

  test('a caller who was away learns of the rejection, once', async () => {
    const callee = await it.device(it.user('bob'), 'phone');
    const caller = await behind(it.user('alice'));
    const { callId } = await caller.ask('call:initiate', { receiverId: callee.userId });
    await callee.next('call:incoming');
    const comeBack = await away(caller);
    await callee.ask('call:reject', { callId, reason: REASON });
    await comeBack();
    const { reason, cause, rev } = await caller.next('call:rejected');
    assert.deepEqual({ reason, cause, rev }, { reason: REASON, cause: 'declined', rev: 2 });
    for (let round = 0; round < 2; round++)
      await (await away(caller))();
    await settle(caller);
    assert.equal(closings(caller, callId).length, 1);
  });

  test('a caller who was away learns that the callee accepted', async () => {
    const callee = await it.device(it.user('bob'), 'phone');
    const caller = await behind(it.user('alice'));
    const { callId } = await caller.ask('call:initiate', { receiverId: callee.userId });
    await callee.next('call:incoming');
    const comeBack = await away(caller);
    await callee.ask('call:accept', { callId });
    await comeBack();
    const { deviceId, mode } = await caller.next('call:accepted');
    assert.deepEqual({ deviceId, mode }, { deviceId: 'phone', mode: 'none' });
    await (await away(caller))();
    await settle(caller);
    assert.equal(caller.events.all().filter((heard) => heard.event === 'call:accepted').length, 1);
    await caller.ask('call:end', { callId });
    await callee.next('call:ended');
  });

  test('a phone that was away rings with the time that is left', async () => {
    const caller = await it.device(it.user('alice'), 'laptop');
    const phone = await behind(it.user('bob'));
    const comeBack = await away(phone);
    const { callId, expiresAt } = await caller.ask('call:initiate', { calleeId: phone.userId });
    await comeBack();
    const incoming = await phone.next({ event: 'call:incoming', callId });
    assert.equal(incoming.expiresAt, expiresAt);
    await phone.ask('call:accept', { callId });
    await caller.next('call:accepted');
  });

  test('a phone that rang and was away falls silent when it comes back, once', async () => {
    const caller = await it.device(it.user('alice'), 'laptop');
    const phone = await behind(it.user('bob'));
    const { callId } = await caller.ask('call:initiate', { calleeId: phone.userId });
    await phone.next('call:incoming');
    const comeBack = await away(phone);
    await caller.ask('call:end', { callId });
    await comeBack();
    const { cause, status } = await phone.next('call:ended');
    assert.deepEqual({ cause, status }, { cause: 'cancelled', status: 'cancelled' });
    await (await away(phone))();
    await settle(phone);
    assert.equal(closings(phone, callId).length, 1);
  });

  test('a phone whose sibling answered meanwhile falls silent', async () => {
    const bob = it.user('bob');
    const caller = await it.device(it.user('alice'), 'laptop');
    const tablet = await it.device(bob, 'tablet');
    const phone = await behind(bob);
    const { callId } = await caller.ask('call:initiate', { calleeId: bob });
    await Promise.all([phone.next('call:incoming'), tablet.next('call:incoming')]);
    const comeBack = await away(phone);
    await tablet.ask('call:accept', { callId });
    await comeBack();
    assert.equal((await phone.next('call:ended')).cause, 'answered_elsewhere');
  });

  test('a caller whose network is dead, which nobody sees at first, learns of the rejection', async () => {
    const callee = await it.device(it.user('bob'), 'phone');
    const caller = await behind(it.user('alice'));
    const { callId } = await caller.ask('call:initiate', { receiverId: callee.userId });
    await callee.next('call:incoming');
    const back = event(caller, 'connect');
    caller.network.freeze();
    await callee.ask('call:reject', { callId, reason: REASON });
    // The client finds out by the pings that do not come, and the server by the pongs.
    await back;
    assert.equal((await caller.next('call:rejected')).reason, REASON);
    await settle(caller);
    assert.equal(closings(caller, callId).length, 1);
  });

  test('a client that comes back before the server saw it go takes its own place', async () => {
    const callee = await it.device(it.user('bob'), 'phone');
    const caller = await behind(it.user('alice'));
    const { callId } = await caller.ask('call:initiate', { receiverId: callee.userId });
    await callee.next('call:incoming');
    caller.network.freeze();
    await callee.ask('call:reject', { callId, reason: REASON });
    const back = event(caller, 'connect');
    caller.socket.io.engine.close();
    await back;
    assert.equal((await caller.next('call:rejected')).reason, REASON);
    await settle(caller);
    assert.equal(closings(caller, callId).length, 1);
    assert.ok(!caller.events.all().some((heard) => heard.event === 'call:replaced'));
  });

  test('the server sees that a client is dead', async () => {
    const phone = await behind(it.user('bob'), { reconnection: false });
    const caller = await it.device(it.user('alice'), 'laptop');
    const { callId } = await caller.ask('call:initiate', { calleeId: phone.userId });
    await phone.next('call:incoming');
    await phone.ask('call:accept', { callId });
    await caller.next('call:accepted');
    phone.network.freeze();
    assert.equal((await caller.next('call:peer')).state, 'reconnecting');
    await caller.ask('call:end', { callId });
  });

  test('what is said while the client is away arrives when it is back, in order', async () => {
    const callee = await it.device(it.user('bob'), 'phone');
    const caller = await behind(it.user('alice'));
    const comeBack = await away(caller);
    const acks = [1, 2, 3].map((n) => caller.ask('call:initiate', { callId: `CALL_${n}`, receiverId: callee.userId }));
    await comeBack();
    // The client kept them. The same device calls the same user anew, which replaces the older call.
    assert.deepEqual((await Promise.all(acks)).map(({ status }) => status), ['ringing', 'ringing', 'ringing']);
    for (const n of [1, 2, 3])
      await callee.next({ event: 'call:incoming', callId: `CALL_${n}` });
    await callee.ask('call:reject', { callId: 'CALL_3' });
    assert.equal((await caller.next('call:rejected')).callId, 'CALL_3');
  });

  test('a hundred apps whose network goes at once are away at once, and come back', async () => {
    const network = await proxy();
    const all = await Promise.all(Array.from({ length: 100 }, (_, n) => app(
      { userId: it.user(`user${n}`), deviceId: 'phone' }, { transports: ['websocket'], reconnectionDelay: 50 },
      network.address).connected()));
    const gone = all.map((device) => event(device, 'disconnect'));
    const back = all.map((device) => event(device, 'connect'));
    const present = async () => {
      const { devices, away } = await it.janus.admin({ request: 'stats' });
      return devices - away;
    };
    const before = await present();
    network.isOpen = false;
    network.cut();
    await Promise.all(gone);
    await until(async () => await present() <= before - 100, 'a hundred are away', 2000);
    network.isOpen = true;
    await Promise.all(back);
    await until(async () => await present() >= before, 'all are there again');
  });

  test('an ack that is lost: a client with retries asks again, and the call rings once', async () => {
    const callee = await it.device(it.user('bob'), 'phone');
    const caller = await behind(it.user('alice'), { retries: 5, ackTimeout: 300 });
    caller.network.deafen();
    const asked = caller.ask('call:initiate', { callId: CALL_ID, receiverId: callee.userId });
    await callee.next('call:incoming');
    caller.network.cut();
    const { status, rev, devices } = await asked;
    assert.deepEqual({ status, rev, devices }, { status: 'ringing', rev: 1, devices: 1 });
    await callee.ask('call:reject', { callId: CALL_ID });
    await caller.next('call:rejected');
    await callee.nothingMore();
  });

  for (const [name, transports, stop] of [
    ['a client that does not read its WebSocket', ['websocket'], (device) => device.socket.io.engine.transport.ws._socket.pause()],
    ['a client that does not poll', ['polling'], (device) => { device.socket.io.engine.transport._poll = () => {}; }],
  ]) {
    test(`${name} is away, and nobody waits for it`, async () => {
      const peer = await it.device(it.user('alice'), 'laptop');
      const others = await it.pair({ Caller: SocketIoWebSocketClient });
      const phone = await behind(it.user('bob'), { transports });
      const { callId } = await peer.ask('call:initiate', { calleeId: phone.userId });
      await phone.next('call:incoming');
      await phone.ask('call:accept', { callId });
      await peer.next('call:accepted');
      const isAway = peer.next('call:peer', 20_000);
      stop(phone);
      let isOver = false;
      isAway.finally(() => { isOver = true; });
      const data = 'x'.repeat(60_000);
      while (!isOver)
        await peer.request({ request: 'call:signal', callId, data });
      assert.equal((await isAway).state, 'reconnecting');
      await rejects(others);
      await peer.ask('call:end', { callId });
    });
  }

  test('an app without a device id comes back as the device that it was', async () => {
    const callee = await it.device(it.user('bob'), 'phone');
    const caller = await behind(it.user('alice'), {}, {});
    const { callId } = await caller.ask('call:initiate', { receiverId: callee.userId });
    await callee.next('call:incoming');
    const comeBack = await away(caller);
    await callee.ask('call:accept', { callId });
    await comeBack();
    await caller.next('call:accepted');
    // Only a device in the call may signal.
    await caller.ask('call:signal', { callId, data: 1 }).then((reply) => assert.equal(reply.call, 'success'));
    assert.equal((await callee.next('call:signal')).data, 1);
    await caller.ask('call:end', { callId });
  });
});

describe('what was written to a connection that was dead already', () => {
  // Nobody finds out by pings within these tests.
  const it = scene({ plugin: { listener: { ping_interval: 60_000, ping_timeout: 60_000 } } });
  const app = apps(it);
  const proxy = proxies(it);

  for (const [when, lasts] of [['a moment', 0], ['two seconds', 2000]]) {
    test(`and whose end is seen after ${when}, is said again`, async () => {
      const callee = await it.device(it.user('bob'), 'phone');
      const network = await proxy();
      const caller = await app({ userId: it.user('alice'), deviceId: 'laptop' },
        { transports: ['websocket'], reconnectionDelay: 50 }, network.address).connected();
      const { callId } = await caller.ask('call:initiate', { receiverId: callee.userId });
      await callee.next('call:incoming');
      network.freeze();
      await callee.ask('call:reject', { callId, reason: REASON });
      await pause(lasts);
      network.cut();
      assert.equal((await caller.next('call:rejected')).reason, REASON);
      await caller.ask('call:get', { callId });
      assert.equal(caller.events.all().filter((heard) => heard.event === 'call:rejected').length, 1);
    });
  }

  test('and whose client has said farewell before it came, is said again', async () => {
    const callee = await it.device(it.user('bob'), 'phone');
    const network = await proxy();
    const caller = await app({ userId: it.user('alice'), deviceId: 'laptop' },
      { transports: ['websocket'], reconnectionDelay: 50 }, network.address).connected();
    const { callId } = await caller.ask('call:initiate', { receiverId: callee.userId });
    await callee.next('call:incoming');
    network.deafen();
    await callee.ask('call:reject', { callId, reason: REASON });
    caller.socket.io.engine.close();
    assert.equal((await caller.next('call:rejected')).reason, REASON);
    await caller.ask('call:get', { callId });
    assert.equal(caller.events.all().filter((heard) => heard.event === 'call:rejected').length, 1);
  });

  test('what has come is not said again', async () => {
    const callee = await it.device(it.user('bob'), 'phone');
    const network = await proxy();
    const caller = await app({ userId: it.user('alice'), deviceId: 'laptop' },
      { transports: ['websocket'], reconnectionDelay: 50 }, network.address).connected();
    const { callId } = await caller.ask('call:initiate', { receiverId: callee.userId });
    await callee.next('call:incoming');
    await callee.ask('call:reject', { callId, reason: REASON });
    await caller.next('call:rejected');
    // It has said something after it: that it has heard, the server can know.
    await caller.ask('call:get', { callId });
    const back = event(caller, 'connect');
    network.cut();
    await back;
    await caller.ask('call:get', { callId });
    assert.equal(caller.events.all().filter((heard) => heard.event === 'call:rejected').length, 1);
  });
});

describe('a poll that is broken off', () => {
  const it = scene({ plugin: { listener: {} } });

  /** A client that polls by hand, so that its connections are the test's: its poll is held when this resolves. */
  async function polls(userId) {
    const base = `${socketIoUrl(it.janus)}/socket.io/?EIO=4&transport=polling`;
    const { sid } = JSON.parse((await (await fetch(base)).text()).slice(1));
    const url = `${base}&sid=${sid}`;
    const connect = `40${JSON.stringify({ userId, deviceId: 'phone' })}`;
    assert.equal(await (await fetch(url, { method: 'POST', body: connect })).text(), 'ok');
    assert.match(await (await fetch(url)).text(), /^40\{"sid":"/);
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
    const { pathname, search } = new URL(url);
    socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    socket.on('error', () => {});
    return { socket, url };
  }

  /** How much of the processor Janus took since it was started, in hundredths of a second. */
  const ticks = () => {
    const fields = fs.readFileSync(`/proc/${it.janus.pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
    return Number(fields[11]) + Number(fields[12]);
  };

  /** A thread that turns round and round takes all that it is given: some even of a machine that is busy otherwise. */
  async function isIdle() {
    const before = ticks();
    await pause(1000);
    assert.ok(ticks() - before < 8, `Janus took ${ticks() - before} hundredths of a second in one second`);
  }

  test('its device is away at once, and costs nothing', async () => {
    const peer = await it.device(it.user('alice'), 'laptop');
    const bob = it.user('bob');
    const { socket, url } = await polls(bob);
    const { callId } = await peer.ask('call:initiate', { calleeId: bob });
    await within(once(socket, 'data'), 'the poll brings the call');
    // The next poll is held.
    socket.write(`GET ${url.replace(/^http:\/\/[^/]*/, '')} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    const accept = `42${JSON.stringify(['call:accept', { callId }])}`;
    await fetch(url, { method: 'POST', body: accept });
    await peer.next('call:accepted');
    socket.destroy();
    assert.equal((await peer.next('call:peer')).state, 'reconnecting');
    await isIdle();
    await peer.ask('call:end', { callId });
  });

  test('another request on a connection whose poll is held costs nothing, and the poll is answered', async () => {
    const peer = await it.device(it.user('alice'), 'laptop');
    const bob = it.user('bob');
    const { socket } = await polls(bob);
    let heard = '';
    socket.on('data', (bytes) => { heard += bytes; });
    // Which of the two comes first is the kernel's business: the poll was written before.
    socket.write('GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await isIdle();
    await peer.ask('call:initiate', { calleeId: bob });
    await until(() => heard.includes('call:incoming'), 'the poll brings the call');
    socket.destroy();
  });
});

describe('another door', () => {
  const it = scene({ plugin: { listener: {} } });

  for (const Client of overSocketIo) {
    test(`${Client.library}: the same device by a Janus transport takes over, and the app stays away`, async () => {
      const peer = await it.device(it.user('alice'), 'laptop');
      const bob = it.user('bob');
      const before = await it.device(bob, 'phone', { Client });
      const callId = await talk(peer, [before]);
      const told = event(before.app, 'disconnect');
      const taken = await it.device(bob, 'phone');
      hasShape(await before.next('call:replaced'), { call: 'event', event: 'call:replaced', timestamp: aTime });
      // A client that the server disconnects does not come back by itself: the two do not fight.
      assert.equal(await told, 'io server disconnect');
      assert.equal(before.app.socket.active, false);
      assert.equal(taken.registered.calls[0].callId, callId);
      await peer.ask('call:signal', { callId, data: 'to the new one' });
      assert.equal((await taken.next('call:signal')).data, 'to the new one');
      await peer.ask('call:end', { callId });
      assert.equal((await taken.next('call:ended')).callId, callId);
    });

    test(`${Client.library}: the same device takes over from a Janus transport`, async () => {
      const peer = await it.device(it.user('alice'), 'laptop');
      const bob = it.user('bob');
      const before = await it.device(bob, 'phone');
      const callId = await ring(peer, [before]);
      const taken = await it.device(bob, 'phone', { Client });
      await before.next('call:replaced');
      await taken.next({ event: 'call:incoming', callId });
      await before.refused('call:accept', { callId }, 'not_registered');
      await taken.ask('call:accept', { callId });
      assert.equal((await peer.next('call:accepted')).deviceId, 'phone');
      await peer.ask('call:end', { callId });
      await taken.next('call:ended');
    });
  }

  test('the same device twice by Socket.IO: the later one stays', async () => {
    const peer = await it.device(it.user('alice'), 'laptop');
    const bob = it.user('bob');
    const before = await it.device(bob, 'phone', { Client: SocketIoClient });
    const told = event(before.app, 'disconnect');
    const taken = await it.device(bob, 'phone', { Client: SocketIoWebSocketClient });
    assert.equal(await told, 'io server disconnect');
    const callId = await ring(peer, [taken]);
    await taken.ask('call:reject', { callId });
    await peer.next('call:rejected');
    assert.ok(!before.all().some((heard) => heard.callId === callId));
  });

  test('an operator disconnects a device, and it stays away', async () => {
    const bob = await it.device(it.user('bob'), 'phone', { Client: SocketIoClient });
    const told = event(bob.app, 'disconnect');
    await it.janus.admin({ request: 'disconnect', userId: bob.userId, deviceId: 'phone' });
    await bob.next('call:unregistered');
    assert.equal(await told, 'io server disconnect');
  });
});

describe('hidden presence', () => {
  const it = scene({ plugin: { general: { reveal_presence: false }, timers: { ring: 1000 }, listener: {} } });
  const app = apps(it);
  const proxy = proxies(it);

  test('the caller of somebody busy, who was away at the end, learns of it as of any other', async () => {
    const callee = await it.device(it.user('bob'), 'phone');
    for (const name of ['carol', 'dave']) {
      const callId = await ring(await it.device(it.user(name), 'phone'), [callee]);
      await callee.ask('call:accept', { callId });
    }
    const network = await proxy();
    const caller = app({ userId: it.user('alice'), deviceId: 'phone' }, { transports: ['websocket'], reconnectionDelay: 50 }, network.address);
    caller.network = network;
    await caller.connected();
    const { callId, status } = await caller.ask('call:initiate', { receiverId: callee.userId });
    assert.equal(status, 'ringing');
    const comeBack = await away(caller);
    const seen = async () => (await it.janus.admin({ request: 'call:get', userId: caller.userId, callId })).record;
    await until(async () => (await seen()).status === 'timeout');
    await comeBack();
    assert.equal((await caller.next('call:timeout')).callId, callId);
  });
});

describe('tokens', () => {
  const key = makeKey('HS256');
  const it = scene({ plugin: { general: { auth: 'jwt' }, auth: { algorithm: 'HS256', secret: key.secret }, listener: {} } });
  const app = apps(it);
  const token = (userId, claims) => sign({ sub: userId, exp: secondsFromNow(60), ...claims }, key.secret);

  test('a good one says who the app is, and what others see', async () => {
    const [alice, bob] = [it.user('alice'), it.user('bob')];
    const caller = await app({ token: token(alice, { name: 'Alice A.' }), userId: 'not-me' }).connected()
      .catch((error) => error);
    // A userId beside the token that is not the token's is refused, or not looked at; never believed.
    const honest = await app({ token: token(alice, { name: 'Alice A.' }), deviceId: 'laptop' }).connected();
    const callee = await app({ token: token(bob), deviceId: 'phone' }).connected();
    await honest.ask('call:initiate', { receiverId: bob });
    const { callerId, callerName, callId } = await callee.next('call:incoming');
    assert.deepEqual({ callerId, callerName }, { callerId: alice, callerName: 'Alice A.' });
    await callee.ask('call:reject', { callId, reason: REASON });
    assert.equal((await honest.next('call:rejected')).reason, REASON);
    if (caller instanceof App) {
      await caller.ask('call:initiate', { receiverId: bob });
      assert.equal((await callee.next('call:incoming')).callerId, alice);
    } else {
      assert.equal(caller.data.code, 'unauthorized');
    }
  });

  test('a bad one is a connect_error that says why, and the client does not try again by itself', async () => {
    const other = makeKey('HS256');
    for (const [auth, code] of [
      [{ userId: 'alice' }, 'unauthorized'],
      [{ token: 'nonsense' }, 'unauthorized'],
      [{ token: sign({ sub: 'alice', exp: secondsFromNow(60) }, other.secret) }, 'unauthorized'],
      [{ token: sign({ sub: 'alice', exp: secondsFromNow(-60) }, key.secret) }, 'token_expired'],
      [{ token: sign({ exp: secondsFromNow(60) }, key.secret) }, 'unauthorized'],
      [{ token: sign({ sub: 'alice', device: 'phone', exp: secondsFromNow(60) }, key.secret), deviceId: 'other' }, 'unauthorized'],
      [{ token: 17 }, 'invalid_request'],
    ]) {
      const stranger = app(auth, { transports: ['websocket'] });
      const error = await event(stranger, 'connect_error');
      assert.equal(error.data?.code, code, JSON.stringify([auth, error.message, error.data]));
      assert.ok(isText(error.message));
      assert.equal(stranger.socket.active, false);
    }
  });

  test('an app that was refused connects with a better token over the same connection', async () => {
    const device = app({ token: 'nonsense' }, { transports: ['websocket'] });
    await event(device, 'connect_error');
    device.socket.auth = { token: token(it.user('alice')) };
    device.socket.connect();
    await event(device, 'connect');
  });

  test('when its token expires the client comes back with a fresh one', async () => {
    const [alice, bob] = [it.user('alice'), it.user('bob')];
    const issued = [];
    const device = app((give) => {
      issued.push(token(bob, { exp: secondsFromNow(issued.length === 0 ? 2 : 60) }));
      give({ token: issued.at(-1), deviceId: 'phone' });
    }, { transports: ['websocket'], reconnectionDelay: 50 });
    await device.connected();
    const told = event(device, 'disconnect');
    const { cause } = await device.next('call:unregistered');
    assert.equal(cause, 'token_expired');
    assert.notEqual(await told, 'io server disconnect');
    await event(device, 'connect');
    assert.equal(issued.length, 2);
    const caller = await app({ token: token(alice), deviceId: 'laptop' }).connected();
    await caller.ask('call:initiate', { receiverId: bob });
    const { callId } = await device.next('call:incoming');
    await device.ask('call:reject', { callId, reason: REASON });
    await caller.next('call:rejected');
  });
});

describe('a token that ends in a call', () => {
  const key = makeKey('HS256');
  const it = scene({ plugin: { general: { auth: 'jwt' }, auth: { algorithm: 'HS256', secret: key.secret }, listener: {} } });
  const app = apps(it);

  const token = (userId, seconds) => sign({ sub: userId, exp: secondsFromNow(seconds) }, key.secret);

  /** A call, whose callee's token has expired. */
  const pair = async () => {
    const [alice, bob] = [it.user('alice'), it.user('bob')];
    const caller = await app({ token: token(alice, 60), deviceId: 'laptop' }, { transports: ['websocket'] }).connected();
    const callee = await app({ token: token(bob, 2), deviceId: 'phone' },
      { transports: ['websocket'], reconnection: false }).connected();
    const { callId } = await caller.ask('call:initiate', { receiverId: bob });
    await callee.next('call:incoming');
    await callee.ask('call:accept', { callId });
    assert.equal((await callee.next('call:unregistered')).cause, 'token_expired');
    return { alice, caller, callee, callId };
  };

  test('the call goes on, and the connection ends with it', async () => {
    const { alice, caller, callee, callId } = await pair();
    assert.equal((await callee.ask('call:signal', { callId, data: 1 })).call, 'success');
    await caller.next('call:signal');
    assert.equal((await callee.ask('call:initiate', { receiverId: alice })).code, 'token_expired');
    const told = event(callee, 'disconnect');
    await caller.ask('call:end', { callId });
    await callee.next('call:ended');
    assert.notEqual(await told, 'io server disconnect');
  });

  test('the connection ends also when it is the device itself that ends the call', async () => {
    const { caller, callee, callId } = await pair();
    const told = event(callee, 'disconnect');
    assert.equal((await callee.ask('call:end', { callId })).call, 'success');
    await caller.next('call:ended');
    assert.notEqual(await told, 'io server disconnect');
  });
});

describe('a namespace', () => {
  const it = scene({ plugin: { listener: { socketio_namespace: '/calls' } } });
  const app = apps(it);

  test('the one that is configured is as good as the usual one, and another is not there', async () => {
    const [alice, bob] = [it.user('alice'), it.user('bob')];
    const caller = await app({ userId: alice, deviceId: 'phone' }, {}, `${socketIoUrl(it.janus)}/calls`).connected();
    const callee = await app({ userId: bob, deviceId: 'phone' }).connected();
    const { callId } = await caller.ask('call:initiate', { receiverId: bob });
    await callee.next('call:incoming');
    await callee.ask('call:reject', { callId, reason: REASON });
    assert.equal((await caller.next('call:rejected')).reason, REASON);
    const lost = app({ userId: alice }, { reconnection: false }, `${socketIoUrl(it.janus)}/other`);
    assert.ok(isText((await event(lost, 'connect_error')).message));
  });

  test('both over one connection are one device', async () => {
    const caller = await it.device(it.user('alice'), 'laptop');
    const bob = it.user('bob');
    const options = { transports: ['websocket'], forceNew: false, multiplex: true };
    const [one, two] = ['', '/calls'].map(
      (nsp) => app({ userId: bob, deviceId: 'phone' }, options, `${socketIoUrl(it.janus)}${nsp}`));
    await Promise.all([one.connected(), two.connected()]);
    assert.equal(one.socket.io, two.socket.io);
    const { callId, devices } = await caller.ask('call:initiate', { calleeId: bob });
    assert.equal(devices, 1);
    await Promise.all([one, two].map((device) => device.next('call:incoming')));
    await two.ask('call:reject', { callId, reason: REASON });
    assert.equal((await caller.next('call:rejected')).reason, REASON);
    // It is gone when it has left both.
    two.socket.disconnect();
    const again = await caller.ask('call:initiate', { calleeId: bob });
    assert.equal(again.devices, 1);
    await one.next({ event: 'call:incoming', callId: again.callId });
    await caller.ask('call:end', { callId: again.callId });
  });
});

describe('the end of the server', () => {
  async function started() {
    const it = new Scene();
    it.janus = await startJanus({ plugin: { listener: {} } });
    const proxy = await TcpProxy.before(it.janus.listenerUrl);
    return { it, proxy, address: proxy.url.replace(/^ws/, 'http') };
  }

  test('Janus stops at once with clients on every transport, and they learn of it', async () => {
    const { it, proxy } = await started();
    const devices = await Promise.all(overSocketIo.map((Client, n) => it.device(it.user('bob'), `phone${n}`, { Client })));
    const told = devices.map((device) => event(device.app, 'disconnect'));
    const took = await it.janus.stop();
    assert.ok(took < 5000, `${took} ms`);
    for (const reason of await Promise.all(told))
      assert.ok(['transport close', 'transport error'].includes(reason), reason);
    await it.close();
    proxy.close();
  });

  test('the client finds the server again after it was killed, and learns what became of its call', async () => {
    const { it, proxy, address } = await started();
    const options = { transports: ['websocket'], reconnectionDelay: 50, reconnectionDelayMax: 200 };
    const [caller, callee] = await Promise.all(['alice', 'bob'].map(
      (name) => new App(address, { userId: it.user(name), deviceId: 'phone' }, options).connected()));
    const { callId } = await caller.ask('call:initiate', { receiverId: callee.userId });
    await callee.next('call:incoming');
    const back = [caller, callee].map((app) => event(app, 'connect'));
    await it.janus.kill9();
    await it.janus.restart();
    proxy.target = it.janus.listenerUrl;
    await Promise.all(back);
    for (const device of [caller, callee]) {
      const { status, cause } = await device.next({ event: 'call:ended', callId });
      assert.deepEqual({ status, cause }, { status: 'failed', cause: 'server_restart' });
    }
    await caller.ask('call:initiate', { receiverId: callee.userId });
    const incoming = await callee.next('call:incoming');
    await callee.ask('call:reject', { callId: incoming.callId, reason: REASON });
    await caller.next('call:rejected');
    [caller, callee].forEach((app) => app.close());
    proxy.close();
    await it.janus.stop();
  });
});

// The listener's door on a running Janus: the protocol on call.v1, alone and mixed with devices on Janus's transports.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import WebSocket from 'ws';

import { WsClient } from './lib/clients/index.mjs';
import { PlainClient } from './lib/clients/plain.mjs';
import { dropThousands } from './lib/drop.mjs';
import { ring, scene, talk } from './lib/scene.mjs';
import { makeKey, secondsFromNow, sign } from './lib/tokens.mjs';
import { until, within } from './lib/wait.mjs';

const listener = { ping_interval: 1000, ping_timeout: 2000 };
const statsOf = async (it) => (await it.janus.admin({ request: 'stats' })).listener;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'call-tls-'));
after(() => fs.rmSync(folder, { recursive: true }));

describe('a call', () => {
  const it = scene({ plugin: { listener } });
  const doors = [PlainClient, WsClient];

  for (const Caller of doors) {
    for (const Callee of doors) {
      if (Caller === WsClient && Callee === WsClient)
        continue;
      const who = `${Caller.library} to ${Callee.library}`;

      test(`${who}: rejected`, async () => {
        const { caller, callee } = await it.pair({ Caller, Callee });
        const callId = await ring(caller, [callee]);
        await callee.ask('call:ringing', { callId });
        await caller.next({ event: 'call:ringing', callId });
        const reply = await callee.ask('call:reject', { callId, reason: 'User declined' });
        assert.equal(reply.status, 'rejected');
        const event = await caller.next({ event: 'call:rejected', callId });
        assert.equal(event.reason, 'User declined');
        assert.equal(event.cause, 'declined');
        await Promise.all([caller.nothingMore(), callee.nothingMore()]);
      });

      test(`${who}: accepted, signalled, updated and ended`, async () => {
        const { caller, callee } = await it.pair({ Caller, Callee });
        const callId = await talk(caller, [callee]);
        await caller.ask('call:signal', { callId, data: { sdp: 'v=0', text: 'ünï' } });
        assert.deepEqual((await callee.next('call:signal')).data, { sdp: 'v=0', text: 'ünï' });
        await callee.ask('call:update', { callId, data: { hold: true } });
        assert.deepEqual((await caller.next('call:updated')).data, { hold: true });
        await callee.ask('call:end', { callId });
        assert.equal((await caller.next('call:ended')).cause, 'hangup');
        const { calls } = await caller.ask('call:history', { limit: 1 });
        assert.equal(calls[0].callId, callId);
        assert.equal((await callee.ask('call:get', { callId })).record.status, 'ended');
      });
    }
  }

  test('both devices of a user ring, one on each door; the other is told who answered', async () => {
    const { caller, phone, tablet } = await it.trio({ Caller: PlainClient, Phone: PlainClient, Tablet: WsClient });
    const callId = await ring(caller, [phone, tablet]);
    await phone.ask('call:accept', { callId });
    assert.equal((await tablet.next({ event: 'call:ended', callId })).cause, 'answered_elsewhere');
    assert.equal((await caller.next('call:accepted')).deviceId, 'phone');
    await caller.ask('call:end', { callId });
    await phone.next('call:ended');
  });

  test('an id of the caller\'s own that is used again, which only the store knows', async () => {
    const { caller, callee } = await it.pair({ Caller: PlainClient, Callee: PlainClient });
    const callId = `OWN_${Date.now()}`;
    await ring(caller, [callee], { callId });
    await callee.ask('call:reject', { callId });
    await caller.next('call:rejected');
    assert.equal((await caller.ask('call:initiate', { calleeId: callee.userId, callId })).status, 'rejected');
  });

  test('a device moves from a Janus handle to a socket in mid-call, and back', async () => {
    const { caller, callee } = await it.pair({ Caller: PlainClient, Callee: WsClient });
    const callId = await talk(caller, [callee]);
    const moved = await it.device(callee.userId, callee.deviceId, { Client: PlainClient });
    await callee.next('call:replaced');
    assert.equal(moved.registered.calls[0].callId, callId);
    await caller.ask('call:signal', { callId, data: 1 });
    assert.equal((await moved.next('call:signal')).data, 1);
    const back = await it.device(callee.userId, callee.deviceId, { Client: WsClient });
    await moved.next('call:replaced');
    await caller.ask('call:signal', { callId, data: 2 });
    assert.equal((await back.next('call:signal')).data, 2);
    await back.ask('call:end', { callId });
    await caller.next('call:ended');
  });

  test('the backend rejects for the callee, and the socket is told', async () => {
    const { caller, callee } = await it.pair({ Caller: PlainClient, Callee: PlainClient });
    const callId = await ring(caller, [callee]);
    const reply = await it.janus.admin({ request: 'call:reject', callId, userId: callee.userId, reason: 'by button' });
    assert.equal(reply.status, 'rejected');
    assert.equal((await caller.next('call:rejected')).reason, 'by button');
    await callee.next('call:ended');
  });

  test('a drop in mid-call: the other is told, the return brings a snapshot', async () => {
    const { caller, callee } = await it.pair({ Caller: PlainClient, Callee: PlainClient });
    const callId = await talk(caller, [callee]);
    await it.lose(callee);
    assert.equal((await caller.next('call:peer')).state, 'reconnecting');
    const back = await it.device(callee.userId, callee.deviceId, { Client: PlainClient });
    assert.equal((await caller.next('call:peer')).state, 'connected');
    const [snapshot] = back.registered.calls;
    assert.equal(snapshot.callId, callId);
    assert.equal(snapshot.status, 'accepted');
    await back.ask('call:end', { callId });
  });

  test('what was missed while away is in the snapshot', async () => {
    const { caller, callee } = await it.pair({ Caller: PlainClient, Callee: PlainClient });
    const callId = await ring(caller, [callee]);
    await it.lose(caller);
    await callee.ask('call:reject', { callId });
    const back = await it.device(caller.userId, caller.deviceId, { Client: PlainClient });
    assert.equal(back.registered.calls.find((call) => call.callId === callId).status, 'rejected');
  });

  test('T33 a half-open socket is found, and its device is away', async () => {
    const { caller, callee } = await it.pair({ Caller: PlainClient, Callee: PlainClient });
    await talk(caller, [callee]);
    const { silent } = await statsOf(it);
    // It neither reads nor writes any more, and its kernel says nothing: as a phone that left the network.
    callee.socket.pause();
    assert.equal((await caller.next('call:peer', 15_000)).state, 'reconnecting');
    await until(async () => (await statsOf(it)).silent === silent + 1, 'the silent one is counted');
    callee.socket.resume();
    callee.drop();
  });

  test('the log has the lines that the users\' guide looks for', async () => {
    const { caller, callee } = await it.pair({ Caller: PlainClient, Callee: PlainClient });
    const callId = await ring(caller, [callee]);
    await callee.ask('call:reject', { callId });
    await caller.next('call:rejected');
    await it.janus.logged(new RegExp(`Received call:reject from receiver \\(callId ${callId}`));
    await it.janus.logged(new RegExp(`Sent call:rejected to caller \\(callId ${callId}`));
  });
});

describe('who may come in', () => {
  const it = scene({ plugin: { listener: { ...listener, origins: 'https://app.example https://www.app.example',
    register_timeout: 500 } } });

  const statusOf = async (subprotocol, options) => {
    const socket = new WebSocket(it.janus.listenerUrl, subprotocol, options);
    const [outcome] = await Promise.race([
      once(socket, 'open').then(() => [101]),
      once(socket, 'unexpected-response').then(([, response]) => [response.statusCode]),
    ]);
    socket.on('error', () => {});
    socket.terminate();
    return outcome;
  };

  test('T31 pages of the origins that are configured, and apps that are no pages', async () => {
    assert.equal(await statusOf('call.v1', { origin: 'https://app.example' }), 101);
    assert.equal(await statusOf('call.v1', { origin: 'https://www.app.example' }), 101);
    assert.equal(await statusOf('call.v1', {}), 101);
    assert.equal(await statusOf('call.v1', { origin: 'https://app.example.evil' }), 403);
    assert.equal(await statusOf('call.v1', { origin: 'http://app.example' }), 403);
  });

  test('nobody with another sub-protocol, or none', async () => {
    assert.equal(await statusOf('janus-protocol', {}), 400);
    assert.equal(await statusOf([], {}), 400);
  });

  test('T32 who does not register is closed', async () => {
    const client = await it.connect(PlainClient);
    assert.equal((await within(client.closed, 'the end')).code, 1008);
  });

  test('a message that is too large, or no text, ends the socket with the code that says so', async () => {
    const large = await it.connect(PlainClient);
    large.socket.send(`"${'x'.repeat(200_000)}"`);
    assert.equal((await large.closed).code, 1009);
    const binary = await it.connect(PlainClient);
    binary.socket.send(Buffer.from([1, 2, 3]));
    assert.equal((await binary.closed).code, 1003);
  });
});

describe('tokens', () => {
  const key = makeKey('HS256');
  const it = scene({ plugin: { general: { auth: 'jwt' }, auth: { secret: key.secret }, listener } });
  const tokenOf = (sub, seconds) => sign({ sub, exp: secondsFromNow(seconds) }, key.secret);

  test('say who it is; without one nobody registers', async () => {
    const client = await it.connect(PlainClient);
    await client.refused('call:register', { userId: 'alice' }, 'unauthorized');
    assert.equal((await client.ask('call:register', { token: tokenOf('alice', 60) })).userId, 'alice');
  });

  test('that expire end the registration, not the socket', async () => {
    const client = await it.connect(PlainClient);
    await client.ask('call:register', { token: tokenOf('bob', 2) });
    assert.equal((await client.next('call:unregistered', 10_000)).cause, 'token_expired');
    await client.ask('call:register', { token: tokenOf('bob', 60) });
  });
});

describe('TLS', () => {
  const file = (name) => path.join(folder, name);
  const EC = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const make = (subject, key = EC) => execFileSync('openssl', ['req', '-x509', '-newkey', ...key, '-days', '2', '-subj', `/CN=${subject}`, '-addext', 'subjectAltName=IP:127.0.0.1',
    '-keyout', file('key.pem'), '-out', file('cert.pem')], { stdio: 'pipe' });
  make('first');
  const it = scene({ plugin: { listener: { ...listener, certificate: file('cert.pem'), key: file('key.pem') } } });

  const connect = async (user) => {
    const client = new PlainClient(it.janus, user);
    await client.connect({ ca: fs.readFileSync(file('cert.pem')) });
    client.subject = client.socket._socket.getPeerCertificate().subject.CN;
    await client.register(user, 'phone');
    return client;
  };

  test('a call over wss; a new certificate is used after reload, and nobody is dropped', async () => {
    const alice = await connect('alice');
    const bob = await connect('bob');
    assert.equal(alice.subject, 'first');
    const callId = await talk(alice, [bob]);
    make('second');
    assert.equal((await it.janus.admin({ request: 'reload' })).call, 'success');
    const carol = await connect('carol');
    assert.equal(carol.subject, 'second');
    await alice.ask('call:end', { callId });
    await bob.next('call:ended');
    await until(async () => (await statsOf(it)).accepted === 3, 'three sockets, and no more');

    const certificate = fs.readFileSync(file('cert.pem'));
    const unusable = [
      [() => fs.writeFileSync(file('key.pem'), 'no key'), /the key .* cannot be used/],
      [() => make('third', ['rsa:2048', '-nodes']), /the key .* another kind .* restart/],
      [() => make('third', [...EC.slice(0, 3), '-passout', 'pass:secret']), /the key .* encrypted/],
    ];
    for (const [write, why] of unusable) {
      write();
      const refused = await it.janus.admin({ request: 'reload' });
      assert.equal(refused.call, 'error');
      assert.match(refused.error, why);
    }
    fs.writeFileSync(file('cert.pem'), certificate);
    const dave = await connect('dave');
    assert.equal(dave.subject, 'second');
    await Promise.all([alice, bob, carol, dave].map((client) => client.close()));
  });
});

describe('a network that is gone', () => {
  const it = scene({ plugin: { listener: {}, timers: { in_call_grace: 500 } } });

  test('many sockets drop at once: all are away within a second, nobody else waits', async (t) => {
    // A machine that does other things at this moment is no news: the best of a few rounds counts.
    let best = { awayMs: Infinity, pauseMs: Infinity };
    for (let round = 0; round < 4 && !(best.awayMs < 1000 && best.pauseMs < 50); round++) {
      const drop = await dropThousands(it, PlainClient, Number(process.env.DROP_SOCKETS ?? 2000), round);
      t.diagnostic(`${drop.sockets} sockets: all away after ${drop.awayMs.toFixed(0)} ms, longest pause of those who stay `
        + `${drop.pauseMs.toFixed(1)} ms (${drop.calmMs.toFixed(1)} ms before)`);
      if (drop.pauseMs < best.pauseMs)
        best = drop;
    }
    assert.ok(best.awayMs < 1000, `${best.awayMs} ms`);
    assert.ok(best.pauseMs < 50, `${best.pauseMs} ms`);
  });
});

describe('the end', () => {
  test('Janus stops with sockets open: each is told with 1001', async () => {
    const { startJanus } = await import('./lib/janus.mjs');
    const janus = await startJanus({ plugin: { listener } });
    const clients = await Promise.all(['alice', 'bob'].map(async (user) => {
      const client = await new PlainClient(janus, user).connect();
      await client.register(user, 'phone');
      return client;
    }));
    await clients[0].ask('call:initiate', { calleeId: 'bob' });
    await janus.stop({ keep: true });
    for (const client of clients)
      assert.equal((await client.closed).code, 1001);
    const again = await janus.restart();
    const alice = await new PlainClient(again, 'alice').connect();
    const { calls } = await alice.register('alice', 'phone');
    assert.equal(calls[0].cause, 'server_restart');
    await alice.close();
    await again.stop();
    again.remove();
  });

  test('a port that is taken: the plugin does not load, and says why', async () => {
    const { startJanus } = await import('./lib/janus.mjs');
    const first = await startJanus({ plugin: { listener } });
    const { port } = new URL(first.listenerUrl);
    const second = await startJanus({ mayRefuse: true, plugin: { listener: { port: Number(port) } } });
    await second.logged(/The listener cannot be opened.*cannot listen on port/);
    await second.stop();
    await first.stop();
  });
});

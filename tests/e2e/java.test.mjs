// The client of examples/java: its own tests, and its life with a real Janus, over good and bad networks.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import path from 'node:path';
import readline from 'node:readline';

import { WsClient } from './lib/clients/index.mjs';
import { Agent, casesOf, Classes, EXAMPLE, javaFiles } from './lib/java.mjs';
import { startJanus } from './lib/janus.mjs';
import { MessageProxy, TcpProxy } from './lib/proxy.mjs';
import { Scene, scene } from './lib/scene.mjs';
import { until } from './lib/wait.mjs';

const CALL_ID = 'CALL_17637599232099';
const REASON = 'User declined';

let classes;
let agent;

before(async () => {
  classes = await Classes.compile(javaFiles('src', 'demo', 'test/januscall'));
  agent = new Agent(classes);
});
after(async () => {
  await agent?.close();
  classes?.remove();
});

/** A user's device with the Java client, at `url`. */
function java(userId, deviceId, url, more) {
  return agent.device(`${userId}/${deviceId}`).open(url, userId, deviceId, more);
}

test('its own tests', async (t) => {
  const { status, output } = await classes.run('januscall.CallClientTest');
  const cases = casesOf(output);
  for (const { title, fault } of cases)
    await t.test(title, () => assert.equal(fault, undefined, fault));
  assert.equal(status, 0, output);
});

test('the files for Android compile, against stand-ins for Android', async () => {
  const android = await Classes.compile(javaFiles('android', 'test/stubs'), { more: [classes.folder] });
  android.remove();
});

test('the Java of docs/android.md is the Java that was compiled', () => {
  const page = fs.readFileSync(path.join(EXAMPLE, '../../docs/android.md'), 'utf8');
  const blocks = [...page.matchAll(/(<!-- from: (\S+) -->\n)?```java\n(.*?)```\n/gs)];
  assert.ok(blocks.length > 0);
  for (const [, , file, text] of blocks) {
    assert.ok(file, `it is said where this is from:\n${text}`);
    const source = unindented(fs.readFileSync(path.join(EXAMPLE, '../..', file), 'utf8'));
    // A line of three dots stands for what is left out.
    for (const part of text.split(/^ *\.\.\.\n/m))
      assert.ok(source.includes(unindented(part)), `this is not in ${file}:\n${part}`);
  }
});

/** The page shows methods without the indentation of their class. */
function unindented(text) {
  return text.replace(/^ +/gm, '');
}

describe('on a good network', () => {
  const it = scene();

  test('Java calls; a WebSocket client rejects', async () => {
    const caller = await java(it.user('alice'), 'phone', it.janus.wsUrl);
    const callee = await it.device(it.user('bob'), 'phone');
    const reply = await caller.ask('call', { calleeId: callee.userId, callId: CALL_ID, fields: { data: { n: 1 } } });
    assert.equal(reply.status, 'ringing');
    const incoming = await callee.next({ event: 'call:incoming', callId: CALL_ID });
    assert.deepEqual([incoming.callerId, incoming.data], [caller.userId, { n: 1 }]);
    await callee.ask('call:ringing', { callId: CALL_ID });
    assert.equal((await caller.next('ringing')).callId, CALL_ID);
    await callee.ask('call:reject', { callId: CALL_ID, reason: REASON });
    const { call } = await caller.next('ended');
    assert.deepEqual([call.callId, call.status, call.cause, call.reason, call.deviceId],
      [CALL_ID, 'rejected', 'declined', REASON, 'phone']);
    await caller.nothingMore();
  });

  test('a WebSocket client calls; Java rejects', async () => {
    const caller = await it.device(it.user('alice'), 'laptop');
    const callee = await java(it.user('bob'), 'phone', it.janus.wsUrl);
    await caller.ask('call:initiate', { calleeId: callee.userId, callId: CALL_ID });
    const { call } = await callee.next({ event: 'incoming', callId: CALL_ID });
    assert.deepEqual([call.peerId, call.isOutgoing, call.media], [caller.userId, false, { audio: true, video: false }]);
    assert.ok(call.expiresInMs > 40_000 && call.expiresInMs <= 45_000);
    await callee.ask('ringing', { callId: CALL_ID });
    await caller.next('call:ringing');
    const reply = await callee.ask('reject', { callId: CALL_ID, reason: REASON });
    assert.deepEqual([reply.status, reply.cause], ['rejected', 'declined']);
    const rejected = await caller.next('call:rejected');
    assert.deepEqual([rejected.callId, rejected.reason, rejected.cause], [CALL_ID, REASON, 'declined']);
    assert.ok(Math.abs(rejected.timestamp - Date.now()) < 60_000);
    assert.equal((await callee.next('ended')).call.cause, 'declined');
    await callee.nothingMore();
    await caller.nothingMore();
  });

  test('Java calls Java, which rejects', async () => {
    const caller = await java(it.user('alice'), 'phone', it.janus.wsUrl);
    const callee = await java(it.user('bob'), 'phone', it.janus.wsUrl);
    await caller.ask('call', { calleeId: callee.userId, callId: CALL_ID, fields: {} });
    await callee.next('incoming');
    await callee.ask('reject', { callId: CALL_ID, reason: REASON });
    const { call } = await caller.next('ended');
    assert.deepEqual([call.status, call.cause, call.reason], ['rejected', 'declined', REASON]);
    await caller.nothingMore();
  });

  test('Java calls; the other answers; they exchange signals; Java hangs up', async () => {
    const caller = await java(it.user('alice'), 'phone', it.janus.wsUrl);
    const callee = await it.device(it.user('bob'), 'phone');
    const { callId } = await caller.ask('call', { calleeId: callee.userId, fields: { media: { video: true } } });
    await callee.next('call:incoming');
    await callee.ask('call:accept', { callId });
    const { call } = await caller.next('accepted');
    assert.deepEqual([call.status, call.mode, call.deviceId], ['accepted', 'none', 'phone']);
    await caller.ask('signal', { callId, data: { sdp: 'v=0' } });
    assert.deepEqual((await callee.next('call:signal')).data, { sdp: 'v=0' });
    await callee.ask('call:update', { callId, data: { audio: false } });
    assert.deepEqual((await caller.next('updated')).data, { audio: false });
    await caller.ask('end', { callId, reason: 'Bye' });
    const ended = await callee.next('call:ended');
    assert.deepEqual([ended.cause, ended.reason], ['hangup', 'Bye']);
    assert.equal((await caller.next('ended')).call.status, 'ended');
    await caller.nothingMore();
  });

  test('the other calls; Java answers; the other hangs up', async () => {
    const caller = await it.device(it.user('alice'), 'laptop');
    const callee = await java(it.user('bob'), 'phone', it.janus.wsUrl);
    const { callId } = await caller.ask('call:initiate', { calleeId: callee.userId });
    await callee.next('incoming');
    const reply = await callee.ask('accept', { callId });
    assert.equal(reply.status, 'accepted');
    await caller.next({ event: 'call:accepted', deviceId: 'phone' });
    await callee.next('accepted');
    await caller.ask('call:signal', { callId, data: [1, 2] });
    assert.deepEqual((await callee.next('signal')).data, [1, 2]);
    await caller.ask('call:end', { callId });
    const { call } = await callee.next('ended');
    assert.deepEqual([call.status, call.cause], ['ended', 'hangup']);
    await callee.nothingMore();
  });

  test('two devices: the one that does not answer stops, and so does the one that does not decline', async () => {
    const bob = it.user('bob');
    const caller = await it.device(it.user('alice'), 'laptop');
    const [phone, tablet] = [await java(bob, 'phone', it.janus.wsUrl), await it.device(bob, 'tablet')];
    const { callId } = await caller.ask('call:initiate', { calleeId: bob });
    await Promise.all([phone.next('incoming'), tablet.next('call:incoming')]);
    await tablet.ask('call:accept', { callId });
    const { call } = await phone.next('ended');
    assert.deepEqual([call.status, call.cause, call.isOver], ['accepted', 'answered_elsewhere', true]);
    await tablet.ask('call:end', { callId });

    const { callId: second } = await caller.ask('call:initiate', { calleeId: bob });
    await Promise.all([phone.next('incoming'), tablet.next('call:incoming')]);
    await tablet.ask('call:reject', { callId: second });
    assert.equal((await phone.next('ended')).call.cause, 'declined_elsewhere');
    await phone.nothingMore();
  });

  test('the caller gives up; a busy callee; glare', async () => {
    const [alice, bob] = [it.user('alice'), it.user('bob')];
    const caller = await java(alice, 'phone', it.janus.wsUrl);
    const callee = await java(bob, 'phone', it.janus.wsUrl);
    const { callId } = await caller.ask('call', { calleeId: bob, fields: {} });
    await callee.next('incoming');
    const refusal = await callee.do('call', { calleeId: alice, fields: {} });
    assert.deepEqual([refusal.code, refusal.otherCallId], ['glare', callId]);
    assert.equal((await callee.next('ended')).call.cause, 'glare');
    await caller.ask('end', { callId });
    assert.equal((await callee.next({ event: 'ended', callId })).call.cause, 'cancelled');
    assert.equal((await caller.next({ event: 'ended', callId })).call.status, 'cancelled');

    const { callId: second } = await caller.ask('call', { calleeId: bob, fields: {} });
    await callee.next('incoming');
    await callee.ask('busy', { callId: second });
    assert.equal((await caller.next('ended')).call.cause, 'busy');
    await caller.nothingMore();
  });

  test('the backend takes part: it declines for the callee, and takes the device off', async () => {
    const caller = await it.device(it.user('alice'), 'laptop');
    const callee = await java(it.user('bob'), 'phone', it.janus.wsUrl);
    const { callId } = await caller.ask('call:initiate', { calleeId: callee.userId });
    await callee.next('incoming');
    await it.janus.admin({ request: 'call:reject', userId: callee.userId, callId, reason: REASON });
    assert.equal((await callee.next('ended')).call.cause, 'declined_elsewhere');
    await caller.next({ event: 'call:rejected', reason: REASON });
    await it.janus.admin({ request: 'disconnect', userId: callee.userId });
    assert.equal((await callee.next('stopped')).cause, 'admin');
  });

  test('a button declines over the socket, or over the backend where there is none', async () => {
    const rejected = [];
    const backend = http.createServer(async (request, response) => {
      let body = '';
      for await (const part of request)
        body += part;
      const [, userId, callId] = request.url.match(/^\/([^/]+)\/api\/calls\/([^/]+)\/reject$/);
      rejected.push(callId);
      await it.janus.admin({ request: 'call:reject', userId, callId, reason: JSON.parse(body).reason });
      response.end();
    });
    await new Promise((resolve) => { backend.listen(0, '127.0.0.1', resolve); });
    const caller = await it.device(it.user('alice'), 'laptop');
    const callee = await java(it.user('bob'), 'phone', it.janus.wsUrl);
    const address = `http://127.0.0.1:${backend.address().port}/${callee.userId}/`;
    const { callId: first } = await caller.ask('call:initiate', { calleeId: callee.userId });
    await callee.next('incoming');
    await callee.ask('decline', { callId: first, reason: REASON, backend: address });
    await caller.next({ event: 'call:rejected', callId: first, reason: REASON });
    assert.deepEqual(rejected, []);

    await callee.ask('stop');
    const { callId: second } = await caller.ask('call:initiate', { calleeId: callee.userId });
    await callee.ask('decline', { callId: second, reason: REASON, backend: address });
    await caller.next({ event: 'call:rejected', callId: second, reason: REASON });
    assert.deepEqual(rejected, [second]);
    backend.close();
  });

  test('a person in a terminal', async () => {
    const caller = await it.device(it.user('alice'), 'laptop');
    const bob = it.user('bob');
    const terminal = classes.start('januscall.demo.Terminal', it.janus.wsUrl, bob, 'phone');
    const lines = readline.createInterface({ input: terminal.stdout })[Symbol.asyncIterator]();
    const line = async () => (await lines.next()).value;
    const prints = async (wanted) => assert.equal(await line(), wanted);
    const type = (text) => terminal.stdin.write(`${text}\n`);
    await prints('registered');
    await caller.ask('call:initiate', { calleeId: bob });
    assert.match(await line(), /^\S+ calls; it rings for 4[45] s$/);
    type('accept');
    await prints(`in the call with ${caller.userId}`);
    type('end');
    await prints('over: ended, hangup');
    await caller.next('call:ended');
    type(`call ${caller.userId}`);
    const { callId } = await caller.next('call:incoming');
    await caller.ask('call:ringing', { callId });
    await prints(`it rings at ${caller.userId}`);
    await caller.ask('call:reject', { callId });
    await prints('over: rejected, declined');
    const ended = new Promise((resolve) => { terminal.once('exit', resolve); });
    type('quit');
    assert.equal(await ended, 0);
  });

  test('the same device elsewhere: this one stops, and stays so', async () => {
    const bob = it.user('bob');
    const first = await java(bob, 'phone', it.janus.wsUrl);
    const second = await java(bob, 'phone', it.janus.wsUrl);
    assert.equal((await first.next('stopped')).cause, 'replaced');
    await second.nothingMore();
  });

  test('who stops is gone at once, and what rang from it is cancelled', async () => {
    const caller = await java(it.user('alice'), 'phone', it.janus.wsUrl);
    const callee = await it.device(it.user('bob'), 'phone');
    await caller.ask('call', { calleeId: callee.userId, fields: {} });
    await callee.next('call:incoming');
    await caller.ask('stop');
    assert.equal((await callee.next('call:ended')).cause, 'cancelled');
  });
});

describe('when nobody answers', () => {
  const it = scene({ plugin: { timers: { ring: 300, unreachable: 300 } } });

  test('both sides are told, once', async () => {
    const caller = await java(it.user('alice'), 'phone', it.janus.wsUrl);
    const callee = await java(it.user('bob'), 'phone', it.janus.wsUrl);
    await caller.ask('call', { calleeId: callee.userId, fields: {} });
    await callee.next('incoming');
    for (const device of [caller, callee]) {
      const { call } = await device.next('ended');
      assert.deepEqual([call.status, call.cause], ['timeout', 'no_answer']);
      await device.nothingMore();
    }
    await caller.ask('call', { calleeId: it.user('nobody'), fields: {} });
    assert.equal((await caller.next('ended')).call.cause, 'unreachable');
  });
});

describe('on a bad network', () => {
  const it = scene({ plugin: { timers: { ring: 5000 } } });
  const FAST = { keepaliveMs: 200, keepaliveInCallMs: 200, answerMs: 300 };
  let proxy;

  before(async () => {
    proxy = await TcpProxy.before(it.janus.wsUrl);
  });
  after(() => proxy.close());

  /** The connections through the proxy are cut, and nobody gets in before the test says so. */
  async function goOffline(device) {
    proxy.isOpen = false;
    proxy.cut();
    await until(() => device.state === 'CONNECTING', 'the client noticed that it is offline');
  }

  async function goOnline(device) {
    proxy.isOpen = true;
    return device.registered();
  }

  test('the caller is offline when the callee rejects, and learns it when it is back', async () => {
    const caller = await java(it.user('alice'), 'phone', proxy.url);
    const callee = await it.device(it.user('bob'), 'phone');
    const { callId } = await caller.ask('call', { calleeId: callee.userId, fields: {} });
    await callee.next('call:incoming');
    await goOffline(caller);
    await callee.ask('call:reject', { callId, reason: REASON });
    await goOnline(caller);
    const { call } = await caller.next('ended');
    assert.deepEqual([call.status, call.cause, call.reason], ['rejected', 'declined', REASON]);
    await caller.nothingMore();
  });

  test('a rejection that was given offline arrives', async () => {
    const caller = await it.device(it.user('alice'), 'laptop');
    const callee = await java(it.user('bob'), 'phone', proxy.url);
    const { callId } = await caller.ask('call:initiate', { calleeId: callee.userId });
    await callee.next('incoming');
    await goOffline(callee);
    const rejecting = callee.ask('reject', { callId, reason: REASON });
    await goOnline(callee);
    await rejecting;
    assert.equal((await caller.next('call:rejected')).reason, REASON);
    await callee.next('ended');
    await callee.nothingMore();
  });

  test('a call survives a cut connection, and goes on', async () => {
    const caller = await it.device(it.user('alice'), 'laptop');
    const callee = await java(it.user('bob'), 'phone', proxy.url);
    const { callId } = await caller.ask('call:initiate', { calleeId: callee.userId });
    await callee.next('incoming');
    await callee.ask('accept', { callId });
    await callee.next('accepted');
    await caller.next('call:accepted');
    await goOffline(callee);
    assert.equal((await caller.next('call:peer')).state, 'reconnecting');
    await goOnline(callee);
    assert.equal((await caller.next('call:peer')).state, 'connected');
    await caller.ask('call:signal', { callId, data: 'ice' });
    assert.equal((await callee.next('signal')).data, 'ice');
    await callee.ask('end', { callId });
    await caller.next({ event: 'call:ended', cause: 'hangup' });
  });

  test('a device that comes back while it rings does not ring anew', async () => {
    const caller = await it.device(it.user('alice'), 'laptop');
    const callee = await java(it.user('bob'), 'phone', proxy.url);
    const { callId } = await caller.ask('call:initiate', { calleeId: callee.userId });
    await callee.next('incoming');
    proxy.cut();
    await callee.registered();
    await callee.nothingMore();
    await callee.ask('accept', { callId });
    await caller.next('call:accepted');
  });

  test('a socket that is open and dead is noticed, and what was missed is learned', async () => {
    const caller = await java(it.user('alice'), 'phone', proxy.url, FAST);
    const callee = await it.device(it.user('bob'), 'phone');
    const { callId } = await caller.ask('call', { calleeId: callee.userId, fields: {} });
    await callee.next('call:incoming');
    proxy.hold();
    await callee.ask('call:reject', { callId, reason: REASON });
    const { call } = await caller.next('ended');
    assert.deepEqual([call.status, call.reason], ['rejected', REASON]);
  });

  test('a request into a dead socket arrives by the next one', async () => {
    const caller = await it.device(it.user('alice'), 'laptop');
    const callee = await java(it.user('bob'), 'phone', proxy.url, { ...FAST, keepaliveInCallMs: 60_000 });
    const { callId } = await caller.ask('call:initiate', { calleeId: callee.userId });
    await callee.next('incoming');
    proxy.hold();
    await callee.ask('reject', { callId, reason: REASON });
    await caller.next({ event: 'call:rejected', callId });
  });

  test('a ring ends in time with no network at all', async () => {
    const caller = await it.device(it.user('alice'), 'laptop');
    const callee = await java(it.user('bob'), 'phone', proxy.url);
    await caller.ask('call:initiate', { calleeId: callee.userId });
    const began = performance.now();
    const { call: { expiresInMs } } = await callee.next('incoming');
    await goOffline(callee);
    const { call } = await callee.next('ended', 7000);
    const rang = performance.now() - began;
    assert.deepEqual([call.status, call.cause], ['timeout', 'no_answer']);
    assert.ok(rang < expiresInMs + 1000, `it rang for ${rang.toFixed(0)} of ${expiresInMs} ms`);
    await goOnline(callee);
    await callee.nothingMore();
  });

  test('twenty cut connections in a row', async () => {
    const device = await java(it.user('bob'), 'phone', proxy.url);
    for (let time = 0; time < 20; time++) {
      proxy.cut();
      await device.registered();
    }
    const caller = await it.device(it.user('alice'), 'laptop');
    await caller.ask('call:initiate', { calleeId: device.userId });
    await device.next('incoming');
  });
});

describe('messages that come late, twice, or in another order', () => {
  const it = new Scene();
  const events = [];
  let proxy;

  before(async () => {
    it.janus = await startJanus();
    proxy = await MessageProxy.before(it.janus.wsUrl, (message, send) => events.at(-1)(message, send));
  });
  after(async () => {
    proxy?.close();
    await it.close();
    await it.janus?.stop();
  });

  const isReplyTo = (message, request) => message.plugindata?.data.request === request;

  test('each twice, and the events of before once more at the end', async () => {
    const seen = [];
    events.push((message, send) => {
      send(message);
      send(message);
      if (message.janus === 'event')
        seen.push(message);
      if (message.plugindata?.data.event === 'call:ended')
        seen.forEach(send);
    });
    const caller = await it.device(it.user('alice'), 'laptop');
    const callee = await java(it.user('bob'), 'phone', proxy.url);
    const { callId } = await caller.ask('call:initiate', { calleeId: callee.userId });
    await callee.next('incoming');
    await callee.ask('accept', { callId });
    await callee.next('accepted');
    await caller.ask('call:end', { callId });
    await callee.next('ended');
    await callee.nothingMore();
  });

  test('events before the replies that explain them', async () => {
    const held = [];
    let isHolding = true;
    events.push((message, send) => {
      const isHeld = isHolding && ['call:initiate', 'call:accept'].some((request) => isReplyTo(message, request));
      if (isHeld)
        held.push(() => send(message));
      else
        send(message);
    });
    const caller = await java(it.user('alice'), 'phone', proxy.url);
    const callee = await java(it.user('bob'), 'phone', proxy.url);
    const calling = caller.ask('call', { calleeId: callee.userId, callId: CALL_ID, fields: {} });
    await callee.next('incoming');
    const accepting = callee.ask('accept', { callId: CALL_ID });
    await caller.next('accepted');
    await caller.ask('signal', { callId: CALL_ID, data: 'offer' });
    await callee.nothingMore();
    held.splice(0).forEach((send) => send());
    await Promise.all([calling, accepting]);
    await callee.next('accepted');
    assert.equal((await callee.next('signal')).data, 'offer');
    isHolding = false;
    await caller.ask('end', { callId: CALL_ID });
    await Promise.all([caller.next('ended'), callee.next('ended')]);
    await caller.nothingMore();
    await callee.nothingMore();
  });

  test('a call that rings before the reply to the register is not ended by it', async () => {
    const held = [];
    events.push((message, send) => {
      if (isReplyTo(message, 'call:register'))
        held.push(() => send(message));
      else
        send(message);
    });
    const caller = await it.device(it.user('alice'), 'laptop');
    const callee = agent.device('bob/phone');
    const bob = it.user('bob');
    const opening = callee.open(proxy.url, bob, 'phone');
    await until(() => held.length > 0, 'the device asked to be registered');
    await caller.ask('call:initiate', { calleeId: bob });
    const { callId } = await callee.next('incoming');
    held.forEach((send) => send());
    await opening;
    await callee.nothingMore();
    await callee.ask('accept', { callId });
    await caller.next('call:accepted');
  });

  test('an event that never comes: the list of the next registration says it', async () => {
    events.push((message, send) => {
      if (message.plugindata?.data.event !== 'call:ended')
        send(message);
    });
    const caller = await it.device(it.user('alice'), 'laptop');
    const callee = await java(it.user('bob'), 'phone', proxy.url);
    const { callId } = await caller.ask('call:initiate', { calleeId: callee.userId });
    await callee.next('incoming');
    await caller.ask('call:end', { callId });
    await callee.nothingMore();
    await callee.ask('networkChanged');
    assert.equal((await callee.next('ended')).call.cause, 'cancelled');
  });
});

describe('with tokens', () => {
  const SECRET = 'a secret of the tests that has 32 bytes or more';
  const it = scene({ plugin: { general: { auth: 'jwt' }, auth: { secret: SECRET } } });
  let backend;
  let lifetimes;
  let asked;

  /** What the backend of an app does: the user is in the path here, and in the session there. */
  before(async () => {
    backend = http.createServer((request, response) => {
      const [, userId] = request.url.match(/^\/([^/]+)\/api\/calls\/token$/);
      const seconds = lifetimes.length > 1 ? lifetimes.shift() : lifetimes[0];
      asked++;
      if (seconds === undefined)
        response.writeHead(503).end('not now');
      else
        response.end(JSON.stringify({ token: tokenFor(userId, seconds) }));
    });
    await new Promise((resolve) => { backend.listen(0, '127.0.0.1', resolve); });
  });
  after(() => backend.close());

  function tokenFor(sub, seconds) {
    const part = (claims) => Buffer.from(JSON.stringify(claims)).toString('base64url');
    const exp = Math.floor(Date.now() / 1000) + seconds;
    const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub, exp })}`;
    return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
  }

  /** A device whose tokens last so many seconds, one after the other, and the last one for ever after. */
  function withTokens(userId, ...seconds) {
    lifetimes = seconds;
    asked = 0;
    return java(userId, 'phone', it.janus.wsUrl, { tokens: `http://127.0.0.1:${backend.address().port}/${userId}` });
  }

  test('the token says who it is; a refused one is followed by another', async () => {
    const caller = await withTokens(it.user('alice'), -10, 600);
    assert.equal(asked, 2);
    const callee = await withTokens(it.user('bob'), 600);
    await caller.ask('call', { calleeId: callee.userId, fields: {} });
    assert.equal((await callee.next('incoming')).call.peerId, caller.userId);
  });

  test('a backend that is down for a while', async () => {
    await withTokens(it.user('alice'), undefined, undefined, 600);
    assert.equal(asked, 3);
  });

  test('tokens that last two seconds keep a device registered, and its call', async () => {
    const callee = await withTokens(it.user('bob'), 600);
    const caller = await withTokens(it.user('alice'), 2);
    const { callId } = await caller.ask('call', { calleeId: callee.userId, fields: {} });
    await callee.next('incoming');
    for (let time = 0; time < 2; time++)
      await caller.registered();
    assert.equal(caller.state, 'REGISTERED');
    await callee.ask('accept', { callId });
    await caller.next('accepted');
    await callee.next('accepted');
    await caller.ask('end', { callId });
    await callee.next('ended');
  });

  test('a device that nobody knows stops', async () => {
    lifetimes = [-10];
    const device = agent.device('eve/phone');
    await device.do('open', { url: it.janus.wsUrl, userId: 'eve', deviceId: 'phone',
      tokens: `http://127.0.0.1:${backend.address().port}/eve` });
    assert.equal((await device.next('stopped')).cause, 'token_expired');
  });
});

describe('when the server is killed', () => {
  test('the client comes back, and the call that was live has failed', async () => {
    const janus = await startJanus();
    const proxy = await TcpProxy.before(janus.wsUrl);
    try {
      const callee = await java('bob', 'phone', proxy.url);
      const caller = await java('alice', 'phone', proxy.url);
      const { callId } = await caller.ask('call', { calleeId: 'bob', fields: {} });
      await callee.next('incoming');
      await janus.kill9();
      await janus.restart();
      proxy.target = janus.wsUrl;
      for (const device of [caller, callee]) {
        await device.registered();
        const { call } = await device.next({ event: 'ended', callId });
        assert.deepEqual([call.status, call.cause], ['failed', 'server_restart']);
      }
      await Promise.all([caller.ask('stop'), callee.ask('stop')]);
      await janus.stop();
    } finally {
      proxy.close();
      await janus.end();
    }
  });
});

// The client library against a running Janus, through a network that loses, doubles, delays and breaks.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { pause, until, within } from '../e2e/lib/wait.mjs';
import { eventOf } from './lib/proxy.mjs';
import { FAST, over, transports, users } from './lib/users.mjs';

const RING_MS = 1500;
const scene = users({ plugin: { timers: { ring: RING_MS, unreachable: 1000, in_call_grace: 3000, caller_grace: 3000 } } });

/** Where nothing is lost, nobody has to find out soon. */
const PATIENT = { keepaliveMs: 5000, answerMs: 10_000 };

/** A device behind a network of the test's, and its peer with a good one: {far, proxy, near}. */
async function pair(options = {}) {
  const proxy = await scene.proxy();
  const far = await scene.client(scene.name('far'), { proxy, ...FAST, ...options });
  const near = await scene.client(scene.name('near'));
  return { far, proxy, near };
}

const losing = (...names) => (message) => (names.includes(eventOf(message)) ? 'lose' : 'pass');

describe('events', () => {
  test('twice: rings once, ends once', async () => {
    const { far, proxy, near } = await pair(PATIENT);
    proxy.rule = () => 'double';
    const { call, incoming } = await scene.ring(near, far);
    await Promise.all([call.end(), over(incoming)]);
    await far.history();
    assert.deepEqual(far.log.slice(-2), [`incoming ${near.userId}`, 'ended cancelled cancelled']);
    assert.equal(far.incoming.length, 1);
  });

  test('out of order: an end before its incoming rings nobody', async () => {
    const { far, proxy, near } = await pair();
    proxy.rule = (message) => (eventOf(message) ? 'hold' : 'pass');
    const call = near.call(far.userId);
    await call.placed;
    await call.end();
    await until(() => proxy.held === 2, 'both events are under way');
    proxy.releaseBackwards();
    await far.history();
    assert.equal(far.incoming.length, 0);
    assert.deepEqual(far.calls, []);
  });

  test('before the reply that explains them', async () => {
    const { far, proxy, near } = await pair(PATIENT);
    proxy.rule = (message) => (message.plugindata?.data?.request === 'call:initiate' ? 'hold' : 'pass');
    const call = far.call(near.userId);
    const incoming = await within(near.next('incoming'), 'it rings');
    await incoming.accept();
    await until(() => call.status === 'accepted', 'the caller hears of the accept');
    proxy.releaseBackwards();
    await call.placed;
    assert.deepEqual([call.status, call.devices], ['accepted', 1]);
    await call.end();
  });

  test('a second time, and late: the ring gets no longer', async () => {
    const { far, proxy, near } = await pair(PATIENT);
    proxy.rule = (message) => (eventOf(message) === 'call:incoming' ? 'echo' : 'pass');
    const { incoming } = await scene.ring(near, far);
    await until(() => incoming.expiresInMs < RING_MS - 500, 'a part of the ring is over');
    proxy.releaseBackwards();
    await far.history();
    assert.ok(incoming.expiresInMs < RING_MS - 500, `${incoming.expiresInMs} ms`);
    await incoming.reject();
  });

  test('never, at the callee: the ring ends by its own clock', async () => {
    const { far, proxy, near } = await pair();
    proxy.rule = losing('call:ended');
    const { call, incoming } = await scene.ring(near, far);
    const since = performance.now();
    const left = incoming.expiresInMs;
    await call.end();
    await over(incoming);
    assert.ok(performance.now() - since <= left + 100, `${performance.now() - since} of ${left} ms`);
    assert.deepEqual([incoming.status, incoming.isPresumed], ['timeout', true]);
  });

  test('never, at the caller: its own clock, and the truth at the next register', async () => {
    const { far, proxy, near } = await pair();
    proxy.rule = losing('call:rejected', 'call:timeout');
    const { call, incoming } = await scene.ring(far, near);
    await incoming.reject({ reason: 'No' });
    await over(call, RING_MS + 2000);
    assert.equal(call.isPresumed, true);
    proxy.cut();
    await until(() => !call.isPresumed, 'the snapshot says how it went');
    assert.deepEqual([call.status, call.cause, call.reason], ['rejected', 'declined', 'No']);
  });

  test('an incoming that never comes is in the next snapshot', async () => {
    const { far, proxy, near } = await pair();
    proxy.rule = losing('call:incoming');
    const call = near.call(far.userId);
    await call.placed;
    proxy.cut();
    const incoming = await within(far.next('incoming'), 'it rings after all');
    assert.equal(incoming.id, call.id);
    await Promise.all([incoming.reject(), over(call)]);
  });

  test('an end that is missed while away is in the snapshot; the phone does not ring on', async () => {
    const { far, proxy, near } = await pair();
    const { call, incoming } = await scene.ring(near, far);
    proxy.refuses = true;
    proxy.cut();
    await call.end();
    proxy.refuses = false;
    await over(incoming, RING_MS - 200);
    assert.deepEqual([incoming.status, incoming.cause], ['cancelled', 'cancelled']);
  });
});

for (const transport of Object.keys(transports)) {
  test(`a half-open socket is noticed, over ${transport}`, async () => {
    const { far, proxy, near } = await pair({ transport });
    const { call, incoming } = await scene.talk(near, far);
    proxy.isSilent = true;
    const since = performance.now();
    await until(() => far.state.name !== 'online', 'the client notices');
    assert.ok(performance.now() - since < FAST.keepaliveMs + FAST.answerMs + 300, `${performance.now() - since} ms`);
    proxy.isSilent = false;
    await until(() => far.state.name === 'online' && incoming.status === 'accepted', 'it is back in the call');
    assert.equal(await incoming.signal('again'), true);
    await Promise.all([call.end(), over(incoming)]);
  });
}

test('no ring outlives its time while the network is silent', async () => {
  const { far, proxy, near } = await pair({ keepaliveMs: 60_000 });
  const { incoming } = await scene.ring(near, far);
  const left = incoming.expiresInMs;
  const since = performance.now();
  proxy.isSilent = true;
  await over(incoming);
  assert.ok(Math.abs(performance.now() - since - left) < 150, `${performance.now() - since} of ${left} ms`);
});

test('a reject without a network: silent here at once, told to the caller as soon as there is one', async () => {
  const { far, proxy, near } = await pair();
  const { call, incoming } = await scene.ring(near, far);
  proxy.refuses = true;
  proxy.cut();
  const rejected = incoming.reject({ reason: 'Not now' });
  assert.ok(incoming.isOver);
  await until(() => far.state.name === 'waiting', 'there is no network');
  proxy.refuses = false;
  await Promise.all([rejected, over(call, RING_MS)]);
  assert.deepEqual([call.status, call.reason], ['rejected', 'Not now']);
});

test('a request whose reply is lost is sent again, and nobody rings twice', async () => {
  const { far, proxy, near } = await pair();
  proxy.rule = (message) => (message.plugindata?.data?.request === 'call:initiate' ? 'lose' : 'pass');
  const call = far.call(near.userId);
  await within(near.next('incoming'), 'it rings');
  proxy.rule = () => 'pass';
  await call.placed;
  await call.end();
  await until(() => near.calls.length === 0, 'it is over');
  assert.equal(near.incoming.length, 1);
});

test('an accept in a broken moment still answers', async () => {
  const { far, proxy, near } = await pair();
  const { call, incoming } = await scene.ring(near, far);
  proxy.cut();
  await incoming.accept();
  await until(() => call.status === 'accepted', 'the caller hears of it');
  await call.end();
});

test('the server stops in mid-ring and comes back: both sides learn it', async () => {
  const proxies = [await scene.proxy(), await scene.proxy()];
  const alice = await scene.client(scene.name('alice'), { proxy: proxies[0], ...FAST });
  const bob = await scene.client(scene.name('bob'), { proxy: proxies[1], ...FAST });
  const { call, incoming } = await scene.ring(alice, bob);
  await scene.janus.kill9();
  await scene.janus.restart();
  for (const proxy of proxies)
    proxy.target = scene.janus.wsUrl;
  await Promise.all([over(call), over(incoming)]);
  await until(() => !call.isPresumed && !incoming.isPresumed, 'the new server says how it went');
  assert.deepEqual([call.status, call.cause], ['failed', 'server_restart']);
  assert.deepEqual([incoming.status, incoming.cause], ['failed', 'server_restart']);
  const { call: next, incoming: rings } = await scene.ring(alice, bob);
  await Promise.all([next.end(), over(rings)]);
});

test('100 reconnects, with a call that goes on through all of them', async () => {
  const { far, proxy, near } = await pair();
  const { call, incoming } = await scene.talk(near, far);
  let online = 0;
  far.on('state', ({ name }) => { online += name === 'online' ? 1 : 0; });
  for (let n = 1; n <= 100; n++) {
    proxy.cut();
    await until(() => online === n && far.isOnline, `reconnect ${n}`);
  }
  assert.deepEqual([call.status, incoming.status], ['accepted', 'accepted']);
  await until(() => call.peer === 'connected', 'the other side knows that it is back');
  assert.equal(await incoming.signal('still here'), true);
  await Promise.all([call.end(), over(incoming)]);
  assert.deepEqual(far.log.filter((line) => /^(incoming|ended)/.test(line)),
    [`incoming ${near.userId}`, 'ended ended hangup']);
  assert.equal(proxy.connections, 101);
});

test('without a server it tries on, more and more slowly, and says so', async () => {
  const proxy = await scene.proxy();
  proxy.refuses = true;
  const client = await scene.client(scene.name('alice'), { proxy, ...FAST, register: false });
  const waits = [];
  client.on('state', ({ name, retryInMs, error }) => name === 'waiting' && waits.push({ retryInMs, code: error.code }));
  const registered = client.register({ userId: scene.name('alice') });
  await until(() => waits.length >= 6, 'it tries');
  assert.ok(waits.every(({ code }) => code === 'offline'));
  assert.ok(waits[0].retryInMs <= 20 && waits[5].retryInMs >= 100, JSON.stringify(waits));
  proxy.refuses = false;
  await within(registered, 'registered in the end');
  assert.ok(client.isOnline);
});

test('close() while there is no server ends it', async () => {
  const proxy = await scene.proxy();
  proxy.refuses = true;
  const client = await scene.client(scene.name('alice'), { proxy, ...FAST, register: false });
  const registered = client.register({ userId: 'alice' });
  await client.close();
  await assert.rejects(registered, { code: 'closed' });
  const { connections } = proxy;
  await pause(300);
  assert.ok(proxy.connections <= connections + 1, 'it went on trying');
});

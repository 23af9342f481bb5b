// How the client library keeps its proof of who it is fresh: with a server of the test's own, and on a running Janus.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { makeKey, secondsFromNow, sign } from '../e2e/lib/tokens.mjs';
import { until, within } from '../e2e/lib/wait.mjs';
import { client, refused, registered, server } from './lib/fake-server.mjs';
import { users } from './lib/users.mjs';

test('a fixed token is sent', async () => {
  const transport = server(() => registered());
  await client(transport).register({ userId: 'alice', token: 'T' });
  assert.equal(transport.requests[0].token, 'T');
});

test('a wrong token is refused, and not tried again', async () => {
  const transport = server(() => refused('unauthorized'));
  const alice = client(transport);
  await assert.rejects(alice.register({ userId: 'alice', token: 'T' }), { code: 'unauthorized' });
  assert.deepEqual([alice.state.name, alice.state.error.code], ['refused', 'unauthorized']);
  assert.equal(transport.requests.length, 1);
});

test('an expired token is asked for once more', async () => {
  const tokens = ['old', 'new'];
  const transport = server(({ token }) => (token === 'new' ? registered() : refused('token_expired')));
  await client(transport).register({ userId: 'alice', getToken: async () => tokens.shift() });
  assert.deepEqual(transport.requests.map(({ token }) => token), ['old', 'new']);
});

test('a new token before the old one ends, on the same connection', async () => {
  let n = 0;
  const transport = server(() => registered({ registrationExpiresInMs: 100 }));
  const alice = client(transport);
  await alice.register({ userId: 'alice', getToken: async () => `T${++n}` });
  await until(() => transport.requests.length >= 3, 'two refreshes');
  assert.deepEqual(transport.requests.slice(0, 3).map(({ token }) => token), ['T1', 'T2', 'T3']);
  assert.equal(transport.opened, 1);
  await alice.close();
});

test('a token of a month is refreshed when its time comes, not before', async () => {
  const transport = server(() => registered({ registrationExpiresInMs: 30 * 24 * 3600 * 1000, calls: [] }));
  const alice = client(transport);
  await alice.register({ userId: 'alice', getToken: async () => 'T' });
  // What a refresh would have overtaken: timers of 1 ms, one after the other.
  for (let i = 0; i < 20; i++)
    await new Promise((resolve) => { setTimeout(resolve, 1); });
  await alice.history();
  assert.deepEqual(transport.requests.map(({ request }) => request), ['call:register', 'call:history']);
  await alice.close();
});

test('the server says that the token expired: a new one, and online again', async () => {
  let n = 0;
  const transport = server(() => registered());
  const alice = client(transport);
  await alice.register({ userId: 'alice', getToken: async () => `T${++n}` });
  const online = within(new Promise((resolve) => alice.on('state', ({ name }) => name === 'online' && resolve())), 'online');
  transport.say({ event: 'call:unregistered', cause: 'token_expired' });
  await online;
  assert.equal(transport.requests.at(-1).token, 'T2');
});

test('without a way to a new token, it says that it is not registered; what rings is over', async () => {
  const transport = server(() => registered());
  const alice = client(transport);
  await alice.register({ userId: 'alice', token: 'T' });
  const rings = alice.next('incoming');
  transport.say({ event: 'call:incoming', callId: 'C', rev: 1, callerId: 'bob', calleeId: 'alice', mode: 'none', expiresInMs: 9000 });
  const incoming = await rings;
  transport.say({ event: 'call:unregistered', cause: 'token_expired' });
  assert.deepEqual([alice.state.name, alice.state.error.code], ['unregistered', 'token_expired']);
  assert.ok(incoming.isOver);
});

test('a way to a token that fails is tried again', async () => {
  let n = 0;
  const transport = server(() => registered());
  const alice = client(transport);
  await within(alice.register({
    userId: 'alice',
    getToken: async () => {
      if (++n < 3)
        throw new Error('no network');
      return 'T';
    },
  }), 'registered');
  assert.equal(n, 3);
});

describe('on a running Janus', () => {
  const { secret } = makeKey('HS256');
  const scene = users({ plugin: { general: { auth: 'jwt' }, auth: { secret } } });
  const tokenFor = (sub, seconds) => sign({ sub, exp: secondsFromNow(seconds) }, secret);

  test('a token says who the user is', async () => {
    const userId = scene.name('alice');
    const alice = await scene.client(undefined, { identity: { token: tokenFor(userId, 60) } });
    assert.equal(alice.userId, userId);
  });

  test('no token, or a wrong one, is refused', async () => {
    for (const token of [undefined, 'nonsense', sign({ sub: 'alice', exp: secondsFromNow(60) }, makeKey('HS256').secret)]) {
      const alice = await scene.client('alice', { register: false });
      await assert.rejects(alice.register({ userId: 'alice', token }), { code: 'unauthorized' });
    }
  });

  test('short tokens, one after the other: the device stays there, on one connection', async () => {
    const userId = scene.name('alice');
    const proxy = await scene.proxy();
    let asked = 0;
    const alice = await scene.client(userId, {
      proxy, identity: { getToken: async () => { asked++; return tokenFor(userId, 2); } },
    });
    const bob = await scene.client(undefined, { identity: { token: tokenFor(scene.name('bob'), 60) } });
    await until(() => asked >= 4, 'three refreshes');
    const { call, incoming } = await scene.ring(bob, alice);
    await Promise.all([incoming.reject(), within(call.next('ended'), 'rejected')]);
    assert.equal(proxy.connections, 1);
    assert.ok(!alice.log.includes('waiting') && !alice.log.includes('unregistered'), alice.log.join());
  });

  test('a token that ends is said to have ended', async () => {
    const userId = scene.name('alice');
    const alice = await scene.client(userId, { identity: { token: tokenFor(userId, 2) } });
    await until(() => alice.state.name === 'unregistered', 'it ends');
    assert.equal(alice.state.error.code, 'token_expired');
    await alice.register({ userId, token: tokenFor(userId, 60) });
    assert.ok(alice.isOnline);
  });
});

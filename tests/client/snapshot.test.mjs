// What the client library makes of the list of calls in the reply to call:register, with a server of the test's own.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until, within } from '../e2e/lib/wait.mjs';
import { client, refused, registered, server } from './lib/fake-server.mjs';

const RINGING = { event: 'call:incoming', callId: 'C', rev: 1, callerId: 'bob', calleeId: 'alice', mode: 'none', expiresInMs: 9000 };
const RECORD = { callId: 'C', callerId: 'bob', calleeId: 'alice', status: 'ringing', cause: null, rev: 1, mode: 'none', expiresInMs: 8000, role: 'callee' };

/** Alice, at whom a call rings; `next` is what the next register is answered. */
async function ringing(record = null) {
  const state = { next: registered(), record };
  const transport = server(({ request }) => {
    if (request === 'call:register')
      return state.next;
    return request === 'call:get' ? state.record ?? refused('call_not_found') : { call: 'success', callId: 'C', status: 'ringing', rev: 1 };
  });
  const alice = client(transport);
  await alice.register({ userId: 'alice' });
  const rings = alice.next('incoming');
  transport.say(RINGING);
  const call = await rings;
  return { state, transport, alice, call };
}

async function reconnect({ transport, alice }) {
  const online = within(new Promise((resolve) => alice.on('state', ({ name }) => name === 'online' && resolve())), 'online');
  transport.cut();
  await online;
}

test('a call that a complete list does not name is over', async () => {
  const scene = await ringing();
  await reconnect(scene);
  assert.deepEqual([scene.call.isOver, scene.call.cause, scene.call.isPresumed], [true, 'lost', true]);
});

test('and its record says how', async () => {
  const scene = await ringing({ call: 'success', record: { ...RECORD, status: 'cancelled', cause: 'cancelled', rev: 2 } });
  await reconnect(scene);
  await until(() => !scene.call.isPresumed, 'the record was read');
  assert.deepEqual([scene.call.status, scene.call.cause], ['cancelled', 'cancelled']);
});

test('a list that is not complete ends no call', async () => {
  const scene = await ringing();
  scene.state.next = registered({ complete: false });
  await reconnect(scene);
  assert.ok(scene.call.isRinging);
  await scene.alice.close();
});

test('a live call in the list rings on, and one that ended there ends here', async () => {
  const scene = await ringing();
  scene.state.next = registered({ calls: [RECORD] });
  await reconnect(scene);
  assert.ok(scene.call.isRinging && scene.call.expiresInMs <= 8000);
  scene.state.next = registered({ calls: [{ ...RECORD, status: 'accepted', rev: 2, answeredBy: 'tablet' }] });
  await reconnect(scene);
  assert.deepEqual([scene.call.isOver, scene.call.cause], [true, 'answered_elsewhere']);
});

test('a call that is being placed while the list is made is not in it, and lives', async () => {
  let answer;
  const placed = new Promise((resolve) => { answer = resolve; });
  const transport = server(({ request }) => (request === 'call:initiate' ? placed : registered({ registrationExpiresInMs: 50 })));
  const alice = client(transport);
  await alice.register({ userId: 'alice', getToken: () => 'T' });
  const call = alice.call('bob', { callId: 'NEW' });
  await until(() => transport.requests.filter(({ request }) => request === 'call:register').length >= 3, 'registered anew');
  answer({ call: 'success', callId: 'NEW', status: 'ringing', rev: 1, expiresInMs: 9000 });
  await call.placed;
  assert.deepEqual([call.status, call.isOver], ['ringing', false]);
  await alice.close();
});

test('a ring in the list that is nearly over does not begin here', async () => {
  const transport = server(() => registered({ calls: [{ ...RECORD, expiresInMs: 500 }] }));
  const alice = client(transport);
  alice.on('incoming', () => assert.fail('it rings'));
  await alice.register({ userId: 'alice' });
  await alice.close();
});

test('our own calls of another device are left alone', async () => {
  const calls = [{ ...RECORD, callerId: 'alice', calleeId: 'bob', status: 'accepted', role: 'caller', answeredBy: 'phone' },
    { ...RECORD, callId: 'D', status: 'accepted', answeredBy: 'tablet' }];
  const transport = server(() => registered({ calls }));
  const alice = client(transport);
  alice.on('resumed', () => assert.fail('it is not ours'));
  await alice.register({ userId: 'alice' });
  assert.deepEqual(alice.calls, []);
});

test('an answer to a call that we took to be over is ended, so that nobody waits for us', async () => {
  const transport = server(({ request }) => (request === 'call:initiate'
    ? { call: 'success', callId: 'C', status: 'ringing', rev: 1, expiresInMs: 1 } : registered()));
  const alice = client(transport);
  await alice.register({ userId: 'alice' });
  const call = alice.call('bob', { callId: 'C' });
  await within(call.next('ended'), 'its ring is over');
  assert.deepEqual([call.cause, call.isPresumed], ['no_answer', true]);
  transport.say({ event: 'call:accepted', callId: 'C', rev: 3, calleeId: 'bob', deviceId: 'phone', mode: 'none' });
  await until(() => transport.requests.some(({ request }) => request === 'call:end'), 'it is ended');
});

test('the other device, back while we were away, is no longer said to be reconnecting', async () => {
  const scene = await ringing();
  const { state, transport, alice, call } = scene;
  transport.say({ event: 'call:accepted', callId: 'C', rev: 2, deviceId: alice.deviceId });
  transport.say({ event: 'call:peer', callId: 'C', rev: 3, state: 'reconnecting' });
  assert.equal(call.peer, 'reconnecting');
  const accepted = { ...RECORD, status: 'accepted', answeredBy: alice.deviceId };
  state.next = registered({ calls: [{ ...accepted, rev: 3 }] });
  await reconnect(scene);
  assert.equal(call.peer, 'reconnecting', 'nothing happened meanwhile');
  state.next = registered({ calls: [{ ...accepted, rev: 5 }] });
  await reconnect(scene);
  assert.equal(call.peer, 'connected');
  await alice.close();
});

test('a call that the server does not know keeps the end that we gave it', async () => {
  const transport = server(({ request }) => (request === 'call:register' ? registered() : refused('call_not_found')));
  const alice = client(transport);
  await alice.register({ userId: 'alice' });
  const rings = alice.next('incoming');
  transport.say(RINGING);
  const call = await rings;
  await call.reject();
  assert.deepEqual([call.status, call.cause], ['rejected', 'declined']);
  await alice.close();
});

test('close() in the middle of connecting registers nobody', async () => {
  const transport = server(() => registered());
  const { open } = transport;
  let connected;
  transport.open = async (hooks) => {
    await new Promise((resolve) => { connected = resolve; });
    return open(hooks);
  };
  const alice = client(transport);
  const registering = assert.rejects(alice.register({ userId: 'alice' }), { code: 'closed' });
  await until(() => connected, 'it connects');
  await Promise.all([alice.close(), registering]);
  connected();
  await until(() => transport.closed === 1, 'the connection that nobody wants is closed');
  assert.deepEqual(transport.requests, []);
});

test('too fast: a reject waits as it is told to, and is sent again', async () => {
  const { transport, call } = await ringing();
  let rejects = 0;
  transport.answer = () => (++rejects === 1 ? { ...refused('rate_limited'), retryAfterMs: 50 }
    : { call: 'success', callId: 'C', status: 'rejected', cause: 'declined', rev: 2 });
  await call.reject();
  assert.deepEqual([rejects, call.isPresumed], [2, false]);
});

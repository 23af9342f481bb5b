// A backend's lists of what is there now, and calls that are named by their id alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ring, scene, talk } from './lib/scene.mjs';

const it = scene();
const DEVICES = 60;

/** All entries of a paged list, and how many pages that took. */
async function everything(request, field, limit) {
  const found = [];
  let after;
  let pages = 0;
  do {
    const reply = await it.janus.admin({ request, limit, after });
    assert.equal(reply.call, 'success', JSON.stringify(reply));
    assert.ok(reply[field].length <= limit);
    found.push(...reply[field]);
    after = reply.next;
    pages++;
  } while (after);
  return { found, pages };
}

test('users and calls come in pages, each once', async () => {
  const names = Array.from({ length: DEVICES }, (_, i) => it.user(`u${i}`));
  const devices = await Promise.all(names.map((name) => it.device(name, 'phone')));
  const ids = [];
  for (let i = 0; i < 20; i += 2)
    ids.push(await ring(devices[i], [devices[i + 1]]));

  const users = await everything('users', 'users', 7);
  assert.deepEqual(users.found.map((user) => user.userId).sort(), [...names].sort());
  assert.ok(users.pages >= DEVICES / 7);
  assert.deepEqual(users.found[0].devices.map(({ deviceId, state }) => [deviceId, state]), [['phone', 'connected']]);

  const calls = await everything('calls', 'calls', 3);
  assert.deepEqual(calls.found.map((call) => call.callId).sort(), [...ids].sort());
  assert.ok(calls.found.every((call) => call.status === 'ringing' && call.expiresInMs > 0 && call.callerDevice === 'phone'));

  const one = await it.janus.admin({ request: 'user', userId: names[0] });
  assert.deepEqual([one.devices.length, one.calls.length, one.calls[0].callId], [1, 1, ids[0]]);
  const nobody = await it.janus.admin({ request: 'user', userId: 'nobody' });
  assert.deepEqual([nobody.devices, nobody.calls], [[], []]);

  for (const callId of ids)
    assert.equal((await it.janus.admin({ request: 'call:end', callId })).cause, 'admin');
  assert.deepEqual((await everything('calls', 'calls', 3)).found, []);
});

test('a page that is asked for wrongly is refused', async () => {
  for (const fields of [{ limit: 0 }, { limit: 1001 }, { limit: '5' }, { after: 'not a cursor' }, { after: 7 }]) {
    const reply = await it.janus.admin({ request: 'users', ...fields });
    assert.equal(reply.code, 'invalid_request', JSON.stringify(reply));
  }
  assert.equal((await it.janus.admin({ request: 'user' })).code, 'invalid_request');
  const record = await it.janus.admin({ request: 'call:record' });
  assert.deepEqual([record.request, record.code], ['call:record', 'invalid_request']);
});

test('an operator names a call by its id, live or over, and its caller only where two have it', async () => {
  const one = await it.pair();
  const other = await it.pair();
  const callId = `CALL_${it.user('shared')}`;
  await talk(one.caller, [one.callee], { callId });
  const live = await it.janus.admin({ request: 'call:get', callId });
  assert.deepEqual([live.record.callerId, live.record.callerDevice], [one.caller.userId, 'laptop']);
  await one.caller.ask('call:end', { callId });
  const over = await it.janus.admin({ request: 'call:get', callId });
  assert.deepEqual([over.status, over.record.callerId], ['ended', one.caller.userId]);
  assert.equal((await it.janus.admin({ request: 'call:end', callId })).code, 'call_over');

  await talk(other.caller, [other.callee], { callId });
  assert.equal((await it.janus.admin({ request: 'call:get', callId })).record.callerId, other.caller.userId);
  await other.caller.ask('call:end', { callId });
  assert.equal((await it.janus.admin({ request: 'call:get', callId })).code, 'invalid_request');
  const named = await it.janus.admin({ request: 'call:get', callId, callerId: one.caller.userId });
  assert.equal(named.record.callerId, one.caller.userId);
});

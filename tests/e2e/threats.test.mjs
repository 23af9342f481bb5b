// The threat model of SECURITY.md, row by row, played by a hostile client against a running Janus. A test's title begins with
// the row's id; tests/check-threats.sh holds the two against each other.
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { Worker } from 'node:worker_threads';

import { filesOf, halfWritten, rows } from './lib/database.mjs';
import { HostileSocket, offer } from './lib/hostile.mjs';
import { quantile } from './lib/measure.mjs';
import { Random } from './lib/random.mjs';
import { ring, scene, talk } from './lib/scene.mjs';
import { patiently, pause, until, within } from './lib/wait.mjs';

const ABOUT_A_CALL = {
  'call:get': {}, 'call:ringing': {}, 'call:accept': {}, 'call:reject': { reason: 'hostile' }, 'call:end': { reason: 'hostile' },
  'call:signal': { data: { hostile: true } }, 'call:update': { data: { hostile: true } },
};

/** What is the same of two replies, whichever ids and times they have. */
const stripped = (reply, ...ids) => {
  let text = JSON.stringify(reply);
  ids.forEach((id) => { text = text.replaceAll(id, 'ID'); });
  return text.replace(/1[0-9]{12}/g, 'TIME');
};

const recordOf = async (client, callId) => (await client.ask('call:get', { callId })).record;

/** A hostile client with a registration of its own. */
async function registered(it, name) {
  const eve = await (await HostileSocket.open(it.janus.wsUrl)).attach();
  eve.userId = it.user(name);
  assert.equal((await eve.message({ request: 'call:register', userId: eve.userId, deviceId: 'laptop' })).call, 'success');
  return eve;
}

describe('other people\'s calls', () => {
  const it = scene();

  async function isOutOfReach(eve, parties, callId) {
    const before = await recordOf(parties[0], callId);
    for (const [request, fields] of Object.entries(ABOUT_A_CALL)) {
      const foreign = await eve.message({ request, callId, ...fields });
      const unknown = await eve.message({ request, callId: 'CALL_that_never_was', ...fields });
      assert.equal(foreign.code, 'call_not_found', JSON.stringify(foreign));
      assert.equal(stripped(foreign, callId), stripped(unknown, 'CALL_that_never_was'), 'as an id that never was');
    }
    const { calls } = await eve.message({ request: 'call:history' });
    assert.deepEqual(calls, []);
    assert.deepEqual(await recordOf(parties[0], callId), before);
    for (const party of parties)
      await party.nothingMore();
  }

  test('T2 somebody else\'s call is not found: while it rings, after the answer, when it is over', async () => {
    const { caller, phone, tablet } = await it.trio();
    const eve = await registered(it, 'eve');
    const callId = await ring(caller, [phone, tablet]);
    await isOutOfReach(eve, [caller, phone, tablet], callId);
    await phone.ask('call:accept', { callId });
    await caller.next('call:accepted');
    await tablet.next('call:ended');
    await isOutOfReach(eve, [caller, phone, tablet], callId);
    await phone.ask('call:end', { callId });
    await caller.next('call:ended');
    await isOutOfReach(eve, [caller, phone, tablet], callId);
    assert.equal(eve.messages.filter(({ janus }) => janus === 'event').length, 0);
    eve.close();
  });

  test('T2 nor is it for a client that is not registered, which learns no more than that', async () => {
    const { caller, callee } = await it.pair();
    const callId = await ring(caller, [callee]);
    const eve = await (await HostileSocket.open(it.janus.wsUrl)).attach();
    for (const [request, fields] of Object.entries(ABOUT_A_CALL))
      assert.equal((await eve.message({ request, callId, userId: callee.userId, ...fields })).code, 'not_registered');
    await caller.nothingMore();
    await callee.nothingMore();
    eve.close();
  });

  test('T3 the caller cannot answer its own call, from no device of its own', async () => {
    const { caller, callee } = await it.pair();
    const watch = await it.device(caller.userId, 'watch');
    const callId = await ring(caller, [callee]);
    for (const device of [caller, watch]) {
      for (const request of ['call:accept', 'call:reject', 'call:ringing']) {
        const { status } = await device.refused(request, { callId, userId: callee.userId, deviceId: callee.deviceId }, 'forbidden');
        assert.equal(status, 'ringing');
      }
    }
    for (const client of [caller, watch, callee])
      await client.nothingMore();
    assert.equal((await recordOf(callee, callId)).status, 'ringing');
  });

  test('T4 a device that is not in the call cannot speak in it', async () => {
    const { caller, phone, tablet } = await it.trio();
    const watch = await it.device(caller.userId, 'watch');
    const callId = await talk(caller, [phone, tablet]);
    for (const device of [tablet, watch]) {
      await device.refused('call:signal', { callId, data: { candidate: 'hostile' } }, 'forbidden');
      await device.refused('call:update', { callId, data: { hold: true } }, 'forbidden');
    }
    await tablet.refused('call:accept', { callId }, 'wrong_state');
    for (const client of [caller, watch, phone, tablet])
      await client.nothingMore();
  });

  test('T6 the server believes its own registration, and no field', async () => {
    const { caller, callee } = await it.pair();
    const victim = await it.device(it.user('victim'), 'phone');
    const forged = { callerId: victim.userId, userId: victim.userId, from: victim.userId, deviceId: 'phone', status: 'accepted',
      callerName: 'The bank', event: 'call:accepted', timestamp: 1, rev: 99, endedBy: victim.userId };
    const callId = await ring(caller, [callee], forged);
    const incoming = callee.all().find(({ event }) => event === 'call:incoming');
    assert.deepEqual([incoming.callerId, incoming.callerName, incoming.rev], [caller.userId, undefined, 1]);
    await callee.ask('call:accept', { callId, ...forged });
    assert.equal((await caller.next('call:accepted')).deviceId, callee.deviceId);
    await caller.ask('call:signal', { callId, data: 1, ...forged });
    assert.equal((await callee.next('call:signal')).from, caller.userId);
    await caller.ask('call:end', { callId, ...forged });
    const ended = await callee.next('call:ended');
    assert.deepEqual([ended.status, ended.endedBy, ended.rev], ['ended', caller.userId, 3]);
    await victim.nothingMore();
  });

  test('T6 what only the server or a backend says is no request of an app', async () => {
    const { caller, callee } = await it.pair();
    const callId = await ring(caller, [callee]);
    const names = ['call:incoming', 'call:outgoing', 'call:accepted', 'call:rejected', 'call:timeout', 'call:ended', 'call:peer',
      'call:updated', 'call:replaced', 'call:unregistered', 'disconnect', 'stats', 'calls', 'users', 'user', 'reload',
      'call:trace', 'call:record'];
    for (const request of names) {
      await caller.refused(request, { callId, userId: callee.userId, callerId: caller.userId, reason: 'hostile' },
        'unknown_request');
    }
    await callee.nothingMore();
  });

  test('T17 an id that somebody else uses names nothing but one\'s own call', async () => {
    const { caller, callee } = await it.pair();
    const other = await it.device(it.user('other'), 'phone');
    const eve = await it.device(it.user('eve'), 'laptop');
    const callId = await ring(caller, [callee]);
    await ring(eve, [other], { callId });
    await eve.ask('call:end', { callId });
    assert.equal((await other.next('call:ended')).endedBy, eve.userId);
    assert.equal((await recordOf(caller, callId)).status, 'ringing');
    // Where the callee would have it twice it is refused, and nothing is said of the call that has it.
    const mallory = await it.device(it.user('mallory'), 'laptop');
    const refusal = await mallory.refused('call:initiate', { callId, calleeId: callee.userId }, 'id_in_use');
    assert.deepEqual(Object.keys(refusal).sort(), ['call', 'code', 'error', 'error_code', 'request']);
    for (const client of [caller, callee])
      await client.nothingMore();
  });

  test('T17 ids that the server makes cannot be guessed', async () => {
    const { caller, callee } = await it.pair();
    const made = [];
    for (let n = 0; n < 20; n++) {
      const { callId } = await caller.ask('call:initiate', { calleeId: callee.userId });
      await caller.ask('call:end', { callId });
      made.push(callId);
    }
    // After the ten characters of the time: sixteen that no earlier one tells.
    assert.ok(made.every((id) => /^CALL_[0-9A-Z]{26}$/.test(id)), made.join(' '));
    for (let at = 15; at < 31; at++)
      assert.ok(new Set(made.map((id) => id[at])).size > 4, `character ${at} of ${made.join(' ')}`);
  });

  test('T22 the backend\'s door wants its secret', async () => {
    const { caller, callee } = await it.pair();
    const callId = await ring(caller, [callee]);
    const request = { request: 'call:reject', callId, userId: callee.userId };
    for (const admin_secret of [undefined, '', 'janusoverlord', null, 0, true, {}]) {
      const reply = await it.janus.adminRequest({ janus: 'message_plugin', plugin: 'janus.plugin.call', admin_secret, request });
      assert.equal(reply.janus, 'error', JSON.stringify(reply));
    }
    // Nor is there that door where apps come in.
    const eve = await HostileSocket.open(it.janus.wsUrl);
    const reply = await eve.send({ janus: 'message_plugin', plugin: 'janus.plugin.call', admin_secret: it.janus.adminSecret, request });
    assert.equal(reply.janus, 'error', JSON.stringify(reply));
    eve.close();
    await caller.nothingMore();
    await callee.nothingMore();
  });
});

describe('identity', () => {
  const SECRET = randomBytes(32).toString('hex');
  const it = scene({ plugin: { general: { auth: 'jwt' }, auth: { secret: SECRET, issuer: 'https://app.example' } } });

  const part = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  const hmac = (text, secret, hash = 'sha256') => createHmac(hash, secret).update(text).digest('base64url');

  /** A good token of that user; `more` changes its claims, `header` its header, `secret` who signs it. */
  function token(sub, { more = {}, header = {}, secret = SECRET, hash } = {}) {
    const claims = { sub, iss: 'https://app.example', exp: Math.floor(Date.now() / 1000) + 600, ...more };
    const text = `${part({ alg: 'HS256', typ: 'JWT', ...header })}.${part(claims)}`;
    return `${text}.${hmac(text, secret, hash)}`;
  }

  async function member(name, deviceId) {
    const userId = it.user(name);
    return it.device(userId, deviceId, { token: token(userId) });
  }

  /** The victim heard nothing, and is where it was. */
  async function isUntouched(victim) {
    await victim.nothingMore();
    const caller = await member('caller', 'laptop');
    assert.equal((await caller.ask('call:initiate', { calleeId: victim.userId })).devices, 1);
    const { callId } = await victim.next('call:incoming');
    await caller.ask('call:end', { callId });
    await victim.next('call:ended');
  }

  test('T1 nobody registers as somebody else', async () => {
    const victim = await member('victim', 'phone');
    const eve = await it.connect();
    const own = token(it.user('eve'));
    const asVictim = { userId: victim.userId, deviceId: 'phone' };
    await eve.refused('call:register', asVictim, 'unauthorized');
    for (const wrong of ['', own, token(victim.userId, { secret: 'x'.repeat(32) }), token(`${victim.userId}x`), victim.userId])
      await eve.refused('call:register', { ...asVictim, token: wrong }, 'unauthorized');
    await eve.refused('call:history', {}, 'not_registered');
    await isUntouched(victim);
  });

  test('T1 a registered handle does not become another user\'s', async () => {
    const victim = await member('victim', 'phone');
    const eve = await member('eve', 'laptop');
    await eve.refused('call:register', { userId: victim.userId, token: token(eve.userId) }, 'unauthorized');
    await eve.refused('call:register', { token: token(victim.userId) }, 'wrong_state');
    assert.equal((await eve.ask('call:history')).calls.length, 0);
    await isUntouched(victim);
  });

  test('T11 a device is taken over with a token of its own user, and with no other', async () => {
    const victim = await member('victim', 'phone');
    const mallory = await member('mallory', 'phone');
    assert.notEqual(mallory.userId, victim.userId);
    const eve = await it.connect();
    await eve.refused('call:register', { userId: victim.userId, deviceId: 'phone', token: token(mallory.userId) }, 'unauthorized');
    await eve.refused('call:register', { userId: victim.userId, deviceId: 'phone' }, 'unauthorized');
    const bound = token(victim.userId, { more: { device: 'tablet' } });
    await eve.refused('call:register', { deviceId: 'phone', token: bound }, 'unauthorized');
    await isUntouched(victim);
    const again = await it.connect();
    await again.register(victim.userId, 'phone', { token: token(victim.userId) });
    await victim.next('call:replaced');
    await victim.refused('call:history', {}, 'not_registered');
  });

  test('T11 a call that rings is not taken along by a stranger', async () => {
    const victim = await member('victim', 'phone');
    const caller = await member('caller', 'laptop');
    const callId = await ring(caller, [victim]);
    const eve = await it.connect();
    await eve.refused('call:register', { userId: victim.userId, deviceId: 'phone', token: token(it.user('eve')) }, 'unauthorized');
    await eve.refused('call:accept', { callId }, 'not_registered');
    assert.equal((await victim.ask('call:accept', { callId })).status, 'accepted');
  });

  test('T10 a leaked handle cannot be kept: a registration needs the token again', async () => {
    const victim = await member('victim', 'phone');
    const eve = await (await HostileSocket.open(it.janus.wsUrl)).attach();
    const ids = { session: victim.socket.sessionId, handle: victim.handleId };
    for (const more of [{}, { token: token(it.user('eve')) }, { token: 'x.y.z' }]) {
      const reply = await eve.message({ request: 'call:register', userId: victim.userId, deviceId: 'phone', ...more }, ids);
      assert.equal(reply.code, 'unauthorized', JSON.stringify(reply));
    }
    assert.equal((await eve.message({ request: 'call:history' }, ids)).call, 'success', 'until then it is that device');
    eve.close();
    await isUntouched(victim);
  });

  test('T15 forged, borrowed and stale tokens open nothing', async () => {
    const sub = it.user('victim');
    const now = Math.floor(Date.now() / 1000);
    const good = token(sub);
    const [header, claims, signature] = good.split('.');
    const bad = {
      'alg none': `${part({ alg: 'none' })}.${claims}.`,
      'alg none with a signature': `${part({ alg: 'none' })}.${claims}.${signature}`,
      'alg None': `${part({ alg: 'None' })}.${claims}.`,
      'another alg': token(sub, { header: { alg: 'HS512' }, hash: 'sha512' }),
      'an alg twice': (() => {
        const text = `${part('{"alg":"none","alg":"HS256"}')}.${claims}`;
        return `${text}.${hmac(text, SECRET)}`;
      })(),
      'RS256 said, HS256 done': token(sub, { header: { alg: 'RS256' } }),
      'a kid that nobody has': token(sub, { header: { kid: 'other' } }),
      'a kid with a way': token(sub, { header: { kid: '../../../../dev/null' }, secret: '' }),
      'a kid with SQL': token(sub, { header: { kid: "x' UNION SELECT 'secret' --" } }),
      'a key of its own': token(sub, { header: { jwk: { kty: 'oct', k: part('x'.repeat(32)) } }, secret: 'x'.repeat(32) }),
      'crit': token(sub, { header: { crit: ['exp'] } }),
      'the signature of another': `${header}.${part({ sub, iss: 'https://app.example', exp: now + 900 })}.${signature}`,
      'no signature': `${header}.${claims}.`,
      'two parts': `${header}.${claims}`,
      'padding': `${good}==`,
      'cut short': good.slice(0, -3),
      'no exp': token(sub, { more: { exp: undefined } }),
      'exp as text': token(sub, { more: { exp: String(now + 600) } }),
      'not yet': token(sub, { more: { nbf: now + 300 } }),
      'of somebody else\'s backend': token(sub, { more: { iss: 'https://evil.example' } }),
      'no sub': token(undefined),
      'an empty sub': token(''),
    };
    const eve = await it.connect();
    for (const [what, forged] of Object.entries(bad)) {
      const reply = await eve.request({ request: 'call:register', userId: sub, token: forged });
      assert.equal(reply.code, 'unauthorized', `${what}: ${JSON.stringify(reply)}`);
      assert.ok(forged.length < 20 || !JSON.stringify(reply).includes(forged.slice(0, 20)), `${what}: the text has none of it`);
    }
    await eve.refused('call:register', { userId: sub, token: token(sub, { more: { exp: now - 1 } }) }, 'token_expired');
    await eve.refused('call:register', { userId: sub, token: 'x'.repeat(9000) }, 'too_large');
    assert.equal((await eve.ask('call:register', { token: good })).userId, sub, 'the good one does');
  });
});

describe('flooding', () => {
  const shipped = { requests_per_second: undefined, calls_per_minute: undefined, relayed_bytes_per_second: undefined,
    registrations_per_second: undefined, read_bytes_per_second: undefined };
  const it = scene({ plugin: { limits: { ...shipped, max_ended_per_user: 5, max_devices: 3 } } });

  test('T7 ringing somebody again and again ends soon, and only for who does it', async () => {
    const victim = await it.device(it.user('victim'), 'phone');
    const eve = await it.device(it.user('eve'), 'laptop');
    const friend = await it.device(it.user('friend'), 'laptop');
    let refused;
    for (let n = 0; n < 40 && !refused; n++) {
      const reply = await eve.request({ request: 'call:initiate', calleeId: victim.userId });
      if (reply.code === 'rate_limited')
        refused = reply;
      else
        await eve.ask('call:end', { callId: reply.callId });
    }
    assert.ok(refused.retryAfterMs > 0 && refused.retryAfterMs <= 60_000, JSON.stringify(refused));
    await victim.settle();
    assert.equal(victim.all().filter(({ event }) => event === 'call:incoming').length, 20, 'as configuration.md says');
    // Who comes back, or says nothing of itself, is still the same.
    const again = await it.device(eve.userId, 'tablet');
    await again.refused('call:initiate', { calleeId: victim.userId, callId: 'CALL_another' }, 'rate_limited');
    victim.events.clear();
    await ring(friend, [victim]);
  });

  test('T8 requests without end are refused, and others do not feel it', async () => {
    const flooder = it.user('flooder');
    const { caller, callee } = await it.pair();
    // Ours, too, have a limit: 50 a second.
    const latencies = async (count) => {
      const times = [];
      for (let n = 0; n < count; n++) {
        const asked = performance.now();
        await (n % 2 ? caller : callee).refused('call:get', { callId: 'CALL_none' }, 'call_not_found');
        times.push(performance.now() - asked);
        await pause(25);
      }
      return times.sort((a, b) => a - b);
    };
    const quiet = await latencies(80);
    const worker = new Worker(new URL('./lib/flood.mjs', import.meta.url),
      { workerData: { url: it.janus.wsUrl, userId: flooder, perSecond: 2000 } });
    try {
      await within(once(worker, 'message'), 'the flood begins');
      const busy = await latencies(80);
      worker.postMessage('stop');
      const [{ answered, refused, least }] = await within(once(worker, 'message'), 'the flood ends');
      console.log(`flood: ${answered + refused} requests, ${answered} answered; others' median ${quiet[40].toFixed(2)} -> `
        + `${busy[40].toFixed(2)} ms, 95th ${quiet[76].toFixed(2)} -> ${busy[76].toFixed(2)} ms`);
      assert.ok(refused > answered, `${refused} refused, ${answered} answered`);
      assert.ok(least > 0, 'retryAfterMs');
      assert.ok(busy[40] < 5 * quiet[40] + 10, 'the median of others');
      assert.ok(busy[76] < 5 * quiet[76] + 50, 'the 95th of a hundred of others');
    } finally {
      await worker.terminate();
    }
  });

  test('T8 registering without end is refused on that connection', async () => {
    const eve = await it.connect();
    const replies = [];
    for (let n = 0; n < 40; n++)
      replies.push(await eve.request({ request: 'call:register', userId: it.user('many'), deviceId: 'x', displayName: 7 }));
    const refused = replies.filter(({ code }) => code === 'rate_limited' || code === 'invalid_request');
    assert.equal(refused.length, 40);
    const reply = await eve.refused('call:register', { userId: it.user('eve'), deviceId: 'x' }, 'rate_limited');
    assert.ok(reply.retryAfterMs > 0);
  });

  test('T21 what one user can have the server remember has bounds', async () => {
    const userId = it.user('eve');
    const eve = await it.device(userId, '1');
    const patient = (body) => patiently(() => eve.request(body));
    await it.device(userId, '2');
    await it.device(userId, '3');
    await (await it.connect()).refused('call:register', { userId, deviceId: '4' }, 'too_many_devices');
    const live = [await patient({ request: 'call:initiate', calleeId: it.user('a') }), await patient({ request: 'call:initiate', calleeId: it.user('b') })];
    assert.equal((await patient({ request: 'call:initiate', calleeId: it.user('c') })).code, 'too_many_calls');
    for (const { callId } of live)
      assert.equal((await patient({ request: 'call:end', callId })).status, 'cancelled');
    const before = await it.janus.admin({ request: 'stats' });
    for (let n = 0; n < 30; n++) {
      assert.equal((await patient({ request: 'call:end', callId: `CALL_never_${n}` })).code, 'call_not_found');
      const { callId } = await patient({ request: 'call:initiate', calleeId: it.user('nobody'), data: { x: 'x'.repeat(4000) } });
      await patient({ request: 'call:end', callId });
    }
    const stats = await it.janus.admin({ request: 'stats' });
    assert.equal(stats.liveCalls, before.liveCalls);
    // Five of eve's; the callee of each has it once more.
    assert.ok(stats.endedCalls - before.endedCalls <= 5 + 30, JSON.stringify(stats));
    assert.equal((await patient({ request: 'call:register', userId, deviceId: '1' })).calls.length, 5);
  });
});

describe('media', () => {
  const it = scene();

  async function peerConnection({ socket, handleId }) {
    const reply = await it.janus.adminRequest({ janus: 'handle_info', session_id: socket.sessionId, handle_id: handleId });
    return { sdps: reply.info.sdps, hasOffer: reply.info.flags['got-offer'], hasAgent: 'agent-created' in reply.info };
  }

  const nothing = { sdps: {}, hasOffer: false, hasAgent: false };

  /** The request with an offer: Janus has closed its PeerConnection, nobody has seen the SDP. */
  async function isDropped(client, request, fields, others) {
    const hangUp = new Promise((resolve) => {
      client.socket.on('event', ({ janus, reason }) => janus === 'hangup' && resolve(reason));
    });
    const heard = [];
    const listeners = [client, ...others].map(({ socket }) => {
      const listen = (message) => heard.push(JSON.stringify(message));
      socket.on('received', listen);
      return () => socket.off('received', listen);
    });
    const reply = await client.socket.request(client.handleId, { request, ...fields }, offer('hostile'));
    assert.equal(await within(hangUp, 'the PeerConnection is closed'), 'Close PC');
    // Janus forgets the offer first and frees the agent a little later, on another thread.
    await until(async () => isDeepStrictEqual(await peerConnection(client), nothing), 'the PeerConnection and its agent are gone');
    for (const other of others) {
      await other.settle();
      assert.deepEqual(await peerConnection(other), nothing);
    }
    listeners.forEach((stop) => stop());
    for (const text of heard)
      assert.ok(!/jsep|v=0|ice-ufrag/.test(text), text);
    return reply;
  }

  test('T5 (what this looks at does show a PeerConnection where there is one)', async () => {
    const echo = await (await HostileSocket.open(it.janus.wsUrl)).attach();
    echo.handle = (await echo.send({ janus: 'attach', session_id: echo.session, plugin: 'janus.plugin.echotest' })).data.id;
    await echo.message({ audio: true }, { jsep: offer('echo') });
    const { sdps, hasOffer, hasAgent } = await peerConnection({ socket: { sessionId: echo.session }, handleId: echo.handle });
    assert.ok(hasOffer && sdps.remote.includes('echo') && hasAgent, JSON.stringify({ sdps, hasOffer, hasAgent }));
    echo.close();
  });

  test('T5 an offer before the answer reaches nobody, on any request, good or refused', async () => {
    const { caller, callee } = await it.pair();
    const { callId } = await isDropped(caller, 'call:initiate', { calleeId: callee.userId }, [callee]);
    await callee.next('call:incoming');
    assert.equal((await isDropped(callee, 'call:ringing', { callId }, [caller])).call, 'success');
    assert.equal((await isDropped(caller, 'call:signal', { callId, data: 1 }, [callee])).code, 'wrong_state');
    assert.equal((await isDropped(caller, 'call:accept', { callId }, [callee])).code, 'forbidden');
    assert.equal((await isDropped(caller, 'nonsense', {}, [callee])).code, 'unknown_request');
    assert.equal((await isDropped(callee, 'call:reject', { callId }, [caller])).status, 'rejected');
  });

  test('T5 nor does one on the signalling handle after it, nor one of a client that is nobody', async () => {
    const { caller, callee } = await it.pair();
    const callId = await talk(caller, [callee]);
    const stranger = await it.connect();
    await isDropped(caller, 'call:update', { callId, data: {} }, [callee]);
    await isDropped(callee, 'call:end', { callId }, [caller]);
    assert.equal((await isDropped(stranger, 'call:get', { callId }, [caller, callee])).code, 'not_registered');
  });

  test('T5 candidates without an offer are nothing to the other side', async () => {
    const { caller, callee } = await it.pair();
    const callId = await ring(caller, [callee]);
    await caller.socket.send({ janus: 'trickle', handle_id: caller.handleId,
      candidate: { sdpMid: '0', sdpMLineIndex: 0, candidate: 'candidate:1 1 udp 1 192.0.2.1 9 typ host' } });
    await callee.nothingMore();
    assert.deepEqual(await peerConnection(callee), nothing);
    await caller.ask('call:end', { callId });
  });
});

describe('replay', () => {
  const it = scene();

  /** Every message that the client sent since the last time, in the order in which it did. */
  function record(client) {
    const sent = [];
    client.socket.on('sent', (message) => message.janus === 'message' && sent.push(JSON.stringify(message)));
    return sent;
  }

  test('T16 every message of a call, sent twice, happens once', async () => {
    const { caller, callee } = await it.pair();
    const sent = [record(caller), record(callee)];
    const replay = async () => {
      const eve = await HostileSocket.open(it.janus.wsUrl);
      for (const text of sent.flat()) {
        const { transaction, body } = JSON.parse(text);
        eve.sendBytes(text.replace(transaction, `again-${transaction}-${body.request}`));
        await eve.answer(`again-${transaction}-${body.request}`);
      }
      eve.close();
      await caller.nothingMore();
      await callee.nothingMore();
    };
    const callId = await ring(caller, [callee], { callId: 'CALL_replayed' });
    await callee.ask('call:ringing', { callId });
    await caller.next('call:ringing');
    await replay();
    await callee.ask('call:accept', { callId });
    await caller.next('call:accepted');
    await replay();
    const before = await recordOf(caller, callId);
    assert.deepEqual([before.status, before.rev], ['accepted', 3]);
    await caller.ask('call:end', { callId });
    await callee.next('call:ended');
    await replay();
    const { status, rev, endedAt } = await recordOf(caller, callId);
    await replay();
    assert.deepEqual([status, rev], ['ended', 4]);
    assert.equal((await recordOf(caller, callId)).endedAt, endedAt);
    const [{ n }] = await rows(it.janus.dir + '/calls.sqlite', `SELECT count(*) AS n FROM calls WHERE call_id = '${callId}'`);
    assert.equal(n, 1);
  });
});

describe('hidden presence', () => {
  const RING_MS = 600;
  const PROBES = Number(process.env.E2E_PROBES ?? 150);
  const it = scene({ plugin: { general: { reveal_presence: false }, timers: { ring: RING_MS, unreachable: 200 },
    limits: { max_live_calls: 1 } } });

  /** Somebody unknown, somebody who was here, somebody who is called already, somebody whose phone rings and who does not answer. */
  async function callees() {
    const name = (kind) => it.user(kind.padEnd(7, '-'));
    const gone = await it.device(name('offline'), 'phone');
    const busy = await it.device(name('busy'), 'phone');
    const silent = await it.device(name('silent'), 'phone');
    await it.lose(gone);
    return { unknown: name('unknown'), offline: gone.userId, busy, silent };
  }

  const idOf = (callee) => callee.userId ?? callee;

  /** Somebody else calls the busy one until this is called. */
  async function keepBusy(busy) {
    const other = await it.device(it.user('other'), 'phone');
    const { callId } = await other.ask('call:initiate', { calleeId: busy.userId, timeoutMs: 180_000 });
    await busy.next('call:incoming');
    return () => other.ask('call:end', { callId });
  }

  /** All that a caller can see of a call that nobody answers, byte by byte, but for ids and times. */
  async function seenByCaller(callee) {
    const caller = await it.device(it.user('caller'), 'laptop');
    const seen = [];
    const see = (message) => seen.push(JSON.stringify(message));
    caller.socket.on('received', see);
    const { callId } = await caller.ask('call:initiate', { calleeId: idOf(callee) });
    if (callee.ask)
      await callee.request({ request: 'call:ringing', callId });
    await caller.settle();
    await caller.ask('call:get', { callId });
    await caller.ask('call:history', {});
    await caller.register(caller.userId, 'laptop');
    await caller.refused('call:signal', { callId, data: 1 }, 'wrong_state');
    const ended = await caller.next('call:timeout');
    await caller.ask('call:get', { callId });
    // The event does not wait for the store.
    caller.socket.off('received', see);
    await until(async () => (await caller.ask('call:history')).calls[0].status === 'timeout', 'the end is in the history');
    caller.socket.on('received', see);
    await caller.ask('call:history', {});
    await caller.register(caller.userId, 'laptop');
    await caller.refused('call:end', { callId }, 'call_over');
    const { record } = await caller.ask('call:get', { callId });
    const { sessionId } = caller.socket;
    await caller.close();
    const text = [callId, caller.userId, idOf(callee), sessionId, caller.handleId, record.createdAt, record.endedAt, ended.timestamp]
      .reduce((all, id) => all.replaceAll(String(id), 'ID'), seen.join('\n'))
      .replace(/"(timestamp|serverTime|expiresAt)":[0-9A-Z]+/g, '"$1":"TIME"').replace(/"next":"[^"]*"/g, '"next":"CURSOR"')
      .replace(/"expiresInMs":[0-9]+/g, (field) => (Number(field.slice(14)) <= RING_MS ? '"expiresInMs":"LEFT"' : field))
      .replace(/"transaction":"t[0-9]+"/g, '"transaction":"T"');
    return { text, rang: record.endedAt - record.createdAt };
  }

  test('T9 unknown, offline, busy and silent look alike, byte by byte, to the end', async () => {
    const all = await callees();
    const release = await keepBusy(all.busy);
    const seen = {};
    for (const [kind, callee] of Object.entries(all))
      seen[kind] = await seenByCaller(callee);
    await release();
    assert.ok(seen.silent.text.includes('no_answer') && !/unreachable"|busy"|ringingAt|devices|reachable"/.test(
      seen.silent.text.replace(/"unreachableMs"|"maxDevices"/g, '')), seen.silent.text);
    for (const [kind, { text, rang }] of Object.entries(seen)) {
      assert.equal(text, seen.unknown.text, kind);
      assert.ok(rang >= RING_MS && rang < RING_MS + 250, `${kind} rang for ${rang} ms`);
    }
  });

  test('T9 nor does the time of the reply tell: the medians lie within half a millisecond', async () => {
    const all = await callees();
    const release = await keepBusy(all.busy);
    const caller = await it.device(it.user('caller'), 'laptop');
    const random = new Random(9);
    const times = Object.fromEntries(Object.keys(all).map((kind) => [kind, []]));
    for (let probe = 0; probe < PROBES; probe++) {
      // Each round in another order, so that what the machine does meanwhile hits all alike.
      const kinds = Object.keys(all);
      while (kinds.length > 0) {
        const [kind] = kinds.splice(random.below(kinds.length), 1);
        const calleeId = kind === 'unknown' ? it.user('unknown') : idOf(all[kind]);
        const asked = performance.now();
        const { callId } = await caller.ask('call:initiate', { calleeId });
        times[kind].push((performance.now() - asked) * 1000);
        // On a machine with other things to do it may have rung to its end.
        await caller.request({ request: 'call:end', callId });
      }
    }
    await release();
    const medians = Object.entries(times).map(([kind, list]) => [kind, quantile(list, 0.5)]);
    console.log(`presence: medians in us of ${PROBES} replies each: ${medians.map(([kind, us]) => `${kind} ${us.toFixed(0)}`).join(', ')}`);
    const values = medians.map(([, us]) => us);
    assert.ok(Math.max(...values) - Math.min(...values) < 500, JSON.stringify(medians));
  });
});

describe('a session or a handle that leaked', () => {
  const it = scene();
  const idsOf = ({ socket, handleId }) => ({ session: socket.sessionId, handle: handleId });

  test('T10 who knows both ids speaks as that device, and the answers go to whom it asked from', async () => {
    const { caller, callee } = await it.pair();
    const eve = await (await HostileSocket.open(it.janus.wsUrl)).attach();
    const callId = await ring(caller, [callee]);
    assert.equal((await eve.message({ request: 'call:get', callId }, idsOf(callee))).record.callerId, caller.userId);
    assert.equal((await eve.message({ request: 'call:reject', callId }, idsOf(callee))).status, 'rejected');
    assert.equal((await caller.next('call:rejected')).deviceId, callee.deviceId);
    // Events still go to the device.
    await ring(caller, [callee]);
    assert.equal(eve.messages.filter(({ janus }) => janus === 'event').length, 0);
    eve.close();
    await callee.nothingMore();
  });

  test('T10 but as nobody else: not as another user, not as another device, and no token comes out', async () => {
    const { caller, phone, tablet } = await it.trio();
    const eve = await (await HostileSocket.open(it.janus.wsUrl)).attach();
    const other = await eve.message({ request: 'call:register', userId: caller.userId, deviceId: 'laptop' }, idsOf(phone));
    assert.equal(other.code, 'wrong_state');
    const device = await eve.message({ request: 'call:register', userId: phone.userId, deviceId: 'tablet' }, idsOf(phone));
    assert.equal(device.code, 'wrong_state');
    const callId = await talk(caller, [tablet, phone]);
    assert.equal((await eve.message({ request: 'call:signal', callId, data: 1 }, idsOf(phone))).code, 'forbidden');
    for (const client of [caller, phone, tablet])
      await client.nothingMore();
    eve.close();
  });

  test('T10 one id is not enough: a handle belongs to its session', async () => {
    const { caller, callee } = await it.pair();
    const callId = await ring(caller, [callee]);
    const eve = await (await HostileSocket.open(it.janus.wsUrl)).attach();
    const { session, handle } = idsOf(callee);
    for (const ids of [{ session: eve.session, handle }, { session, handle: handle + 1 }, { session: session + 1, handle }]) {
      const reply = await eve.message({ request: 'call:reject', callId }, ids);
      assert.equal(reply.janus, 'error', JSON.stringify(reply));
    }
    await caller.nothingMore();
    eve.close();
  });

  test('T10 a claimed session brings its events, and with them its handle; the device goes into its grace when the thief goes', async () => {
    const { caller, callee } = await it.pair();
    const callId = await talk(caller, [callee]);
    const eve = await (await HostileSocket.open(it.janus.wsUrl)).attach();
    const { session, handle } = idsOf(callee);
    assert.equal((await eve.send({ janus: 'claim', session_id: session })).janus, 'success');
    await caller.ask('call:signal', { callId, data: 'secret' });
    await until(() => eve.messages.some(({ janus, sender }) => janus === 'event' && sender === handle), 'the event is the thief\'s');
    // The device's own requests are still answered, and its registration is what it was.
    assert.equal((await callee.request({ request: 'call:get', callId })).status, 'accepted');
    assert.equal(callee.events.pending().length, 0);
    eve.close();
    assert.equal((await caller.next('call:peer')).state, 'reconnecting');
    const back = await it.device(callee.userId, callee.deviceId);
    assert.deepEqual(back.registered.calls.map(({ status }) => status), ['accepted']);
    assert.equal((await caller.next('call:peer')).state, 'connected');
  });
});

describe('hostile messages', () => {
  const it = scene();
  // Of what Janus's parser lets through the plugin has its own bounds.
  const nested = (depth) => `{"request":"call:history","x":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  const latin1 = (text) => Buffer.from(text, 'latin1');

  /** Nothing of it got anywhere: that connection and that handle work on, and so do others. */
  async function isHarmless(eve, other) {
    assert.ok(!eve.isClosed);
    assert.equal((await eve.message({ request: 'call:history' })).code, 'not_registered', 'it has no registration by that');
    await other.settle();
  }

  /** Sends each text as a body; what answers it is for `check`. */
  async function each(texts, check) {
    const other = await it.device(it.user('other'), 'phone');
    for (const [what, text] of Object.entries(texts)) {
      const eve = await (await HostileSocket.open(it.janus.wsUrl)).attach();
      const answer = await eve.messageText(text);
      check(answer, `${what}: ${JSON.stringify(answer)}`);
      await isHarmless(eve, other);
      eve.close();
    }
    await other.nothingMore();
  }

  const byJanus = (...codes) => (answer, what) => {
    assert.equal(answer.janus, 'error', what);
    assert.ok(codes.includes(answer.error.code), what);
  };

  test('T13 what is no JSON object is refused before it comes to us', async () => {
    const texts = { cut: '{"request":', 'a list': '[]', 'a text': '"call:history"', 'a number': '7', 'no number': '{"limit":NaN}',
      'too deep for Janus': nested(3000), 'an integer of 20 digits': '{"userId":99999999999999999999}',
      'a number without end': '{"limit":1e400}', 'a raw newline': '{"userId":"a\nb"}' };
    await each(texts, byJanus(454, 467));
  });

  test('T14 bytes that are no UTF-8, NUL and half a surrogate pair are refused before they come to us', async () => {
    const register = (userId) => `{"request":"call:register","userId":"${userId}"}`;
    await each({ 'a lone byte': latin1(register('a\xff')), overlong: latin1(register('a\xc0\xaf')),
      'a surrogate': latin1(register('a\xed\xa0\x80')), 'beyond Unicode': latin1(register('a\xf4\x90\x80\x80')),
      'cut short': latin1(register('a\xe2\x82')), NUL: register('a\\u0000'), 'a raw NUL': register('a\0b'),
      'a high half': register('a\\ud800'), 'a low half': register('a\\udc00b') }, byJanus(454));
  });

  test('T14 control characters name no one', async () => {
    const eve = await (await HostileSocket.open(it.janus.wsUrl)).attach();
    for (const character of ['\u0001', '\t', '\n', '\r', '\u001b', '\u007f', '\u0085', '\u009b']) {
      for (const field of ['userId', 'deviceId', 'displayName']) {
        const reply = await eve.message({ request: 'call:register', userId: 'a', [field]: `a${character}b` });
        assert.deepEqual([reply.code, reply.error.split(':')[0]], ['invalid_request', field]);
      }
    }
    eve.close();
  });

  test('T14 two names that look the same are two users', async () => {
    const name = it.user('n');
    const twins = [`${name}\u00e9`, `${name}e\u0301`, `${name}\u0435`, `${name}e`, `${name}E`, `${name}e\u200d`];
    const devices = await Promise.all(twins.map((twin) => it.device(twin, 'phone')));
    const caller = await it.device(it.user('caller'), 'laptop');
    const { callId } = await caller.ask('call:initiate', { calleeId: twins[0] });
    assert.equal((await devices[0].next('call:incoming')).calleeId, twins[0]);
    for (const device of devices)
      await device.nothingMore();
    await caller.ask('call:end', { callId });
  });

  test('T13 what is too deep or too large for us is refused by name', async () => {
    const byUs = (code, field) => (answer, what) => {
      assert.deepEqual([answer.plugindata?.data.code, answer.plugindata?.data.error.split(':')[0]], [code, field], what);
    };
    const register = (more) => `{"request":"call:register","userId":"u","more":${more}}`;
    const lists = (depth) => '['.repeat(depth) + ']'.repeat(depth);
    await each({ 'lists in lists': register(lists(100)), 'many lists in lists': register(lists(1500)) },
      byUs('invalid_request', 'body'));
    await each({ 'a large text': register(JSON.stringify('x'.repeat(200_000))) }, byUs('too_large', 'body'));
  });

  test('T13 of a key that is there twice the last one counts, for everybody', async () => {
    const [one, two] = [it.user('one'), it.user('two')];
    const eve = await (await HostileSocket.open(it.janus.wsUrl)).attach();
    const answer = await eve.messageText(`{"request":"call:history","request":"call:register","userId":"${one}","userId":"${two}"}`);
    assert.deepEqual([answer.plugindata.data.request, answer.plugindata.data.userId], ['call:register', two]);
    eve.close();
  });

  test('T13 a great many fields, and a great message, stop nobody', async () => {
    const other = await it.device(it.user('other'), 'phone');
    const eve = await (await HostileSocket.open(it.janus.wsUrl)).attach();
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`field${n}`, n]));
    assert.equal((await eve.message({ request: 'call:history', ...many })).call, 'error');
    // settle() fails when it takes too long.
    const great = { request: 'call:history', x: 'x'.repeat(1 << 20) };
    const [reply] = await Promise.all([eve.message(great), other.settle()]);
    assert.equal(reply.call, 'error');
    eve.close();
  });
});

describe('what is written', () => {
  const received = [];
  const receiver = http.createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => { text += chunk; });
    request.on('end', () => {
      received.push(...[JSON.parse(text)].flat());
      response.end();
    });
  });
  const options = { plugin: { }, janus: { debug_level: 7 } };
  before(async () => {
    await new Promise((resolve) => { receiver.listen(0, '127.0.0.1', resolve); });
    options.eventsTo = `http://127.0.0.1:${receiver.address().port}/`;
  });
  const it = scene(options);
  after(() => { receiver.close(); receiver.closeAllConnections(); });

  const OURS = /^\[[A-Za-z0-9: ]+\] (\[[A-Z]+\] )?(\[[^ ]+:[0-9]+\] )?\[janus\.plugin\.call\]/;
  /** At this level Janus itself writes whole messages. */
  const ourLines = () => it.janus.log().split('\n').filter((line) => OURS.test(line));
  const database = () => path.join(it.janus.dir, 'calls.sqlite');

  const SQL = [`'; DROP TABLE calls; --`, `" OR "1"="1`, `') OR 1=1 --`, `x' UNION SELECT * FROM calls --`, `%s%n%x`, `\\'; --`,
    `'||(SELECT user_id FROM users)||'`, `1; PRAGMA writable_schema=1`, `*`, `?1`, `:id`, `@x`];

  test('T18 SQL in every field is a text like any other', async () => {
    const witness = await it.pair();
    const kept = await ring(witness.caller, [witness.callee]);
    await witness.callee.ask('call:reject', { callId: kept, reason: 'kept' });
    for (const sql of SQL) {
      const caller = await it.device(it.user(sql), sql, { displayName: sql });
      const callee = await it.device(it.user(sql), sql);
      const callId = await ring(caller, [callee], { data: { [sql]: sql } });
      await callee.ask('call:reject', { callId, reason: sql });
      assert.equal((await caller.request({ request: 'call:get', callId: sql })).call, 'error');
      for (const fields of [{ peerId: sql }, { peerId: callee.userId }])
        assert.equal((await caller.ask('call:history', fields)).calls.length, fields.peerId === sql ? 0 : 1);
      await caller.refused('call:history', { before: sql }, 'invalid_request');
      await caller.refused('call:history', { status: sql }, 'invalid_request');
      const record = await recordOf(callee, callId);
      assert.deepEqual([record.callerId, record.reason, record.data], [caller.userId, sql, { [sql]: sql }]);
    }
    assert.equal((await recordOf(witness.caller, kept)).reason, 'kept');
    assert.deepEqual(await halfWritten(database()), []);
    const [{ n }] = await rows(database(), 'SELECT count(*) AS n FROM calls');
    assert.equal(n, SQL.length + 1);
  });

  test('T19 whatever is in a field, an event is one line of the log', async () => {
    const nasty = ['a\\nb', 'a\u2028b', 'a\u2029b', 'a\u202eb', 'a\u2066b', '%s%n%d', 'a\ufeffb', '[ERR] forged', '\\x0A'];
    const free = [...nasty, 'a\nb', 'a\r\nb', 'a\u001b[31mb', 'a\u009b31mb', 'a\u0007b', 'a\u0085b',
      'x\n[Sun Nov 22 21:00:00 2026] [INFO] [janus.plugin.call] Sent call:rejected to caller (forged)'];
    for (const [n, reason] of free.entries()) {
      const name = nasty[n % nasty.length];
      const caller = await it.device(it.user(name), name, { displayName: name });
      const callee = await it.device(it.user(name), name);
      const before = ourLines().length;
      const callId = await ring(caller, [callee], { data: { reason } });
      await callee.refused('call:reject', { callId: `x\n${reason}`, reason }, 'invalid_request');
      await callee.refused(`call:reject\n${reason}`, { callId, reason }, 'unknown_request');
      await callee.ask('call:reject', { callId, reason });
      await it.janus.logged(new RegExp(`Sent call:rejected to caller \\(callId ${callId}`));
      const lines = ourLines().slice(before);
      assert.equal(lines.length, 3, lines.join('\n'));
      assert.deepEqual(lines.map((line) => line.replace(/^.*?janus.plugin.call\] (Sent|Received) (call:[a-z]+) .*/, '$1 $2')).sort(),
        ['Received call:reject', 'Sent call:incoming', 'Sent call:rejected']);
      // eslint-disable-next-line no-control-regex
      assert.ok(lines.every((line) => !/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/.test(line)), lines.join('\n'));
    }
  });

  test('T20 no session id, handle id, token or SDP is in our lines, in events or in records', async () => {
    const alice = await it.device(it.user('alice'), 'laptop', { token: 'TOKEN-of-alice' });
    const bob = await it.device(it.user('bob'), 'phone', { token: 'TOKEN-of-bob' });
    const callId = await ring(alice, [bob]);
    await bob.socket.request(bob.handleId, { request: 'call:ringing', callId }, offer('SDP-of-bob'));
    await bob.ask('call:accept', { callId });
    await alice.next('call:accepted');
    await alice.ask('call:signal', { callId, data: { type: 'offer', sdp: 'v=0 SDP-of-alice' } });
    await bob.ask('call:update', { callId, data: { sdp: 'v=0 SDP-of-alice' } });
    await bob.refused('call:register', { userId: 'somebody else', token: 'TOKEN-of-nobody' }, 'wrong_state');
    await bob.request({ request: 'call:accept', callId, token: 'TOKEN-in-a-wrong-place' });
    await it.lose(bob);
    await alice.next('call:peer');
    await alice.ask('call:end', { callId, reason: 'over' });
    await until(() => received.some(({ event }) => event?.data?.event === 'call.ended' && event.data.record.callId === callId),
      'the event handler is told of the end');
    await it.janus.logged(new RegExp(`Callee .*is offline .*${callId}`));
    const secrets = [alice, bob].flatMap(({ socket, handleId }) => [String(socket.sessionId), String(handleId)])
      .concat('TOKEN-', 'SDP-of', 'v=0');
    // Janus's own events (the handle was attached) say which handle it is.
    const ofOurs = received.filter(({ type, event }) => type === 64 && event.plugin === 'janus.plugin.call');
    const places = {
      log: ourLines().join('\n'),
      events: JSON.stringify(ofOurs),
      records: filesOf(database()).filter((file) => fs.existsSync(file)).map((file) => fs.readFileSync(file, 'latin1')).join(''),
      stats: JSON.stringify(await it.janus.admin({ request: 'stats' })),
    };
    assert.ok(ourLines().some((line) => line.includes(callId)) && ofOurs.length >= 3 && places.records.includes(callId));
    for (const [place, text] of Object.entries(places)) {
      for (const secret of secrets)
        assert.ok(!text.includes(secret), `${secret} is in the ${place}`);
    }
  });
});

// Validates docs/asyncapi.yaml, and holds every message of a play of all requests and events against its schemas; its
// examples look like what was played.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { known, readPage, unwrapped } from '../check-protocol-docs.mjs';
import { WsClient } from './lib/clients/index.mjs';
import { AsyncApi } from './lib/contract.mjs';
import { ring, scene, talk } from './lib/scene.mjs';
import { jsepOf } from './lib/sdp.mjs';
import { secondsFromNow, sign } from './lib/tokens.mjs';

const SOON_MS = 300;
const api = new AsyncApi();

/** A device that holds all that it says and hears against the file. A request is good if it was not refused. */
class CheckedClient extends WsClient {
  /** The JSEP goes beside the body. */
  async request({ jsep, ...body }) {
    const reply = await this.socket.request(this.handleId, body, jsep);
    if (reply.call === 'success')
      api.sawRequest(body);
    api.sawReply(reply);
    return reply;
  }

  received(data, envelope) {
    api.sawEvent(data);
    super.received(data, envelope);
  }
}

const Client = CheckedClient;
const cast = { Caller: Client, Callee: Client, Phone: Client, Tablet: Client };

const enumOf = (name) => api.document.components.schemas[name].enum;

describe('the file', () => {
  test('is AsyncAPI', async () => {
    assert.deepEqual(await AsyncApi.faults(api.text), []);
    assert.equal((await AsyncApi.faults(api.text.replace('action: receive', 'action: hear'))).length, 1, 'the parser sees a fault');
  });

  test('has examples that follow its schemas', () => {
    for (const [key, { examples }] of Object.entries(api.messages)) {
      assert.ok(examples.length > 0, key);
      examples.forEach(({ payload }) => api.check(AsyncApi.pointer(key), payload, key));
    }
  });

  test('has every request, event, refusal, status, cause and mode of the code, and no other', () => {
    const sorted = (names) => [...names].sort();
    assert.deepEqual(sorted(api.requests.keys()), sorted(known.appRequests));
    assert.deepEqual(sorted(api.replies.keys()), sorted(known.appRequests));
    assert.deepEqual(sorted(api.events.keys()), sorted(known.events));
    assert.deepEqual(sorted(enumOf('RefusalCode')), sorted(known.refusals));
    assert.deepEqual(sorted(enumOf('Status')), sorted(known.states));
    assert.deepEqual(sorted(enumOf('Cause')), sorted(known.causes));
    assert.deepEqual(sorted(enumOf('Mode')), sorted(known.modes));
  });

  test('allows the examples of docs/protocol.md', () => {
    let checked = 0;
    const shown = readPage().scenes.flatMap(({ steps }) => steps).filter(({ isShown, isWhole, who }) => isShown && !isWhole && who !== 'the backend');
    for (const { verb, message: shownMessage, line } of shown) {
      const message = unwrapped(shownMessage);
      const where = `docs/protocol.md:${line}`;
      if (verb === 'hears')
        api.check(AsyncApi.pointer(api.events.get(message.event)), message, where);
      else if (message.call === 'error')
        api.check(AsyncApi.pointer('refusal'), message, where);
      else if (message.call === 'success')
        api.check(AsyncApi.pointer(api.replies.get(message.request)), message, where);
      else
        continue;
      checked++;
    }
    assert.ok(checked > 40, `${checked} examples`);
  });
});

describe('what is sent', () => {
  const it = scene({ plugin: { timers: { in_call_grace: 60_000 }, store: { store_wait: 10_000 } } });

  test('a call with all that may be in it', async () => {
    const { caller, phone, tablet } = await it.trio(cast);
    const named = await it.device(caller.userId, 'named', { Client, displayName: 'Alice' });
    const callId = await ring(named, [phone, tablet], { media: { audio: true, video: true }, mode: 'p2p', timeoutMs: 30_000, data: { subject: 'Lunch' }, callId: 'CALL_1' });
    await phone.ask('call:ringing', { callId });
    await named.next('call:ringing');
    await caller.ask('call:get', { callId });
    const late = await it.device(phone.userId, 'late', { Client });
    assert.equal(late.registered.calls.length, 1);
    await phone.ask('call:accept', { callId });
    await named.next('call:accepted');
    await named.ask('call:signal', { callId, data: { type: 'offer', sdp: 'v=0' } });
    await phone.ask('call:update', { callId, data: { audio: false, hold: true } });
    await it.lose(phone);
    await named.next({ event: 'call:peer', state: 'reconnecting' });
    assert.equal((await named.ask('call:signal', { callId, data: 1 })).delivered, false);
    assert.equal((await named.ask('call:update', { callId, data: {} })).delivered, false);
    const back = await it.device(phone.userId, 'phone', { Client });
    await named.next({ event: 'call:peer', state: 'connected' });
    await back.ask('call:end', { callId, reason: 'Bye' });
    await named.next('call:ended');
    await named.ask('call:get', { callId });
    const elsewhere = await it.device(phone.userId, 'phone', { Client });
    assert.deepEqual(elsewhere.registered.calls.map(({ status }) => status), ['ended']);
    await back.next('call:replaced');
    await elsewhere.ask('call:unregister');
  });

  test('the ways in which a call is not answered', async () => {
    const { caller, callee } = await it.pair(cast);
    const rejected = await ring(caller, [callee]);
    await callee.ask('call:reject', { callId: rejected, reason: 'User declined' });
    await caller.next('call:rejected');
    await caller.ask('call:get', { callId: rejected });
    const cancelled = await ring(caller, [callee]);
    const late = await it.device(callee.userId, 'late', { Client });
    assert.deepEqual(late.registered.calls.map(({ status }) => status), ['ringing', 'rejected']);
    await caller.ask('call:end', { callId: cancelled });
    const byBackend = await ring(caller, [callee]);
    await it.janus.admin({ request: 'call:reject', callId: byBackend, userId: callee.userId });
    await caller.next({ event: 'call:rejected', callId: byBackend });
    const { calls, next } = await caller.ask('call:history', { limit: 1 });
    assert.equal(calls.length, 1);
    await caller.ask('call:history', { before: next, status: 'rejected', peerId: callee.userId });
    await callee.ask('call:history', { missed: true });
    const other = await ring(await it.device(it.user('other'), 'phone', { Client }), [callee]);
    await ring(await it.device(it.user('another'), 'phone', { Client }), [callee]);
    const { cause } = await caller.ask('call:initiate', { calleeId: callee.userId });
    assert.equal(cause, 'busy');
    await callee.ask('call:reject', { callId: other, cause: 'busy' });
  });

  test('what a backend and an operator do', async () => {
    const { caller, callee } = await it.pair(cast);
    const { callId } = await it.janus.admin({ request: 'call:initiate', userId: caller.userId, deviceId: caller.deviceId,
      calleeId: callee.userId, data: { from: 'backend' } });
    await caller.next('call:outgoing');
    await callee.ask('call:accept', { callId });
    await it.janus.admin({ request: 'call:end', callId, callerId: caller.userId });
    await caller.next('call:ended');
    const plain = await it.janus.admin({ request: 'call:initiate', userId: caller.userId, deviceId: caller.deviceId, calleeId: callee.userId });
    await caller.next({ event: 'call:outgoing', callId: plain.callId });
    const newer = await ring(caller, [callee]);
    assert.notEqual(newer, plain.callId);
    await it.janus.admin({ request: 'disconnect', userId: callee.userId });
    await callee.next('call:unregistered');
  });

  test('refusals', async () => {
    const { caller, callee } = await it.pair(cast);
    const stranger = await it.connect(Client);
    await stranger.refused('call:initiate', { calleeId: callee.userId }, 'not_registered');
    await caller.refused('dial', {}, 'unknown_request');
    await caller.refused('call:initiate', {}, 'invalid_request');
    await caller.refused('call:initiate', { calleeId: caller.userId }, 'calling_self');
    await caller.refused('call:get', { callId: 'nothing' }, 'call_not_found');
    const callId = await ring(caller, [callee], { callId: 'CALL_2', media: { video: true }, timeoutMs: 30_000, data: {} });
    await caller.refused('call:end', { callId, reason: 'x'.repeat(257) }, 'too_large');
    await caller.refused('call:accept', { callId }, 'forbidden');
    await caller.refused('call:signal', { callId, data: 1 }, 'wrong_state');
    await callee.refused('call:initiate', { calleeId: caller.userId }, 'glare');
    await caller.refused('call:initiate', { callId, calleeId: it.user('other') }, 'id_in_use');
    await caller.ask('call:end', { callId });
    await callee.refused('call:accept', { callId }, 'call_over');
    const talking = await talk(caller, [callee]);
    await callee.ask('call:end', { callId: talking });
    await callee.refused('call:accept', { callId: talking }, 'call_over');
  });
});

describe('the media of a call', () => {
  const ice = [{ urls: 'stun:127.0.0.1:9' }, { urls: 'turn:127.0.0.1:9', secret: 'north' }];
  const it = scene({ plugin: { media: { ice_servers: ice, default_mode: 'relay' } } });

  test('relayed, from the accept to the last change', async () => {
    const { caller, callee } = await it.pair(cast);
    const callId = await ring(caller, [callee]);
    const { join: theirs } = await callee.ask('call:accept', { callId });
    const { join: ours } = await caller.next('call:accepted');
    const [calling, called] = [await it.connect(Client), await it.connect(Client)];
    await called.refused('call:join', { callId, token: 'another' }, 'unauthorized');
    await called.ask('call:join', { callId, token: theirs.token, jsep: jsepOf('offer') });
    await calling.ask('call:join', { callId, token: ours.token });
    await calling.next('call:media');
    await calling.ask('call:media', { callId, jsep: jsepOf('answer') });
    await called.next('call:media');
    await called.ask('call:configure', { audio: true, video: false, bitrate: 64_000, substream: 0, temporal: 0 });
    await it.lose(callee);
    await caller.next('call:peer');
    const back = await it.device(callee.userId, callee.deviceId, { Client });
    assert.equal(back.registered.calls.find((call) => call.callId === callId).join.token, theirs.token);
    await caller.ask('call:end', { callId });
  });

  test('peer to peer', async () => {
    const { caller, callee } = await it.pair(cast);
    const callId = await ring(caller, [callee], { mode: 'p2p' });
    const { join } = await callee.ask('call:accept', { callId });
    assert.equal(join.iceServers.length, 2);
    await caller.next('call:accepted');
    await caller.ask('call:end', { callId });
  });
});

describe('what time does', () => {
  const it = scene({
    plugin: {
      timers: { ring: SOON_MS, unreachable: SOON_MS, max_duration: SOON_MS },
      limits: { max_live_calls: 1, max_devices: 1, calls_per_minute: 2 },
    },
  });

  test('timeouts, and limits', async () => {
    const { caller, callee } = await it.pair(cast);
    const unanswered = await ring(caller, [callee]);
    await caller.refused('call:initiate', { calleeId: it.user('other') }, 'too_many_calls');
    assert.equal((await caller.next('call:timeout')).callId, unanswered);
    await callee.next('call:ended');
    await caller.ask('call:initiate', { calleeId: it.user('nobody') });
    assert.equal((await caller.next('call:timeout')).cause, 'unreachable');
    const callId = await talk(caller, [callee]);
    assert.equal((await callee.next({ event: 'call:ended', callId })).cause, 'max_duration');
    assert.equal((await caller.refused('call:initiate', { calleeId: callee.userId }, 'rate_limited')).retryAfterMs > 0, true);
    const second = await it.connect(Client);
    await second.refused('call:register', { userId: caller.userId, deviceId: 'second' }, 'too_many_devices');
  });
});

describe('what hides', () => {
  const it = scene({ plugin: { general: { reveal_presence: false }, store: { type: 'memory' } } });

  test('hidden presence, records that do not last', async () => {
    const { caller, callee } = await it.pair(cast);
    assert.equal(caller.registered.durable, false);
    const callId = await ring(caller, [callee]);
    await callee.ask('call:ringing', { callId });
    await caller.ask('call:end', { callId });
  });
});

describe('with tokens', () => {
  const secret = 'a secret of this test, which has at least 32 bytes';
  const it = scene({ plugin: { general: { auth: 'jwt' }, auth: { secret } } });

  test('a registration that ends', async () => {
    const client = await it.connect(Client);
    await client.refused('call:register', { userId: 'alice' }, 'unauthorized');
    await client.refused('call:register', { token: sign({ sub: 'alice', exp: secondsFromNow(-1) }, secret) }, 'token_expired');
    const reply = await client.ask('call:register', { token: sign({ sub: 'alice', device: 'laptop', exp: secondsFromNow(2) }, secret) });
    assert.ok(reply.registrationExpiresInMs > 0);
    assert.equal((await client.next('call:unregistered')).cause, 'token_expired');
  });
});

describe('after all of it', () => {
  test('every request, reply and event of the file was seen', () => {
    const missing = Object.keys(api.messages).filter((key) => !api.wasSeen(key));
    assert.deepEqual(missing, []);
  });

  test('and its examples look like what was sent', () => {
    const unlike = Object.entries(api.messages)
      .flatMap(([key, { examples }]) => examples.flatMap(({ payload }) => api.unlikeAll(payload, key)));
    assert.deepEqual(unlike, []);
  });
});

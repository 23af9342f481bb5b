// What a backend is told, signed, in order, at least once: whatever it does, and whatever becomes of Janus.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { Webhook } from 'standardwebhooks';

import { startJanus } from './lib/janus.mjs';
import { Receiver, newSecret } from './lib/receiver.mjs';
import { ring, talk } from './lib/scene.mjs';
import { drained, toldScenes, webhookStats } from './lib/told.mjs';
import { until } from './lib/wait.mjs';

const told = toldScenes();

describe('a backend that is well', () => {
  test('is told each change of a call, in order, signed, with all that is known', async () => {
    const backend = await new Receiver().start();
    const it = await told([backend]);
    const { caller, callee } = await it.pair();
    const callId = await talk(caller, [callee], { data: { topic: 'x' } });
    await caller.ask('call:end', { callId });
    const ended = await backend.next(callId, 'call.ended');
    assert.deepEqual(backend.histories().get(callId), ['call.ringing', 'call.accepted', 'call.ended']);
    assert.deepEqual([ended.data.callerId, ended.data.calleeId, ended.data.callerDevice, ended.data.cause, ended.data.answeredBy],
      [caller.userId, callee.userId, 'laptop', 'hangup', 'phone']);
    assert.equal(ended.data.data.topic, 'x');
    assert.match(ended.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.equal(new Date(ended.timestamp).getTime(), ended.data.endedAt);
    assert.ok(Math.abs(Number(ended.headers['webhook-timestamp']) - Date.now() / 1000) < 5);
    assert.equal(ended.headers['content-type'], 'application/json');
    await drained(it.janus);
    assert.equal(backend.seen.length, 3, 'nothing was told twice');
    assert.ok(backend.connections <= 2, `connections are kept: ${backend.connections}`);
  });

  test('each outcome has its type', async () => {
    const backend = await new Receiver().start();
    const it = await told([backend], { timers: { ring: 600 } });
    const { caller, callee } = await it.pair();
    const outcomes = {
      'call.rejected': (callId) => callee.ask('call:reject', { callId, reason: 'no' }),
      'call.cancelled': (callId) => caller.ask('call:end', { callId }),
      'call.timeout': () => {},
    };
    for (const [type, act] of Object.entries(outcomes)) {
      const callId = await ring(caller, [callee]);
      await act(callId);
      await backend.next(callId, type);
      assert.deepEqual(backend.histories().get(callId), ['call.ringing', type]);
    }
  });

  test('T23 a signature is of this body and this secret, and of both secrets while they are changed', async () => {
    const backend = await new Receiver().start();
    const previous = newSecret();
    const it = await told([backend], { webhooks: { endpoints: [backend.endpoint({ previous_secret: previous })] } });
    const { caller, callee } = await it.pair();
    const callId = await ring(caller, [callee]);
    const { body, headers } = await backend.next(callId, 'call.ringing');
    for (const secret of [backend.secret, previous])
      assert.equal(new Webhook(secret).verify(body, headers).data.callId, callId);
    assert.equal(headers['webhook-signature'].split(' ').length, 2);
    for (let at = 0; at < body.length; at += 17) {
      const changed = `${body.slice(0, at)}${body[at] === 'x' ? 'y' : 'x'}${body.slice(at + 1)}`;
      assert.throws(() => new Webhook(backend.secret).verify(changed, headers));
    }
    assert.throws(() => new Webhook(newSecret()).verify(body, headers));
    assert.throws(() => new Webhook(backend.secret).verify(body, { ...headers, 'webhook-id': 'msg_other' }));
  });

  test('T20 no session id, handle id, token or SDP is in a webhook', async () => {
    const backend = await new Receiver().start();
    const it = await told([backend]);
    const alice = await it.device(it.user('alice'), 'laptop', { token: 'TOKEN-of-alice' });
    const bob = await it.device(it.user('bob'), 'phone', { token: 'TOKEN-of-bob' });
    const callId = await talk(alice, [bob]);
    await alice.ask('call:signal', { callId, data: { type: 'offer', sdp: 'v=0 SDP-of-alice' } });
    await bob.ask('call:update', { callId, data: { sdp: 'v=0 SDP-of-bob' } });
    await alice.ask('call:end', { callId });
    await backend.next(callId, 'call.ended');
    const bodies = backend.seen.map(({ body, headers }) => body + JSON.stringify(headers)).join();
    assert.ok(bodies.includes(callId));
    for (const secret of [alice, bob].flatMap(({ socket, handleId }) => [String(socket.sessionId), String(handleId)]).concat('TOKEN-', 'SDP-of', 'v=0'))
      assert.ok(!bodies.includes(secret), `${secret} is in a webhook`);
  });

  test('several endpoints get what they want, and the same event has the same id', async () => {
    const [all, ends] = await Promise.all([new Receiver().start(), new Receiver().start()]);
    const it = await told([all, ends], {
      webhooks: { endpoints: [all.endpoint({ name: 'all' }), ends.endpoint({ name: 'ends', types: 'call.rejected call.ended' })] },
    });
    const { caller, callee } = await it.pair();
    const callId = await ring(caller, [callee]);
    await callee.ask('call:reject', { callId });
    const one = await all.next(callId, 'call.rejected');
    const other = await ends.next(callId, 'call.rejected');
    assert.equal(one.id, other.id);
    await drained(it.janus);
    assert.deepEqual(ends.taken.map(({ type }) => type), ['call.rejected']);
    assert.equal(all.taken.length, 2);
  });
});

describe('a backend that is not well', () => {
  const bad = ['500', 'hang', 'midbody', 'redirect', 'vanished'];
  for (const how of bad) {
    test(`${how}: calls go on, and it is told afterwards, in order`, async () => {
      const backend = await new Receiver().start();
      const it = await told([backend], { webhooks: { timeout: 500, connect_timeout: 500 } });
      const { caller, callee } = await it.pair();
      const { port } = backend;
      if (how === 'vanished')
        await backend.stop();
      else
        backend.behaviour = how;
      const expected = new Map();
      for (let i = 0; i < 20; i++) {
        const callId = await ring(caller, [callee]);
        await callee.ask('call:reject', { callId });
        await caller.next({ event: 'call:rejected', callId });
        expected.set(callId, ['call.ringing', 'call.rejected']);
      }
      await until(async () => (await webhookStats(it.janus)).endpoints[0].failed > 0, 'it failed');
      if (how === 'vanished')
        await backend.start(port);
      else
        backend.behaviour = 'well';
      await drained(it.janus);
      backend.assertAll(expected);
      assert.equal(backend.strays, 0, 'no redirect is followed');
      assert.equal((await webhookStats(it.janus)).endpoints[0].health, 'well');
    });
  }

  test('an event that is refused holds up its own call, and no other', async () => {
    const backend = await new Receiver().start();
    const it = await told([backend]);
    const { caller, callee } = await it.pair();
    const poison = await ring(caller, [callee]);
    await backend.next(poison, 'call.ringing');
    backend.behaviour = (event) => (event.data.callId === poison ? '500' : 'well');
    await callee.ask('call:reject', { callId: poison });
    for (let i = 0; i < 10; i++) {
      const callId = await ring(caller, [callee]);
      await caller.ask('call:end', { callId });
      await backend.next(callId, 'call.cancelled', 3000);
    }
    backend.behaviour = 'well';
    await backend.next(poison, 'call.rejected', 15_000);
  });

  test('Retry-After is heeded', async () => {
    const backend = await new Receiver().start();
    const it = await told([backend]);
    const { caller, callee } = await it.pair();
    backend.behaviour = () => (backend.seen.length > 1 ? 'well' : 'later');
    const callId = await ring(caller, [callee]);
    await backend.next(callId, 'call.ringing', 8000);
    const [first, second] = backend.seen;
    assert.equal(first.id, second.id);
    assert.ok(second.at - first.at >= 1950, `${second.at - first.at} ms`);
  });

  test('410: nothing more is sent there, and others are told', async () => {
    const [gone, other] = await Promise.all([new Receiver().start(), new Receiver().start()]);
    const it = await told([gone, other], { webhooks: { endpoints: [gone.endpoint({ name: 'gone' }), other.endpoint({ name: 'other' })] } });
    const { caller, callee } = await it.pair();
    gone.behaviour = 'gone';
    const first = await ring(caller, [callee]);
    await until(async () => (await webhookStats(it.janus)).endpoints[0].health === 'gone', 'it is known to be gone');
    await caller.ask('call:end', { callId: first });
    const second = await ring(caller, [callee]);
    await other.next(second, 'call.ringing');
    assert.equal(gone.seen.length, 1);
  });

  test('an answer without an end is cut off, and counts as it began', async () => {
    const backend = await new Receiver().start();
    backend.behaviour = 'endless';
    const it = await told([backend]);
    const { caller, callee } = await it.pair();
    await ring(caller, [callee]);
    await drained(it.janus);
    assert.equal(backend.seen.length, 1);
  });
});

describe('what is wrong in the configuration', () => {
  const wrong = {
    'no http': { url: 'ftp://127.0.0.1/' },
    'a file': { url: 'file:///etc/passwd' },
    'no host': { url: 'http:///hooks' },
    'a user': { url: 'http://user:pass@127.0.0.1/' },
    'no secret': { secret: '' },
    'a short secret': { secret: 'whsec_c2hvcnQ=' },
    'a secret of something else': { secret: 'sk_live_0123456789012345678901234567890123456789' },
    'an unknown type': { types: 'call.exploded' },
  };
  for (const [what, fields] of Object.entries(wrong)) {
    test(`${what} keeps the plugin from loading, and no secret is in the log`, async () => {
      const endpoint = { name: 'bad', url: 'http://127.0.0.1:9/', secret: newSecret(), ...fields };
      const janus = await startJanus({ mayRefuse: true, plugin: { webhooks: { endpoints: [endpoint] } } });
      await janus.logged(/webhooks\.endpoints: "bad": (url|secret|types)/);
      assert.ok(!(endpoint.secret && janus.log().includes(endpoint.secret)) && !janus.log().includes('user:pass'));
      await janus.stop();
    });
  }
});

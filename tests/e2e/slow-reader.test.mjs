// T12 of SECURITY.md. Janus's queue of what is to go out has no bound, and it says nothing of it: what a client that does not read can
// be made to be sent, by others and by itself, has.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { HostileSocket } from './lib/hostile.mjs';
import { startJanus } from './lib/janus.mjs';
import { quantile, residentBytes } from './lib/measure.mjs';
import { Pair } from './lib/pair.mjs';
import { WsClient } from './lib/clients/index.mjs';
import { patiently, pause, within } from './lib/wait.mjs';

const MB = 1 << 20;
// What run.sh and docs/operations.md have in janus.transport.websockets.jcfg: a ping after so long, the end so much later.
const PING_MS = 15_000;
const PONG_MS = 10_000;

// The defaults of docs/configuration.md.
const SHIPPED = { requests_per_second: 50, calls_per_minute: 20, relayed_bytes_per_second: 65_536, registrations_per_second: 2,
  read_bytes_per_second: 131_072 };
const ENVELOPE = 400;
/** What one user can have sent to another until that one is found not to read: what is saved up, and what comes back meanwhile. */
const RELAYED_MOST = (4 + (PING_MS + PONG_MS) / 1000) * SHIPPED.relayed_bytes_per_second
  + (2 + (PING_MS + PONG_MS) / 1000) * SHIPPED.requests_per_second * ENVELOPE;
/** Threads of Janus's pool that come and go, what the allocator keeps, a last burst. */
const NOISE = 6 * MB;

const memoryOf = (janus) => residentBytes(janus.pid);
const inMb = (bytes) => (bytes / MB).toFixed(1);

/** A Janus of its own, as memory is measured; `limits` over the shipped ones. */
function world(limits = {}) {
  const self = { clients: [] };
  before(async () => {
    self.janus = await startJanus({ plugin: { limits: { ...SHIPPED, ...limits } } });
  });
  after(async () => {
    self.clients.forEach((client) => client.close());
    await self.janus?.stop();
  });
  self.hostile = async (userId) => {
    const client = await (await HostileSocket.open(self.janus.wsUrl)).attach();
    self.clients.push(client);
    assert.equal((await client.message({ request: 'call:register', userId, deviceId: 'x' })).call, 'success');
    return client;
  };
  /** Somebody in a call with `reader`. */
  self.partner = async (reader, readerId) => {
    const client = await new WsClient(self.janus, 'partner').connect();
    self.clients.push(client);
    await client.register('partner', 'x');
    const { callId } = await client.ask('call:initiate', { calleeId: readerId });
    assert.equal((await reader.message({ request: 'call:accept', callId })).status, 'accepted');
    await client.next('call:accepted');
    return { client, callId };
  };
  return self;
}

/** Sends the largest signals and updates as fast as it may until `isOver`; returns how many bytes went. */
async function pour({ client, callId }, isOver) {
  const updates = { request: 'call:update', callId, data: { x: 'x'.repeat(4000) } };
  const signals = { request: 'call:signal', callId, data: 'x'.repeat(65_000) };
  const sent = { bytes: 0, accepted: 0, refused: 0 };
  for (let n = 0; !isOver(); n++) {
    const body = n % 2 ? updates : signals;
    const reply = await client.request(body);
    if (reply.call === 'success') {
      sent.accepted++;
      sent.bytes += JSON.stringify(body.data).length;
    } else if (reply.code === 'rate_limited') {
      sent.refused++;
      await pause(Math.min(reply.retryAfterMs, 100));
    }
  }
  return sent;
}

describe('a client that stops reading', () => {
  const it = world();

  /** Others who are in a call of their own: how long a signal takes from one to the other. */
  async function latencies(pairs, isOver) {
    const times = [];
    while (!isOver()) {
      for (const { caller, callee, callId } of pairs) {
        const asked = performance.now();
        await Promise.all([callee.next('call:signal'), caller.ask('call:signal', { callId, data: 1 })]);
        times.push(performance.now() - asked);
      }
      await pause(100);
    }
    return times;
  }

  test('T12 costs bounded memory, delays nobody, and is cut by ping/pong', async () => {
    const pairs = await Promise.all([1, 2, 3, 4].map((n) => new Pair(it.janus, n).open()));
    for (const pair of pairs) {
      pair.callId = (await pair.caller.ask('call:initiate', { calleeId: pair.callee.userId })).callId;
      await pair.callee.ask('call:accept', { callId: pair.callId });
    }
    const reader = await it.hostile('reader');
    const partner = await it.partner(reader, 'reader');
    const begun = performance.now();
    const quiet = await latencies(pairs, () => performance.now() - begun > 6000);

    const memory = memoryOf(it.janus);
    reader.stopReading();
    const stopped = performance.now();
    let cutAfter;
    const isCut = () => cutAfter !== undefined || performance.now() - stopped > PING_MS + PONG_MS + 10_000;
    partner.client.next('call:peer', PING_MS + PONG_MS + 10_000).then(({ state }) => {
      assert.equal(state, 'reconnecting');
      cutAfter = performance.now() - stopped;
    });
    let most = 0;
    const watch = setInterval(() => { most = Math.max(most, memoryOf(it.janus) - memory); }, 100);
    const [sent, busy] = await Promise.all([pour(partner, isCut), latencies(pairs, isCut)]);
    clearInterval(watch);

    console.log(`slow reader: Janus grew by ${inMb(most)} MB, of at most ${inMb(RELAYED_MOST)} MB; ${inMb(sent.bytes)} MB were passed on, `
      + `${sent.refused} refused; cut after ${((cutAfter ?? 0) / 1000).toFixed(1)} s; others' 99th ${quantile(quiet, 0.99).toFixed(1)} -> `
      + `${quantile(busy, 0.99).toFixed(1)} ms, median ${quantile(quiet, 0.5).toFixed(2)} -> ${quantile(busy, 0.5).toFixed(2)} ms`);
    assert.ok(cutAfter > PONG_MS && cutAfter < PING_MS + PONG_MS + 5000, `cut after ${cutAfter} ms`);
    assert.ok(sent.accepted > 0 && sent.refused > 0 && sent.bytes <= RELAYED_MOST, JSON.stringify(sent));
    assert.ok(most <= RELAYED_MOST + NOISE, `Janus grew by ${inMb(most)} MB`);
    // The machine has other things to do; who waited for the reader would wait for seconds.
    assert.ok(quantile(busy, 0.5) < 2 * quantile(quiet, 0.5) + 5, 'the median of others');
    assert.ok(quantile(busy, 0.99) < 2 * quantile(quiet, 0.99) + 100, 'the 99th of a hundred of others');
    await Promise.all(pairs.map((pair) => pair.close()));
  });
});

describe('a client that asks and does not read', () => {
  const it = world();

  test('T12 is answered with no more than its share', async () => {
    const reader = await it.hostile('reader');
    const patient = (body) => patiently(() => reader.message(body));
    for (let n = 0; n < 100; n++) {
      const { callId } = await patient({ request: 'call:initiate', calleeId: `nobody${n}`, data: { x: 'x'.repeat(4000) } });
      await patient({ request: 'call:end', callId });
    }
    const page = JSON.stringify(await patient({ request: 'call:history', limit: 100 })).length;
    assert.ok(page > 400_000, `${page} bytes in a list`);
    const SECONDS = 10;
    // What is asked for at once, on each thread of Janus's pool, is counted only when it is made; a list is twice there meanwhile.
    const most = (8 + SECONDS) * SHIPPED.read_bytes_per_second + 16 * 2 * page + SECONDS * 250 * ENVELOPE;
    const memory = memoryOf(it.janus);
    reader.stopReading();
    const request = JSON.stringify({ janus: 'message', transaction: 'x', session_id: reader.session, handle_id: reader.handle,
      body: { request: 'call:history', limit: 100 } });
    let grown = 0;
    for (let tenth = 0; tenth < SECONDS * 10; tenth++) {
      for (let n = 0; n < 25; n++)
        reader.sendBytes(request);
      await pause(100);
      grown = Math.max(grown, memoryOf(it.janus) - memory);
    }
    console.log(`reading: Janus grew by ${inMb(grown)} MB, of at most ${inMb(most)} MB, while ${SECONDS * 250} lists of ${inMb(page)} MB, `
      + `${inMb(SECONDS * 250 * page)} MB, were asked for`);
    assert.ok(grown <= most + NOISE, `Janus grew by ${inMb(grown)} MB`);
  });
});

describe('without the limits', () => {
  const it = world({ requests_per_second: 0, relayed_bytes_per_second: 0 });

  test('T12 (Janus keeps all of it: what is measured here can be seen)', async () => {
    const reader = await it.hostile('reader');
    const partner = await it.partner(reader, 'reader');
    const memory = memoryOf(it.janus);
    reader.stopReading();
    let grown = 0;
    await within(pour(partner, () => {
      grown = memoryOf(it.janus) - memory;
      return grown > 40 * MB;
    }), 'Janus grows by 40 MB', 20_000);
    assert.ok(grown > 5 * (RELAYED_MOST + NOISE) / 2);
  });
});

// Janus is killed while many clients make, accept, reject, cancel and end calls. Whatever they saw confirmed is in the
// database (docs/protocol.md, section 1); after the restart nothing is live, and everybody can learn what became of it.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';

import { WsClient } from './lib/clients/index.mjs';
import { Holder, copyDatabase, halfWritten, rows } from './lib/database.mjs';
import { startJanus } from './lib/janus.mjs';
import { Random } from './lib/random.mjs';
import { pause, until, within } from './lib/wait.mjs';

const KILLS = Number(process.env.E2E_KILLS ?? 20);
const SEED = Number(process.env.E2E_SEED ?? Date.now() % 1_000_000);
const USERS = 12;
const CONFIRMED_BEFORE = 50; // the load is on
const MOMENT_MS = 400; // the kill comes within this
const LOCK_MS = 150; // and within this when another process holds the write lock
const STORE = { max_waiting_replies: 100 }; // every reply waits: as many as possible are confirmations
const REPEATS = 20; // of old calls, after each restart

const CONFIRMING = ['call:initiate', 'call:accept', 'call:reject', 'call:end']; // the others' replies do not wait

const random = new Random(SEED);
const isLive = (status) => status === 'ringing' || status === 'accepted';
const counts = { calls: 0, confirmed: 0, 'confirmed calls': 0, 'not durable': 0, 'live when killed': 0, 'in snapshots': 0, repeats: 0 };

/** What the clients of one run of Janus saw. */
class Seen {
  confirmed = new Map(); // callId -> the confirmation of the highest revision
  #count = 0;

  note(reply) {
    if (reply?.call !== 'success' || !CONFIRMING.includes(reply.request))
      return;
    if (reply.durable === false) {
      counts['not durable']++;
      return;
    }
    counts.confirmed++;
    this.#count++;
    const known = this.confirmed.get(reply.callId);
    if (!known || known.rev < reply.rev)
      this.confirmed.set(reply.callId, reply);
  }

  get count() {
    return this.#count;
  }
}

/** One user with one device, who does at random what a user can do. */
class Party {
  constructor(janus, userId) {
    this.client = new WsClient(janus, userId);
    this.userId = userId;
  }

  async open() {
    await this.client.connect();
    this.gone = new Promise((resolve) => { this.client.socket.once('close', resolve); });
    this.registered = await this.client.register(this.userId, 'phone');
    return this;
  }

  /** Lets this user act, of its own accord and on what it hears, until the connection goes. */
  live(round) {
    this.client.socket.on('event', ({ plugindata }) => this.#react(plugindata?.data, round).catch(() => {}));
    this.#keepCalling(round).catch(() => {});
  }

  async #ask(round, request, fields) {
    const reply = await this.client.request({ request, ...fields });
    round.seen.note(reply);
    return reply;
  }

  async #keepCalling(round) {
    for (let n = 0; ; n++) {
      const { userId: calleeId } = random.pick(round.parties.filter((other) => other !== this));
      const callId = random.below(2) ? `${round.name}_${this.userId}_${n}` : undefined;
      const reply = await this.#ask(round, 'call:initiate', { calleeId, callId });
      if (reply.call === 'success')
        counts.calls++;
      if (reply.status === 'ringing' && random.below(4) === 0)
        await this.#ask(round, 'call:end', { callId: reply.callId });
    }
  }

  async #react(event, round) {
    const about = { callId: event?.callId };
    if (event?.event === 'call:incoming')
      await this.#answer(round, about);
    else if (event?.event === 'call:accepted' && random.below(2))
      await this.#ask(round, 'call:end', { ...about, reason: 'Bye' });
  }

  async #answer(round, about) {
    if (random.below(3) === 0)
      await this.#ask(round, 'call:ringing', about);
    const what = random.below(8);
    if (what < 3)
      await this.#ask(round, 'call:reject', { ...about, ...(what === 0 && { cause: 'busy' }) });
    else if (what < 7)
      await this.#ask(round, 'call:accept', about);
    if (what === 6)
      await this.#ask(round, 'call:end', about);
  }
}

const openParties = (janus) =>
  Promise.all(Array.from({ length: USERS }, (_, n) => new Party(janus, `user${n}`).open()));

/** Has the process killed in the midst of it all; in some rounds while another process holds the write lock, so that
 * changes are under way for sure. */
async function kill(janus, database, round) {
  await until(() => round.seen.count >= CONFIRMED_BEFORE, 'the load is on');
  await pause(random.below(MOMENT_MS));
  const holder = round.number % 3 === 2 ? await Holder.hold(database, 'IMMEDIATE') : undefined;
  if (holder)
    await pause(random.below(LOCK_MS));
  await janus.kill9();
  // What had been sent is still read.
  await within(Promise.all(round.parties.map(({ gone }) => gone)), 'the connections are gone');
  await holder?.kill();
}

/** `reply` confirmed a change; `row` is of the database, later. */
function checkConfirmed(reply, row) {
  const text = `confirmed ${JSON.stringify(reply)}, stored ${JSON.stringify(row)}`;
  assert.ok(row, `lost: ${text}`);
  assert.ok(row.rev >= reply.rev, `older: ${text}`);
  if (!isLive(reply.status) || row.rev === reply.rev)
    assert.deepEqual([row.status, row.rev], [reply.status, reply.rev], `another state: ${text}`);
  if (reply.cause)
    assert.equal(row.cause, reply.cause, `another cause: ${text}`);
  if (reply.status === 'accepted')
    assert.ok(row.accepted_at, `no answer: ${text}`);
}

async function checkWhole(file, since) {
  const broken = await halfWritten(file, since ? `created_at >= ${since}` : '1');
  assert.deepEqual(broken.slice(0, 5), [], 'rows that are not whole');
}

/** All calls of a round by callId. */
async function callsSince(file, since) {
  const found = await rows(file, `SELECT * FROM calls WHERE created_at >= ${since}`);
  return new Map(found.map((row) => [row.call_id, row]));
}

function checkAllConfirmed(seen, calls) {
  for (const reply of seen.confirmed.values())
    checkConfirmed(reply, calls.get(reply.callId));
}

/** What the kill left, before and after the restart: only what was live has changed, as it should. */
function checkRecovered(left, now) {
  assert.equal(now.size, left.size);
  for (const [callId, row] of left) {
    const wanted = isLive(row.status)
      ? { ...row, status: 'failed', cause: 'server_restart', rev: row.rev + 1000 } : row;
    const recovered = now.get(callId);
    const { ended_at: ended, closed_at: closed, duration_ms: duration } = recovered;
    assert.deepEqual(recovered, isLive(row.status) ? { ...wanted, ended_at: ended, closed_at: closed, duration_ms: duration }
      : wanted);
  }
}

/** Everybody who comes back finds what was live in the snapshot. */
function checkSnapshots(parties, left) {
  for (const { userId, registered } of parties) {
    assert.notEqual(registered.complete, false);
    const snapshot = new Map(registered.calls.map((call) => [call.callId, call]));
    for (const row of left.values()) {
      if (!isLive(row.status) || row.caller_id !== userId && row.callee_id !== userId)
        continue;
      const call = snapshot.get(row.call_id);
      assert.deepEqual([call?.status, call?.cause, call?.rev], ['failed', 'server_restart', row.rev + 1000],
        `${userId} is told of ${row.call_id}`);
      counts['in snapshots']++;
    }
  }
}

/** An old call's initiate, sent again, is answered with the stored state and rings nobody. */
async function checkRepeats(parties, calls) {
  const all = [...calls.values()];
  for (let n = 0; n < REPEATS; n++) {
    const row = random.pick(all);
    const { client } = parties.find(({ userId }) => userId === row.caller_id);
    const again = { callId: row.call_id, calleeId: row.callee_id };
    const reply = await client.ask('call:initiate', again);
    assert.deepEqual([reply.callId, reply.status, reply.rev], [row.call_id, row.status, row.rev]);
    await client.refused('call:initiate', { ...again, calleeId: 'another' }, 'id_in_use');
    counts.repeats++;
  }
  await Promise.all(parties.map(({ client }) => client.nothingMore()));
}

/** One run of Janus, killed, and what it left. */
async function chaos(janus, database, number, before) {
  const round = { number, name: `R${SEED}_${number}`, since: Date.now(), seen: new Seen(), parties: await openParties(janus) };
  if (before) {
    checkSnapshots(round.parties, before.left);
    await checkRepeats(round.parties, before.calls);
  }
  round.parties.forEach((party) => party.live(round));
  await kill(janus, database, round);
  const copy = copyDatabase(database, path.join(janus.dir, 'left'));
  const left = await callsSince(copy, round.since);
  checkAllConfirmed(round.seen, left);
  counts['confirmed calls'] += round.seen.confirmed.size;
  await checkWhole(copy, round.since);
  counts['live when killed'] += [...left.values()].filter(({ status }) => isLive(status)).length;
  // Whether each commit waits for the disk makes no difference to a kill, and another one to the timing.
  janus.pluginConfig.store = { ...STORE, synchronous: random.pick(['normal', 'full']) };
  await janus.restart();
  const calls = await callsSince(database, round.since);
  checkAllConfirmed(round.seen, calls);
  checkRecovered(left, calls);
  assert.deepEqual(await rows(database, 'SELECT call_id FROM calls WHERE ended_at IS NULL OR closed_at IS NULL'), []);
  return { calls, left };
}

test(`killed ${KILLS} times, seed ${SEED}`, async () => {
  const janus = await startJanus({
    plugin: { store: STORE, general: { log_calls: false }, limits: { max_live_calls: 1000 }, timers: { ring: 400 } },
  });
  const database = path.join(janus.dir, 'calls.sqlite');
  let before;
  try {
    for (let number = 0; number < KILLS; number++) {
      before = await chaos(janus, database, number, before).catch((error) => {
        error.message = `E2E_SEED=${SEED}, kill ${number}: ${error.message}`;
        throw error;
      });
    }
    const parties = await openParties(janus);
    checkSnapshots(parties, before.left);
    await checkRepeats(parties, before.calls);
    await checkWhole(database);
    const [{ stored }] = await rows(database, 'SELECT count(*) AS stored FROM calls');
    assert.ok(stored >= counts['confirmed calls'], JSON.stringify({ ...counts, stored }));
    assert.ok(counts['live when killed'] >= KILLS && counts['in snapshots'] >= KILLS, JSON.stringify(counts));
    console.log(`chaos: ${KILLS} kills, seed ${SEED}: ${JSON.stringify({ ...counts, stored })}`);
    await Promise.all(parties.map(({ client }) => client.close()));
    await janus.stop();
  } finally {
    await janus.end();
  }
});

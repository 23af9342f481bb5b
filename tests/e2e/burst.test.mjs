// Twenty requests about one call at once, by the caller and by two devices of the callee, over one WebSocket. Janus hands
// them to the plugin in any order; whatever the order, the state afterwards is one that some order allows, and
// each leg is closed exactly once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { JanusSocket } from '../../scripts/janus-ws.mjs';
import { startJanus } from './lib/janus.mjs';
import { Random } from './lib/random.mjs';

const BURSTS = Number(process.env.E2E_BURSTS ?? 50);
const SEED = Number(process.env.E2E_SEED ?? Date.now() % 1_000_000);
const SIZE = 20;
const CLOSING = ['call:rejected', 'call:timeout', 'call:ended'];
const FINAL = ['rejected', 'cancelled', 'ended'];

let janus;
before(async () => {
  janus = await startJanus();
});
after(() => janus.stop());

/** One device: a handle among others in the session of one socket. */
class Device {
  events = [];

  constructor(socket, userId, deviceId) {
    Object.assign(this, { socket, userId, deviceId });
  }

  async open() {
    this.handle = await this.socket.attach('janus.plugin.call');
    const reply = await this.ask({ request: 'call:register', userId: this.userId, deviceId: this.deviceId });
    assert.equal(reply.call, 'success', JSON.stringify(reply));
    return this;
  }

  ask(body) {
    return this.socket.request(this.handle, body);
  }
}

/** Caller, phone and tablet on one socket. */
async function openDevices(run) {
  const socket = await JanusSocket.open(janus.wsUrl);
  const devices = [['alice', 'laptop'], ['bob', 'phone'], ['bob', 'tablet']]
    .map(([user, device]) => new Device(socket, `${user}-${run}`, device));
  for (const device of devices)
    await device.open();
  socket.on('event', ({ sender, plugindata }) => {
    devices.find(({ handle }) => handle === sender).events.push(plugindata.data);
  });
  return { socket, caller: devices[0], phone: devices[1], tablet: devices[2], all: devices };
}

const callers = ['call:end', 'call:get', 'call:signal', 'call:update', 'call:initiate', 'call:accept', 'call:history'];
const callees = ['call:ringing', 'call:accept', 'call:reject', 'call:end', 'call:signal', 'call:get', 'call:update'];

function randomRequest(random, { caller, phone, tablet }, callId) {
  const device = random.pick([caller, phone, tablet]);
  const request = random.pick(device === caller ? callers : callees);
  const data = { n: random.below(100) };
  return { device, body: { request, callId, data, ...(request === 'call:initiate' && { calleeId: phone.userId }) } };
}

/** The requests of one burst. The call was made before it, or is made in it. */
async function burst(random, cast, callId) {
  const initiate = { device: cast.caller, body: { request: 'call:initiate', callId, calleeId: cast.phone.userId } };
  const sent = Array.from({ length: SIZE }, () => randomRequest(random, cast, callId));
  if (random.below(2) === 0)
    await initiate.device.ask(initiate.body);
  else
    sent[random.below(SIZE)] = initiate;
  return Promise.all(sent.map(async (one) => ({ ...one, reply: await one.device.ask(one.body) })));
}

/** A round trip on every handle, twice: what the server had to say has arrived. */
async function settle(cast) {
  for (let round = 0; round < 2; round++) {
    for (const device of cast.all)
      await device.ask({ request: 'call:get', callId: 'settle' });
  }
}

const succeeded = (replies, device, request) =>
  replies.some((one) => one.device === device && one.body.request === request && one.reply.call === 'success');

/** Who closed the call with a request of their own, and so gets no event: by the record and the replies. */
function mayHaveClosed(device, record, replies) {
  if (record.endedBy !== device.userId)
    return false;
  return succeeded(replies, device, 'call:end') || record.status === 'rejected' && succeeded(replies, device, 'call:reject');
}

function checkReplies(replies, record) {
  for (const { body, reply } of replies) {
    assert.ok(reply.call === 'success' || reply.call === 'error', JSON.stringify(reply));
    assert.notEqual(reply.code, 'internal', JSON.stringify({ body, reply }));
    if (reply.rev !== undefined && reply.callId === record.callId)
      assert.ok(reply.rev <= record.rev, `${JSON.stringify(reply)} is later than ${JSON.stringify(record)}`);
    if (FINAL.includes(reply.status))
      assert.equal(reply.status, record.status, JSON.stringify({ body, reply, record }));
  }
  const accepted = replies.filter(({ body, reply }) => body.request === 'call:accept' && reply.call === 'success');
  assert.ok(new Set(accepted.map(({ device }) => device)).size <= 1, 'two devices were told that they answered');
  if (record.status === 'rejected' || record.status === 'cancelled')
    assert.equal(accepted.length, 0, 'accepted, and then rejected or cancelled');
  if (accepted.length > 0)
    assert.equal(record.answeredBy, accepted[0].device.deviceId);
}

/** One device's events of one call: in the order of revisions, one closing event at most, the last of all. */
function checkOrder(device, events) {
  const text = `${device.deviceId}: ${JSON.stringify(events)}`;
  events.reduce((rev, event) => {
    assert.ok(event.rev >= rev, `revisions go back; ${text}`);
    return event.rev;
  }, 0);
  const closing = events.findIndex(({ event }) => CLOSING.includes(event));
  if (closing >= 0)
    assert.equal(closing, events.length - 1, `something follows the closing event; ${text}`);
}

/** Each leg that was open is closed by one event, but for the device whose own request closed the call. */
function checkClosing(cast, callId, record, replies) {
  const heard = (device) => device.events.filter((event) => event.callId === callId);
  for (const device of cast.all)
    checkOrder(device, heard(device));
  const isClosed = (device) => heard(device).some(({ event }) => CLOSING.includes(event));
  const rang = (device) => device === cast.caller || heard(device).some(({ event }) => event === 'call:incoming');
  const silent = cast.all.filter((device) => rang(device) && !isClosed(device));
  const text = JSON.stringify({ record, silent: silent.map(({ deviceId }) => deviceId),
    replies: replies.map(({ device, body, reply }) => [device.deviceId, body.request, reply.code ?? reply.status]) });
  assert.ok(silent.length <= 1, `a leg was never closed; ${text}`);
  for (const device of silent)
    assert.ok(mayHaveClosed(device, record, replies), `${device.deviceId} was never told; ${text}`);
}

test(`${BURSTS} bursts, seed ${SEED}`, async () => {
  console.log(`burst: ${BURSTS} bursts, seed ${SEED}`);
  const random = new Random(SEED);
  const cast = await openDevices('burst');
  const outcomes = {};
  for (let n = 0; n < BURSTS; n++) {
    const callId = `CALL_${SEED}_${n}`;
    const replies = await burst(random, cast, callId);
    // Whatever is still going on ends here, so that every leg has to close.
    const last = { device: cast.caller, body: { request: 'call:end', callId } };
    replies.push({ ...last, reply: await last.device.ask(last.body) });
    await settle(cast);
    const records = await Promise.all(cast.all.map((device) => device.ask({ request: 'call:get', callId })));
    const [{ record }] = records;
    try {
      assert.ok(FINAL.includes(record?.status), JSON.stringify(records[0]));
      if (record.ringingAt !== undefined)
        records.slice(1).forEach((other) => assert.deepEqual(other.record, record));
      checkReplies(replies, record);
      checkClosing(cast, callId, record, replies);
    } catch (error) {
      error.message = `E2E_SEED=${SEED}, burst ${n}: ${error.message}`;
      throw error;
    }
    outcomes[record.status] = (outcomes[record.status] ?? 0) + 1;
    cast.all.forEach((device) => { device.events = []; });
  }
  console.log(`burst: ${JSON.stringify(outcomes)}`);
  await cast.socket.close();
});

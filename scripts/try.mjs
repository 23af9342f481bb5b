// The users' own test, against a running Janus: A calls B, who has two devices; B declines on one of them.
//   node scripts/try.mjs [--url ws://127.0.0.1:8188]
// Prints every message, and how long after the reject the caller knew. Exits 0 if everybody was told what
// docs/protocol.md promises.
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';

import { JanusSocket } from './janus-ws.mjs';

const CALL_ID = 'CALL_17637599232099';
const REASON = 'User declined';
const WAIT_MS = 5000;

const { values: options } = parseArgs({ options: { url: { type: 'string', default: 'ws://127.0.0.1:8188' } } });
const start = performance.now();

function print(device, arrow, data) {
  const { call, request, event, ...fields } = data;
  const at = (performance.now() - start).toFixed(3).padStart(9);
  const what = arrow === '>' ? request : event ?? `${call} (${request})`;
  console.log(`[${at} ms] ${device.padEnd(8)} ${arrow} ${what} ${JSON.stringify(fields)}`);
}

/** A device of a user: prints what it says and hears, and lets others wait for its events. */
class Device {
  #events = [];
  #wake = () => {};

  static async open(name, userId, deviceId) {
    const self = new Device();
    self.name = name;
    self.socket = await JanusSocket.open(options.url);
    self.socket.on('event', (message) => self.#heard(message.plugindata?.data));
    self.handle = await self.socket.attach('janus.plugin.call');
    await self.say({ request: 'call:register', userId, deviceId });
    return self;
  }

  #heard(data) {
    if (data?.call !== 'event')
      return;
    this.#events.push({ ...data, heardAt: performance.now() });
    print(this.name, '<', data);
    this.#wake();
  }

  async say(body) {
    print(this.name, '>', body);
    const reply = await this.socket.request(this.handle, body);
    print(this.name, '=', { ...reply, ...(reply.timers && { timers: '...', limits: '...' }) });
    assert.equal(reply.call, 'success', `${body.request} was refused`);
    return reply;
  }

  async event(name) {
    const deadline = performance.now() + WAIT_MS;
    while (performance.now() < deadline) {
      const found = this.#events.find((data) => data.event === name);
      if (found)
        return found;
      await Promise.race([
        new Promise((resolve) => { this.#wake = resolve; }),
        new Promise((resolve) => { setTimeout(resolve, deadline - performance.now()).unref(); }),
      ]);
    }
    throw new Error(`${this.name} got no ${name} in ${WAIT_MS} ms`);
  }
}

function checkOutcome(rejected, ended) {
  assert.equal(rejected.callId, CALL_ID);
  assert.equal(rejected.reason, REASON);
  assert.equal(rejected.cause, 'declined');
  assert.ok(Math.abs(rejected.timestamp - Date.now()) < 60_000, 'timestamp is Unix time in ms');
  assert.ok(rejected.rev > 1, 'rev grew');
  assert.equal(ended.callId, CALL_ID);
  assert.equal(ended.cause, 'declined_elsewhere');
  assert.equal(ended.rev, rejected.rev);
}

async function play() {
  // New users each time: a callId names one call of a user for ever.
  const run = Date.now().toString(36);
  const [a, b] = [`A-${run}`, `B-${run}`];
  console.log(`A is ${a}, B is ${b}; ">" says, "=" is answered, "<" is told`);
  const caller = await Device.open('A', a, 'phone');
  const phone = await Device.open('B/phone', b, 'phone');
  const tablet = await Device.open('B/tablet', b, 'tablet');

  await caller.say({ request: 'call:initiate', callId: CALL_ID, calleeId: b });
  await Promise.all([phone.event('call:incoming'), tablet.event('call:incoming')]);
  await phone.say({ request: 'call:ringing', callId: CALL_ID });
  await caller.event('call:ringing');

  const rejectedAt = performance.now();
  const [, rejected, ended] = await Promise.all([
    phone.say({ request: 'call:reject', callId: CALL_ID, reason: REASON }),
    caller.event('call:rejected'),
    tablet.event('call:ended'),
  ]);
  checkOutcome(rejected, ended);
  console.log(`A knew ${(rejected.heardAt - rejectedAt).toFixed(3)} ms after B declined; `
    + `B's tablet stopped ringing after ${(ended.heardAt - rejectedAt).toFixed(3)} ms`);
  await Promise.all([caller, phone, tablet].map((device) => device.socket.close()));
}

await play().catch((error) => {
  console.error(`try: ${error.message}`);
  process.exit(1);
});

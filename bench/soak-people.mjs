// One process of bench/soak.mjs: some users with one or two devices each, who call each other and everybody else's, lose their
// connections, and come back by another door; or one after another who stops reading. The parent says when to rest, and may kill it
// at any moment.
import { fileURLToPath } from 'node:url';

import { JanusSocket } from '../scripts/janus-ws.mjs';
import { PLUGIN } from '../tests/e2e/lib/client.mjs';
import { HostileSocket } from '../tests/e2e/lib/hostile.mjs';
import { Random } from '../tests/e2e/lib/random.mjs';
import { pause, within } from '../tests/e2e/lib/wait.mjs';
import { DOORS } from './soak-doors.mjs';

const LIVE = ['ringing', 'accepted'];
// What a reader that has stopped is sent: more than the kernel keeps for it, so that it waits in Janus.
const SLOW_BYTES = 8 << 20;
const SLOW_PIECE = 60_000;
const CUT_MS = 40_000;

const userName = (n) => `user${n}`;
const about = (callId) => ({ callId });

class Device {
  calls = new Set(); // ids of calls that live, as far as it knows
  isPresent = false;

  constructor(people, userId, deviceId) {
    this.people = people;
    this.userId = userId;
    this.deviceId = deviceId;
  }

  /** A new connection, by any door; one that is there already is taken over from. */
  async connect() {
    const older = this.door;
    const Door = this.people.random.pick(DOORS);
    const door = await Door.open(this.people.urls, { userId: this.userId, deviceId: this.deviceId }, (event) => this.#hear(event));
    this.door = door;
    await this.#look();
    this.isPresent = true;
    await older?.close();
  }

  /** Finds out which of its calls live: not every door tells a device that comes back. */
  async #look() {
    const lists = await Promise.all(LIVE.map((status) => this.try('call:history', { status, limit: 100 })));
    this.calls = new Set(lists.flatMap(({ calls = [] }) => calls).map(({ callId }) => callId));
  }

  ask(request, fields = {}) {
    return this.door.ask(request, fields);
  }

  /** What need not succeed: the call may be over, the connection gone. */
  try(request, fields) {
    return this.ask(request, fields).catch(() => ({}));
  }

  #hear(event) {
    if (event.event === 'call:incoming') {
      this.calls.add(event.callId);
      this.#answer(event.callId).catch(() => {});
    } else if (event.event === 'call:accepted') {
      this.#talk(event.callId).catch(() => {});
    } else if (['call:ended', 'call:rejected', 'call:timeout'].includes(event.event)) {
      this.calls.delete(event.callId);
    }
  }

  async #answer(callId) {
    const { random } = this.people;
    if (random.below(2))
      await this.try('call:ringing', about(callId));
    await pause(random.below(800));
    const what = random.below(10);
    if (what < 4)
      await this.#accept(callId);
    else if (what < 7)
      await this.#close('call:reject', { ...about(callId), cause: what === 6 ? 'busy' : 'declined', reason: 'not now' });
  }

  async #accept(callId) {
    const reply = await this.try('call:accept', about(callId));
    if (reply.status === 'accepted')
      await this.#talk(callId);
  }

  async #talk(callId) {
    const { random } = this.people;
    for (let n = random.below(5); n > 0; n--) {
      await this.try(random.below(2) ? 'call:signal' : 'call:update', { ...about(callId), data: { x: 'x'.repeat(random.below(1000)) } });
      await pause(random.below(500));
    }
    if (random.below(4))
      await this.#close('call:end', { ...about(callId), reason: 'bye' });
  }

  async #close(request, fields) {
    await this.try(request, fields);
    this.calls.delete(fields.callId);
  }

  /** Calls somebody; now and then gives up, asks twice, or ends a call before it is made. */
  async call(calleeId, number) {
    const { random } = this.people;
    const callId = random.below(4) ? undefined : `own_${process.pid}_${number}`;
    if (callId && random.below(8) === 0)
      await this.try('call:end', about(callId));
    const made = await this.try('call:initiate', { calleeId, callId, media: { audio: true, video: number % 2 === 0 } });
    if (!LIVE.includes(made.status))
      return;
    this.calls.add(made.callId);
    if (callId && random.below(4) === 0)
      await this.try('call:initiate', { calleeId, callId });
    await pause(random.below(1500));
    if (random.below(5) === 0)
      await this.#close('call:end', about(made.callId));
  }

  async look() {
    await this.try('call:history', { limit: 20 });
  }

  /** As a lost network does. */
  drop() {
    this.isPresent = false;
    this.door.drop();
  }

  async leave() {
    this.isPresent = false;
    await this.try('call:unregister');
    await this.door.close();
  }

  /** Present, and in no call. */
  async rest() {
    if (!this.isPresent)
      await this.connect();
    await this.#look();
    for (const callId of this.calls)
      await this.#close('call:end', about(callId));
  }
}

/** Users who do everything but stop reading. */
class People {
  devices = [];

  constructor({ urls, seed, first, count, users, callsPerSecond }) {
    Object.assign(this, { urls, users, callsPerSecond });
    this.random = new Random(seed);
    for (let n = first; n < first + count; n++) {
      this.devices.push(new Device(this, userName(n), 'phone'));
      if (n % 2)
        this.devices.push(new Device(this, userName(n), 'tablet'));
    }
  }

  async open() {
    await Promise.all(this.devices.map((device) => device.connect()));
    return this.devices.length;
  }

  go() {
    this.isActive = true;
    this.done = Promise.all([this.#keepCalling(), this.#keepLosing()]);
  }

  get #somebody() {
    return this.random.pick(this.devices.filter(({ isPresent }) => isPresent));
  }

  async #keepCalling() {
    for (let number = 0; this.isActive; number++) {
      const calleeId = userName(this.random.below(this.users));
      this.#somebody?.call(calleeId, number).catch(() => {});
      if (number % 8 === 0)
        this.#somebody?.look();
      await pause(this.callsPerSecond ? this.random.below(2000 / this.callsPerSecond) : 1);
    }
  }

  /** Connections are lost and found again, some within the grace, some after it. */
  async #keepLosing() {
    while (this.isActive) {
      await pause(this.random.below(1000));
      const device = this.#somebody;
      if (device)
        await this.#lose(device).catch(() => { device.isPresent = false; });
    }
  }

  async #lose(device) {
    const what = this.random.below(8);
    if (what < 5)
      device.drop();
    else if (what === 5)
      await device.leave();
    if (what < 6)
      await pause(this.random.below(3) ? this.random.below(800) : 2500);
    await device.connect();
  }

  async rest() {
    this.isActive = false;
    await this.done;
    await Promise.all(this.devices.map((device) => device.rest()));
    return this.devices.length;
  }
}

/** One reader after another who is in a call, stops reading, and is cut by ping/pong or goes. */
class SlowReaders {
  constructor({ urls, first }) {
    this.url = urls.janusUrl;
    this.first = first;
  }

  async open() {
    return 0;
  }

  go() {
    this.isActive = true;
    this.done = this.#keepStopping();
  }

  async #keepStopping() {
    for (let n = 0; this.isActive; n++)
      await this.#stopOnce(n).catch(() => pause(1000));
  }

  async #stopOnce() {
    const reader = await (await HostileSocket.open(this.url)).attach();
    const partner = await JanusSocket.open(this.url);
    try {
      await this.#meet(reader, partner);
      reader.stopReading();
      process.send({ slowReader: 'slow readers' });
      await this.#pour(partner);
      await this.#cut(partner);
    } finally {
      reader.close();
      await partner.request(partner.handle, { request: 'call:end', callId: partner.callId }).catch(() => {});
      await partner.close();
    }
  }

  async #meet(reader, partner) {
    const readerId = userName(this.first);
    await reader.message({ request: 'call:register', userId: readerId, deviceId: 'slow' });
    partner.handle = await partner.attach(PLUGIN);
    partner.isCut = new Promise((resolve) => {
      partner.on('event', ({ plugindata }) => ['call:peer', 'call:ended'].includes(plugindata?.data.event) && resolve());
    });
    await partner.request(partner.handle, { request: 'call:register', userId: userName(this.first + 1), deviceId: 'partner' });
    partner.callId = (await partner.request(partner.handle, { request: 'call:initiate', calleeId: readerId })).callId;
    await reader.message({ request: 'call:accept', callId: partner.callId });
  }

  async #pour(partner) {
    const body = { request: 'call:signal', callId: partner.callId, data: 'x'.repeat(SLOW_PIECE) };
    for (let sent = 0; sent < SLOW_BYTES && this.isActive; sent += SLOW_PIECE)
      await partner.request(partner.handle, body);
  }

  /** Until the server has found out, or a rest is due. */
  async #cut(partner) {
    const resting = new Promise((resolve) => { this.wake = resolve; });
    if (this.isActive && await within(Promise.race([partner.isCut.then(() => true), resting]), 'a slow reader is cut', CUT_MS))
      process.send({ slowReader: 'of them cut by ping/pong' });
  }

  async rest() {
    this.isActive = false;
    this.wake?.();
    await this.done;
    return 0;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = JSON.parse(process.argv[2]);
  const people = options.areSlow ? new SlowReaders(options) : new People(options);
  // Whatever happens to a connection is the point of it all; a fault of this program is not.
  process.on('disconnect', () => process.exit());
  process.on('message', async ({ ask }) => {
    if (ask === 'go')
      people.go();
    else
      process.send({ resting: await people.rest() });
  });
  process.send({ open: await people.open() });
}

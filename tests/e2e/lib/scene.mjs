// A Janus for the tests of one file, and the devices that meet on it.
import { randomUUID } from 'node:crypto';
import { after, before } from 'node:test';

import { WsClient } from './clients/index.mjs';
import { startJanus } from './janus.mjs';
import { until } from './wait.mjs';

export class Scene {
  #clients = [];

  /** A name that no other test uses. */
  user(name) {
    return `${name}-${randomUUID().slice(0, 8)}`;
  }

  async connect(Client = WsClient, name = 'device') {
    const client = await new Client(this.janus, name).connect();
    this.#clients.push(client);
    return client;
  }

  /** A device that is registered; what it was told is in `registered`. */
  async device(userId, deviceId, { Client, ...more } = {}) {
    const client = await this.connect(Client, `${userId}/${deviceId}`);
    client.registered = await client.register(userId, deviceId, more);
    return client;
  }

  /** One user's device calling another's: { caller, callee }. */
  async pair({ Caller, Callee } = {}) {
    const [caller, callee] = await Promise.all([
      this.device(this.user('alice'), 'laptop', { Client: Caller }),
      this.device(this.user('bob'), 'phone', { Client: Callee }),
    ]);
    return { caller, callee };
  }

  /** A caller, and a callee with two devices: { caller, phone, tablet }. */
  async trio({ Caller, Phone, Tablet } = {}) {
    const bob = this.user('bob');
    const [caller, phone, tablet] = await Promise.all([
      this.device(this.user('alice'), 'laptop', { Client: Caller }),
      this.device(bob, 'phone', { Client: Phone }),
      this.device(bob, 'tablet', { Client: Tablet }),
    ]);
    return { caller, phone, tablet };
  }

  /** How many devices are there, none of them away. */
  async #present() {
    const { devices, away } = await this.janus.admin({ request: 'stats' });
    return devices - away;
  }

  /** Cuts a device's connection; resolves when the server knows. */
  async lose(client) {
    const before = await this.#present();
    client.drop();
    await until(async () => await this.#present() < before, 'the server noticed that a device went');
  }

  async close() {
    await Promise.all(this.#clients.map((client) => client.close().catch(() => {})));
  }
}

/** For the top of a test file or of a describe(): a Janus before its tests, stopped and looked at after them. */
export function scene(options) {
  const self = new Scene();
  before(async () => {
    self.janus = await startJanus(options);
  });
  after(async () => {
    await self.close();
    await self.janus?.stop();
  });
  return self;
}

/** `caller` calls the user of these devices, all of which ring; resolves with the callId. */
export async function ring(caller, devices, fields = {}) {
  const { callId } = await caller.ask('call:initiate', { calleeId: devices[0].userId, ...fields });
  await Promise.all(devices.map((device) => device.next({ event: 'call:incoming', callId })));
  return callId;
}

/** The same, and the first device answers; resolves with the callId. */
export async function talk(caller, devices, fields = {}) {
  const callId = await ring(caller, devices, fields);
  const [answering, ...others] = devices;
  await answering.ask('call:accept', { callId });
  await caller.next({ event: 'call:accepted', callId });
  await Promise.all(others.map((other) => other.next({ event: 'call:ended', callId })));
  return callId;
}

// What every client of these tests can do, whichever library carries it. An adapter in clients/ extends Client
// with connect(), request(), drop() and close().
import assert from 'node:assert/strict';

import { EventQueue } from './queue.mjs';
import { within } from './wait.mjs';

export const PLUGIN = process.env.CALL_PLUGIN_NAME ?? 'janus.plugin.call';

export class Client {
  /** The name of the library, for the titles of tests. */
  static library;

  constructor(janus, name) {
    this.janus = janus;
    this.name = name;
    this.events = new EventQueue(name);
  }

  /** For the adapters: an event of the plugin arrived. `envelope` is the whole Janus message where the library shows it. */
  received(data, envelope) {
    if (envelope) {
      assert.equal(envelope.janus, 'event');
      assert.equal(envelope.transaction, undefined, 'an event never carries a transaction');
    }
    this.events.push(data);
  }

  /** Sends a request of which the test expects success. */
  async ask(request, fields = {}) {
    const reply = await within(this.request({ request, ...fields }), `${this.name} ${request}`);
    assert.equal(reply.call, 'success', `${this.name} ${request}: ${JSON.stringify(reply)}`);
    assert.equal(reply.request, request);
    return reply;
  }

  /** Sends a request of which the test expects a refusal. */
  async refused(request, fields, code) {
    const reply = await within(this.request({ request, ...fields }), `${this.name} ${request}`);
    assert.equal(reply.call, 'error', `${this.name} ${request}: ${JSON.stringify(reply)}`);
    assert.equal(reply.code, code, JSON.stringify(reply));
    return reply;
  }

  async register(userId, deviceId, more = {}) {
    this.userId = userId;
    this.deviceId = deviceId;
    return this.ask('call:register', { userId, deviceId, ...more });
  }

  next(what, timeoutMs) {
    return this.events.next(what, timeoutMs);
  }

  all() {
    return this.events.all();
  }

  /** Returns when everything that the server had sent to this client before has arrived. */
  async settle() {
    for (let round = 0; round < 2; round++)
      await within(this.request({ request: 'call:get', callId: 'settle' }), `${this.name} settles`);
  }

  /** Asserts that nothing has arrived but what the test took. */
  async nothingMore() {
    await this.settle();
    assert.deepEqual(this.events.pending(), [], `${this.name} received more than expected`);
  }
}

// A backend that takes webhooks on 127.0.0.1, well or badly, and remembers what came. The signatures are checked by
// `standardwebhooks`, which is not ours.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import http from 'node:http';

import { Webhook } from 'standardwebhooks';

import { until } from './wait.mjs';

export const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`;

/** What it can do with a request that it has read. Each gets (response, receiver). */
const behaviours = {
  well: (response) => response.writeHead(204).end(),
  500: (response) => response.writeHead(500).end('no'),
  hang: () => {},
  midbody: (response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('half of it');
    setImmediate(() => response.destroy());
  },
  slow: (response) => setTimeout(() => response.writeHead(200).end(), 300),
  redirect: (response, receiver) => response.writeHead(302, { location: `${receiver.origin}/elsewhere` }).end(),
  gone: (response) => response.writeHead(410).end(),
  later: (response) => response.writeHead(503, { 'retry-after': '2' }).end(),
  endless: (response) => {
    response.writeHead(200);
    const feed = () => { if (!response.destroyed) response.write(Buffer.alloc(64 * 1024), feed); };
    feed();
  },
};

export class Receiver {
  /** { id, type, data, at } of each event that was taken, in the order in which they came; repeats too. */
  taken = [];
  /** The same of all requests, whatever was answered. */
  seen = [];
  /** Requests to any other path. */
  strays = 0;
  connections = 0;
  behaviour = 'well';

  constructor(secret = newSecret()) {
    this.secret = secret;
    this.webhook = new Webhook(secret);
    this.server = http.createServer((request, response) => this.#read(request, response));
    this.server.keepAliveTimeout = 60_000;
    this.server.on('connection', () => this.connections++);
  }

  async start(port = 0) {
    await new Promise((resolve) => { this.server.listen(port, '127.0.0.1', resolve); });
    this.port = this.server.address().port;
    this.origin = `http://127.0.0.1:${this.port}`;
    return this;
  }

  /** For the configuration: one of webhooks.endpoints. */
  endpoint(more = {}) {
    return { name: 'main', url: `${this.origin}/hooks`, secret: this.secret, ...more };
  }

  #read(request, response) {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('error', () => {});
    response.on('error', () => {});
    request.on('end', () => this.#take(request, Buffer.concat(parts).toString(), response));
  }

  #take(request, body, response) {
    if (request.url !== '/hooks') {
      this.strays++;
      response.writeHead(200).end();
      return;
    }
    const { type, timestamp, data } = this.webhook.verify(body, request.headers);
    const event = { id: request.headers['webhook-id'], type, timestamp, data, at: performance.now(), headers: request.headers, body };
    this.seen.push(event);
    const behaviour = typeof this.behaviour === 'function' ? this.behaviour(event) : this.behaviour;
    if (behaviour === 'well' || behaviour === 'slow' || behaviour === 'endless')
      this.taken.push(event);
    behaviours[behaviour](response, this);
  }

  /** The first event that was taken of this call and type. */
  find(callId, type) {
    return this.taken.find((event) => event.data.callId === callId && event.type === type);
  }

  async next(callId, type, timeoutMs = 5000) {
    await until(() => this.find(callId, type), `${type} of ${callId} came`, timeoutMs);
    return this.find(callId, type);
  }

  /** The types that were taken of each call, in their order, without repeats: Map callId -> ["call.ringing", ...]. */
  histories() {
    const calls = new Map();
    const ids = new Set();
    for (const { id, type, data } of this.taken) {
      if (type === 'call.push' || ids.has(id))
        continue;
      ids.add(id);
      calls.set(data.callId, [...(calls.get(data.callId) ?? []), type]);
    }
    return calls;
  }

  /** Every call of `expected`, a Map callId -> types, was told: nothing is missing, all in order. */
  assertAll(expected) {
    const histories = this.histories();
    for (const [callId, types] of expected)
      assert.deepEqual(histories.get(callId), types, callId);
  }

  /** As a backend that is not there: the port is closed. start(port) takes it up again. */
  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => { this.server.close(resolve); });
  }
}

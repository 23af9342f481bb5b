// Users of the client library in Node, on a Janus of their own and behind a network that the test can break.
import { createRequire } from 'node:module';
import { randomUUID } from 'node:crypto';
import { after, before } from 'node:test';

import { CallClient, janusJsTransport, webSocketTransport } from '../../../html-demo/janus-call.js';
import { startJanus } from '../../e2e/lib/janus.mjs';
import { within } from '../../e2e/lib/wait.mjs';
import { loadJanusJs } from './janus-js.mjs';
import { Proxy } from './proxy.mjs';

const WebSocket = createRequire(new URL('../../e2e/package.json', import.meta.url))('ws');

export const FAST = { keepaliveMs: 300, answerMs: 1500, backoff: { firstMs: 20, baseMs: 40, mostMs: 200 } };

export const transports = {
  'a bare WebSocket': (url) => webSocketTransport(url, { WebSocket }),
  'janus.js': (url) => janusJsTransport(url, { Janus: loadJanusJs(), keepAlivePeriod: 5000 }),
};

/** What a page keeps through a reload. */
export class Storage {
  #kept = new Map();
  getItem(key) { return this.#kept.get(key) ?? null; }
  setItem(key, value) { this.#kept.set(key, value); }
}

export class Users {
  #clients = [];
  #proxies = [];

  name(name) {
    return `${name}-${randomUUID().slice(0, 8)}`;
  }

  async proxy() {
    const proxy = await Proxy.open(this.janus.wsUrl);
    this.#proxies.push(proxy);
    return proxy;
  }

  /** A client that is registered. `log` has every event that it and its calls emitted. */
  async client(userId, { proxy, transport = 'a bare WebSocket', register = true, identity = {}, ...options } = {}) {
    const client = new CallClient({ transport: transports[transport](proxy?.url ?? this.janus.wsUrl), mode: 'none', ...options });
    this.#clients.push(client);
    client.log = [];
    client.incoming = [];
    client.on('state', ({ name }) => client.log.push(name));
    client.on('incoming', (call) => {
      client.incoming.push(call);
      client.log.push(`incoming ${call.peerId}`);
      call.on('ended', () => client.log.push(`ended ${call.status} ${call.cause}`));
    });
    if (register)
      await within(client.register({ userId, ...identity }), `${userId} registers`);
    return client;
  }

  /** A call that rings at the other side: {call, incoming}. */
  async ring(caller, callee, options) {
    const incoming = callee.next('incoming');
    const call = caller.call(callee.userId, options);
    await within(call.placed, 'the call is placed');
    return { call, incoming: await within(incoming, 'it rings') };
  }

  async talk(caller, callee, options) {
    const { call, incoming } = await this.ring(caller, callee, options);
    const accepted = call.next('accepted');
    await within(incoming.accept(), 'the accept is confirmed');
    await within(accepted, 'the caller hears of the accept');
    return { call, incoming };
  }

  async closeAll() {
    await Promise.all(this.#clients.splice(0).map((client) => client.close().catch(() => {})));
    await Promise.all(this.#proxies.splice(0).map((proxy) => proxy.close()));
  }
}

/** For the top of a test file: a Janus before its tests, stopped and looked at after them. */
export function users(options) {
  const self = new Users();
  before(async () => {
    self.janus = await startJanus(options);
  });
  after(async () => {
    await self.closeAll();
    await self.janus?.stop();
  });
  return self;
}

/** Resolves when the call is over. */
export async function over(call, limitMs) {
  if (!call.isOver)
    await within(call.next('ended'), `call ${call.id} is over`, limitMs);
  return call;
}

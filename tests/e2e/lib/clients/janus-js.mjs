// janus.js, the official library for browsers (npm: janus-gateway), with the few things of a browser that it looks for.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import vm from 'node:vm';

import WebSocket from 'ws';

import { Client, PLUGIN } from '../client.mjs';

const KEEPALIVE_MS = 1000;

globalThis.window ??= { addEventListener() {}, RTCPeerConnection: class {} };
globalThis.navigator ??= { platform: 'test', userAgent: 'test' };

// As a page's <script> loads it.
const script = createRequire(import.meta.url).resolve('janus-gateway/npm/src/janus.js');
vm.runInThisContext(fs.readFileSync(script, 'utf8'), { filename: script });
const { Janus } = globalThis;

const sockets = [];

class TracedWebSocket extends WebSocket {
  constructor(...args) {
    super(...args);
    sockets.push(this);
  }
}

function init() {
  const dependencies = Janus.useDefaultDependencies({
    WebSocket: TracedWebSocket,
    adapter: { browserDetails: { browser: 'chrome', version: 120 } },
    extension: { init() {} },
  });
  return new Promise((callback) => Janus.init({ debug: false, dependencies, callback }));
}

/** Turns a call with `success` and `error` callbacks into a promise. */
function promised(call, options = {}) {
  return new Promise((success, error) => call({
    ...options, success, error: (...reason) => error(new Error(reason.join(' '))),
  }));
}

export class JanusJsClient extends Client {
  static library = 'janus.js';

  async connect() {
    await init();
    await new Promise((success, failure) => {
      this.session = new Janus({
        server: this.janus.wsUrl,
        keepAlivePeriod: KEEPALIVE_MS,
        success,
        error: (reason) => failure(new Error(reason)),
      });
      this.socket = sockets.pop();
    });
    this.handle = await promised((options) => this.session.attach(options), {
      plugin: PLUGIN,
      onmessage: (data) => this.received(data),
    });
    return this;
  }

  request(body) {
    return promised((options) => this.handle.send(options), { message: body });
  }

  drop() {
    this.socket.terminate();
  }

  async close() {
    if (this.socket.readyState !== WebSocket.OPEN)
      return;
    await promised((options) => this.session.destroy(options));
  }
}

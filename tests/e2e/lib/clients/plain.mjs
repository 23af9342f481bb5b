// call.v1 over the listener, with npm's ws.
import { once } from 'node:events';
import WebSocket from 'ws';

import { Client } from '../client.mjs';

export class PlainClient extends Client {
  static library = 'call.v1';

  #waiting = new Map();
  #lastId = 0;

  /** `options` are those of ws. */
  async connect(options = {}) {
    this.socket = new WebSocket(this.janus.listenerUrl, 'call.v1', { perMessageDeflate: false, ...options });
    this.closed = new Promise((resolve) => {
      this.socket.once('close', (code, reason) => resolve({ code, reason: `${reason}` }));
    });
    this.socket.on('message', (data) => this.#take(JSON.parse(data)));
    await once(this.socket, 'open');
    return this;
  }

  #take(message) {
    if (message.call === 'event') {
      this.received(message);
      return;
    }
    const resolve = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    resolve?.(message);
  }

  request(body) {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, ({ id: _, ...reply }) => resolve(reply));
      this.socket.send(JSON.stringify({ ...body, id }));
    });
  }

  drop() {
    this.socket.terminate();
  }

  async close() {
    this.socket.close();
    await this.closed;
  }
}

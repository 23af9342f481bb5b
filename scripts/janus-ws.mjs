// The smallest client of the Janus API over one WebSocket: a session, handles, requests, events.
// It knows nothing of calls. The tries in this folder and the end-to-end tests share it.
import { createRequire } from 'node:module';
import { EventEmitter } from 'node:events';

const WebSocket = createRequire(new URL('../tests/e2e/package.json', import.meta.url))('ws');
const KEEPALIVE_MS = 25_000;

export class JanusError extends Error {
  constructor(message, reply) {
    super(message);
    this.name = 'JanusError';
    this.reply = reply;
  }
}

/** Emits `event` (the whole message, for what no request of ours waits for), `sent`, `received` and `close`. */
export class JanusSocket extends EventEmitter {
  #socket;
  #next = 1;
  #waiting = new Map();
  #keepalive;
  sessionId;

  /** Connects and creates a session. */
  static async open(url) {
    const self = new JanusSocket();
    await self.#connect(url);
    const created = await self.send({ janus: 'create' });
    self.sessionId = created.data.id;
    self.#keepalive = setInterval(() => self.send({ janus: 'keepalive' }).catch(() => {}), KEEPALIVE_MS);
    self.#keepalive.unref();
    return self;
  }

  #connect(url) {
    return new Promise((resolve, reject) => {
      this.#socket = new WebSocket(url, 'janus-protocol', { perMessageDeflate: false });
      this.#socket.on('open', resolve);
      this.#socket.on('error', (error) => {
        reject(error);
        this.#gone(error);
      });
      this.#socket.on('message', (data) => this.#received(JSON.parse(data)));
      this.#socket.on('close', () => this.#gone(new JanusError('the connection closed')));
    });
  }

  #received(message) {
    this.emit('received', message);
    const waiting = this.#waiting.get(message.transaction);
    if (!waiting || message.janus === 'ack' && !waiting.takesAck) {
      if (message.janus !== 'ack')
        this.emit('event', message);
      return;
    }
    this.#waiting.delete(message.transaction);
    if (message.janus === 'error')
      waiting.reject(new JanusError(`Janus ${message.error.code}: ${message.error.reason}`, message));
    else
      waiting.resolve(message);
  }

  #gone(error) {
    clearInterval(this.#keepalive);
    for (const { reject } of this.#waiting.values())
      reject(error);
    this.#waiting.clear();
    this.emit('close');
  }

  /** Sends a Janus request; resolves with the message that answers it. */
  send(request) {
    const transaction = `t${this.#next++}`;
    const message = { ...request, transaction };
    if (this.sessionId)
      message.session_id ??= this.sessionId;
    return new Promise((resolve, reject) => {
      const takesAck = request.janus === 'keepalive' || request.janus === 'trickle';
      this.#waiting.set(transaction, { resolve, reject, takesAck });
      this.emit('sent', message);
      this.#socket.send(JSON.stringify(message), (error) => error && reject(error));
    });
  }

  /** Attaches a handle to `plugin`; resolves with its id. */
  async attach(plugin) {
    return (await this.send({ janus: 'attach', plugin })).data.id;
  }

  /** Sends `body` to the plugin behind `handleId`; resolves with what the plugin answers, a refusal too. */
  async request(handleId, body, jsep) {
    const reply = await this.send({ janus: 'message', handle_id: handleId, body, ...(jsep && { jsep }) });
    return reply.plugindata?.data;
  }

  /** Cuts the connection without a word, as a lost network does. */
  drop() {
    this.#socket.terminate();
  }

  async close() {
    if (this.#socket.readyState >= WebSocket.CLOSING)
      return;
    await new Promise((resolve) => {
      this.once('close', resolve);
      this.#socket.close();
    });
  }
}

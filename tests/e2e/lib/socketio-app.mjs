// An app as the users have it: the npm socket.io-client, plain, with its events kept in a queue.
import { io } from 'socket.io-client';

import { EventQueue } from './queue.mjs';
import { within } from './wait.mjs';

const LIMIT_MS = 30_000;

export class App {
  /** `auth` goes into the connect packet; `options` are the client's own. Does not wait; see connected(). */
  constructor(address, auth, options = {}) {
    this.name = auth?.userId ?? 'app';
    this.userId = auth?.userId;
    this.events = new EventQueue(this.name);
    // A manager of its own for each app, as if each ran on a phone of its own.
    this.socket = io(address, { auth, forceNew: true, ...options });
    this.socket.onAny((event, data) => this.events.push({ event, ...data }));
  }

  /** Resolves with the app when the server has taken it, and rejects with what it says against it. */
  async connected() {
    const { socket } = this;
    if (!socket.connected) {
      await within(new Promise((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('connect_error', reject);
      }), `${this.name} connects`, LIMIT_MS);
    }
    return this;
  }

  get transport() {
    return this.socket.io.engine.transport.name;
  }

  /** Resolves with the transport's name after the client upgraded, or at once when there is nothing to upgrade to. */
  async upgraded() {
    const { engine } = this.socket.io;
    if (engine.transport.name === 'polling')
      await within(new Promise((resolve) => { engine.once('upgrade', resolve); }), `${this.name} upgrades`, LIMIT_MS);
    return engine.transport.name;
  }

  /** Sends a request and resolves with its ack. */
  ask(request, fields) {
    return within(this.socket.emitWithAck(request, fields), `${this.name} ${request}`, LIMIT_MS);
  }

  /** Sends a request as most apps do: without an ack. */
  tell(request, fields) {
    this.socket.emit(request, fields);
  }

  next(what, timeoutMs) {
    return this.events.next(what, timeoutMs);
  }

  /** The network goes away for a moment. Resolves, when the app knows, with { back }: a promise of its return by itself. */
  async loseNetwork() {
    const { socket } = this;
    const gone = new Promise((resolve) => { socket.once('disconnect', resolve); });
    const back = new Promise((resolve) => { gone.then(() => socket.once('connect', resolve)); });
    socket.io.engine.close();
    await within(gone, `${this.name} is disconnected`);
    return { back: within(back, `${this.name} is connected again`, LIMIT_MS) };
  }

  close() {
    this.socket.close();
  }
}

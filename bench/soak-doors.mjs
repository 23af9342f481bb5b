// The doors by which a device of bench/soak.mjs comes in, each alike: open() registers it and resolves with a door, ask() resolves
// with the reply, whatever that says, and rejects when the connection is gone; drop() is a lost network, close() a farewell.
import { createRequire } from 'node:module';

import { JanusSocket } from '../scripts/janus-ws.mjs';
import { PLUGIN } from '../tests/e2e/lib/client.mjs';

const require = createRequire(new URL('../tests/e2e/package.json', import.meta.url));
const WebSocket = require('ws');
const { io } = require('socket.io-client');

class JanusDoor {
  static async open({ janusUrl }, device, hear) {
    const door = new JanusDoor();
    door.socket = await JanusSocket.open(janusUrl);
    door.socket.on('event', ({ plugindata }) => plugindata && hear(plugindata.data));
    door.handle = await door.socket.attach(PLUGIN);
    await door.ask('call:register', device);
    return door;
  }

  ask(request, fields) {
    return this.socket.request(this.handle, { request, ...fields });
  }

  drop() {
    this.socket.drop();
  }

  close() {
    return this.socket.close();
  }
}

class PlainDoor {
  #waiting = new Map();
  #lastId = 0;

  static async open({ listenerUrl }, device, hear) {
    const door = new PlainDoor();
    await door.#connect(listenerUrl, hear);
    await door.ask('call:register', device);
    return door;
  }

  #connect(url, hear) {
    return new Promise((resolve, reject) => {
      this.socket = new WebSocket(url, 'call.v1', { perMessageDeflate: false });
      this.closed = new Promise((gone) => { this.socket.once('close', gone); });
      this.closed.then(() => this.#waiting.forEach((waiting) => waiting.reject(new Error('the connection closed'))));
      this.socket.once('open', resolve).on('error', reject).on('message', (data) => this.#take(JSON.parse(data), hear));
    });
  }

  #take(message, hear) {
    if (message.call === 'event')
      return hear(message);
    this.#waiting.get(message.id)?.resolve(message);
    this.#waiting.delete(message.id);
  }

  ask(request, fields) {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.socket.send(JSON.stringify({ request, ...fields, id }), (error) => error && reject(error));
    });
  }

  drop() {
    this.socket.terminate();
  }

  close() {
    this.socket.close();
    return this.closed;
  }
}

class SocketIoDoor {
  static options = {};

  static async open({ listenerUrl }, device, hear) {
    const door = new this();
    door.socket = io(listenerUrl.replace(/^ws/, 'http'), { auth: device, forceNew: true, reconnection: false, ...this.options });
    door.socket.onAny((event, data) => hear({ event, ...data }));
    door.gone = new Promise((resolve, reject) => { door.socket.once('disconnect', () => reject(new Error('the connection closed'))); });
    door.gone.catch(() => {});
    await new Promise((resolve, reject) => { door.socket.once('connect', resolve).once('connect_error', reject); });
    return door;
  }

  ask(request, fields) {
    return Promise.race([this.socket.emitWithAck(request, fields), this.gone]);
  }

  drop() {
    const { engine } = this.socket.io;
    (engine.transport.ws ?? engine).close();
  }

  close() {
    this.socket.close();
  }
}

class SocketIoWebSocketDoor extends SocketIoDoor {
  static options = { transports: ['websocket'] };
}

export const DOORS = [JanusDoor, PlainDoor, SocketIoDoor, SocketIoWebSocketDoor];

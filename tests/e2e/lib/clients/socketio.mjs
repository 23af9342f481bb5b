// The npm socket.io-client at the listener's Socket.IO door. It registers by connecting: who it is goes into the connect
// packet, and what the protocol calls a reply is the ack of what it emits.
import { App } from '../socketio-app.mjs';
import { Client } from '../client.mjs';

export const socketIoUrl = (janus) => janus.listenerUrl.replace(/^ws/, 'http');

/** With the client's default options: it begins by polling and upgrades. */
export class SocketIoClient extends Client {
  static library = 'socket.io';
  static options = {};

  async connect() {
    return this;
  }

  async register(userId, deviceId, more = {}) {
    this.userId = userId;
    this.deviceId = deviceId;
    this.app = new App(socketIoUrl(this.janus), { userId, deviceId, ...more }, this.constructor.options);
    this.app.socket.onAny((event, data) => this.received({ call: 'event', event, ...data }));
    await this.app.connected();
  }

  request({ request, ...fields }) {
    return this.app.socket.emitWithAck(request, fields);
  }

  /** Goes without a word, and does not come back. */
  drop() {
    const { io } = this.app.socket;
    io.reconnection(false);
    const { ws } = io.engine.transport;
    if (ws)
      ws.terminate();
    else
      io.engine.close();
  }

  async close() {
    this.app?.close();
  }
}

export class SocketIoWebSocketClient extends SocketIoClient {
  static library = 'socket.io (websocket)';
  static options = { transports: ['websocket'] };
}

export class SocketIoPollingClient extends SocketIoClient {
  static library = 'socket.io (polling)';
  static options = { transports: ['polling'] };
}

export const overSocketIo = [SocketIoClient, SocketIoWebSocketClient, SocketIoPollingClient];

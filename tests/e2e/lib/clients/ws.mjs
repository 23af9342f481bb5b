// The Janus API by hand over a bare WebSocket.
import { JanusSocket } from '../../../../scripts/janus-ws.mjs';
import { Client, PLUGIN } from '../client.mjs';

export class WsClient extends Client {
  static library = 'ws';

  async connect() {
    this.socket = await JanusSocket.open(this.janus.wsUrl);
    this.socket.on('event', (message) => {
      if (message.janus === 'event')
        this.received(message.plugindata.data, message);
    });
    this.handleId = await this.socket.attach(PLUGIN);
    return this;
  }

  request(body) {
    return this.socket.request(this.handleId, body);
  }

  /** Another handle in the same session: what a second tab of one connection is. */
  async detach() {
    await this.socket.send({ janus: 'detach', handle_id: this.handleId });
  }

  drop() {
    this.socket.drop();
  }

  close() {
    return this.socket.close();
  }
}

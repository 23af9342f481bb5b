// janode, Meetecho's library for Node.
import Janode from 'janode';
import Handle from 'janode/handle';

import { Client, PLUGIN } from '../client.mjs';

Janode.Logger.setLevel('none');

class CallHandle extends Handle {
  handleMessage(message) {
    if (message.janus === 'event')
      this.emit('call', message);
    return message;
  }
}

export class JanodeClient extends Client {
  static library = 'janode';

  async connect() {
    this.connection = await Janode.connect({ address: { url: this.janus.wsUrl }, max_retries: 0 });
    this.session = await this.connection.create();
    this.handle = await this.session.attach({ id: PLUGIN, Handle: CallHandle });
    this.handle.on('call', (message) => this.received(message.plugindata.data, message));
    return this;
  }

  async request(body) {
    return (await this.handle.message(body)).plugindata?.data;
  }

  drop() {
    this.connection._transport._ws.terminate();
  }

  async close() {
    await this.connection.close().catch(() => {});
  }
}

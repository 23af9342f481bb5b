// janode, Meetecho's library for Node.
import { createRequire } from 'node:module';

import { Client, PLUGIN } from '../client.mjs';

// It always loads the native part of its Unix socket, which nobody builds here: that module gets an empty one.
const require = createRequire(import.meta.url);
require.cache[require.resolve('bindings')] = { loaded: true, exports: () => ({}) };

const { default: Janode } = await import('janode');
const { default: Handle } = await import('janode/handle');

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

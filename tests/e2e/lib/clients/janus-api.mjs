// @techteamer/janus-api.
import janusApi from '@techteamer/janus-api';

import { Client, PLUGIN } from '../client.mjs';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Its keep-alive timer cannot be stopped and would hold the test's process; the sessions of a test are short. */
class Janus extends janusApi.Janus {
  keepAlive() {}
}

class CallPlugin extends janusApi.JanusPlugin {
  pluginName = PLUGIN;

  onmessage(data, json) {
    this.emit('call', data, json);
  }
}

export class JanusApiClient extends Client {
  static library = 'janus-api';

  async connect() {
    const config = new janusApi.JanusConfig({ url: this.janus.wsUrl, keepAliveIntervalMs: 30_000 });
    this.connection = new Janus(config, silent);
    await this.connection.connect();
    this.plugin = new CallPlugin(silent);
    this.plugin.on('call', (data, json) => this.received(data, json));
    await this.connection.addPlugin(this.plugin);
    return this;
  }

  async request(body) {
    return (await this.plugin.transaction('message', { body }, 'success')).data;
  }

  drop() {
    this.connection.ws.terminate();
  }

  async close() {
    this.connection.cleanup();
  }
}

// A caller and a callee, each with one device, over bare WebSockets.
import { WsClient } from './clients/index.mjs';

export class Pair {
  constructor(janus, n) {
    this.caller = new WsClient(janus, `alice${n}`);
    this.callee = new WsClient(janus, `bob${n}`);
  }

  async open() {
    await Promise.all([this.caller.connect(), this.callee.connect()]);
    await this.caller.register(this.caller.name, 'laptop');
    await this.callee.register(this.callee.name, 'phone');
    return this;
  }

  async close() {
    await Promise.all([this.caller.close(), this.callee.close()]);
  }
}

// The npm socket.io-client in a tab of Chromium, as a client like those of tests/e2e.
import { Client } from '../../e2e/lib/client.mjs';
import { within } from '../../e2e/lib/wait.mjs';

/** A class of clients that live in tabs of this site, with these options of socket.io-client. */
export function tabClient(site, options = {}) {
  return class TabClient extends Client {
    static library = `Chromium (${options.transports ?? 'default options'})`;

    async connect() {
      this.page = await (await site.context()).newPage();
      // It brings the client's script, and nothing that connects by itself.
      await this.page.goto(`${site.url}socketio.html`);
      await this.page.exposeFunction('heard', (event, data) => this.received({ call: 'event', event, ...data }));
      return this;
    }

    async register(userId, deviceId, more = {}) {
      this.userId = userId;
      this.deviceId = deviceId;
      await within(this.page.evaluate(({ address, given }) => {
        const socket = globalThis.io(address, given);
        globalThis.app = socket;
        socket.onAny((event, data) => globalThis.heard(event, data));
        return new Promise((resolve, reject) => {
          socket.once('connect', resolve);
          socket.once('connect_error', (error) => reject(new Error(`${error.message} ${JSON.stringify(error.data)}`)));
        });
      }, { address: site.listener, given: { auth: { userId, deviceId, ...more }, ...options } }), `${userId} connects`);
    }

    request({ request, ...fields }) {
      return this.page.evaluate(([name, data]) => globalThis.app.emitWithAck(name, data), [request, fields]);
    }

    get transport() {
      return this.page.evaluate(() => globalThis.app.io.engine.transport.name);
    }

    drop() {
      return this.page.close();
    }

    async close() {
      await this.page.close();
    }
  };
}

// A network that the test has in its hand, between clients and Janus: it passes messages on, holds them, loses them,
// doubles them, cuts connections, or falls silent.
import { createRequire } from 'node:module';

const { WebSocket, WebSocketServer } = createRequire(new URL('../../e2e/package.json', import.meta.url))('ws');

export const eventOf = (message) => message.plugindata?.data?.event;

export class Proxy {
  #server;
  #pairs = new Set();
  /** How many connections were made so far. */
  connections = 0;
  /** What to do with a message for the client: "pass", "lose", "double", "hold", or "echo" (pass, and hold a copy). */
  rule = () => 'pass';
  /** What the client gets in a message's place. */
  rewrite = (message) => message;
  isSilent = false;
  refuses = false;
  #held = [];

  static async open(target) {
    const self = new Proxy();
    self.target = target;
    self.#server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'janus-protocol' });
    await new Promise((resolve) => { self.#server.once('listening', resolve); });
    self.url = `ws://127.0.0.1:${self.#server.address().port}`;
    self.#server.on('connection', (client) => self.#connected(client));
    return self;
  }

  #connected(client) {
    this.connections++;
    if (this.refuses)
      return client.terminate();
    const janus = new WebSocket(this.target, 'janus-protocol', { perMessageDeflate: false });
    const pair = { client, janus };
    this.#pairs.add(pair);
    const waiting = [];
    const send = (data) => (janus.readyState === WebSocket.OPEN ? janus.send(data) : waiting.push(data));
    janus.on('open', () => waiting.splice(0).forEach(send));
    client.on('message', (data) => !this.isSilent && send(data.toString()));
    janus.on('message', (data) => !this.isSilent && this.#toClient(client, data.toString()));
    for (const [one, other] of [[client, janus], [janus, client]]) {
      one.on('error', () => {});
      one.on('close', () => {
        this.#pairs.delete(pair);
        // Who is silent does not even say that it is gone.
        if (!this.isSilent)
          other.terminate();
      });
    }
  }

  #toClient(client, text) {
    const message = JSON.parse(text);
    const fate = this.rule(message);
    text = JSON.stringify(this.rewrite(message));
    if (fate === 'hold' || fate === 'echo')
      this.#held.push(() => client.send(text));
    if (fate === 'pass' || fate === 'double' || fate === 'echo')
      client.send(text);
    if (fate === 'double')
      client.send(text);
  }

  /** A good network again. */
  reset() {
    this.rule = () => 'pass';
    this.rewrite = (message) => message;
    this.isSilent = false;
    this.refuses = false;
  }

  get held() {
    return this.#held.length;
  }

  /** Lets go of what was held, the latest first. */
  releaseBackwards() {
    this.#held.splice(0).reverse().forEach((send) => send());
  }

  /** Cuts every connection without a word. */
  cut() {
    for (const { client, janus } of this.#pairs) {
      client.terminate();
      janus.terminate();
    }
    this.#pairs.clear();
  }

  close() {
    this.isSilent = false;
    this.cut();
    return new Promise((resolve) => { this.#server.close(resolve); });
  }
}

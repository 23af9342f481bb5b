// What stands between a client and Janus when the network is bad.
import net from 'node:net';

import { WebSocket, WebSocketServer } from 'ws';

/** Passes TCP on until a test cuts it, holds it, or lets nobody in. */
export class TcpProxy {
  #server;
  #pairs = new Set();
  isOpen = true;

  static async before(url) {
    const self = new TcpProxy();
    self.target = url;
    self.#server = net.createServer((client) => self.#connected(client));
    await new Promise((resolve) => { self.#server.listen(0, '127.0.0.1', resolve); });
    self.url = `ws://127.0.0.1:${self.#server.address().port}`;
    return self;
  }

  #connected(client) {
    if (!this.isOpen) {
      client.destroy();
      return;
    }
    const server = net.connect(Number(new URL(this.target).port), '127.0.0.1');
    const pair = { client, server };
    this.#pairs.add(pair);
    const end = () => {
      client.destroy();
      server.destroy();
      this.#pairs.delete(pair);
    };
    for (const [from, to] of [[client, server], [server, client]]) {
      from.on('data', (bytes) => { if (!pair.isHeld && !(pair.isDeaf && to === client)) to.write(bytes); });
      // A side that is held does not learn that the other one went.
      from.on('close', () => { if (!pair.isHeld) end(); });
      from.on('error', () => {});
    }
  }

  /** Both sides learn that the connections are gone. */
  cut() {
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
  }

  /** The server loses the connections; the client's sockets stay open, and nothing comes through them any more. */
  hold() {
    for (const pair of this.#pairs) {
      pair.isHeld = true;
      pair.server.destroy();
    }
  }

  /** Nothing of what the server says comes through the connections that there are. */
  deafen() {
    for (const pair of this.#pairs)
      pair.isDeaf = true;
  }

  /** Nothing comes through the connections that there are, and neither side learns of it. */
  freeze() {
    for (const pair of this.#pairs)
      pair.isHeld = true;
  }

  close() {
    this.cut();
    for (const { client } of this.#pairs)
      client.destroy();
    this.#server.close();
  }
}

/**
 * Passes WebSocket messages on. `toClient(message, send)` may say what becomes of one on its way from the server: send
 * it at once, later, twice, or never.
 */
export class MessageProxy {
  #server;
  #pairs = new Set();
  /** How many connections were made so far. */
  connections = 0;
  /** Nothing comes through, not even that a side is gone. */
  isSilent = false;
  /** Nobody gets in. */
  refuses = false;

  constructor(target) {
    this.target = target;
  }

  static async before(url, toClient) {
    const self = new MessageProxy(url);
    self.toClient = toClient;
    await self.listen();
    return self;
  }

  async listen() {
    this.#server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: (protocols) => [...protocols][0] });
    await new Promise((resolve) => { this.#server.once('listening', resolve); });
    this.url = `ws://127.0.0.1:${this.#server.address().port}`;
    this.#server.on('connection', (client) => this.#connected(client));
  }

  #connected(client) {
    this.connections++;
    if (this.refuses) {
      client.terminate();
      return;
    }
    const janus = new WebSocket(this.target, 'janus-protocol', { perMessageDeflate: false });
    const pair = { client, janus };
    this.#pairs.add(pair);
    const waiting = [];
    const toJanus = (text) => (janus.readyState === WebSocket.OPEN ? janus.send(text) : waiting.push(text));
    const send = (message) => client.send(JSON.stringify(message));
    janus.on('open', () => waiting.splice(0).forEach(toJanus));
    client.on('message', (text) => !this.isSilent && toJanus(String(text)));
    janus.on('message', (text) => !this.isSilent && this.toClient(JSON.parse(text), send));
    for (const [one, other] of [[client, janus], [janus, client]]) {
      one.on('error', () => {});
      one.on('close', () => {
        this.#pairs.delete(pair);
        if (!this.isSilent)
          other.terminate();
      });
    }
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

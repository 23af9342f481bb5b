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
      from.on('data', (bytes) => { if (!pair.isHeld) to.write(bytes); });
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

  static async before(url, toClient) {
    const self = new MessageProxy();
    const handleProtocols = (protocols) => [...protocols][0];
    self.#server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols });
    self.#server.on('connection', (client) => self.#connected(client, url, toClient));
    await new Promise((resolve) => { self.#server.once('listening', resolve); });
    self.url = `ws://127.0.0.1:${self.#server.address().port}`;
    return self;
  }

  #connected(client, url, toClient) {
    const server = new WebSocket(url, 'janus-protocol');
    const opened = new Promise((resolve) => { server.once('open', resolve); });
    client.on('message', async (text) => {
      await opened;
      server.send(String(text));
    });
    server.on('message', (text) => {
      const send = (message) => client.send(JSON.stringify(message));
      toClient(JSON.parse(text), send);
    });
    for (const [from, to] of [[client, server], [server, client]])
      from.on('close', () => to.terminate()).on('error', () => {});
  }

  close() {
    for (const client of this.#server.clients)
      client.terminate();
    this.#server.close();
  }
}

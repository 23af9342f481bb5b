// A client that keeps to nothing: any text or bytes, any session and handle, any transaction.
import { createRequire } from 'node:module';

import { until, within } from './wait.mjs';

const WebSocket = createRequire(import.meta.url)('ws');

export class HostileSocket {
  #socket;
  #next = 1;
  /** Every message that arrived, as text. */
  texts = [];
  isClosed = false;

  static async open(url) {
    const self = new HostileSocket();
    self.#socket = new WebSocket(url, 'janus-protocol', { perMessageDeflate: false, skipUTF8Validation: true });
    self.#socket.on('message', (data) => self.texts.push(data.toString()));
    self.#socket.on('close', () => { self.isClosed = true; });
    self.#socket.on('error', () => {});
    await within(new Promise((resolve) => { self.#socket.once('open', resolve); }), 'the hostile client connects');
    return self;
  }

  get messages() {
    return this.texts.map((text) => JSON.parse(text));
  }

  /** A text message of exactly these bytes. */
  sendBytes(bytes) {
    this.#socket.send(bytes, { binary: false });
  }

  /** Sends a Janus request and resolves with whatever carries its transaction. */
  async send(request) {
    const transaction = `hostile-${this.#next++}`;
    this.sendBytes(JSON.stringify({ transaction, ...request }));
    return this.answer(request.transaction ?? transaction);
  }

  async answer(transaction) {
    const find = () => this.messages.find((message) => message.transaction === transaction);
    await until(() => find() ?? this.isClosed, `an answer to ${transaction}`);
    return find();
  }

  /** Its own session and a handle on the plugin. */
  async attach() {
    this.session = (await this.send({ janus: 'create' })).data.id;
    this.handle = (await this.send({ janus: 'attach', session_id: this.session, plugin: 'janus.plugin.call' })).data.id;
    return this;
  }

  /** On a handle that may be anybody's: resolves with what the plugin answers, or with Janus's error. */
  async message(body, { session = this.session, handle = this.handle, jsep } = {}) {
    const reply = await this.send({ janus: 'message', session_id: session, handle_id: handle, body, ...(jsep && { jsep }) });
    return reply?.plugindata?.data ?? reply;
  }

  /** The text of a JSON value in place of `body`: what JSON.stringify() would not write. Resolves with what answers it. */
  async messageText(bodyText) {
    const transaction = `hostile-${this.#next++}`;
    const head = JSON.stringify({ janus: 'message', transaction, session_id: this.session, handle_id: this.handle });
    this.sendBytes(Buffer.concat([Buffer.from(`${head.slice(0, -1)},"body":`), Buffer.from(bodyText), Buffer.from('}')]));
    const known = this.texts.length;
    // Janus answers what is no JSON without a transaction.
    const find = () => this.messages.find((message, n) => message.transaction === transaction || n >= known && !message.transaction);
    await until(() => find() ?? this.isClosed, 'an answer');
    return find();
  }

  /** Reads nothing any more, and so answers no ping. */
  stopReading() {
    this.#socket.pause();
  }

  /** Says that it lives, without having been asked. */
  pong() {
    this.#socket.pong();
  }

  close() {
    this.#socket.terminate();
  }
}

/** An SDP offer that Janus takes; `mark` is in it. */
export const offer = (mark) => ({
  type: 'offer',
  sdp: ['v=0', `o=- 1 1 IN IP4 127.0.0.1`, `s=${mark}`, 't=0 0', 'a=group:BUNDLE 0', 'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    'c=IN IP4 0.0.0.0', `a=ice-ufrag:${mark}`, 'a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa',
    `a=fingerprint:sha-256 ${Array(32).fill('AA').join(':')}`, 'a=setup:actpass', 'a=mid:0', 'a=sendrecv', 'a=rtcp-mux',
    'a=rtpmap:111 opus/48000/2', ''].join('\r\n'),
});

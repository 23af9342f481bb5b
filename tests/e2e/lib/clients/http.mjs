// The Janus API over HTTP: a POST for each request, a long poll for the events.
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';

import { Client, PLUGIN } from '../client.mjs';
import { within } from '../wait.mjs';

const MARKER_PLUGIN = 'janus.plugin.echotest';

export class HttpClient extends Client {
  static library = 'http';

  #stop = new AbortController();
  #markers = [];

  async connect() {
    // Every request listens to it.
    setMaxListeners(0, this.#stop.signal);
    this.session = (await this.#post('', { janus: 'create' })).data.id;
    this.handleId = (await this.#attach(PLUGIN));
    this.markerId = (await this.#attach(MARKER_PLUGIN));
    this.#poll();
    return this;
  }

  async #attach(plugin) {
    return (await this.#post(`/${this.session}`, { janus: 'attach', plugin })).data.id;
  }

  async #post(path, request) {
    const response = await fetch(this.janus.httpUrl + path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...request, transaction: randomUUID() }),
      signal: this.#stop.signal,
    });
    const reply = await response.json();
    if (reply.janus === 'error')
      throw new Error(`Janus ${reply.error.code}: ${reply.error.reason}`);
    return reply;
  }

  async #poll() {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const messages = await fetch(`${this.janus.httpUrl}/${this.session}?maxev=10`, { signal })
        .then((response) => response.json()).catch(() => null);
      if (messages === null)
        return;
      for (const message of [messages].flat())
        this.#arrived(message);
    }
  }

  #arrived(message) {
    if (message.janus !== 'event')
      return;
    if (message.sender === this.markerId)
      this.#markers.shift()?.();
    else
      this.received(message.plugindata.data, message);
  }

  async request(body) {
    const reply = await this.#post(`/${this.session}/${this.handleId}`, { janus: 'message', body });
    return reply.plugindata?.data;
  }

  /** Events wait for the next poll, so a reply proves nothing here: an event of another plugin is queued behind them. */
  async settle() {
    await super.settle();
    const marked = new Promise((resolve) => this.#markers.push(resolve));
    await this.#post(`/${this.session}/${this.markerId}`, { janus: 'message', body: { audio: true } });
    await within(marked, `${this.name} polls its events`);
  }

  drop() {
    throw new Error('HTTP has no connection that could be cut');
  }

  async close() {
    await this.#post(`/${this.session}`, { janus: 'destroy' }).catch(() => {});
    this.#stop.abort();
  }
}

// janus-call.js: makes and takes calls through the Janus plugin janus.plugin.call, in browsers and in Node.
// One file, no framework, no dependency. How to use it, by example: docs/client.md. What goes over the wire: docs/protocol.md.
//
// SPDX-License-Identifier: MIT
//
// Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
// documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
// rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
// persons to whom the Software is furnished to do so, subject to the following conditions: The above copyright notice and
// this permission notice shall be included in all copies or substantial portions of the Software. THE SOFTWARE IS PROVIDED
// "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
// MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT
// HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE,
// ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
//
// Copyright (c) 2026 the authors of janus-plugin-call

const PLUGIN = 'janus.plugin.call';

// A call that we made waits this much longer than its ring for the server's word on how it went.
const CALLER_SLACK_MS = 1000;
// What rings for less than this is not worth a ring; the server thinks so too.
const LEAST_RING_MS = 1000;
// For so long an initiate, and a reject or end, is sent again and again through broken connections.
const PLACING_MS = 10_000;
const CLOSING_MS = 120_000;
const FORGET_MS = 10 * 60_000;
// A timer of JavaScript that is longer fires at once.
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const MOST_REMEMBERED = 200;
// When there is reason to doubt the connection, the server has this long to show that it is there.
const CHECK_MS = 3000;
// A media connection that is not well for so long is made anew; each time it has twice as long.
const MEDIA_PATIENCE_MS = 3000;
const MOST_PATIENCE_MS = 24_000;
// A user who is still asked for the microphone keeps the call's media waiting no longer than this.
const DEVICES_MS = 4000;
// A media handle that was closed, or could not join, is followed by another after this; twice as long each time.
const REJOIN_MS = 150;
const MOST_REJOIN_MS = 6000;
// Both offered at once: the one that was refused tries again after one to two of these.
const GLARE_MS = 100;
// The server hears of a call's end before its media goes, or it would tell the other side that this one is away.
const LEAVE_MS = 250;
const CHANNEL = 'call';

const DEFAULTS = {
  keepaliveMs: 15_000,
  answerMs: 8000,
  openMs: 10_000,
  backoff: { firstMs: 250, baseMs: 1000, mostMs: 15_000, stableMs: 5000 },
};

// --- small things ---

/** What the server refused, or what we could not do. `code` is the protocol's, or one of ours: see docs/client.md. */
export class CallError extends Error {
  constructor(code, message, details = {}) {
    super(message);
    this.name = 'CallError';
    this.code = code;
    this.details = details;
  }
}

export class Emitter {
  #listeners = new Map();

  /** Calls `listener` for every event of this name; returns a function that ends it. */
  on(name, listener) {
    if (!this.#listeners.has(name))
      this.#listeners.set(name, new Set());
    this.#listeners.get(name).add(listener);
    return () => this.off(name, listener);
  }

  off(name, listener) {
    this.#listeners.get(name)?.delete(listener);
  }

  /** Resolves with the next event of this name. */
  next(name) {
    return new Promise((resolve) => {
      const off = this.on(name, (value) => {
        off();
        resolve(value);
      });
    });
  }

  /** For the library. One listener's mistake is reported, and keeps no other from being called. */
  emit(name, value) {
    for (const listener of [...this.#listeners.get(name) ?? []]) {
      try {
        listener(value);
      } catch (error) {
        queueMicrotask(() => { throw error; });
      }
    }
  }
}

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

const textOf = (error) => error?.message || String(error);

/** The promise's own result, or a CallError `timeout`. */
function within(promise, ms, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new CallError('timeout', `${what}: no answer in ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** How long ago it was made. Of two clocks the one that went further, as one stands still while a machine sleeps. */
function stopwatch() {
  const wall = Date.now();
  const steady = performance.now();
  return () => Math.max(Date.now() - wall, performance.now() - steady);
}

function randomText(length) {
  const letters = 'ABCDEFGHJKMNPQRSTVWXYZ0123456789';
  const bytes = globalThis.crypto?.getRandomValues?.(new Uint8Array(length))
    ?? Array.from({ length }, () => Math.floor(Math.random() * 256));
  return Array.from(bytes, (byte) => letters[byte % letters.length]).join('');
}

/** A store of texts for what must outlive a reload: the tab's, or none. */
function usualStorage() {
  try {
    if (globalThis.sessionStorage)
      return globalThis.sessionStorage;
  } catch {
    // A page may be forbidden to keep anything.
  }
  const kept = new Map();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => { kept.set(key, value); } };
}

/** The id of this device, the same after a reload. In a browser each tab is a device. */
export function deviceIdOf(storage = usualStorage()) {
  const key = 'janus-call.device';
  const known = storage.getItem(key);
  if (known)
    return known;
  const made = `web-${randomText(10)}`;
  storage.setItem(key, made);
  return made;
}

// --- what is known of a call; pure ---

const FINAL = new Set(['rejected', 'cancelled', 'timeout', 'ended', 'failed']);

/** What is known of a call before anything was said about it. */
export function newFacts(callId) {
  return {
    callId, direction: null, peerId: null, peerName: null, media: { audio: true, video: false }, mode: 'none', data: null,
    status: 'unknown', cause: null, reason: null, rev: 0,
    isOver: false, // for this device: with status "accepted" it goes on at another
    isPresumed: false, // over by our own word; the server's has yet to come
    isAlerting: false, reachable: null, devices: null, peer: 'connected', join: null, answeredBy: null, endedBy: null,
    durationMs: null,
  };
}

const DESCRIPTION = ['direction', 'peerId', 'peerName', 'media', 'mode', 'data'];
// Said once, by a reply that later events may overtake.
const ASIDES = ['reachable', 'devices'];
const NEWS = ['isAlerting', 'peer', 'join', 'answeredBy'];
const OUTCOME = ['status', 'cause', 'reason', 'endedBy', 'durationMs'];

function take(facts, said, names) {
  let isNew = false;
  for (const name of names) {
    if (said[name] === undefined || said[name] === null || facts[name] === said[name])
      continue;
    facts[name] = said[name];
    isNew = true;
  }
  return isNew;
}

/**
 * Puts what was said about a call to what is known of it. The protocol's rules of order are here, and nowhere else.
 * Returns what that means: "nothing", "changed", "over", or "corrected" (we took it to be over; now we know how).
 */
export function learn(facts, said) {
  if (facts.direction === null)
    take(facts, said, DESCRIPTION);
  const isClosing = said.isOver || FINAL.has(said.status);
  if (facts.isOver)
    return isClosing && facts.isPresumed ? close(facts, said, 'corrected') : 'nothing';
  if (isClosing)
    return close(facts, said, 'over');
  const hasAside = take(facts, said, ASIDES);
  if ((said.rev ?? facts.rev) < facts.rev || said.status === 'ringing' && facts.status === 'accepted')
    return hasAside ? 'changed' : 'nothing';
  facts.rev = said.rev ?? facts.rev;
  const hasNews = take(facts, said, ['status', ...NEWS]);
  return hasNews || hasAside ? 'changed' : 'nothing';
}

function close(facts, said, meaning) {
  take(facts, said, OUTCOME);
  facts.rev = Math.max(facts.rev, said.rev ?? 0);
  facts.isOver = true;
  facts.isPresumed = said.isPresumed ?? false;
  return meaning;
}

const saidBy = {
  'call:incoming': (e) => ({ ...e, status: 'ringing', direction: 'incoming', peerId: e.callerId, peerName: e.callerName }),
  'call:outgoing': (e) => ({ ...e, status: 'ringing', direction: 'outgoing', peerId: e.calleeId }),
  'call:ringing': (e) => ({ ...e, status: 'ringing', isAlerting: true }),
  'call:accepted': (e) => ({ ...e, status: 'accepted', answeredBy: e.deviceId }),
  'call:rejected': (e) => ({ ...e, status: 'rejected' }),
  'call:timeout': (e) => ({ ...e, status: 'timeout' }),
  // With status "accepted": another device of ours answered.
  'call:ended': (e) => ({ ...e, isOver: true }),
  'call:peer': (e) => ({ ...e, status: 'accepted', peer: e.state }),
};

/** An event about a call in the words of learn(); null for one that does not change its state. */
export function saidByEvent(event) {
  return saidBy[event.event]?.(event) ?? null;
}

/** A record of the server in the words of learn(), for this device. */
export function saidByRecord(record, userId, deviceId) {
  const isCaller = record.callerId === userId;
  const isElsewhere = !isCaller && record.status === 'accepted' && record.answeredBy !== deviceId;
  return {
    ...record,
    direction: isCaller ? 'outgoing' : 'incoming',
    peerId: isCaller ? record.calleeId : record.callerId,
    ...(record.ringingAt && isCaller && { isAlerting: true }),
    ...(isElsewhere && { isOver: true, cause: 'answered_elsewhere' }),
  };
}

// --- transports: how messages get to Janus ---
//
// A transport has open(hooks), which resolves with a link once a handle is attached to the plugin:
//   request(body)  sends it; resolves with what the plugin answers, a refusal too
//   probe()        resolves when the server has shown that it is there
//   close()        ends the connection without a word to hooks
//   attach(plugin, {event(data, jsep), lost(error), trickle(candidate)})   one more handle on the same session, for media
// hooks: event(data) for the plugin's events; lost(error), once, when the connection is gone; wire(direction, message) for
// every message as it is ("out", "in"); signal, an AbortSignal for an attempt that takes too long; isForMedia if only
// attach() is wanted, and no handle yet.
// A handle for media: request(body, jsep), which resolves with the answer, or with nothing where that comes as an event;
// trickle(candidate); detach(). It is lost when the server closes it or its PeerConnection, and with its link.

class Link {
  #hooks;
  #rejects = new Set();
  #handles = new Map();
  isOpen = true;

  constructor(hooks) {
    this.#hooks = hooks;
  }

  /** A promise of an answer; it fails when the connection does. */
  promise(executor) {
    let fail;
    const answer = new Promise((resolve, reject) => {
      fail = reject;
      this.#rejects.add(fail);
      executor(resolve, reject);
      if (!this.isOpen)
        reject(new CallError('offline', 'the connection is gone'));
    });
    const forget = () => this.#rejects.delete(fail);
    answer.then(forget, forget);
    return answer;
  }

  event(data) {
    if (this.isOpen)
      this.#hooks.event(data);
  }

  wire(direction, message) {
    if (this.isOpen)
      this.#hooks.wire?.(direction, message);
  }

  lost(error) {
    if (!this.isOpen)
      return;
    this.end(error);
    this.#hooks.lost(error);
  }

  end(error) {
    this.isOpen = false;
    for (const reject of this.#rejects)
      reject(error);
    this.#rejects.clear();
    for (const id of [...this.#handles.keys()])
      this.handleLost(id, error);
  }

  // --- handles for media, by their id ---

  keepHandle(id, hooks) {
    this.#handles.set(id, hooks);
  }

  handle(id) {
    return this.#handles.get(id);
  }

  forgetHandle(id) {
    this.#handles.delete(id);
  }

  handleLost(id, error) {
    const hooks = this.#handles.get(id);
    this.#handles.delete(id);
    hooks?.lost(error);
  }
}

class WebSocketLink extends Link {
  #socket;
  #sessionId;
  #handleId;
  #waiting = new Map();
  #next = 1;

  async open(url, WebSocket, { signal, isForMedia = false }) {
    signal?.addEventListener('abort', () => this.close());
    this.#socket = new WebSocket(url, 'janus-protocol');
    await this.promise((resolve) => {
      this.#socket.onopen = resolve;
      this.#socket.onerror = () => this.lost(new CallError('offline', `no connection to ${url}`));
      this.#socket.onclose = () => this.lost(new CallError('offline', `the connection to ${url} closed`));
      this.#socket.onmessage = ({ data }) => this.#heard(JSON.parse(data));
    });
    this.#sessionId = (await this.#send({ janus: 'create' })).data.id;
    if (!isForMedia)
      this.#handleId = (await this.#send({ janus: 'attach', plugin: PLUGIN })).data.id;
    return this;
  }

  #send(request) {
    const message = { ...request, transaction: String(this.#next++) };
    if (this.#sessionId)
      message.session_id = this.#sessionId;
    return this.promise((resolve, reject) => {
      this.#waiting.set(message.transaction, { resolve, reject });
      this.wire('out', message);
      this.#socket.send(JSON.stringify(message));
    });
  }

  #heard(message) {
    this.wire('in', message);
    const media = this.handle(message.sender);
    const waiting = this.#waiting.get(message.transaction);
    if (media)
      this.#heardForMedia(media, message);
    else if (message.janus === 'event' && message.plugindata)
      this.event(message.plugindata.data);
    else if (message.janus === 'timeout' || message.janus === 'detached' && message.sender === this.#handleId)
      this.lost(new CallError('offline', 'Janus closed the session'));
    if (waiting && message.janus !== 'event')
      this.#answered(waiting, message);
  }

  #heardForMedia(media, { janus, sender, plugindata, jsep, reason, candidate }) {
    if (janus === 'event')
      media.event(plugindata.data, jsep);
    else if (janus === 'trickle')
      media.trickle?.(candidate);
    else if (janus === 'hangup' || janus === 'detached')
      this.handleLost(sender, new CallError('media_lost', reason ?? 'Janus closed the media handle'));
  }

  #answered({ resolve, reject }, message) {
    this.#waiting.delete(message.transaction);
    if (message.janus === 'error')
      reject(new CallError('janus', `Janus ${message.error.code}: ${message.error.reason}`, message.error));
    else
      resolve(message);
  }

  async request(body) {
    const answer = await this.#send({ janus: 'message', handle_id: this.#handleId, body });
    return answer.plugindata.data;
  }

  async attach(plugin, hooks) {
    const { id } = (await this.#send({ janus: 'attach', plugin })).data;
    this.keepHandle(id, hooks);
    const send = (janus, more) => this.#send({ janus, handle_id: id, ...more });
    return {
      request: async (body, jsep) => (await send('message', { body, jsep })).plugindata?.data,
      trickle: (candidate) => { send('trickle', { candidate }).catch(() => {}); },
      detach: () => {
        this.forgetHandle(id);
        send('detach').catch(() => {});
      },
    };
  }

  probe() {
    return this.#send({ janus: 'keepalive' });
  }

  close() {
    this.end(new CallError('offline', 'the connection was closed'));
    this.#socket?.close();
    // In Node a half-open socket would wait for the other side's goodbye, and keep the process.
    setTimeout(() => this.#socket?.terminate?.(), 500).unref?.();
  }
}

/** Straight over a WebSocket. Node before 22 has none: give it that of the package `ws`. */
export function webSocketTransport(url, { WebSocket = globalThis.WebSocket } = {}) {
  return { name: `websocket ${url}`, open: (hooks) => new WebSocketLink(hooks).open(url, WebSocket, hooks) };
}

class JanusJsLink extends Link {
  #socket;
  #session;
  #handle;

  #options;

  async open(server, Janus, options, { signal, isForMedia = false }) {
    this.#options = options;
    signal?.addEventListener('abort', () => this.close());
    await this.promise((callback) => Janus.init({ debug: false, dependencies: options.dependencies, callback }));
    await this.promise((success, reject) => {
      const lost = (reason) => {
        reject(new CallError('offline', textOf(reason)));
        this.lost(new CallError('offline', textOf(reason)));
      };
      this.#session = this.#listening(Janus, () => new Janus({
        destroyOnUnload: false, ...options, server, success, error: lost, destroyed: () => lost('Janus closed the session'),
      }), lost);
    });
    if (!isForMedia) {
      this.#handle = await this.#attach(PLUGIN, {
        onmessage: (data) => this.event(data),
        ondetached: () => this.lost(new CallError('offline', 'Janus closed the handle')),
      });
    }
    return this;
  }

  #attach(plugin, callbacks) {
    return this.promise((success, reject) => this.#session.attach({
      plugin, success, error: (reason) => reject(new CallError('janus', textOf(reason))), ...callbacks,
    }));
  }

  /** janus.js opens its socket inside its constructor, shows no message of it, and is silent when it closes early. */
  #listening(Janus, construct, lost) {
    const { newWebSocket } = Janus;
    Janus.newWebSocket = (...args) => {
      const socket = this.#socket = newWebSocket(...args);
      const send = socket.send.bind(socket);
      socket.send = (text) => {
        this.wire('out', JSON.parse(text));
        send(text);
      };
      socket.addEventListener('message', ({ data }) => this.wire('in', JSON.parse(data)));
      socket.addEventListener('close', () => lost('the connection closed'));
      return socket;
    };
    try {
      return construct();
    } finally {
      Janus.newWebSocket = newWebSocket;
    }
  }

  request(body) {
    return this.#requestOn(this.#handle, body);
  }

  #requestOn(handle, body, jsep) {
    return this.promise((success, reject) => handle.send({
      message: body, jsep, success, error: (reason) => reject(new CallError('janus', textOf(reason))),
    }));
  }

  async attach(plugin, hooks) {
    let id;
    const lost = (reason) => this.handleLost(id, new CallError('media_lost', textOf(reason)));
    const handle = await this.#attach(plugin, {
      onmessage: (data, jsep) => this.handle(id)?.event(data, jsep),
      webrtcState: (isUp, reason) => isUp || lost(reason ?? 'Janus closed the PeerConnection'),
      ondetached: () => lost('Janus closed the media handle'),
    });
    id = handle.getId();
    this.keepHandle(id, hooks);
    return {
      request: (body, jsep) => this.#requestOn(handle, body, jsep),
      trickle: (candidate) => this.#trickle(id, candidate),
      detach: () => {
        this.forgetHandle(id);
        handle.detach();
      },
    };
  }

  /** janus.js sends candidates of RTCPeerConnections of its own only. */
  #trickle(handleId, candidate) {
    const { token, apisecret } = this.#options;
    const session = this.#session.getSessionId();
    const message = { janus: 'trickle', candidate, transaction: randomText(12), ...token && { token }, ...apisecret && { apisecret } };
    if (this.#socket)
      this.#socket.send(JSON.stringify({ ...message, session_id: session, handle_id: handleId }));
    else
      fetch(`${this.#session.getServer()}/${session}/${handleId}`, { method: 'POST', body: JSON.stringify(message) }).catch(() => {});
  }

  /** janus.js keeps what answers its own keepalives to itself. */
  probe() {
    return this.promise((success, reject) => this.#session.getInfo({ success, error: (reason) => reject(new Error(reason)) }));
  }

  close() {
    this.end(new CallError('offline', 'the connection was closed'));
    this.#session?.destroy({ unload: true, cleanupHandles: true, notifyDestroyed: false });
    // Before there is a session, destroy() leaves the socket to itself.
    if (!this.#session?.getSessionId())
      this.#socket?.close();
  }
}

/** Over janus.js (npm: janus-gateway), for apps that use it for other plugins too. `options` go to its constructor. */
export function janusJsTransport(server, { Janus = globalThis.Janus, ...options } = {}) {
  return { name: `janus.js ${server}`, open: (hooks) => new JanusJsLink(hooks).open(server, Janus, options, hooks) };
}

// --- media: one stream a call, whatever carries it ---

/** The media of a call in mode "none", and what the others have in common. Emits `change`, and `text` (sendText() of the other side). */
export class Stream extends Emitter {
  /** "none", or of a mode with media "idle", "connecting", "connected", "reconnecting", "closed". */
  state = 'none';
  local = null;
  remote = null;
  /** What this side sends. */
  audio = false;
  video = false;
  /** Why there is no microphone or camera: the DOM's error, or null. */
  problem = null;

  /** Asks for microphone and camera, ahead of the answer. */
  async prepare() {}
  /** The call was accepted, or taken up again. */
  start() {}
  /** The other device sent this with call:signal. */
  hear() {}
  /** The other device is back, or we are. */
  mend() {}
  async setAudio() {}
  async setVideo() {}
  /** What this side wants to get: {audio, video, data, bitrate, substream, temporal}, where a server can see to it. */
  async configure() { throw new CallError('not_supported', 'nobody on the way can do that in this mode'); }
  /** Text straight to the other device. */
  async sendText() { throw new CallError('not_supported', 'a call without media of ours carries no text'); }
  close() {}
}

/** The microphone and the camera of this side, and the other side's tracks: what every mode with media has. */
class DeviceStream extends Stream {
  state = 'idle';
  port;
  /** For the modes: the RTCPeerConnection that carries what this side sends, or null. */
  peer = null;
  #prepared = null;
  #remotePeer = null;
  #channel = null;

  /** port: isCaller, media (what the call is for), tell({audio, video}), getUserMedia(constraints), and what the mode needs. */
  constructor(port) {
    super();
    this.port = port;
  }

  // --- microphone and camera ---

  prepare(media = this.port.media) {
    this.#prepared ??= this.#capture(media);
    return this.#prepared;
  }

  /** A camera that is missing or refused leaves the voice; with neither, we still see and hear. */
  async #capture({ audio = true, video = false }) {
    const tries = [{ audio, video }, { audio, video: false }].slice(video ? 0 : 1);
    for (const constraints of tries.filter((wanted) => wanted.audio || wanted.video)) {
      try {
        const local = await this.port.getUserMedia(constraints);
        if (this.state === 'closed')
          return stopTracks(local);
        this.local = local;
        this.audio = local.getAudioTracks().length > 0;
        this.video = local.getVideoTracks().length > 0;
        break;
      } catch (error) {
        this.problem ??= error;
      }
    }
    this.captured();
    this.emit('change', this);
  }

  /** For the modes: microphone and camera are there, or will not be. */
  captured() {}

  /** Off keeps the microphone, so that on is at once; on asks for one if there was none. */
  async setAudio(isOn) {
    await this.#prepared;
    const tracks = this.local?.getAudioTracks() ?? [];
    if (isOn && tracks.length === 0)
      await this.#add('audio');
    for (const track of tracks)
      track.enabled = isOn;
    this.audio = isOn;
    this.#changedWhatWeSend();
  }

  /** Off lets go of the camera, so that its light goes out; on asks for it again, also in a call of voices. */
  async setVideo(isOn) {
    await this.#prepared;
    if (isOn === this.video)
      return;
    if (isOn)
      await this.#add('video');
    else
      this.#cameraOff();
    this.video = isOn;
    this.#changedWhatWeSend();
  }

  async #add(kind) {
    const captured = await this.port.getUserMedia({ [kind]: true });
    if (this.state === 'closed')
      return stopTracks(captured);
    const [track] = captured.getTracks();
    this.local ??= new MediaStream();
    this.local.addTrack(track);
    this.problem = null;
    const idle = this.peer?.getTransceivers().find(({ sender, receiver }) => receiver.track.kind === kind && !sender.track);
    if (!idle)
      this.peer?.addTrack(track, this.local);
    else
      await this.#fill(idle, track);
  }

  async #fill(transceiver, track) {
    await transceiver.sender.replaceTrack(track);
    transceiver.sender.setStreams?.(this.local);
    transceiver.direction = 'sendrecv';
  }

  #cameraOff() {
    for (const track of this.local.getVideoTracks()) {
      this.peer?.getSenders().find((sender) => sender.track === track)?.replaceTrack(null);
      this.local.removeTrack(track);
      track.stop();
    }
  }

  #changedWhatWeSend() {
    this.emit('change', this);
    if (this.state !== 'idle' && this.state !== 'closed')
      this.tellWhatWeSend();
  }

  tellWhatWeSend() {
    this.port.tell({ audio: this.audio, video: this.video });
  }

  // --- for the modes: an RTCPeerConnection and what goes over it ---

  newPeer({ iceServers, ...more }, { trickle, changed }) {
    const peer = new RTCPeerConnection({ iceServers: iceServers ?? [], ...more });
    peer.onicecandidate = ({ candidate }) => trickle(candidate);
    peer.onconnectionstatechange = () => changed(peer.connectionState);
    peer.ontrack = ({ track }) => this.gotTrack(peer, track);
    peer.ondatachannel = ({ channel }) => this.#takeChannel(peer, channel);
    return peer;
  }

  /** Another one carries from now on what this side sends; null: none. The old one is closed. */
  useForSending(peer) {
    this.peer?.close();
    this.peer = peer;
    this.#channel = null;
  }

  /** A line for each kind, always in this order, so that a later one fits an earlier: what is there is sent, the rest received. */
  addLines(peer, direction = 'sendrecv') {
    for (const kind of this.kinds()) {
      const [track] = this.local?.getTracks().filter((one) => one.kind === kind) ?? [];
      if (track)
        peer.addTransceiver(track, { direction, streams: [this.local] });
      else if (direction === 'sendrecv')
        peer.addTransceiver(kind, { direction: 'recvonly' });
    }
  }

  kinds() {
    const hasVideo = this.port.media.video || this.video || this.remote?.getVideoTracks().length > 0;
    return hasVideo ? ['audio', 'video'] : ['audio'];
  }

  /** To what the other side offered. */
  addTracks(peer) {
    const sent = peer.getSenders().map(({ track }) => track);
    for (const track of this.local?.getTracks() ?? []) {
      if (!sent.includes(track))
        peer.addTrack(track, this.local);
    }
  }

  gotTrack(peer, track) {
    const old = peer === this.#remotePeer ? this.remote.getTracks().filter(({ readyState }) => readyState === 'live') : [];
    if (peer !== this.#remotePeer || !this.remote)
      this.remote = new MediaStream(old);
    this.#remotePeer = peer;
    this.remote.addTrack(track);
    track.onmute = track.onunmute = track.onended = () => this.emit('change', this);
    this.emit('change', this);
  }

  // --- text, over a data channel that is made when it is wanted ---

  async sendText(text) {
    if (!this.#channel && !this.peer)
      throw new CallError('offline', 'there is no connection between the two yet');
    this.openChannel();
    const channel = this.#channel;
    if (channel.readyState === 'connecting')
      await new Promise((resolve) => { channel.onopen = channel.onclose = resolve; });
    if (channel.readyState !== 'open')
      throw new CallError('offline', 'the connection between the two was lost');
    channel.send(text);
  }

  openChannel() {
    if (!this.#channel)
      this.#takeChannel(this.peer, this.peer.createDataChannel(CHANNEL));
  }

  #takeChannel(peer, channel) {
    if (peer === this.peer)
      this.#channel ??= channel;
    channel.onmessage = ({ data }) => this.emit('text', data);
    channel.addEventListener('close', () => {
      if (channel === this.#channel)
        this.#channel = null;
    });
  }

  /** Janus passes messages on only to who has a channel as well. */
  meetChannel(peer, { sdp }) {
    if (!/^m=application [1-9]/m.test(sdp) || peer.hasCallChannel || peer === this.peer && this.#channel)
      return;
    peer.hasCallChannel = true;
    this.#takeChannel(peer, peer.createDataChannel(CHANNEL));
  }

  // --- the state ---

  become(state) {
    if (this.state === state || this.state === 'closed')
      return;
    this.state = state;
    this.emit('change', this);
  }

  close() {
    if (this.state === 'closed')
      return;
    this.become('closed');
    stopTracks(this.local);
    this.release();
  }

  /** For the modes: lets go of all connections. */
  release() {
    this.useForSending(null);
  }
}

/** One thing after the other, each only if `isCurrent()` still holds. */
function inOrder(isCurrent, failed) {
  let last = Promise.resolve();
  return (work) => {
    last = last.then(() => isCurrent() && work()).catch((error) => isCurrent() && failed(error));
    return last;
  };
}

const plain = ({ type, sdp }) => ({ type, sdp });

/**
 * Mode "p2p": one RTCPeerConnection, agreed on by call:signal. What is sent:
 *   {round, description: {type, sdp}}   {round, candidate}   {want: "offer"}
 * A round is one RTCPeerConnection on each side; the caller's device opens them, and an offer of a new round makes the
 * other side begin anew. Within a round both may offer; of two offers at once the caller's goes first.
 */
export class PeerStream extends DeviceStream {
  #round = null;
  #isStarted = false;
  #isReady = false;
  #isOffering = false;
  #early = [];
  #incoming = inOrder(() => this.state !== 'closed', () => this.#waitAndMend());
  #outgoing = Promise.resolve();
  #patience;
  #patienceMs = MEDIA_PATIENCE_MS;
  #iceServers;

  async start({ join, iceServers = join?.iceServers, isResumed = false } = {}) {
    if (this.#isStarted)
      return;
    this.#isStarted = true;
    this.#iceServers = iceServers;
    this.become('connecting');
    await this.prepare();
    if (this.state === 'closed')
      return;
    this.#isReady = true;
    this.tellWhatWeSend();
    if (this.port.isCaller)
      this.#openRound();
    else if (isResumed)
      this.#send({ want: 'offer' });
    this.#early.splice(0).forEach((data) => this.hear(data));
    this.#waitAndMend();
  }

  hear(data) {
    if (this.#isReady)
      this.#incoming(() => this.#take(data));
    else
      this.#early.push(data);
  }

  async #take({ round, description, candidate, want }) {
    if (want === 'offer' && this.port.isCaller)
      this.#openRound();
    else if (description?.type === 'offer' && round !== this.#round && !this.port.isCaller)
      await this.#answer(this.#newRound(round), description);
    else if (round !== this.#round || !this.peer)
      return; // of a connection that is no more
    else if (description)
      await this.#takeDescription(this.peer, description);
    else if (candidate)
      await this.peer.addIceCandidate(candidate).catch(() => {});
  }

  async #takeDescription(peer, description) {
    if (description.type !== 'offer')
      return peer.signalingState === 'have-local-offer' && peer.setRemoteDescription(description);
    const collides = this.#isOffering || peer.signalingState !== 'stable';
    if (!collides || !this.port.isCaller)
      await this.#answer(peer, description);
  }

  async #answer(peer, offer) {
    await peer.setRemoteDescription(offer);
    this.addTracks(peer);
    await peer.setLocalDescription();
    this.#sendDescription(peer);
  }

  async #offer(peer) {
    if (peer !== this.peer)
      return;
    this.#isOffering = true;
    try {
      await peer.setLocalDescription();
      this.#sendDescription(peer);
    } catch {
      this.#waitAndMend();
    } finally {
      this.#isOffering = false;
    }
  }

  #sendDescription(peer) {
    if (peer === this.peer)
      this.#send({ round: this.#round, description: plain(peer.localDescription) });
  }

  /** One after the other: Janus keeps no order of messages that are under way together. */
  #send(data) {
    this.#outgoing = this.#outgoing.then(() => this.#sendNow(data)).catch(() => {});
  }

  async #sendNow(data) {
    try {
      await this.port.send(data);
    } catch (error) {
      if (!error.details?.retryAfterMs || this.state === 'closed')
        throw error;
      await pause(error.details.retryAfterMs);
      await this.#sendNow(data);
    }
  }

  #openRound() {
    this.addLines(this.#newRound(randomText(8)));
  }

  #newRound(round) {
    const peer = this.newPeer({ iceServers: this.#iceServers }, {
      trickle: (candidate) => {
        if (candidate && peer === this.peer)
          this.#send({ round, candidate: candidate.toJSON() });
      },
      changed: (state) => peer === this.peer && this.#connectionChanged(state),
    });
    this.useForSending(peer);
    this.#round = round;
    peer.onnegotiationneeded = () => this.#offer(peer);
    return peer;
  }

  #connectionChanged(state) {
    if (state === 'connected') {
      clearTimeout(this.#patience);
      this.#patienceMs = MEDIA_PATIENCE_MS;
      this.become('connected');
    }
    if (state === 'disconnected' || state === 'failed') {
      this.become('reconnecting');
      this.#waitAndMend();
    }
  }

  #waitAndMend() {
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => {
      this.#patienceMs = Math.min(MOST_PATIENCE_MS, this.#patienceMs * 2);
      this.mend();
    }, this.#patienceMs);
  }

  mend() {
    if (!this.#isReady || this.state === 'closed' || this.#isWell())
      return;
    if (this.port.isCaller)
      this.#openRound();
    else
      this.#send({ want: 'offer' });
    // Until it is well: either side's word may be lost again.
    this.#waitAndMend();
  }

  #isWell() {
    return this.peer?.connectionState === 'connected' && this.peer.signalingState === 'stable';
  }

  close() {
    clearTimeout(this.#patience);
    super.close();
  }
}

/** Refusals of a join after which another would be refused as well, until the server has told us something new. */
const NO_REJOIN = new Set(['call_over', 'call_not_found', 'unauthorized', 'forbidden', 'invalid_request', 'room_refused', 'not_supported']);

/**
 * The modes whose media goes through Janus. What they have on the server is a seat: handles and their RTCPeerConnections.
 * A seat that is lost, or that does not connect, is given up, and another is taken; what belonged to the old one is void.
 */
class JanusStream extends DeviceStream {
  seat = null;
  #isStarted = false;
  #isReady = false;
  #rejoin;
  #rejoinMs = REJOIN_MS;
  #patience;
  #patienceMs = MEDIA_PATIENCE_MS;
  #hasRestarted = false;

  /** For the modes: takes the seat, or throws why not. */
  async enter() {}
  /** For the modes: an ICE restart. */
  restart() {}
  /** For the modes: nothing is missing. */
  isWell() { return false; }

  async start() {
    if (this.#isStarted)
      return;
    this.#isStarted = true;
    this.become('connecting');
    const prepared = this.prepare();
    await Promise.race([prepared, pause(DEVICES_MS)]);
    if (this.state === 'closed')
      return;
    this.#isReady = true;
    this.tellWhatWeSend();
    this.takeSeat();
  }

  /** What came after the seat was taken. */
  captured() {
    if (!this.#isReady)
      return;
    this.tellWhatWeSend();
    if (this.peer && this.seat?.isAgreed)
      this.addTracks(this.peer);
  }

  async takeSeat() {
    if (this.state === 'closed')
      return;
    clearTimeout(this.#rejoin);
    clearTimeout(this.#patience);
    this.leaveSeat();
    const seat = { handles: [], peers: [], isAgreed: false };
    this.seat = seat;
    try {
      await this.enter(seat);
    } catch (error) {
      this.lost(seat, error);
    }
  }

  leaveSeat() {
    const { seat } = this;
    this.seat = null;
    seat?.handles.forEach((handle) => handle.detach());
    seat?.peers.forEach((peer) => peer.close());
    this.useForSending(null);
  }

  /** Nothing is heard or seen from now on; then it leaves. */
  release() {
    clearTimeout(this.#rejoin);
    clearTimeout(this.#patience);
    const { seat } = this;
    seat?.peers.forEach((peer) => peer.getReceivers().forEach(({ track }) => track.stop()));
    setTimeout(() => this.leaveSeat(), LEAVE_MS);
  }

  /** This seat is worth nothing any more: the next one, after a while. */
  lost(seat, error) {
    if (seat !== this.seat)
      return;
    this.leaveSeat();
    this.become('reconnecting');
    if (this.state === 'closed' || NO_REJOIN.has(error.code))
      return;
    const waitMs = error.details?.retryAfterMs ?? this.#rejoinMs * (0.5 + Math.random() / 2);
    this.#rejoinMs = Math.min(MOST_REJOIN_MS, this.#rejoinMs * 2);
    clearTimeout(this.#rejoin);
    this.#rejoin = setTimeout(() => this.takeSeat(), waitMs);
  }

  /** A handle of this seat; events(data, jsep) are taken one after the other. */
  async attach(seat, plugin, events, inTurn = inOrder(() => seat === this.seat, (error) => this.lost(seat, error))) {
    const handle = await this.port.attach(plugin, {
      event: (data, jsep) => inTurn(() => events(data, jsep)),
      lost: (error) => this.lost(seat, error),
      trickle: (candidate) => inTurn(() => handle.peer?.addIceCandidate(candidate.completed ? null : candidate)),
    });
    if (seat !== this.seat || this.state === 'closed') {
      handle.detach();
      throw new CallError('offline', 'somebody else sits there by now');
    }
    handle.inTurn = inTurn;
    seat.handles.push(handle);
    return handle;
  }

  /** The RTCPeerConnection of a handle. */
  connect(seat, handle) {
    const peer = this.newPeer({ iceServers: this.port.join()?.iceServers, bundlePolicy: 'max-bundle' }, {
      // What belongs to an offer goes after it.
      trickle: (candidate) => handle.inTurn(() => handle.trickle(candidate?.toJSON() ?? { completed: true })),
      changed: (state) => seat === this.seat && this.#connectionChanged(seat, state),
    });
    peer.onsignalingstatechange = () => seat === this.seat && this.#lookWhetherWell(seat);
    handle.peer = peer;
    seat.peers.push(peer);
    return peer;
  }

  #connectionChanged(seat, state) {
    if (this.state === 'closed')
      return;
    this.#lookWhetherWell(seat);
    if (state === 'disconnected' || state === 'failed') {
      this.become('reconnecting');
      this.waitAndMend(state === 'failed' ? 0 : this.#patienceMs);
    }
  }

  /** Connected and agreed on: either may be the last to come. */
  #lookWhetherWell(seat) {
    if (this.state === 'closed' || !seat.peers.some((peer) => peer.connectionState === 'connected') || !this.isWell(seat))
      return;
    clearTimeout(this.#patience);
    this.#patienceMs = MEDIA_PATIENCE_MS;
    this.#rejoinMs = REJOIN_MS;
    this.#hasRestarted = false;
    this.become('connected');
  }

  /** It should be well by then. */
  waitAndMend(ms = this.#patienceMs) {
    clearTimeout(this.#patience);
    if (this.state === 'closed')
      return;
    this.#patience = setTimeout(() => {
      this.#patienceMs = Math.min(MOST_PATIENCE_MS, this.#patienceMs * 2);
      this.mend();
    }, ms);
  }

  /** First with what is there, then with everything anew. */
  mend() {
    if (!this.#isReady || this.state === 'closed' || this.seat && this.isWell(this.seat))
      return;
    if (!this.seat) {
      this.#rejoinMs = REJOIN_MS;
      return this.takeSeat();
    }
    if (!this.seat.isAgreed)
      return; // it waits for the other device, or is being taken
    this.waitAndMend();
    if (this.#hasRestarted)
      return this.takeSeat();
    this.#hasRestarted = true;
    this.restart(this.seat);
  }
}

/**
 * Mode "relay": a media handle on janus.plugin.call, joined with the call's token. The callee's device offers with its
 * call:join, the caller's answers; later either offers with call:media, one at a time.
 */
export class RelayStream extends JanusStream {
  #wish = null;

  async enter(seat) {
    const { isCaller, callId } = this.port;
    const handle = await this.attach(seat, PLUGIN, ({ event }, jsep) => event === 'call:media' && jsep && this.#take(seat, jsep));
    const peer = this.connect(seat, handle);
    this.useForSending(peer);
    peer.onnegotiationneeded = () => this.#wantOffer(seat);
    if (!isCaller) {
      this.addLines(peer);
      await peer.setLocalDescription();
    }
    await this.#ask(seat, { request: 'call:join', callId, token: this.port.join()?.token }, isCaller ? undefined : plain(peer.localDescription));
    if (this.#wish)
      await this.configure(this.#wish);
  }

  async #ask(seat, body, jsep) {
    const [handle] = seat.handles;
    const reply = await within(handle.request(body, jsep), MEDIA_PATIENCE_MS, 'the server');
    if (reply?.call === 'error')
      throw new CallError(reply.code, reply.error, reply);
    return reply;
  }

  #tellPeer(seat, description) {
    return this.#ask(seat, { request: 'call:media', callId: this.port.callId }, plain(description));
  }

  async #take(seat, jsep) {
    const [{ peer }] = seat.handles;
    if (jsep.type !== 'offer') {
      if (peer.signalingState !== 'have-local-offer')
        return;
      await peer.setRemoteDescription(jsep);
      return this.#agreed(seat);
    }
    await peer.setRemoteDescription(jsep);
    this.addTracks(peer);
    this.meetChannel(peer, jsep);
    await peer.setLocalDescription();
    await this.#tellPeer(seat, peer.localDescription);
    this.#agreed(seat);
  }

  #agreed(seat) {
    seat.isAgreed = true;
    if (!this.isWell(seat))
      this.waitAndMend();
    if (seat.wantsOffer)
      this.#wantOffer(seat);
  }

  #wantOffer(seat) {
    seat.wantsOffer = true;
    if (seat.isAgreed && !seat.isHeldBack)
      seat.handles[0].inTurn(() => this.#offer(seat));
  }

  async #offer(seat) {
    const [{ peer }] = seat.handles;
    if (!seat.wantsOffer || peer.signalingState !== 'stable')
      return;
    seat.wantsOffer = false;
    await peer.setLocalDescription();
    try {
      await this.#tellPeer(seat, peer.localDescription);
      this.waitAndMend();
    } catch (error) {
      if (error.code !== 'wrong_state' && !error.details?.retryAfterMs)
        throw error;
      await this.#offerLater(seat, peer, error.details.retryAfterMs ?? GLARE_MS * (1 + Math.random()));
    }
  }

  /** The other side was first: its offer is on the way, and ours comes after it. */
  async #offerLater(seat, peer, ms) {
    seat.isHeldBack = true;
    await peer.setLocalDescription({ type: 'rollback' });
    seat.wantsOffer = true;
    setTimeout(() => {
      seat.isHeldBack = false;
      this.#wantOffer(seat);
    }, ms);
  }

  restart(seat) {
    seat.handles[0].peer.restartIce();
  }

  isWell(seat) {
    const [peer] = seat.peers;
    return peer?.connectionState === 'connected' && peer.signalingState === 'stable';
  }

  /** The server holds back, or thins out, what comes to this side. It is asked again after every new join. */
  async configure(wish) {
    this.#wish = { ...this.#wish, ...wish };
    if (this.seat?.handles[0])
      await this.#ask(this.seat, { request: 'call:configure', callId: this.port.callId, ...wish });
  }
}

// Errors of VideoRoom. The room may be a moment away; a pin or a token does not get better.
const NO_SUCH_ROOM = 426;
const ROOM_REFUSALS = new Set([429, 433]);

/**
 * Mode "room": the stock VideoRoom plugin, in a room of the call's own. One handle publishes what this side sends, another
 * subscribes to the other side's newest feed.
 */
export class RoomStream extends JanusStream {
  #wish = null;

  get #side() {
    return this.port.isCaller ? 'caller' : 'callee';
  }

  async enter(seat) {
    const { plugin, room, pin, token } = this.port.join() ?? {};
    seat.publisher = await this.attach(seat, plugin, (data, jsep) => this.#heard(seat, seat.publisher, data, jsep));
    const { private_id: privateId, publishers } = await this.#ask(seat.publisher, {
      request: 'join', ptype: 'publisher', room, pin, token, display: this.#side,
    }, ({ videoroom }) => videoroom === 'joined');
    seat.privateId = privateId;
    const peer = this.connect(seat, seat.publisher);
    this.useForSending(peer);
    seat.isAgreed = true;
    peer.onnegotiationneeded = () => seat.publisher.inTurn(() => this.#publish(seat));
    this.addLines(peer, 'sendonly');
    // VideoRoom keeps no message for who subscribes to it later.
    this.openChannel();
    this.#see(seat, publishers ?? []);
  }

  /** Answers come as events; those of one handle in order, so the next that fits is ours. */
  async #ask(handle, body, isAnswer, jsep) {
    const answer = new Promise((resolve, reject) => { handle.waiting = { resolve, reject, isAnswer }; });
    answer.catch(() => {});
    await handle.request(body, jsep);
    return within(answer, MEDIA_PATIENCE_MS, 'the room');
  }

  #heard(seat, handle, data, jsep) {
    const { waiting } = handle ?? {};
    if (data.error_code && handle === seat.subscriber)
      this.#unsubscribe(seat); // whoever left just now has a newer feed soon
    if (data.error_code && waiting) {
      handle.waiting = null;
      const code = ROOM_REFUSALS.has(data.error_code) ? 'room_refused' : data.error_code === NO_SUCH_ROOM ? 'no_room' : 'room';
      waiting.reject(new CallError(code, data.error, data));
    } else if (waiting?.isAnswer(data)) {
      handle.waiting = null;
      waiting.resolve({ ...data, jsep });
    }
    if (handle === seat.publisher && !data.error_code)
      this.#roomChanged(seat, data);
    else if (handle !== seat.publisher && jsep?.type === 'offer')
      handle.inTurn(() => this.#answer(seat, handle, jsep));
  }

  // --- what this side sends ---

  async #publish(seat) {
    const { peer } = seat.publisher;
    if (peer.signalingState !== 'stable')
      return;
    await peer.setLocalDescription();
    const request = seat.isPublished ? 'configure' : 'publish';
    seat.isPublished = true;
    // Its answer comes in turn with the events, which this must not hold up.
    this.#ask(seat.publisher, { request }, (data) => data.configured === 'ok', plain(peer.localDescription))
      .then(({ jsep }) => peer.setRemoteDescription(jsep))
      .catch((error) => this.lost(seat, error));
    this.waitAndMend();
  }

  // --- what comes of the other side ---

  #roomChanged(seat, { videoroom, publishers, unpublished, leaving }) {
    if (videoroom === 'event' && publishers)
      this.#see(seat, publishers);
    if (seat.feed && [unpublished, leaving].includes(seat.feed))
      this.#unsubscribe(seat);
  }

  /** The newest feed of the other side; one of our own may be left over from before a reload. */
  #see(seat, publishers) {
    const [theirs] = publishers.filter(({ display }) => display !== this.#side).slice(-1);
    if (!theirs)
      return;
    const mids = (theirs.streams ?? []).filter(({ disabled }) => !disabled).map(({ mid }) => mid);
    if (theirs.id !== seat.feed)
      this.#subscribe(seat, theirs.id, mids).catch((error) => this.#feedLost(seat, theirs.id, error));
    else
      this.#subscribeMore(seat, mids.filter((mid) => !seat.mids.has(mid)));
  }

  async #subscribe(seat, feed, mids) {
    this.#unsubscribe(seat);
    Object.assign(seat, { feed, mids: new Set(mids) });
    const { plugin, room, pin } = this.port.join();
    const inTurn = inOrder(() => seat === this.seat && seat.feed === feed, (error) => this.lost(seat, error));
    const handle = await this.attach(seat, plugin, (data, jsep) => this.#heard(seat, handle, data, jsep), inTurn);
    if (seat.feed !== feed)
      return this.#drop(seat, handle);
    seat.subscriber = handle;
    this.connect(seat, handle);
    await handle.request({ request: 'join', ptype: 'subscriber', room, pin, private_id: seat.privateId, streams: [{ feed }] });
  }

  #subscribeMore(seat, mids) {
    if (mids.length === 0)
      return;
    mids.forEach((mid) => seat.mids.add(mid));
    seat.subscriber?.request({ request: 'subscribe', streams: mids.map((mid) => ({ feed: seat.feed, mid })) });
  }

  #feedLost(seat, feed, error) {
    if (seat.feed !== feed)
      return;
    seat.feed = null;
    if (error.code === 'offline' || error.code === 'timeout')
      this.lost(seat, error);
  }

  #unsubscribe(seat) {
    if (seat.subscriber)
      this.#drop(seat, seat.subscriber);
    Object.assign(seat, { subscriber: null, feed: null });
  }

  #drop(seat, handle) {
    handle.detach();
    handle.peer?.close();
    seat.handles = seat.handles.filter((one) => one !== handle);
    seat.peers = seat.peers.filter((one) => one !== handle.peer);
  }

  async #answer(seat, handle, offer) {
    const { peer } = handle;
    await peer.setRemoteDescription(offer);
    this.meetChannel(peer, offer);
    await peer.setLocalDescription();
    await handle.request({ request: 'start' }, plain(peer.localDescription));
    this.waitAndMend();
    if (this.#wish)
      this.configure(this.#wish);
  }

  restart(seat) {
    seat.publisher.peer.restartIce();
    seat.subscriber?.request({ request: 'configure', restart: true });
  }

  isWell(seat) {
    return seat.isAgreed && seat.peers.length > 0
      && seat.peers.every(({ connectionState, signalingState }) => connectionState === 'connected' && signalingState === 'stable'
        || connectionState === 'new' && signalingState === 'stable');
  }

  /** VideoRoom knows no bitrate of a subscriber. */
  async configure(wish) {
    this.#wish = { ...this.#wish, ...wish };
    const { subscriber } = this.seat ?? {};
    if (!subscriber)
      return;
    const streams = subscriber.peer.getTransceivers().filter(({ mid }) => mid !== null).map(({ mid, receiver: { track: { kind } } }) => ({
      mid, ...wish[kind] !== undefined && { send: wish[kind] },
      ...kind === 'video' && { substream: wish.substream, temporal: wish.temporal },
    }));
    await subscriber.request({ request: 'configure', streams });
  }
}

function stopTracks(stream) {
  stream?.getTracks().forEach((track) => track.stop());
}

/** A session with Janus for media alone: opened when a handle is wanted, kept alive, closed with its last handle. */
class MediaSession {
  #transport;
  #wire;
  #opening = null;
  #handles = new Set();
  #keepalive;

  constructor(transport, wire) {
    this.#transport = transport;
    this.#wire = wire;
  }

  async attach(plugin, hooks) {
    this.#opening ??= this.#open();
    const link = await this.#opening;
    const handle = await link.attach(plugin, { ...hooks, lost: (error) => { this.#left(handle); hooks.lost(error); } });
    this.#handles.add(handle);
    return { ...handle, detach: () => { handle.detach(); this.#left(handle); } };
  }

  async #open() {
    const abort = new AbortController();
    const forget = () => {
      clearInterval(this.#keepalive);
      this.#opening = null;
      this.#handles.clear();
    };
    const hooks = { signal: abort.signal, isForMedia: true, event() {}, lost: forget, wire: this.#wire };
    try {
      const link = await within(this.#transport.open(hooks), DEFAULTS.openMs, 'the server');
      this.#keepalive = setInterval(() => this.#probe(link), DEFAULTS.keepaliveMs);
      return link;
    } catch (error) {
      abort.abort();
      forget();
      throw error;
    }
  }

  async #probe(link) {
    try {
      await within(link.probe(), DEFAULTS.answerMs, 'the server');
    } catch (error) {
      link.lost?.(error);
    }
  }

  async #left(handle) {
    this.#handles.delete(handle);
    const opening = this.#opening;
    // A detach is sent yet.
    await pause(0);
    if (this.#handles.size > 0 || opening !== this.#opening || !opening)
      return;
    this.#opening = null;
    clearInterval(this.#keepalive);
    (await opening).close();
  }
}

const usualGetUserMedia = (constraints) => {
  if (!globalThis.navigator?.mediaDevices)
    throw new CallError('no_media', 'this page has no access to microphone and camera');
  return globalThis.navigator.mediaDevices.getUserMedia(constraints);
};

/**
 * The media of a call in mode "relay" alone, for an app that signals by another door and has its `join`: a RelayStream that
 * has begun. It joins anew by itself when it was lost; end it with close() when the call is over.
 *   url or transport      where Janus is
 *   callId, join, isCaller of the call; join is {token, iceServers}, or a function that returns the newest
 *   media                 what this side sends: {audio: true, video: false}
 *   tell({audio, video})  what to tell the other user of what this side sends, with call:update
 *   getUserMedia          how to get microphone and camera
 */
export function joinRelay({ url, transport = webSocketTransport(url), callId, join, isCaller, media = { audio: true, video: false }, tell = () => {},
  getUserMedia = usualGetUserMedia }) {
  const session = new MediaSession(transport);
  const stream = new RelayStream({
    isCaller, callId, media, tell, getUserMedia,
    join: typeof join === 'function' ? join : () => join,
    attach: (plugin, hooks) => session.attach(plugin, hooks),
  });
  stream.start();
  return stream;
}

// --- calls ---

/** One call, as this device has it. Emits `change`, `accepted`, `ended`, `peer`, `updated`, `signal`. */
export class Call extends Emitter {
  #facts;
  #port;
  #sinceAccepted = null;
  /** The CallError that a call of ours failed with, or null. */
  error = null;
  /** The other device's own account of what it sends: {audio, video} of its last call:update. */
  peerMedia = null;
  /** Its media. */
  stream = null;

  constructor(facts, port) {
    super();
    this.#facts = facts;
    this.#port = port;
  }

  get id() { return this.#facts.callId; }
  get direction() { return this.#facts.direction; }
  get peerId() { return this.#facts.peerId; }
  get peerName() { return this.#facts.peerName ?? this.#facts.peerId; }
  get media() { return this.#facts.media; }
  get mode() { return this.#facts.mode; }
  get data() { return this.#facts.data; }
  /** "calling" (not confirmed yet), "ringing", "accepted", or a final word of the protocol. */
  get status() { return this.#facts.status; }
  get cause() { return this.#facts.cause; }
  get reason() { return this.#facts.reason; }
  get rev() { return this.#facts.rev; }
  get isOver() { return this.#facts.isOver; }
  /** Over by this device's word alone, until the server confirms it. */
  get isPresumed() { return this.#facts.isPresumed; }
  /** A device of the callee has said that it rings. */
  get isAlerting() { return this.#facts.isAlerting; }
  get reachable() { return this.#facts.reachable; }
  get devices() { return this.#facts.devices; }
  /** "connected" or "reconnecting": the other device in the call. */
  get peer() { return this.#facts.peer; }
  get endedBy() { return this.#facts.endedBy; }
  get isRinging() { return !this.isOver && (this.status === 'ringing' || this.status === 'calling'); }
  /** What is left of the ring, in ms; null when that is not known. */
  get expiresInMs() { return this.isRinging ? this.#port.leftOf(this) : null; }
  /** How long the call has lasted, or lasted. */
  get durationMs() {
    return this.isOver ? this.#facts.durationMs ?? this.#sinceAccepted?.() ?? null : this.#sinceAccepted?.() ?? null;
  }

  /** Answers, with `media` {audio, video} of one's own or what the caller offers. Resolves when this device is in the call. */
  accept(media = this.media) { return this.#port.accept(this, media); }
  /** Declines. The ring stops at once; resolves when the server has confirmed it. */
  reject({ reason, cause } = {}) { return this.#port.close(this, { request: 'call:reject', reason, cause }); }
  /** Cancels, declines or hangs up, whichever it is now. */
  end(reason) { return this.#port.close(this, { request: 'call:end', reason }); }
  /** To the other device, as it is. In mode p2p the stream uses it. Resolves with false if it did not arrive. */
  async signal(data) { return (await this.#port.ask({ request: 'call:signal', callId: this.id, data })).delivered !== false; }
  /** To the other device: what its user should see. */
  async update(data) { return (await this.#port.ask({ request: 'call:update', callId: this.id, data })).delivered !== false; }

  /** For the library: the call was accepted `ms` ago. */
  startClock(ms = 0) {
    const since = stopwatch();
    this.#sinceAccepted ??= () => since() + ms;
  }

  stopClock() {
    const ms = this.#sinceAccepted?.();
    if (ms !== undefined)
      this.#sinceAccepted = () => ms;
  }
}

// --- the client ---

const MODES = {
  p2p: (port) => new PeerStream(port), relay: (port) => new RelayStream(port), room: (port) => new RoomStream(port),
};

const PERMANENT = new Set(['invalid_request', 'unauthorized', 'token_expired', 'wrong_state', 'too_large', 'unknown_request']);
const CONNECTION = new Set(['offline', 'timeout', 'janus', 'not_registered']);

/**
 * One device of one user.
 *   url or transport     where Janus is; a url is spoken to straight over a WebSocket
 *   deviceId, storage    who this device is (deviceIdOf(storage)), and what outlives a reload
 *   mode, modes          the mode of calls made here, and streams for modes that this file does not know
 *   mediaTransport       where the media handles of the modes relay and room are, if not on the session that signals
 *   getUserMedia, keepaliveMs, answerMs, openMs, backoff, acceptOnGlare
 * Emits `state`, `incoming`, `outgoing` (the backend started a call here), `resumed` (a call from before a reload), `wire`.
 */
export class CallClient extends Emitter {
  #options;
  #transport;
  #storage;
  #identity = null;
  #link = null;
  #isOnline = false;
  #running = null;
  #wake = () => {};
  #registering = null;
  #mediaSession = null;
  #calls = new Map();
  #timers = new Map();
  #keepalive;
  #refresh;
  #clean = [];
  /** What the server said in its last reply to call:register: timers, limits. */
  server = null;
  /** {name, error, retryInMs}: see docs/client.md. */
  state = { name: 'idle', error: null };

  constructor(options = {}) {
    super();
    this.#options = { ...DEFAULTS, ...options, backoff: { ...DEFAULTS.backoff, ...options.backoff } };
    this.#transport = options.transport ?? webSocketTransport(options.url);
    this.#storage = options.storage ?? usualStorage();
    if (options.mediaTransport)
      this.#mediaSession = new MediaSession(options.mediaTransport, (direction, message) => this.#onWire(direction, message));
    this.deviceId = options.deviceId ?? deviceIdOf(this.#storage);
  }

  get userId() { return this.#identity?.userId ?? null; }
  get isOnline() { return this.#isOnline; }
  /** Those that are not over. */
  get calls() { return [...this.#calls.values()].map(({ call }) => call).filter((call) => !call.isOver && call.direction); }

  /**
   * Says who this device is, and sees to it that the server knows from now on, through lost connections and restarts.
   * Resolves when it is registered for the first time; rejects when the server refuses. No server is no refusal: it
   * tries on, and `state` tells.
   *   userId, displayName, token or getToken() for servers that ask for proof
   */
  register(identity) {
    this.#identity = { ...identity };
    this.#registering?.reject(new CallError('closed', 'registered anew'));
    const promise = new Promise((resolve, reject) => { this.#registering = { resolve, reject }; });
    promise.catch(() => {});
    this.#dropLink();
    this.#watchBrowser();
    this.#start();
    this.#wake();
    return promise;
  }

  /** Leaves on purpose: ends what this device is in, and disconnects. */
  async close() {
    if (this.#isOnline)
      await this.#ask({ request: 'call:unregister' }).catch(() => {});
    this.#giveUp('closed', null);
    for (const entry of this.#calls.values())
      this.#learn(entry, { isOver: true, isPresumed: true, status: 'ended', cause: 'closed' });
  }

  /** Calls somebody. The call is there at once; `call.placed` resolves when the server has it, or rejects with why not. */
  call(calleeId, { audio = true, video = false, media, mode = this.#usualMode(), callId, timeoutMs, data } = {}) {
    const facts = newFacts(callId ?? `CALL_${randomText(24)}`);
    const wanted = media ?? { audio, video };
    Object.assign(facts, { direction: 'outgoing', peerId: calleeId, media: wanted, mode, data: data ?? null, status: 'calling' });
    const entry = this.#enter(facts);
    this.#remember();
    entry.call.stream.prepare();
    entry.call.placed = this.#place(entry, {
      request: 'call:initiate', callId: facts.callId, calleeId, media: wanted, mode, timeoutMs, data,
    });
    entry.call.placed.catch(() => {});
    return entry.call;
  }

  /** A page of this user's calls: {calls, next}. Takes limit, before, status, peerId, missed. */
  async history(filter = {}) {
    const { calls, next } = await this.#ask({ request: 'call:history', ...filter });
    return { calls, next: next ?? null };
  }

  /** The record of one call. */
  async get(callId) {
    return (await this.#ask({ request: 'call:get', callId })).record;
  }

  /** Looks at once whether the connection still lives: for an app that knows that the network or its process was away. */
  check() {
    for (const entry of this.#calls.values())
      this.#watchRing(entry);
    this.#wake();
    if (this.#link)
      this.#probe(this.#link, Math.min(this.#options.answerMs, CHECK_MS));
  }

  // --- being online ---

  #setState(name, more = {}) {
    this.state = { name, error: null, ...more };
    this.emit('state', this.state);
  }

  #start() {
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      // Somebody may have registered anew from within the last word of the old one.
      if (this.#identity)
        this.#start();
    });
  }

  /** As long as somebody wants to be online: connect, register, wait for the loss, pause, again. */
  async #run() {
    let failures = 0;
    while (this.#identity) {
      const identity = this.#identity;
      let error;
      let online = null;
      try {
        this.#setState('connecting');
        const { link, loss } = await this.#connect();
        if (identity !== this.#identity)
          throw new CallError('offline', 'nobody waits for this connection any more');
        await this.#registerOver(link, identity);
        online = stopwatch();
        error = await loss;
      } catch (caught) {
        error = caught;
        this.#dropLink();
      }
      if (identity !== this.#identity)
        continue;
      if (PERMANENT.has(error.code))
        return this.#giveUp('refused', error);
      failures = online?.() > this.#options.backoff.stableMs ? 0 : failures + 1;
      await this.#backOff(failures, error);
    }
  }

  async #backOff(failures, error) {
    const { firstMs, baseMs, mostMs } = this.#options.backoff;
    const most = failures < 2 ? firstMs : Math.min(mostMs, baseMs * 2 ** (failures - 2));
    // Many devices that lost one server must not come back in one moment.
    const retryInMs = Math.max(Math.round(most * (0.5 + Math.random() / 2)), error.details?.retryAfterMs ?? 0);
    this.#setState('waiting', { error, retryInMs });
    await Promise.race([pause(retryInMs), new Promise((resolve) => { this.#wake = resolve; })]);
  }

  async #connect() {
    let lost;
    const loss = new Promise((resolve) => { lost = resolve; });
    const abort = new AbortController();
    const hooks = {
      signal: abort.signal,
      // What comes while the handle is being attached is of this link too.
      event: (data) => (!link || link === this.#link) && this.#heard(data),
      lost: (error) => {
        if (link && link === this.#link)
          this.#dropLink();
        lost(error);
      },
      wire: (direction, message) => this.#onWire(direction, message),
    };
    let link;
    try {
      link = await within(this.#transport.open(hooks), this.#options.openMs, 'the server');
    } catch (error) {
      abort.abort();
      throw error;
    }
    this.#link = link;
    link.give = lost;
    this.#scheduleProbe(link);
    return { link, loss };
  }

  async #registerOver(link, identity, isRetry = false) {
    const { userId, displayName, token, getToken } = identity;
    const asked = getToken?.({ userId, deviceId: this.deviceId });
    const proof = getToken ? await within(asked, this.#options.openMs, 'the token') : token;
    const knownBefore = [...this.#calls.values()].filter(({ facts }) => facts.rev > 0 && !facts.isOver);
    let reply;
    try {
      reply = await this.#ask({ request: 'call:register', userId, deviceId: this.deviceId, displayName, token: proof }, link);
    } catch (error) {
      const isProof = error.code === 'unauthorized' || error.code === 'token_expired';
      if (!isProof || !getToken || isRetry)
        throw error;
      return this.#registerOver(link, identity, true);
    }
    if (identity !== this.#identity || link !== this.#link)
      throw new CallError('offline', 'the connection changed meanwhile');
    identity.userId = reply.userId;
    this.server = reply;
    this.#isOnline = true;
    this.#scheduleRefresh(link, identity, reply.registrationExpiresInMs);
    this.#takeSnapshot(reply, knownBefore);
    this.#registering?.resolve(reply);
    this.#registering = null;
    this.#setState('online');
  }

  /** A new token before the old one ends. */
  #scheduleRefresh(link, identity, expiresInMs) {
    clearTimeout(this.#refresh);
    if (!expiresInMs || !identity.getToken)
      return;
    const inMs = Math.min(LONGEST_TIMER_MS, Math.max(0, expiresInMs - Math.min(60_000, expiresInMs * 0.2)));
    this.#refresh = setTimeout(() => this.#registerOver(link, identity).catch(() => this.#lose(link, 'no new token')), inMs);
  }

  #scheduleProbe(link) {
    clearTimeout(this.#keepalive);
    this.#keepalive = setTimeout(() => this.#probe(link), this.#options.keepaliveMs);
    this.#keepalive.unref?.();
  }

  /** A connection that is half open looks fine from here: only an answer tells. */
  async #probe(link, answerMs = this.#options.answerMs) {
    clearTimeout(this.#keepalive);
    try {
      await within(link.probe(), answerMs, 'the server');
      if (link === this.#link)
        this.#scheduleProbe(link);
    } catch (error) {
      this.#lose(link, textOf(error));
    }
  }

  /** We gave up this link; says so to whoever waits for its loss. */
  #lose(link, why) {
    if (link !== this.#link)
      return;
    this.#dropLink();
    link.give(new CallError('offline', why));
  }

  #dropLink() {
    const link = this.#link;
    clearTimeout(this.#keepalive);
    clearTimeout(this.#refresh);
    this.#link = null;
    this.#isOnline = false;
    link?.close();
    link?.give(new CallError('offline', 'the connection was given up'));
  }

  #giveUp(name, error) {
    this.#identity = null;
    if (name !== 'unregistered')
      this.#dropLink();
    this.#isOnline = false;
    this.#clean.splice(0).forEach((clean) => clean());
    this.#registering?.reject(error ?? new CallError('closed', 'the client was closed'));
    this.#registering = null;
    this.#setState(name, { error });
    this.#wake();
  }

  /** A browser knows when the network or the page came back. */
  #watchBrowser() {
    if (this.#clean.length > 0 || typeof globalThis.addEventListener !== 'function' || !globalThis.document)
      return;
    const check = () => globalThis.document.visibilityState !== 'hidden' && this.check();
    for (const [target, name] of [[globalThis, 'online'], [globalThis, 'offline'], [globalThis, 'pageshow'],
      [globalThis.document, 'visibilitychange']]) {
      target.addEventListener(name, check);
      this.#clean.push(() => target.removeEventListener(name, check));
    }
  }

  #onWire(direction, message) {
    this.emit('wire', { at: Date.now(), direction, message });
  }

  // --- requests ---

  /** A device whose token ran out may still do what belongs to the call that it is in. */
  #linkForNow() {
    return this.#isOnline || this.state.name === 'unregistered' ? this.#link : null;
  }

  /** Sends one request now; resolves with the reply, rejects with a CallError. */
  async #ask(body, link = this.#linkForNow()) {
    if (!link)
      throw new CallError('offline', 'not connected to the server');
    let reply;
    try {
      reply = await within(link.request(body), this.#options.answerMs, 'the server');
    } catch (error) {
      this.#lose(link, textOf(error));
      throw error;
    }
    if (reply.call !== 'error')
      return reply;
    if (reply.code === 'not_registered')
      this.#lose(link, reply.error);
    throw new CallError(reply.code, reply.error, reply);
  }

  /** Sends a request that may be repeated, through lost connections, until it is answered; `isMoot` ends it. */
  async #askSurely(body, limitMs, isMoot = () => false) {
    const since = stopwatch();
    for (;;) {
      try {
        return await this.#ask(body);
      } catch (error) {
        const waitMs = error.details?.retryAfterMs;
        if (!CONNECTION.has(error.code) && !waitMs || isMoot() || !this.#identity || since() + (waitMs ?? 0) > limitMs)
          throw error;
        await pause(waitMs ?? 0);
      }
      while (!this.#isOnline) {
        if (isMoot() || !this.#identity || since() > limitMs)
          throw new CallError('offline', 'the server could not be reached in time');
        await Promise.race([this.next('state'), pause(Math.max(10, Math.min(1000, limitMs - since())))]);
      }
    }
  }

  // --- calls ---

  #usualMode() {
    return this.#options.mode ?? (globalThis.RTCPeerConnection ? 'p2p' : 'none');
  }

  #enter(facts) {
    const port = {
      ask: (body) => this.#ask(body, this.#link),
      accept: (call, media) => this.#accept(this.#calls.get(call.id), media),
      close: (call, body) => this.#close(this.#calls.get(call.id), body),
      leftOf: (call) => this.#leftOf(this.#calls.get(call.id)),
    };
    const call = new Call(facts, port);
    const entry = { facts, call, ring: null, isAnnounced: facts.direction === 'outgoing' };
    this.#calls.set(facts.callId, entry);
    this.#forgetOld();
    if (facts.direction)
      this.#giveStream(entry);
    return entry;
  }

  #giveStream({ call, facts }) {
    const port = {
      isCaller: call.direction === 'outgoing',
      media: call.media,
      callId: call.id,
      join: () => facts.join,
      attach: (plugin, hooks) => this.#attachForMedia(plugin, hooks),
      send: (data) => call.signal(data),
      tell: (data) => {
        this.#rememberMedia(call.id, data);
        call.update(data).catch(() => {});
      },
      getUserMedia: this.#options.getUserMedia ?? usualGetUserMedia,
    };
    const make = this.#options.modes?.[call.mode] ?? (globalThis.RTCPeerConnection && MODES[call.mode]);
    call.stream = make ? make(port) : new Stream();
  }

  /** On the session that signals, unless another is for media. */
  #attachForMedia(plugin, hooks) {
    if (this.#mediaSession)
      return this.#mediaSession.attach(plugin, hooks);
    const link = this.#linkForNow();
    if (!link)
      throw new CallError('offline', 'not connected to the server');
    if (!link.attach)
      throw new CallError('not_supported', 'this transport has no handles for media: name a mediaTransport');
    return link.attach(plugin, hooks);
  }

  async #place(entry, body) {
    const { facts, call } = entry;
    try {
      const reply = await this.#askSurely(body, PLACING_MS, () => facts.isOver);
      this.#learn(entry, reply);
      return call;
    } catch (error) {
      if (!facts.isOver) {
        call.error = error;
        this.#learn(entry, { isOver: true, status: 'failed', cause: error.code });
      }
      if (error.code === 'glare')
        this.#acceptOther(error.details);
      throw error;
    }
  }

  /** Both called each other: they want to talk. */
  async #acceptOther({ otherCallId, otherStatus }) {
    if (this.#options.acceptOnGlare === false || otherStatus !== 'ringing')
      return;
    const known = this.#calls.get(otherCallId)?.call
      ?? await within(this.next('incoming'), CHECK_MS, 'the other call').catch(() => null);
    if (known?.id === otherCallId)
      known.accept().catch(() => {});
  }

  async #accept(entry, media) {
    const { facts, call } = entry;
    if (facts.isOver)
      throw new CallError('call_over', 'the call is over', { status: facts.status, cause: facts.cause });
    entry.isAnswering = true;
    clearTimeout(entry.ring?.timer);
    call.stream.prepare(media);
    call.emit('change', call);
    const limitMs = Math.max(this.#leftOf(entry) ?? 0, this.#options.answerMs);
    try {
      const reply = await this.#askSurely({ request: 'call:accept', callId: facts.callId }, limitMs, () => facts.isOver);
      this.#learn(entry, { ...reply, answeredBy: this.deviceId });
    } catch (error) {
      this.#learnRefusal(entry, error);
      throw error;
    } finally {
      entry.isAnswering = false;
    }
  }

  /** Over here at once; then the server must hear of it. */
  async #close(entry, body) {
    const { facts } = entry;
    if (facts.isOver)
      return;
    const isCallee = facts.direction === 'incoming';
    entry.isClosing = true;
    const outcome = facts.status === 'accepted' ? { status: 'ended', cause: 'hangup' }
      : isCallee ? { status: 'rejected', cause: body.cause ?? 'declined' } : { status: 'cancelled', cause: 'cancelled' };
    this.#learn(entry, { ...outcome, reason: body.reason, endedBy: this.userId, isOver: true, isPresumed: true });
    // While our accept is under way, only an end is right whichever comes first.
    const request = entry.isAnswering ? 'call:end' : body.request;
    try {
      const reply = await this.#askSurely({ ...body, request, callId: facts.callId }, CLOSING_MS);
      this.#learn(entry, reply);
    } catch (error) {
      this.#learnRefusal(entry, error);
      if (error.code !== 'call_over' && error.code !== 'call_not_found' && error.code !== 'wrong_state')
        throw error;
    }
  }

  /** A refusal says what has become of the call; one that does not say it leaves our own word as it is. */
  #learnRefusal(entry, { code, details }) {
    const { isOver } = entry.facts;
    if (code === 'call_not_found')
      this.#learn(entry, isOver ? { isOver } : { isOver: true, status: 'failed', cause: 'lost' });
    else if (code === 'wrong_state' && details.status === 'accepted')
      this.#learn(entry, { ...details, isOver: true, cause: 'answered_elsewhere' });
    else if (FINAL.has(details?.status))
      this.#learn(entry, details);
    else if (!isOver)
      this.#learn(entry, { isOver: true, isPresumed: true, status: 'failed', cause: code });
  }

  // --- what the server says ---

  #heard(data) {
    if (data?.call !== 'event')
      return;
    if (data.event === 'call:replaced')
      return this.#leave('replaced', 'moved', new CallError('replaced', 'this device registered on another connection'));
    if (data.event === 'call:unregistered')
      return this.#unregistered(data.cause);
    if (!data.callId)
      return;
    const entry = this.#calls.get(data.callId) ?? this.#enter(newFacts(data.callId));
    const said = saidByEvent(data);
    if (said)
      this.#learn(entry, said);
    else
      this.#tell(entry, data);
  }

  #tell({ call, facts }, { event, data }) {
    if (facts.isOver)
      return;
    if (event === 'call:signal') {
      call.stream?.hear(data);
      call.emit('signal', data);
    } else if (event === 'call:updated') {
      call.peerMedia = { ...call.peerMedia, ...data };
      call.emit('updated', data);
      call.emit('change', call);
    }
  }

  #unregistered(cause) {
    const identity = this.#identity;
    const link = this.#link;
    this.#isOnline = false;
    if (cause === 'token_expired' && identity?.getToken && link) {
      this.#setState('connecting');
      this.#registerOver(link, identity).catch((error) => {
        if (PERMANENT.has(error.code))
          this.#leave('unregistered', 'unregistered', error);
        else
          this.#lose(link, textOf(error));
      });
      return;
    }
    this.#leave('unregistered', 'unregistered', new CallError(cause ?? 'unregistered', 'the server took this device off'));
  }

  /** Not ours any more: what rings here is over here. A call in progress survives an expired token. */
  #leave(name, cause, error) {
    this.#giveUp(name, error);
    for (const entry of this.#calls.values()) {
      if (name === 'replaced' || entry.facts.status !== 'accepted')
        this.#learn(entry, { isOver: true, isPresumed: true, status: 'ended', cause });
    }
  }

  #takeSnapshot(reply, knownBefore) {
    const listed = new Set();
    const remembered = this.#remembered();
    for (const record of reply.calls ?? []) {
      listed.add(record.callId);
      this.#takeRecord(record, remembered.has(record.callId));
    }
    if (reply.complete !== false)
      knownBefore.filter(({ facts }) => !listed.has(facts.callId)).forEach((entry) => this.#vanished(entry));
    this.#remember();
    // What was sent while we were away is lost, and what the other device sees of us too.
    for (const { call, facts } of this.#calls.values()) {
      if (!facts.isOver && facts.status === 'accepted')
        call.stream.mend();
    }
  }

  #takeRecord(record, isRemembered) {
    const said = saidByRecord(record, this.userId, this.deviceId);
    const known = this.#calls.get(record.callId);
    if (known?.facts.direction) {
      // Who comes back is told if the other device is away, and never that it is there.
      this.#learn(known, record.rev > known.facts.rev ? { ...said, peer: 'connected' } : said);
      return;
    }
    const isOurs = said.direction === 'outgoing' ? isRemembered : said.status === 'accepted' && !said.isOver;
    const rings = said.direction === 'incoming' && said.status === 'ringing' && record.expiresInMs >= LEAST_RING_MS;
    if (rings)
      this.#learn(known ?? this.#enter(newFacts(record.callId)), said);
    else if (isOurs)
      this.#resume(record, said);
  }

  /** A call from before a reload of the page. */
  #resume(record, said) {
    const facts = newFacts(record.callId);
    take(facts, said, DESCRIPTION);
    const entry = this.#enter(facts);
    entry.isAnnounced = true;
    entry.isResumed = true;
    // A camera that was off stays off.
    if (said.status === 'accepted')
      entry.call.stream.prepare(this.#rememberedMedia()[record.callId]);
    if (record.acceptedAt)
      entry.call.startClock(Math.max(0, (this.server.serverTime ?? Date.now()) - record.acceptedAt));
    this.#learn(entry, said);
    this.emit('resumed', entry.call);
  }

  /** A complete list without it: it is over. The record may still say how. */
  async #vanished(entry) {
    const { facts } = entry;
    this.#learn(entry, { isOver: true, isPresumed: true, status: 'ended', cause: 'lost' });
    const record = await this.get(facts.callId).catch(() => null);
    if (record)
      this.#learn(entry, saidByRecord(record, this.userId, this.deviceId));
  }

  /** Everything that is said about a call comes through here. */
  #learn(entry, said) {
    const { facts, call } = entry;
    const before = facts.status;
    const wasReconnecting = facts.peer === 'reconnecting';
    if (facts.isPresumed && said.status === 'accepted' && !said.isOver)
      this.#hangUp(entry);
    const meaning = learn(facts, said);
    if (!call.stream && facts.direction)
      this.#giveStream(entry);
    if (said.expiresInMs !== undefined && !facts.isOver)
      this.#setRing(entry, said.expiresInMs);
    if (meaning === 'over')
      this.#over(entry);
    else if (facts.status === 'accepted' && before !== 'accepted' && !facts.isOver)
      this.#accepted(entry);
    else if (wasReconnecting && facts.peer === 'connected')
      this.#peerIsBack(entry);
    if (meaning !== 'nothing' && entry.isAnnounced) {
      call.emit('change', call);
      if (said.state)
        call.emit('peer', said.state);
    }
    this.#announce(entry, said);
  }

  /** It was answered when we took it to be over, and the other side waits for us. */
  #hangUp(entry) {
    if (entry.isClosing)
      return;
    entry.isClosing = true;
    this.#askSurely({ request: 'call:end', callId: entry.facts.callId }, CLOSING_MS).catch(() => {});
  }

  #announce(entry, said) {
    const { facts, call } = entry;
    if (entry.isAnnounced || facts.isOver || !facts.direction)
      return;
    entry.isAnnounced = true;
    if (facts.direction === 'outgoing') {
      this.#remember();
      this.emit('outgoing', call);
      return;
    }
    this.emit('incoming', call);
    // This device alerts its user: the caller hears of it.
    if (said.status === 'ringing')
      this.#ask({ request: 'call:ringing', callId: facts.callId }, this.#link).catch(() => {});
  }

  #accepted(entry) {
    const { facts, call } = entry;
    clearTimeout(entry.ring?.timer);
    call.startClock();
    call.stream.start({ join: facts.join, iceServers: facts.join?.iceServers, isResumed: entry.isResumed });
    call.emit('accepted', call);
  }

  #peerIsBack({ call }) {
    call.stream.mend();
    if (call.stream.state !== 'none')
      call.update({ audio: call.stream.audio, video: call.stream.video }).catch(() => {});
  }

  #over(entry) {
    const { call } = entry;
    clearTimeout(entry.ring?.timer);
    call.stopClock();
    call.stream?.close();
    entry.overSince = stopwatch();
    this.#remember();
    if (entry.isAnnounced)
      call.emit('ended', call);
  }

  // --- the ring's end, by our own clock ---

  /** The message may have been under way for long, so the earlier end counts. */
  #setRing(entry, expiresInMs) {
    const left = this.#leftOf(entry);
    if (left !== null && left <= expiresInMs)
      return;
    clearTimeout(entry.ring?.timer);
    entry.ring = { since: stopwatch(), ms: expiresInMs };
    this.#watchRing(entry);
  }

  #leftOf({ ring }) {
    return ring ? Math.max(0, ring.ms - ring.since()) : null;
  }

  #watchRing(entry) {
    const { facts, ring } = entry;
    if (!ring || facts.isOver || facts.status === 'accepted' || entry.isAnswering)
      return;
    clearTimeout(ring.timer);
    const slack = facts.direction === 'incoming' ? 0 : CALLER_SLACK_MS;
    const left = ring.ms + slack - ring.since();
    if (left > 0)
      ring.timer = setTimeout(() => this.#watchRing(entry), left);
    else
      this.#learn(entry, { isOver: true, isPresumed: true, status: 'timeout', cause: 'no_answer' });
  }

  // --- what outlives a reload, and what is forgotten ---

  #rememberedKey() {
    return `janus-call.calls.${this.userId}.${this.deviceId}`;
  }

  /** Only the device itself knows which of its user's calls it has made. */
  #remembered() {
    try {
      return new Set(JSON.parse(this.#storage.getItem(this.#rememberedKey()) ?? '[]'));
    } catch {
      return new Set();
    }
  }

  #remember() {
    if (!this.userId)
      return;
    const ours = [...this.#calls.values()].filter(({ facts }) => facts.direction === 'outgoing' && !facts.isOver);
    this.#storage.setItem(this.#rememberedKey(), JSON.stringify(ours.map(({ facts }) => facts.callId)));
  }

  #mediaKey() {
    return `janus-call.media.${this.userId}.${this.deviceId}`;
  }

  #rememberedMedia() {
    try {
      return JSON.parse(this.#storage.getItem(this.#mediaKey())) ?? {};
    } catch {
      return {};
    }
  }

  /** What this device sends in the calls that it is in. */
  #rememberMedia(callId, media) {
    const known = Object.entries(this.#rememberedMedia()).filter(([id]) => this.#calls.get(id)?.facts.isOver === false);
    this.#storage.setItem(this.#mediaKey(), JSON.stringify({ ...Object.fromEntries(known), [callId]: media }));
  }

  #forgetOld() {
    for (const [id, { facts, overSince }] of this.#calls) {
      const isLive = !facts.isOver && facts.direction;
      if (!isLive && (overSince?.() > FORGET_MS || this.#calls.size > MOST_REMEMBERED))
        this.#calls.delete(id);
    }
  }
}

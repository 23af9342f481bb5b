// A device's media handle: a PeerConnection of `werift`, which is not ours, on a Janus handle of its own. It sends RTP that a
// test makes, and counts what comes.
import assert from 'node:assert/strict';

import { MediaStreamTrack, RTCPeerConnection, RtpHeader, RtpPacket, useOPUS, useVP8 } from 'werift';

import { HostileSocket } from './hostile.mjs';
import { noStun } from './no-stun.mjs';
import { until } from './wait.mjs';

const CLOCK = { audio: 960, video: 3000 };
/** As a whole picture of VP8 begins (RFC 7741), 64 by 48. */
const PICTURE = Buffer.from([0x10, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 48, 0]);

export class MediaPeer {
  /** How many packets came, and the last of them: { audio: { count, last }, video: ... }. */
  received = { audio: { count: 0 }, video: { count: 0 } };
  /** Messages that came: { label, data }. */
  messages = [];
  /** Errors of what happens by itself. */
  failures = [];
  #tracks = {};
  #sequence = { audio: 0, video: 0 };
  #channels = new Map();
  #seen = 0;
  #timer;

  constructor(socket, name) {
    this.socket = socket;
    this.name = name;
  }

  /** A handle with nothing yet. `kinds` is what its PeerConnection will send. */
  static async attach(janus, { name = 'media', kinds = ['audio', 'video'], data = false } = {}) {
    const peer = new MediaPeer(await (await HostileSocket.open(janus.wsUrl)).attach(), name);
    peer.janus = janus;
    peer.connect(kinds, data);
    peer.#timer = setInterval(() => peer.#listen(), 2).unref();
    return peer;
  }

  connect(kinds, data) {
    this.pc = new RTCPeerConnection({ codecs: { audio: [useOPUS()], video: [useVP8()] }, iceUseIpv6: false, 
      iceServers: [{ urls: noStun }] });
    this.pc.ontrack = ({ track }) => {
      track.onReceiveRtp.subscribe((packet) => {
        const { kind } = track;
        this.received[kind].count++;
        this.received[kind].last = packet;
      });
    };
    this.pc.ondatachannel = ({ channel }) => this.#keep(channel);
    for (const kind of kinds)
      this.add(kind);
    if (data)
      this.#keep(this.pc.createDataChannel('chat'));
  }

  add(kind) {
    this.#tracks[kind] = new MediaStreamTrack({ kind });
    this.pc.addTransceiver(this.#tracks[kind], { direction: 'sendrecv' });
  }

  #keep(channel) {
    this.#channels.set(channel.label, channel);
    channel.onMessage.subscribe((data) => this.messages.push({ label: channel.label, data: data.toString() }));
  }

  /** What Janus sent without being asked: all events of this handle. */
  events(name) {
    return this.socket.messages.filter(({ janus, plugindata }) => janus === 'event' && plugindata?.data?.event === name);
  }

  hangups() {
    return this.socket.messages.filter(({ janus }) => janus === 'hangup');
  }

  #listen() {
    const events = this.events('call:media');
    while (this.#seen < events.length) {
      const event = events[this.#seen++];
      this.onMedia(event).catch((error) => this.failures.push(error));
    }
  }

  /** A call:media of the other side: an offer is answered, an answer taken. */
  async onMedia({ jsep, plugindata: { data } }) {
    await this.pc.setRemoteDescription(jsep);
    if (jsep.type !== 'offer')
      return;
    await this.pc.setLocalDescription(await this.pc.createAnswer());
    const reply = await this.ask({ request: 'call:media', callId: data.callId }, this.pc.localDescription);
    if (reply.call !== 'success')
      this.failures.push(new Error(JSON.stringify(reply)));
  }

  async offer(options) {
    await this.pc.setLocalDescription(await this.pc.createOffer(options));
    return this.pc.localDescription;
  }

  ask(body, description) {
    return this.socket.message(body, description && { jsep: { type: description.type, sdp: description.sdp } });
  }

  /** Joins as the callee does, with an offer, or as the caller, without. */
  async join(callId, token, { withOffer = false } = {}) {
    this.callId = callId;
    const reply = await this.ask({ request: 'call:join', callId, token }, withOffer ? await this.offer() : undefined);
    assert.equal(reply.call, 'success', `${this.name} joins: ${JSON.stringify(reply)}`);
    return reply;
  }

  /** Offers anew: with more lines, or an ICE restart. */
  async renegotiate(options) {
    return this.ask({ request: 'call:media', callId: this.callId }, await this.offer(options));
  }

  async connected() {
    await until(() => {
      if (this.failures.length > 0)
        throw this.failures[0];
      return this.pc.connectionState === 'connected';
    }, `${this.name} is connected`, 15_000);
  }

  /** Sends so many packets of a kind. */
  send(kind, count = 1) {
    for (let n = 0; n < count; n++) {
      const sequence = this.#sequence[kind]++ & 0xffff;
      const payload = kind === 'audio' ? Buffer.from([0xfc, 0xff, 0xfe]) : Buffer.concat([PICTURE, Buffer.alloc(200, n)]);
      const header = new RtpHeader({ sequenceNumber: sequence, timestamp: this.#sequence[kind] * CLOCK[kind], marker: true,
        payloadType: 96 });
      this.#tracks[kind].writeRtp(new RtpPacket(header, payload));
    }
  }

  say(text, label = 'chat') {
    this.#channels.get(label).send(text);
  }

  async channel(label = 'chat') {
    await until(() => this.#channels.get(label)?.readyState === 'open', `${this.name}: the channel ${label} is open`);
  }

  /** Sends until the other side has got so many more of a kind. */
  async reaches(other, kind, count = 20) {
    const before = other.received[kind].count;
    await until(() => {
      this.send(kind);
      return other.received[kind].count >= before + count;
    }, `${kind} of ${this.name} reaches ${other.name}`);
  }

  /** What Janus's core knows of the handle. */
  async core() {
    const { info } = await this.janus.adminRequest({ janus: 'handle_info', session_id: this.socket.session,
      handle_id: this.socket.handle });
    return info;
  }

  async hasAgent() {
    const info = await this.core();
    return info !== undefined && ('agent-created' in info || Object.keys(info.sdps ?? {}).length > 0);
  }

  async close() {
    clearInterval(this.#timer);
    this.socket.close();
    await this.pc.close();
  }
}

// A FakePeerConnection, which carries nothing, and a fake Janus's handles: for what a real network does too rarely. With real
// ones: tests/browser.
import { CallError } from '../../../html-demo/janus-call.js';

const fakeTrack = (kind) => ({ kind, enabled: true, readyState: 'live', stop() { this.readyState = 'ended'; } });

export class FakePeerConnection {
  static all = [];
  signalingState = 'stable';
  connectionState = 'new';
  localDescription = null;
  transceivers = [];
  log = [];
  #round = 0;

  constructor() {
    FakePeerConnection.all.push(this);
  }

  static get open() {
    return FakePeerConnection.all.filter(({ signalingState }) => signalingState !== 'closed');
  }

  addTransceiver(what) {
    const kind = what.kind ?? what;
    this.transceivers.push({ sender: { track: what.kind ? what : null }, receiver: { track: { kind } }, mid: String(this.transceivers.length) });
  }

  addTrack(track) { this.addTransceiver(track); }
  createDataChannel(label) { return Object.assign(new EventTarget(), { label, readyState: 'connecting' }); }
  getTransceivers() { return this.transceivers; }
  getReceivers() { return this.transceivers.map(() => ({ track: fakeTrack('audio') })); }
  getSenders() { return this.transceivers.map(({ sender }) => sender); }

  async setLocalDescription({ type } = {}) {
    this.log.push(type ?? (this.signalingState === 'have-remote-offer' ? 'answers' : 'offers'));
    if (type === 'rollback') {
      this.#signals('stable');
      return;
    }
    const isAnswer = this.signalingState === 'have-remote-offer';
    this.localDescription = { type: isAnswer ? 'answer' : 'offer', sdp: `sdp ${++this.#round}` };
    this.#signals(isAnswer ? 'stable' : 'have-local-offer');
  }

  async setRemoteDescription({ type, sdp }) {
    if (sdp === 'does not fit')
      throw new Error('The order of m-lines in subsequent offer doesn\'t match order from previous offer/answer.');
    this.log.push(`takes ${type}`);
    this.#signals(type === 'offer' ? 'have-remote-offer' : 'stable');
  }

  #signals(state) {
    this.signalingState = state;
    this.onsignalingstatechange?.();
  }

  restartIce() {
    this.log.push('restarts');
    this.onnegotiationneeded();
  }

  /** What a browser would find out. */
  become(state) {
    this.connectionState = state;
    this.onconnectionstatechange();
  }

  close() { this.signalingState = 'closed'; }
}

/** The port of a stream whose handles are the test's: `answer(body, jsep, handle)` is what the plugin answers. */
export function fakePort(answer, more = {}) {
  const handles = [];
  return {
    isCaller: true, callId: 'C', media: { audio: true, video: false }, tell() {}, handles, join: () => ({ token: 'T' }),
    getUserMedia: async () => {
      const tracks = [fakeTrack('audio')];
      return { getTracks: () => tracks, getAudioTracks: () => tracks, getVideoTracks: () => [] };
    },
    attach: async (plugin, hooks) => {
      const handle = {
        plugin, requests: [], isDetached: false,
        say: (data, jsep) => hooks.event(data, jsep),
        offer: (sdp = 'fits') => hooks.event({ event: 'call:media' }, { type: 'offer', sdp }),
        answer: () => hooks.event({ event: 'call:media' }, { type: 'answer', sdp: 'fits' }),
        lose: () => hooks.lost(new CallError('media_lost', 'a test')),
      };
      handles.push(handle);
      return {
        request: async (body, jsep) => {
          handle.requests.push(jsep ? `${body.request} ${jsep.type}` : body.request);
          return answer(body, jsep, handle);
        },
        trickle() {},
        detach: () => { handle.isDetached = true; },
      };
    },
    ...more,
  };
}

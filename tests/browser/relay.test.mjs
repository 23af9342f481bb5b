// What is relayed between two real Chromium PeerConnections, which a test signals for by itself: the quality of simulcast that the
// receiver chose, pictures that go on when either side joins anew, pictures that only the two can read. Of the page in a call see
// media.test.mjs.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { chromium } from 'playwright-core';

import { HostileSocket } from '../e2e/lib/hostile.mjs';
import { ring, scene } from '../e2e/lib/scene.mjs';
import { until } from '../e2e/lib/wait.mjs';

const LIMIT_MS = 20_000;
const ENCODINGS = [{ rid: 'h' }, { rid: 'm', scaleResolutionDownBy: 2 }, { rid: 'l', scaleResolutionDownBy: 4 }];
const WIDTHS = [320, 640, 1280];

const it = scene();
let browser;
let page;
before(async () => {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: ['--headless', '--no-sandbox', '--disable-gpu'] });
  page = await browser.newPage();
  await page.goto('about:blank');
});
after(() => browser?.close());

/** A PeerConnection in the page, that sends a picture which moves, with a media handle of its own. */
class Peer {
  #heard = 0;

  /** secret: a number that every byte of its pictures is mixed with, for whoever knows it too. */
  static async open(name, { encodings, secret } = {}) {
    const peer = new Peer();
    peer.name = name;
    peer.isEncrypted = secret !== undefined;
    peer.socket = await (await HostileSocket.open(it.janus.wsUrl)).attach();
    await page.evaluate(([id, sendEncodings, mixedWith]) => {
      const isMixed = mixedWith !== undefined;
      const mix = ({ readable, writable }) => readable.pipeThrough(new TransformStream({
        transform(frame, controller) {
          // VP8's first bytes say what a picture is, to whoever puts packets together.
          const open = frame.type === 'key' ? 10 : 3;
          frame.data = new Uint8Array(frame.data).map((byte, i) => (i < open ? byte : byte ^ mixedWith)).buffer;
          controller.enqueue(frame);
        },
      })).pipeTo(writable);
      const canvas = Object.assign(document.createElement('canvas'), { width: 1280, height: 720 });
      const paint = canvas.getContext('2d');
      let n = 0;
      setInterval(() => {
        paint.fillStyle = `hsl(${n++ * 7 % 360} 90% 50%)`;
        paint.fillRect(0, 0, 1280, 720);
      }, 40);
      const pc = new RTCPeerConnection({ encodedInsertableStreams: isMixed });
      const [track] = canvas.captureStream(25).getVideoTracks();
      pc.ontrack = ({ track: theirs, receiver }) => {
        if (isMixed && !sendEncodings)
          mix(receiver.createEncodedStreams());
        const video = Object.assign(document.createElement('video'), { autoplay: true, muted: true, srcObject: new MediaStream([theirs]) });
        document.body.append(video);
      };
      const send = () => {
        const { sender, receiver } = sendEncodings ? pc.addTransceiver(track, { direction: 'sendrecv', sendEncodings }) : { sender: pc.addTrack(track) };
        if (isMixed)
          mix(sender.createEncodedStreams());
        // Later would be too late for whoever offers.
        if (isMixed && receiver)
          mix(receiver.createEncodedStreams());
      };
      if (sendEncodings)
        send();
      window[id] = { pc, send };
    }, [name, encodings, secret]);
    return peer;
  }

  /** Sets its own description, 'offer', 'answer' or 'restart' (of ICE), and gives it out with all candidates. */
  async describe(kind) {
    const description = await page.evaluate(async ([id, what]) => {
      const { pc } = window[id];
      await pc.setLocalDescription(await (what === 'answer' ? pc.createAnswer() : pc.createOffer({ iceRestart: what === 'restart' })));
      while (pc.iceGatheringState !== 'complete')
        await new Promise((resolve) => { pc.addEventListener('icegatheringstatechange', resolve, { once: true }); });
      return { type: pc.localDescription.type, sdp: pc.localDescription.sdp };
    }, [this.name, kind]);
    return { ...description, ...this.isEncrypted && { e2ee: true } };
  }

  async ask(body, jsep) {
    const reply = await this.socket.message(body, { jsep });
    assert.equal(reply.call, 'success', `${this.name}: ${JSON.stringify(reply)}`);
  }

  /** Takes the next description of the other side. */
  async hear() {
    const next = () => this.socket.messages.filter(({ plugindata }) => plugindata?.data?.event === 'call:media')[this.#heard];
    await until(next, `${this.name} hears call:media`);
    const { jsep } = next();
    this.#heard++;
    await page.evaluate(async ([id, description]) => {
      const { pc, send } = window[id];
      await pc.setRemoteDescription(description);
      if (description.type === 'offer' && !pc.getSenders().some((sender) => sender.track))
        send();
    }, [this.name, jsep]);
    return jsep;
  }

  async answer(callId) {
    const offer = await this.hear();
    await this.ask({ request: 'call:media', callId }, await this.describe('answer'));
    return offer;
  }

  seen() {
    return page.evaluate(async (id) => {
      for (const report of (await window[id].pc.getStats()).values()) {
        if (report.type === 'inbound-rtp')
          return { frames: report.framesDecoded, width: report.frameWidth, packets: report.packetsReceived };
      }
      return { frames: 0, packets: 0 };
    }, this.name);
  }

  /** Waits until it has decoded so many pictures more. */
  async sees(count = 20) {
    const { frames } = await this.seen();
    await until(async () => (await this.seen()).frames >= frames + count, `${this.name} sees pictures`, LIMIT_MS);
  }

  async seesWidth(width) {
    let seen;
    await until(async () => {
      seen = await this.seen();
      return seen.width === width;
    }, `${this.name} sees a picture ${width} wide`, LIMIT_MS).catch((error) => { throw new Error(`${error.message}: ${JSON.stringify(seen)}`); });
    await this.sees(10);
  }
}

/** A relayed call that both have accepted: { caller, callId, tokens: [caller's, callee's] }. */
async function accepted() {
  const { caller, callee } = await it.pair();
  const callId = await ring(caller, [callee], { mode: 'relay' });
  const { join: { token: theirs } } = await callee.ask('call:accept', { callId });
  const { join: { token: ours } } = await caller.next('call:accepted');
  return { caller, callId, tokens: [ours, theirs] };
}

/** The callee offers, the caller answers. Returns both descriptions as they arrived. */
async function agree(callId, [ourToken, theirToken], ours, theirs) {
  await theirs.ask({ request: 'call:join', callId, token: theirToken }, await theirs.describe('offer'));
  await ours.ask({ request: 'call:join', callId, token: ourToken });
  const offer = await ours.answer(callId);
  return { offer, answer: await theirs.hear() };
}

test('a receiver gets the quality it chose, and goes on seeing when either side joins anew', { timeout: 120_000 }, async () => {
  const { caller, callId, tokens } = await accepted();
  const [ourToken, theirToken] = tokens;
  let theirs = await Peer.open('callee', { encodings: ENCODINGS });
  const ours = await Peer.open('caller');
  assert.match((await agree(callId, tokens, ours, theirs)).answer.sdp, /a=simulcast:recv h;m;l/);
  await Promise.all([ours.sees(), theirs.sees()]);
  for (const substream of [0, 1, 2]) {
    await ours.ask({ request: 'call:configure', callId, substream });
    await ours.seesWidth(WIDTHS[substream]);
  }
  // A new description of the same: what was learnt of the qualities stays good.
  await theirs.ask({ request: 'call:media', callId }, await theirs.describe('restart'));
  await ours.answer(callId);
  await theirs.hear();
  await ours.ask({ request: 'call:configure', callId, substream: 1 });
  await ours.seesWidth(WIDTHS[1]);
  await theirs.sees();

  theirs = await Peer.open('calleeAgain', { encodings: ENCODINGS });
  await theirs.ask({ request: 'call:join', callId, token: theirToken }, await theirs.describe('offer'));
  await ours.answer(callId);
  await theirs.hear();
  await Promise.all([ours.sees(), theirs.sees()]);

  const again = await Peer.open('callerAgain');
  await again.ask({ request: 'call:join', callId, token: ourToken });
  await again.answer(callId);
  await Promise.all([again.sees(), theirs.sees()]);
  await caller.ask('call:end', { callId });
});

test('pictures that are encrypted end to end pass as they are, for whoever has the key and for nobody else', { timeout: 60_000 }, async () => {
  const { caller, callId, tokens } = await accepted();
  const theirs = await Peer.open('calleeWithKey', { encodings: [{}], secret: 0xa5 });
  const ours = await Peer.open('callerWithKey', { secret: 0xa5 });
  const { offer, answer } = await agree(callId, tokens, ours, theirs);
  assert.deepEqual([offer.e2ee, answer.e2ee], [true, true]);
  await Promise.all([ours.sees(), theirs.sees()]);

  const other = await Peer.open('callerWithAnotherKey', { secret: 0x5a });
  await other.ask({ request: 'call:join', callId, token: tokens[0] });
  await other.answer(callId);
  await until(async () => (await other.seen()).packets > 100, 'packets come', LIMIT_MS);
  assert.equal((await other.seen()).frames, 0);
  await caller.ask('call:end', { callId });
});

// What is relayed between two real Chromium PeerConnections, which a test signals for by itself: the quality of simulcast that the
// receiver chose, and pictures that go on when either side joins anew. Of the page in a call see media.test.mjs.
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

  static async open(name, encodings) {
    const peer = new Peer();
    peer.name = name;
    peer.socket = await (await HostileSocket.open(it.janus.wsUrl)).attach();
    await page.evaluate(([id, sendEncodings]) => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 1280, height: 720 });
      const paint = canvas.getContext('2d');
      let n = 0;
      setInterval(() => {
        paint.fillStyle = `hsl(${n++ * 7 % 360} 90% 50%)`;
        paint.fillRect(0, 0, 1280, 720);
      }, 40);
      const pc = new RTCPeerConnection();
      const [track] = canvas.captureStream(25).getVideoTracks();
      pc.ontrack = ({ track: theirs }) => {
        const video = Object.assign(document.createElement('video'), { autoplay: true, muted: true, srcObject: new MediaStream([theirs]) });
        document.body.append(video);
      };
      if (sendEncodings)
        pc.addTransceiver(track, { direction: 'sendrecv', sendEncodings });
      window[id] = { pc, track };
    }, [name, encodings]);
    return peer;
  }

  /** Sets its own description, 'offer', 'answer' or 'restart' (of ICE), and gives it out with all candidates. */
  describe(kind) {
    return page.evaluate(async ([id, what]) => {
      const { pc } = window[id];
      await pc.setLocalDescription(await (what === 'answer' ? pc.createAnswer() : pc.createOffer({ iceRestart: what === 'restart' })));
      while (pc.iceGatheringState !== 'complete')
        await new Promise((resolve) => { pc.addEventListener('icegatheringstatechange', resolve, { once: true }); });
      return { type: pc.localDescription.type, sdp: pc.localDescription.sdp };
    }, [this.name, kind]);
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
      const { pc, track } = window[id];
      await pc.setRemoteDescription(description);
      if (description.type === 'offer' && !pc.getSenders().some((sender) => sender.track))
        pc.addTrack(track);
    }, [this.name, jsep]);
    return jsep;
  }

  async answer(callId) {
    await this.hear();
    await this.ask({ request: 'call:media', callId }, await this.describe('answer'));
  }

  seen() {
    return page.evaluate(async (id) => {
      for (const report of (await window[id].pc.getStats()).values()) {
        if (report.type === 'inbound-rtp')
          return { frames: report.framesDecoded, width: report.frameWidth };
      }
      return { frames: 0 };
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

test('a receiver gets the quality it chose, and goes on seeing when either side joins anew', { timeout: 120_000 }, async () => {
  const { caller, callee } = await it.pair();
  const callId = await ring(caller, [callee], { mode: 'relay' });
  const { join: { token: theirToken } } = await callee.ask('call:accept', { callId });
  const { join: { token: ourToken } } = await caller.next('call:accepted');
  let theirs = await Peer.open('callee', ENCODINGS);
  const ours = await Peer.open('caller');
  await theirs.ask({ request: 'call:join', callId, token: theirToken }, await theirs.describe('offer'));
  await ours.ask({ request: 'call:join', callId, token: ourToken });
  await ours.answer(callId);
  assert.match((await theirs.hear()).sdp, /a=simulcast:recv h;m;l/);
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

  theirs = await Peer.open('calleeAgain', ENCODINGS);
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

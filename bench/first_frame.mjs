// How long after the accept the first picture is decoded on both sides: calls of mode relay beside Janus's own VideoCall, in
// the same Chromium, on the same Janus, in turn. Ours negotiates only after the accept; VideoCall's caller has offered before.
// The callee asks for its camera after the accept in both. By hand, after `npm ci` in tests/e2e, tests/browser and html-demo:
//   node bench/first_frame.mjs [ROUNDS]
// Exits with 1 when ours is more than 150 ms later (medians).
import { Site } from '../tests/browser/lib/page.mjs';
import { quantile } from '../tests/e2e/lib/measure.mjs';

const ROUNDS = Number(process.argv[2] ?? 9);
const MOST_LATER_MS = 150;

/** In each page, before anything else: both clients, with the same constraints and the same clock. */
async function begin({ server, userId }) {
  const { CallClient, webSocketTransport } = await import('./janus-call.js');
  const peers = [];
  const Real = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Real {
    constructor(...args) {
      super(...args);
      peers.push(this);
    }
  };
  const now = () => performance.timeOrigin + performance.now();
  const media = () => navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  const frames = async (peer) => [...(await peer.getStats()).values()]
    .filter(({ type, kind }) => type === 'inbound-rtp' && kind === 'video').reduce((sum, { framesDecoded }) => sum + framesDecoded, 0);
  /** When the first picture was decoded. */
  globalThis.firstFrame = async () => {
    for (;;) {
      for (const peer of peers.filter(({ signalingState }) => signalingState !== 'closed')) {
        if (await frames(peer) > 0)
          return now();
      }
      await new Promise((resolve) => { setTimeout(resolve, 3); });
    }
  };

  const client = new CallClient({ url: server, mode: 'relay' });
  await client.register({ userId });
  let incoming;
  client.on('incoming', (call) => { incoming = call; });
  globalThis.ours = {
    ready() {},
    call: (callee) => { client.call(callee, { video: true }); },
    rings: () => incoming?.isRinging === true,
    accept: () => {
      const at = now();
      incoming.accept();
      return at;
    },
    end: () => client.calls[0]?.end(),
    isOver: () => client.calls.length === 0,
  };

  // VideoCall as its own demo uses it: one handle, the offer with the call, the answer with the accept.
  const link = await webSocketTransport(server).open({ event() {}, lost() {}, isForMedia: true });
  let peer = null;
  let local = null;
  let offer = null;
  const hangUp = () => {
    peer?.close();
    local?.getTracks().forEach((track) => track.stop());
    peer = local = offer = null;
  };
  const connect = async () => {
    peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    peer.onicecandidate = ({ candidate }) => handle.trickle(candidate?.toJSON() ?? { completed: true });
    local = await media();
  };
  let handle;
  const attach = () => link.attach('janus.plugin.videocall', {
    lost() {},
    event: ({ result, error }, jsep) => {
      if (error)
        console.error(error);
      if (result?.event === 'incomingcall')
        offer = jsep;
      else if (result?.event === 'accepted' && jsep)
        peer.setRemoteDescription(jsep);
      else if (result?.event === 'hangup')
        hangUp();
    },
  });
  const plain = ({ type, sdp }) => ({ type, sdp });
  const addTracks = () => local.getTracks().forEach((track) => peer.addTrack(track, local));
  globalThis.videocall = {
    /** A handle ends with its PeerConnection, so each call has its own. */
    ready: async (n) => {
      handle = await attach();
      await handle.request({ request: 'register', username: `${userId}-${n}` });
    },
    call: async (callee, n) => {
      await connect();
      addTracks();
      await peer.setLocalDescription();
      handle.request({ request: 'call', username: `${callee}-${n}` }, plain(peer.localDescription));
    },
    rings: () => offer !== null,
    accept: () => {
      const at = now();
      (async () => {
        await connect();
        await peer.setRemoteDescription(offer);
        addTracks();
        await peer.setLocalDescription();
        handle.request({ request: 'accept' }, plain(peer.localDescription));
      })();
      return at;
    },
    end: () => {
      handle.request({ request: 'hangup' });
    },
    isOver: () => peer === null,
  };
}

let calls = 0;

async function measure(pages, name) {
  const [caller, callee] = pages;
  const n = calls++;
  await Promise.all(pages.map((page) => page.evaluate(([which, number]) => globalThis[which].ready(number), [name, n])));
  await caller.evaluate(([which, user, number]) => globalThis[which].call(user, number), [name, 'bob', n]);
  await callee.waitForFunction((which) => globalThis[which].rings(), name);
  // The caller's camera is on, and VideoCall's candidates are where they belong.
  await caller.waitForTimeout(500);
  const seen = pages.map((page) => page.evaluate(() => firstFrame()));
  const at = await callee.evaluate((which) => globalThis[which].accept(), name);
  const ms = Math.max(...await Promise.all(seen)) - at;
  await caller.evaluate((which) => { globalThis[which].end(); }, name);
  await Promise.all(pages.map((page) => page.waitForFunction((which) => globalThis[which].isOver(), name)));
  return ms;
}

const site = new Site();
try {
  await site.open({ beside: { videocall: {} }, plugin: { general: { log_calls: false } } });
  const pages = [];
  for (const userId of ['alice', 'bob']) {
    const page = await (await site.context()).newPage();
    page.on('console', (message) => message.type() === 'error' && console.error(`${userId}: ${message.text()}`));
    await page.goto(`${site.url}minimal.html`);
    await page.evaluate(begin, { server: site.janus.wsUrl, userId });
    pages.push(page);
  }
  const results = { ours: [], videocall: [] };
  for (const name of Object.keys(results))
    await measure(pages, name);
  for (let n = 0; n < ROUNDS; n++) {
    for (const name of Object.keys(results))
      results[name].push(await measure(pages, name));
  }
  const median = (name) => quantile(results[name], 0.5);
  for (const [name, each] of Object.entries(results)) {
    console.log(`${name}: ${median(name).toFixed(0)} ms from the accept to the first picture on both sides `
      + `(${each.map((ms) => ms.toFixed(0)).join(' ')})`);
  }
  const later = median('ours') - median('videocall');
  console.log(`difference: ${later.toFixed(0)} ms, ratio ${(median('ours') / median('videocall')).toFixed(2)}`);
  process.exitCode = later <= MOST_LATER_MS ? 0 : 1;
} finally {
  await site.close();
}

// What two pages see and hear of each other: read from the browser's own numbers.
import assert from 'node:assert/strict';

import { until, within } from '../../e2e/lib/wait.mjs';
import { dial, phase } from './page.mjs';

const LIMIT_MS = 20_000;
/** One and a half seconds of sound: the fake microphone beeps once in each. */
const BEEPS = 72_000;
const FRAMES = 10;
const PACKETS = 20;

/** For a context: keeps hold of every RTCPeerConnection that a page makes. */
export const watchPeers = (context) => context.addInitScript(() => {
  globalThis.peers = [];
  const Real = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Real {
    constructor(...args) {
      super(...args);
      globalThis.peers.push(this);
    }
  };
});

/** What has come to this page so far over connections that are open: frames decoded, samples and energy of sound, packets. */
export const got = (tab) => tab.evaluate(async () => {
  const sum = { frames: 0, samples: 0, energy: 0, audioPackets: 0, videoPackets: 0 };
  for (const peer of globalThis.peers.filter(({ signalingState }) => signalingState !== 'closed')) {
    for (const each of (await peer.getStats()).values()) {
      if (each.type !== 'inbound-rtp')
        continue;
      sum.frames += each.framesDecoded ?? 0;
      sum.samples += each.totalSamplesReceived ?? 0;
      sum.energy += each.totalAudioEnergy ?? 0;
      sum[`${each.kind}Packets`] += each.packetsReceived ?? 0;
    }
  }
  return sum;
});

/** Resolves when that much more has come, with how much did. */
async function grows(tab, what, by) {
  let before = await got(tab);
  let now;
  await until(async () => {
    now = await got(tab);
    // Another connection began at nothing.
    if (now[what] < before[what])
      before = now;
    return now[what] >= before[what] + by;
  }, `${tab.userId}: ${what} + ${by}`, LIMIT_MS);
  return Object.fromEntries(Object.keys(now).map((key) => [key, now[key] - before[key]]));
}

/** Pictures that move come to this tab. */
export const sees = (tab) => grows(tab, 'frames', FRAMES);

/** What it gets while so many pictures come. */
export const duringPictures = sees;

/** Sound that is no silence. */
export const hears = (tab) => grows(tab, 'energy', 1e-4);

/** Sound comes, and it is silence. */
export async function hearsSilence(tab) {
  await until(async () => (await grows(tab, 'samples', BEEPS)).energy < 1e-6, `${tab.userId} hears silence`, 2 * LIMIT_MS);
}

export async function bothWays(...tabs) {
  await Promise.all(tabs.flatMap((tab) => [sees(tab), hears(tab)]));
}

/** Evaluates on the stream of the tab's call. */
export const onStream = (tab, work, arg) => tab.evaluate(([text, given]) => eval(`(${text})`)(globalThis.page.client.calls[0].stream, given), [String(work), arg]);

/** The state of each RTCPeerConnection that this tab has made. */
export const peersOf = (tab) => tab.evaluate(() => peers.map(({ signalingState, connectionState }) => `${signalingState} ${connectionState}`));

export const streamIs = (tab, state) => tab.waitForFunction((wanted) => globalThis.page.client.calls[0]?.stream.state === wanted, state);

/** Text of this tab's user reaches the other's. */
export async function says(from, to, text) {
  const heard = onStream(to, (stream) => stream.next('text'));
  await onStream(from, (stream, words) => stream.sendText(words), text);
  assert.equal(await within(heard, `the text of ${from.userId} arrives`), text);
}

/** As bothWays(), for pages that play nothing, of whose sound the browser therefore knows no energy. */
export async function arrivesBothWays(...tabs) {
  await Promise.all(tabs.flatMap((tab) => [sees(tab), grows(tab, 'audioPackets', PACKETS)]));
}

/** Two people in browsers of their own, with tabs that are online. */
export async function pairOf(scene, { mode = 'relay', query = '' } = {}) {
  const people = {};
  for (const name of ['alice', 'bob']) {
    const context = await scene.context();
    await watchPeers(context);
    people[name] = await scene.tab(scene.name(name), { context, query: `&mode=${mode}${query}` });
  }
  return people;
}

export async function answered(people, { video = false } = {}) {
  const { alice, bob } = people;
  await dial(alice, bob.userId, { video });
  await phase(bob, 'incoming');
  await bob.click(video ? '#accept-video' : '#accept-voice');
  await Promise.all([phase(alice, 'talking'), phase(bob, 'talking')]);
  return people;
}

/** The same, and media flows. */
export async function talking(scene, { mode, query, video = false } = {}) {
  const people = await answered(await pairOf(scene, { mode, query }), { video });
  await Promise.all(Object.values(people).map(video ? sees : hears));
  return people;
}

export async function hangUp(by, other) {
  await by.click('#hang-up');
  await phase(other, 'over');
  for (const tab of [by, other]) {
    await tab.waitForFunction(() => globalThis.peers.every(({ signalingState }) => signalingState === 'closed'));
    assert.deepEqual(tab.errors, []);
  }
}

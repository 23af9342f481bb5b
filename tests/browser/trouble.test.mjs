// The page when things go wrong: the ring's end, a server that restarts, a network that goes, reloads, refusals.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { until } from '../e2e/lib/wait.mjs';
import { dial, line, online, phase, seesPicture, shown, site } from './lib/page.mjs';

const OFFLINE_MS = 5000;
const scene = site({ plugin: { timers: { ring: 8000, unreachable: 1000 } } });
afterEach(async () => {
  await scene.clear();
  scene.proxy.reset();
});

async function pair(options = {}) {
  return { alice: await scene.tab(scene.name('alice'), options), bob: await scene.tab(scene.name('bob'), options) };
}

async function talking({ mode, ...options } = {}) {
  const people = await pair(options);
  const { alice, bob } = people;
  if (mode)
    await alice.evaluate((chosen) => { document.getElementById('mode').value = chosen; }, mode);
  await dial(alice, bob.userId, { video: true });
  await phase(bob, 'incoming');
  await bob.click('#accept-video');
  await Promise.all([seesPicture(alice), seesPicture(bob)]);
  return people;
}

test('nobody answers: both see the time run out', async () => {
  const { alice, bob } = await pair();
  await dial(alice, bob.userId);
  await phase(bob, 'incoming');
  await bob.locator('#stage-timer').getByText('1 s left').waitFor();
  await Promise.all([shown(alice, 'No answer').waitFor(), shown(bob, 'Missed call').waitFor()]);
  assert.equal(await bob.evaluate(() => page.sounding()), null);
  await alice.locator('#recent').getByText(/no answer/).waitFor();
});

test('nobody is there', async () => {
  const alice = await scene.tab(scene.name('alice'));
  await dial(alice, scene.name('nobody'));
  await shown(alice, 'Not online just now').waitFor();
  await alice.locator('#stage[data-phase="over"]').getByText('Not online').waitFor();
});

test('calling oneself', async () => {
  const alice = await scene.tab(scene.name('alice'));
  await dial(alice, alice.userId);
  await shown(alice, 'That is you').waitFor();
  await shown(alice, 'Open a second tab as somebody else').waitFor();
});

test('the server restarts in mid-ring: nobody rings on, and the next call works', async () => {
  const { alice, bob } = await pair();
  await dial(alice, bob.userId);
  await phase(bob, 'incoming');
  await scene.restartJanus();
  await Promise.all([shown(alice, 'The server restarted').waitFor(), shown(bob, 'The server restarted').waitFor()]);
  assert.deepEqual(await Promise.all([alice, bob].map((tab) => tab.evaluate(() => page.sounding() === 'incoming'))), [false, false]);
  await alice.click('#again');
  await phase(bob, 'incoming');
  await bob.click('#decline');
  await shown(alice, `${bob.userId} declined`).waitFor();
});

test('no server: the page says so, with what to do, and comes back by itself', async () => {
  const alice = await scene.tab(scene.name('alice'));
  scene.proxy.refuses = true;
  scene.proxy.cut();
  await shown(alice, 'No connection to').waitFor();
  await shown(alice, './run.sh starts it').waitFor();
  scene.proxy.refuses = false;
  await alice.getByRole('button', { name: 'Try now' }).click();
  await online(alice);
  await alice.locator('#notice').waitFor({ state: 'hidden' });
});

test('the network goes for 5 s in a call, and the call goes on', async () => {
  const { alice, bob } = await talking();
  await bob.context().setOffline(true);
  // Time itself is the matter here.
  await bob.waitForTimeout(OFFLINE_MS);
  const wasCut = await bob.evaluate(() => page.client.state.name !== 'online');
  await bob.context().setOffline(false);
  await online(bob);
  await Promise.all([alice, bob].map((tab) => tab.waitForFunction(() => page.client.calls[0]?.stream.state === 'connected')));
  assert.deepEqual(await Promise.all([phaseOf(alice), phaseOf(bob)]), ['talking', 'talking']);
  await Promise.all([seesPicture(alice), seesPicture(bob)]);
  console.log(`offline: the browser ${wasCut ? 'cut' : 'left'} the connection to the server`);
  await alice.click('#hang-up');
  await phase(bob, 'over');
});

test('the way to the server breaks in a call: both are told, and the call goes on', async () => {
  const { alice, bob } = await talking({ mode: 'relay' });
  scene.proxy.refuses = true;
  scene.proxy.cut();
  await shown(alice, 'Your connection is lost').waitFor();
  scene.proxy.refuses = false;
  await Promise.all([online(alice), online(bob)]);
  await Promise.all([alice, bob].map((tab) => tab.waitForFunction(() => document.getElementById('stage-line').textContent === '')));
  await Promise.all([seesPicture(alice), seesPicture(bob)]);
  await bob.click('#mute');
  await shown(alice, `${bob.userId} is muted`).waitFor();
  await alice.click('#hang-up');
  await phase(bob, 'over');
});

const phaseOf = (tab) => tab.locator('#stage').getAttribute('data-phase');

for (const who of ['alice', 'bob']) {
  test(`a reload in a call, by the ${who === 'alice' ? 'caller' : 'callee'}: the pictures come back`, async () => {
    const people = await talking();
    const other = people[who === 'alice' ? 'bob' : 'alice'];
    await people[who].reload();
    await phase(people[who], 'talking');
    await Promise.all([seesPicture(people.alice), seesPicture(people.bob)]);
    const call = await other.evaluate(() => page.client.calls[0].id);
    assert.equal(await people[who].evaluate(() => page.client.calls[0].id), call);
    await people[who].click('#hang-up');
    await phase(other, 'over');
    await until(async () => await line(other) === `${people[who].userId} hung up`, 'the other side knows');
  });
}

test('a reload turns on no camera and no microphone that was off', async () => {
  const { alice, bob } = await pair();
  await dial(alice, bob.userId, { video: true });
  await phase(bob, 'incoming');
  await bob.click('#accept-voice');
  await seesPicture(bob);
  await bob.click('#mute');
  await bob.reload();
  await seesPicture(bob);
  assert.deepEqual(await bob.evaluate(() => [page.client.calls[0].stream.audio, page.client.calls[0].stream.video]), [false, false]);
  await shown(alice, `${bob.userId} is muted`).waitFor();
  await bob.click('#mute');
  await shown(alice, `${bob.userId} is muted`).waitFor({ state: 'hidden' });
  await bob.click('#hang-up');
});

test('a reload while it rings: it rings on', async () => {
  const { alice, bob } = await pair();
  await dial(alice, bob.userId);
  await phase(bob, 'incoming');
  await bob.reload();
  await phase(bob, 'incoming');
  await alice.reload();
  await phase(alice, 'outgoing');
  await alice.click('#cancel');
  await shown(bob, 'Missed call').waitFor();
});

test('the same tab twice: one of them rings, the other says so', async () => {
  const context = await scene.context();
  const userId = scene.name('alice');
  const first = await scene.tab(userId, { context });
  const device = await first.evaluate(() => sessionStorage.getItem('janus-call.device'));
  const second = await context.newPage();
  // What a browser does when a tab is duplicated.
  await second.addInitScript((id) => sessionStorage.setItem('janus-call.device', id), device);
  await second.goto(`${scene.url}?user=${userId}`);
  await online(second);
  await shown(first, 'open in another tab').waitFor();
  await first.getByRole('button', { name: 'Use this tab' }).click();
  await online(first);
  await shown(second, 'open in another tab').waitFor();
});

test('the camera is refused: the call goes on, and the page says what to do', async () => {
  const alice = await scene.tab(scene.name('alice'));
  const bob = await scene.tab(scene.name('bob'), { browser: await scene.strictBrowser() });
  await dial(alice, bob.userId, { video: true });
  await phase(bob, 'incoming');
  await bob.click('#accept-video');
  await seesPicture(bob);
  await shown(bob, 'The browser may not use the microphone.').waitFor();
  await shown(bob, 'Allow it beside the address').waitFor();
  // Now it is allowed, and the buttons do what the words say.
  await bob.context().grantPermissions(['microphone', 'camera']);
  await bob.click('#mute');
  await bob.locator('#trouble').waitFor({ state: 'hidden' });
  await bob.click('#camera');
  await seesPicture(alice);
  assert.equal(await alice.evaluate(() => page.client.calls[0].stream.remote.getAudioTracks().length), 1);
  await alice.click('#hang-up');
});

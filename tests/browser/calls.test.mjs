// The page as people use it: two browsers, one of the users on two tabs.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { dial, line, online, phase, seesPicture, shown, site } from './lib/page.mjs';

const REJECTS = 7;
const MOST_MS = 100;

const scene = site();
afterEach(() => scene.clear());

/** Alice in a browser of her own, Bob with two tabs in his. */
async function trio(options) {
  const context = await scene.context(options);
  const [alice, bob] = [scene.name('alice'), scene.name('bob')];
  const tabs = {
    alice: await scene.tab(alice, options), phone: await scene.tab(bob, { context }), tablet: await scene.tab(bob, { context }),
  };
  return { ...tabs, all: Object.values(tabs) };
}

async function ringing(people, options) {
  await dial(people.alice, people.phone.userId, options);
  await Promise.all([phase(people.phone, 'incoming'), phase(people.tablet, 'incoming')]);
}

const sounding = (tab) => tab.evaluate(() => page.sounding());

const assertNoErrors = ({ all }) => all.forEach(({ errors }) => assert.deepEqual(errors, []));

/** A clock that all tabs share, in ms. */
const NOW = 'performance.timeOrigin + performance.now()';

test('both tabs ring; a reject on one reaches the caller\'s page at once, and the other tab stops', async () => {
  const people = await trio();
  const { alice, phone, tablet } = people;
  const took = [];
  for (let n = 0; n < REJECTS; n++) {
    await ringing(people);
    await shown(alice, 'Ringing on 2 devices').waitFor();
    assert.deepEqual(await Promise.all([alice, phone, tablet].map(sounding)), ['ringback', 'incoming', 'incoming']);
    // Both pages take the time themselves: at the click, and when the words are in the page.
    const told = alice.evaluate((now) => new Promise((resolve) => {
      const look = () => document.getElementById('stage').dataset.phase === 'over' && resolve(eval(now));
      new MutationObserver(look).observe(document.getElementById('stage'), { attributes: true });
    }), NOW);
    const clicked = phone.evaluate((now) => new Promise((resolve) => {
      document.getElementById('decline').addEventListener('click', () => resolve(eval(now)), { capture: true, once: true });
    }), NOW);
    await phone.click('#decline');
    took.push(await told - await clicked);
    assert.equal(await line(alice), `${phone.userId} declined`);
    await shown(tablet, 'Declined on another device').waitFor();
    assert.equal(await sounding(tablet), null);
    await Promise.all([phase(phone, 'none'), phase(tablet, 'none')]);
    await alice.click('#close');
  }
  took.sort((a, b) => a - b);
  const median = took[took.length >> 1];
  console.log(`reject: the caller's page said so after ${median.toFixed(1)} ms (median of ${REJECTS}; most ${took.at(-1).toFixed(1)} ms)`);
  assert.ok(median < MOST_MS, `${median} ms`);
  assertNoErrors(people);
});

test('reject with a reason; both histories tell', async () => {
  const people = await trio();
  const { alice, phone } = people;
  await ringing(people);
  await phone.click('#reasons summary');
  await phone.getByRole('button', { name: 'In a meeting' }).click();
  await shown(alice, `${phone.userId} is busy`).waitFor();
  await shown(alice, '“In a meeting”').waitFor();
  await alice.locator('#recent').getByText(/busy/).waitFor();
  await phone.locator('#recent').getByText(/missed/).waitFor();
  await alice.click('#again');
  await phase(phone, 'incoming');
  await phone.click('#reasons summary');
  await phone.fill('#reason', 'Ask me tomorrow');
  await phone.press('#reason', 'Enter');
  await shown(alice, '“Ask me tomorrow”').waitFor();
  assertNoErrors(people);
});

test('accept on one: pictures both ways, the other tab stops; mute, camera, hang up', async () => {
  const people = await trio();
  const { alice, phone, tablet } = people;
  await ringing(people, { video: true });
  await phone.click('#accept-video');
  await shown(tablet, 'Answered on another device').waitFor();
  await Promise.all([seesPicture(alice), seesPicture(phone)]);
  await alice.locator('#stage-timer').getByText(/00:0\d/).waitFor();
  await alice.click('#mute');
  await shown(phone, `${alice.userId} is muted`).waitFor();
  await alice.click('#mute');
  await shown(phone, `${alice.userId} is muted`).waitFor({ state: 'hidden' });
  await alice.click('#camera');
  await phone.locator('#remote').waitFor({ state: 'hidden' });
  await alice.click('#camera');
  await seesPicture(phone);
  await phone.click('#hang-up');
  await shown(alice, `${phone.userId} hung up`).waitFor();
  await phase(alice, 'none');
  await alice.locator('#recent').getByText(/00:\d\d/).waitFor();
  assertNoErrors(people);
});

test('a voice call gets a picture later', async () => {
  const people = await trio();
  const { alice, phone } = people;
  await ringing(people);
  await phone.click('#accept-voice');
  await alice.waitForFunction(() => page.client.calls[0]?.stream.state === 'connected');
  await phone.click('#camera');
  await seesPicture(alice);
  await alice.click('#camera');
  await seesPicture(phone);
  await alice.click('#hang-up');
  assertNoErrors(people);
});

test('the caller cancels: nobody rings any more, and the call is missed', async () => {
  const people = await trio();
  const { alice, phone, tablet } = people;
  await ringing(people);
  await alice.click('#cancel');
  await Promise.all([phone, tablet].map((tab) => shown(tab, 'Missed call').waitFor()));
  assert.equal(await sounding(phone), null);
  await phone.locator('#missed-count').getByText('1', { exact: true }).waitFor();
  await phone.click('#close');
  await phone.click('#missed-calls');
  await phone.locator('#missed-count').waitFor({ state: 'hidden' });
  assertNoErrors(people);
});

test('a second call waits, and is answered in the first one\'s place', async () => {
  const people = await trio();
  const { alice, phone } = people;
  const carol = await scene.tab(scene.name('carol'));
  await ringing(people);
  await phone.click('#accept-voice');
  await phase(alice, 'talking');
  await dial(carol, phone.userId);
  await shown(phone, `${carol.userId} is calling`, { exact: true }).waitFor();
  await phone.click('#waiting-accept');
  await shown(alice, `${phone.userId} hung up`).waitFor();
  await phase(carol, 'talking');
  assert.equal(await phone.locator('#stage-name').innerText(), carol.userId);
  await carol.click('#hang-up');
  assertNoErrors(people);
});

test('both call each other: they are connected', async () => {
  const people = await trio();
  const { alice, phone } = people;
  await Promise.all([dial(alice, phone.userId), dial(phone, alice.userId)]);
  await Promise.all([phase(alice, 'talking'), phase(phone, 'talking')]);
  assertNoErrors(people);
});

test('a person with a keyboard alone: sign in, call, accept, hang up', async () => {
  const [alice, bob] = [scene.name('alice'), scene.name('bob')];
  const pages = await Promise.all([scene.context(), scene.context()].map(async (context) => (await context).newPage()));
  for (const [n, name] of [alice, bob].entries()) {
    await pages[n].goto(scene.url);
    await pages[n].keyboard.type(name);
    await pages[n].keyboard.press('Enter');
    await online(pages[n]);
  }
  const [caller, callee] = pages;
  await caller.keyboard.type(bob);
  await caller.keyboard.press('Enter');
  await phase(callee, 'incoming');
  // What was meant for a form must not answer.
  await callee.keyboard.press('Enter');
  await callee.keyboard.press('Space');
  assert.equal(await callee.locator('#stage').getAttribute('data-phase'), 'incoming');
  await callee.locator('#alarm', { hasText: `${alice} is calling` }).waitFor();
  await callee.keyboard.press('Tab');
  await callee.keyboard.press('Tab');
  await callee.keyboard.press('Enter');
  await Promise.all([phase(caller, 'talking'), phase(callee, 'talking')]);
  await caller.keyboard.press('Tab');
  await caller.keyboard.press('Tab');
  await caller.keyboard.press('Enter');
  await phase(callee, 'over');
  await phase(caller, 'none');
  assert.equal(await caller.evaluate(() => document.activeElement.id), 'callee');
});

test('people stay in the page, and can be forgotten', async () => {
  const context = await scene.context();
  const [alice, bob] = [scene.name('alice'), scene.name('bob')];
  const tab = await scene.tab(alice, { context });
  await dial(tab, bob);
  await tab.click('#cancel');
  const again = await scene.tab(alice, { context });
  await again.getByRole('button', { name: `Call ${bob}`, exact: true }).waitFor();
  await again.getByRole('button', { name: `Forget ${bob}` }).click();
  await again.getByText('Nobody yet').waitFor();
});

test('the wire panel shows every message, and copies them', async () => {
  const context = await scene.context();
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const tab = await scene.tab(scene.name('alice'), { context });
  await tab.locator('#wire-list').getByText('success call:history').waitFor();
  await tab.click('#wire-copy');
  const lines = (await tab.evaluate(() => navigator.clipboard.readText())).split('\n');
  assert.match(lines[0], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z > \{"janus":"create"/);
  assert.ok(lines.some((text) => / < .*"request":"call:register"/.test(text)));
  await tab.locator('#wire-list summary').filter({ hasText: 'success call:register' }).click();
  await tab.getByText('"protocol": 1').waitFor();
});

test('the least page: register, call, accept, hang up', async () => {
  const names = [scene.name('alice'), scene.name('bob')];
  const [caller, callee] = await Promise.all(names.map(async (name) => {
    const tab = await (await scene.context()).newPage();
    await tab.goto(`${scene.url}minimal.html`);
    await tab.fill('[name=user]', name);
    await tab.click('#start button');
    await tab.locator('#dial').waitFor();
    return tab;
  }));
  await caller.fill('[name=callee]', names[1]);
  await caller.click('#dial button');
  await callee.getByRole('button', { name: 'Accept' }).click();
  await caller.getByText(`${names[1]}: accepted`).waitFor();
  await caller.waitForFunction(() => document.getElementById('sound').srcObject?.getAudioTracks().length > 0);
  await caller.getByRole('button', { name: 'Hang up' }).click();
  await callee.getByText(`${names[0]}: ended hangup`).waitFor();
});

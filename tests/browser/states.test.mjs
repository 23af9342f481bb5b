// Every state of the page at a desk's and a phone's width, in light and dark: no serious fault by axe-core, nothing cut off,
// nothing over anything else. With BROWSER_SHOTS=DIR the pictures are kept, to be looked at.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { afterEach, test } from 'node:test';

import { dial, phase, seesPicture, shot, SHOTS, shown, site } from './lib/page.mjs';

const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const scene = site();
afterEach(async () => {
  await scene.clear();
  scene.proxy.reset();
});

const LOOKS = [
  { name: '1280-light', viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  { name: '390-dark', viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
];
const MORE_LOOKS = [
  { name: '390-light', viewport: { width: 390, height: 844 }, colorScheme: 'light' },
  { name: '1280-dark', viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
];

async function assertAccessible(tab, what) {
  if (!await tab.evaluate(() => 'axe' in globalThis))
    await tab.evaluate(axe);
  const { violations } = await tab.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  assert.deepEqual(grave.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`), [], what);
}

/** Buttons and texts that are seen: inside the window (or a part of it that scrolls), and none over another. */
async function assertTidy(tab, what) {
  const faults = await tab.evaluate(() => {
    const seen = [...document.querySelectorAll('button, input, summary, a, h1, h2, p, .row-text')].filter((element) =>
      element.checkVisibility({ visibilityProperty: true }) && !element.closest('.visually-hidden, .wire-list') && element.getClientRects().length > 0);
    const cover = [...document.querySelectorAll('.stage, .wire')].filter((element) =>
      element.checkVisibility() && getComputedStyle(element).position === 'fixed').at(-1);
    const boxes = seen.filter((element) => !cover || cover.contains(element)).map((element) => ({ element, box: element.getBoundingClientRect() }));
    const nameOf = (element) => `${element.tagName} ${element.id} "${element.textContent.trim().slice(0, 30)}"`;
    const found = [];
    if (document.documentElement.scrollWidth > innerWidth)
      found.push(`the page is ${document.documentElement.scrollWidth} wide`);
    for (const { element, box } of boxes) {
      const scrolls = element.closest('.lists, .stage, .sign-in, .wire-list');
      if (box.left < -1 || box.right > innerWidth + 1 || !scrolls && (box.top < -1 || box.bottom > innerHeight + 1))
        found.push(`${nameOf(element)} is cut off at ${JSON.stringify(box)}`);
      if (/^(BUTTON|INPUT|SUMMARY)$/.test(element.tagName) && scrolls?.matches('.stage') && (box.bottom > innerHeight + 1 || box.top < -1))
        found.push(`${nameOf(element)} is out of sight in the call`);
    }
    for (const [n, one] of boxes.entries()) {
      for (const other of boxes.slice(n + 1)) {
        if (one.element.contains(other.element) || other.element.contains(one.element))
          continue;
        const width = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
        const height = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
        if (width > 2 && height > 2)
          found.push(`${nameOf(one.element)} and ${nameOf(other.element)} overlap`);
      }
    }
    return found;
  });
  assert.deepEqual(faults, [], what);
}

// Whoever looks at the pictures gets all of them.
for (const { name, ...options } of SHOTS ? [...LOOKS, ...MORE_LOOKS] : LOOKS) {
  const check = async (tab, state) => {
    // Animations have their say first.
    await tab.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); }));
    await shot(tab, `${name}-${state}`);
    await assertTidy(tab, `${name} ${state}`);
    await assertAccessible(tab, `${name} ${state}`);
  };

  test(`every state at ${name}`, async () => {
    const fresh = await (await scene.context(options)).newPage();
    await fresh.goto(scene.url);
    await check(fresh, '01-sign-in');

    // Long names are where layouts break.
    const alice = await scene.tab(scene.name('Alice Margarete Featherstonehaugh'), options);
    const bob = await scene.tab(scene.name('bob'), options);
    await check(alice, '02-nobody');
    await dial(alice, bob.userId, { video: true });
    await phase(bob, 'incoming');
    await shown(alice, 'Ringing on 1 device').waitFor();
    await alice.waitForFunction(() => document.getElementById('local').videoWidth > 0);
    await check(alice, '03-outgoing');
    await check(bob, '04-incoming');
    await bob.click('#reasons summary');
    await check(bob, '05-reasons');
    await bob.click('#accept-video');
    await Promise.all([seesPicture(alice), seesPicture(bob)]);
    await check(alice, '06-talking');
    await bob.click('#mute');
    await bob.click('#camera');
    await shown(alice, `${bob.userId} is muted`).waitFor();
    await alice.locator('#remote').waitFor({ state: 'hidden' });
    await check(alice, '07-talking-no-picture');
    await check(bob, '08-muted');
    const carol = await scene.tab(scene.name('carol'), options);
    await dial(carol, bob.userId);
    await bob.locator('#waiting').waitFor();
    await check(bob, '09-second-call');
    await bob.click('#waiting-decline');
    await shown(carol, 'is busy').waitFor();
    await check(carol, '10-busy');
    await alice.click('#hang-up');
    await phase(bob, 'none');
    await dial(bob, alice.userId);
    await phase(alice, 'incoming');
    await bob.click('#cancel');
    await shown(alice, 'Missed call').waitFor();
    await check(alice, '11-missed');
    await alice.click('#close');
    await alice.locator('#recent li.missed').waitFor();
    await check(alice, '12-home');
    if (await alice.locator('#wire').isHidden())
      await alice.click('#wire-toggle');
    await alice.locator('#wire-list summary').filter({ hasText: 'call:incoming' }).first().click();
    await check(alice, '13-wire');
    scene.proxy.refuses = true;
    scene.proxy.cut();
    await shown(bob, 'No connection to').waitFor();
    await check(bob, '14-no-server');
  });
}

test('the camera is refused', async () => {
  for (const { name, ...options } of LOOKS) {
    const alice = await scene.tab(scene.name('alice'), options);
    const bob = await scene.tab(scene.name('bob'), { ...options, browser: await scene.strictBrowser() });
    await dial(alice, bob.userId, { video: true });
    await phase(bob, 'incoming');
    await bob.click('#accept-video');
    await seesPicture(bob);
    await bob.locator('#trouble').waitFor();
    await shot(bob, `${name}-15-camera-refused`);
    await assertTidy(bob, name);
    await assertAccessible(bob, name);
    await alice.click('#hang-up');
  }
});

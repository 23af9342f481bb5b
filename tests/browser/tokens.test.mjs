// The page with a server that wants tokens.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { makeKey, secondsFromNow, sign } from '../e2e/lib/tokens.mjs';
import { dial, online, phase, shown, site } from './lib/page.mjs';

const { secret } = makeKey('HS256');
const tokenFor = (sub, seconds) => sign({ sub, exp: secondsFromNow(seconds) }, secret);

const scene = site({ plugin: { general: { auth: 'jwt' }, auth: { secret } } });
afterEach(() => scene.clear());

async function signIn(tab, userId, token) {
  await tab.fill('#user-id', userId);
  await tab.evaluate(() => { document.querySelector('.more').open = true; });
  await tab.fill('#token', token);
  await tab.getByRole('button', { name: 'Start' }).click();
}

test('a wrong token: the page says so, and lets one start again with a good one', async () => {
  const userId = scene.name('alice');
  const tab = await (await scene.context()).newPage();
  await tab.goto(scene.url);
  await signIn(tab, userId, 'nonsense');
  await shown(tab, 'The server wants proof of who you are.').waitFor();
  await tab.getByRole('button', { name: 'Start again' }).click();
  await signIn(tab, userId, tokenFor(userId, 60));
  await online(tab);
  await tab.locator('#notice').waitFor({ state: 'hidden' });
});

test('a token that expires in a call: the call goes on, and the page says what to do', async () => {
  const [alice, bob] = [scene.name('alice'), scene.name('bob')];
  const callee = await scene.tab(bob, { query: `&token=${tokenFor(bob, 60)}` });
  const caller = await scene.tab(alice, { query: `&token=${tokenFor(alice, 6)}` });
  await dial(caller, bob);
  await phase(callee, 'incoming');
  await callee.click('#accept-voice');
  await phase(caller, 'talking');
  await shown(caller, 'Your token has expired.').waitFor();
  assert.equal(await caller.locator('#stage').getAttribute('data-phase'), 'talking');
  await caller.click('#hang-up');
  await shown(callee, `${alice} hung up`).waitFor();
});

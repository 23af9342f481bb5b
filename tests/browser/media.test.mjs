// Media of accepted calls in Chromium, through a real Janus, in each mode: what people do in a call.
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';

import { until } from '../e2e/lib/wait.mjs';
import { answered, bothWays, hangUp, hears, hearsSilence, onStream, pairOf, peersOf, says, sees, streamIs, talking } from './lib/media.mjs';
import { dial, phase, shown, site } from './lib/page.mjs';

const scene = site({ beside: { videoroom: { general: { admin_key: 'the key' } } }, plugin: { media: { room_admin_key: 'the key' } } });
afterEach(() => scene.clear());

/** The ufrag of what a tab sends over: another after an ICE restart. */
const ufragOf = (tab) => onStream(tab, (stream) => /a=ice-ufrag:(\S+)/.exec(stream.peer?.localDescription?.sdp)?.[1]);

for (const mode of ['relay', 'room', 'p2p']) {
  describe(mode, () => {
    test('sound and pictures go both ways; mute, camera off and on, text; the callee hangs up', async () => {
      const { alice, bob } = await talking(scene, { mode, video: true });
      await bothWays(alice, bob);
      await Promise.all([streamIs(alice, 'connected'), streamIs(bob, 'connected')]);
      await alice.click('#mute');
      await hearsSilence(bob);
      await alice.click('#mute');
      await hears(bob);
      await bob.click('#camera');
      await alice.locator('#remote').waitFor({ state: 'hidden' });
      await bob.click('#camera');
      await alice.locator('#remote').waitFor();
      await sees(alice);
      await says(alice, bob, 'Hello Bob');
      await says(bob, alice, 'Hello Alice: ä€😀');
      await hangUp(bob, alice);
      for (const tab of [alice, bob])
        assert.doesNotMatch(await tab.evaluate(() => page.wireText()), /"call:peer"/, 'nobody was said to be away');
    });

    test('a call of voices gets pictures, at once from both; then ICE begins anew; the caller hangs up', async () => {
      const { alice, bob } = await talking(scene, { mode, query: '&transport=websocket' });
      await Promise.all([alice.click('#camera'), bob.click('#camera')]);
      await bothWays(alice, bob);
      const before = await Promise.all([ufragOf(alice), ufragOf(bob)]);
      for (const [n, tab] of [alice, bob].entries()) {
        await onStream(tab, (stream) => stream.peer.restartIce());
        await until(async () => await ufragOf(tab) !== before[n], `${tab.userId} has restarted ICE`);
        await Promise.all([streamIs(alice, 'connected'), streamIs(bob, 'connected')]);
      }
      await bothWays(alice, bob);
      await hangUp(alice, bob);
    });

    test('both reload, one after the other: sound and pictures come back', async () => {
      const { alice, bob } = await talking(scene, { mode, video: true });
      for (const tab of [bob, alice]) {
        await tab.reload();
        await phase(tab, 'talking');
        await bothWays(alice, bob);
      }
      await hangUp(alice, bob);
    });
  });
}

test('none: a call without media of ours asks for no microphone and makes no connection', async () => {
  const { alice, bob } = await answered(await pairOf(scene, { mode: 'none' }), { video: true });
  assert.deepEqual(await Promise.all([alice, bob].map((tab) => onStream(tab, ({ state, local }) => [state, local]))), [['none', null], ['none', null]]);
  assert.deepEqual(await Promise.all([alice, bob].map(peersOf)), [[], []]);
  await hangUp(alice, bob);
});

test('the page\'s choice of what carries its calls', async () => {
  const alice = await scene.tab(scene.name('alice'));
  assert.equal(await alice.locator('#mode').inputValue(), 'relay');
  await alice.selectOption('#mode', 'room');
  await dial(alice, scene.name('bob'));
  assert.equal(await alice.evaluate(() => page.client.calls[0].mode), 'room');
  await alice.click('#cancel');
  await shown(alice, 'You cancelled').waitFor();
  await alice.reload();
  assert.equal(await alice.locator('#mode').inputValue(), 'room');
});

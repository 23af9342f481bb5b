// wip
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { dial, phase, seesPicture, site } from './lib/page.mjs';

const scene = site({ beside: { videoroom: { general: { admin_key: 'the key' } } }, plugin: { media: { room_admin_key: 'the key' } } });
afterEach(() => scene.clear());
for (const mode of (process.env.MODES ?? 'p2p,relay,room').split(',')) {
  test(`${mode}: pictures both ways`, async () => {
    const options = { query: `&mode=${mode}` };
    const alice = await scene.tab(scene.name('alice'), options);
    const bob = await scene.tab(scene.name('bob'), options);
    const t = Date.now();
    for (const p of [alice, bob]) p.on('console', (m) => console.log(m.text()));
    await dial(alice, bob.userId, { video: true });
    await phase(bob, 'incoming');
    await bob.click('#accept-video');
    try {
    await Promise.all([seesPicture(alice), seesPicture(bob)]);
    } catch (e) {
      for (const p of [alice, bob]) console.log((await p.evaluate(() => page.wireText())).slice(-15000), p.errors, '\n\n');
      console.log(scene.janus.log().slice(-3000));
      throw e;
    }
    console.log("took", Date.now() - t); if (process.env.DUMP) for (const p of [alice, bob]) console.log((await p.evaluate(() => page.wireText().replace(/"sdp":"[^"]*"/g, "SDP"))).split("\n").map((l) => l.slice(11, 330)).join("\n"), "\n");
    await bob.click('#hang-up');
    await phase(alice, 'none');
  });
}

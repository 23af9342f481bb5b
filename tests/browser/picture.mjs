// Takes the picture of the page in a call that the README shows.
//   node tests/browser/picture.mjs [docs/page.png]
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { film, PEOPLE } from './lib/camera.mjs';
import { dial, phase, seesPicture, Site } from './lib/page.mjs';

export async function takePicture(file) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'call-picture-'));
  const site = new Site();
  try {
    await site.open();
    const tabs = {};
    for (const [name, colours] of Object.entries(PEOPLE)) {
      const camera = path.join(folder, `${name}.y4m`);
      film(camera, colours);
      const browser = await site.launch([`--use-file-for-fake-video-capture=${camera}`]);
      tabs[name] = await site.tab(name, { browser, viewport: { width: 1280, height: 760 } });
    }
    const { alice, bob } = tabs;
    await dial(alice, 'bob');
    await phase(bob, 'incoming');
    await bob.click('#decline');
    await phase(alice, 'over');
    await alice.click('#close');
    await dial(alice, 'bob', { video: true });
    await phase(bob, 'incoming');
    await bob.click('#accept-video');
    await Promise.all([seesPicture(alice), seesPicture(bob)]);
    await alice.locator('#recent').getByText('declined').waitFor();
    await alice.uncheck('#wire-signals');
    // The sharp picture comes after the first ones.
    await alice.locator('#stage-timer').getByText('00:05').waitFor();
    await alice.screenshot({ path: file });
  } finally {
    await site.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await takePicture(process.argv[2] ?? fileURLToPath(new URL('../../docs/page.png', import.meta.url)));
  process.exit(0);
}

// The picture in the README is one of the page as it is: the script that took it still can.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { takePicture } from './picture.mjs';

/** Width and height of a PNG. */
const sizeOf = (file) => {
  const header = fs.readFileSync(file).subarray(0, 24);
  assert.equal(header.toString('latin1', 1, 4), 'PNG');
  return [header.readUInt32BE(16), header.readUInt32BE(20)];
};

test('the README\'s picture can be taken', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'call-picture-test-'));
  const file = path.join(folder, 'page.png');
  await takePicture(file);
  assert.deepEqual(sizeOf(file), sizeOf(new URL('../../docs/page.png', import.meta.url)));
  assert.ok(fs.statSync(file).size > 30_000, 'it shows something');
  fs.rmSync(folder, { recursive: true });
});

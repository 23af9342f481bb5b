// docs/client.md is true: its examples compile against the types, and the one for Node runs.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import ts from 'typescript';

import { users } from './lib/users.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LIBRARY = path.join(ROOT, 'html-demo/janus-call.js');
const PAGE = fs.readFileSync(path.join(ROOT, 'docs/client.md'), 'utf8');

const examples = [...PAGE.matchAll(/(<!-- runs -->\n)?```js\n(.*?)```/gs)].map(([, runs, text]) => ({ runs: Boolean(runs), text }));
const scene = users();

/** An example as a program: its imports first, and what earlier ones have made, unless it makes it itself. */
function program(text) {
  const isImport = (line) => line.startsWith('import ');
  const lines = text.split('\n');
  const known = [['client', 'CallClient'], ['call', 'Call']].filter(([name]) => !new RegExp(`const ${name} =`).test(text))
    .map(([name, type]) => `/** @type {import('./janus-call.js').${type}} */ const ${name} = /** @type {any} */ (null);`);
  const imports = lines.some(isImport) ? lines.filter(isImport) : ["import { CallClient } from './janus-call.js';"];
  return [...imports, ...known, '{', ...lines.filter((line) => !isImport(line)), '}', 'export {};'].join('\n')
    .replaceAll("'./janus-call.js'", JSON.stringify(LIBRARY)).replaceAll("import('" + './janus-call.js', "import('" + LIBRARY);
}

test('every example compiles', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'call-examples-'));
  const files = examples.filter(({ runs }) => !runs).map(({ text }, n) => {
    const file = path.join(folder, `example-${n}.mjs`);
    fs.writeFileSync(file, program(text));
    return file;
  });
  assert.ok(files.length > 10);
  const { options } = ts.convertCompilerOptionsFromJson({
    allowJs: true, checkJs: true, noEmit: true, target: 'es2022', module: 'nodenext', types: [], lib: ['es2022', 'dom', 'dom.iterable'],
  }, ROOT);
  const found = ts.getPreEmitDiagnostics(ts.createProgram(files, options))
    .filter(({ file }) => files.includes(file?.fileName))
    .map(({ file, messageText }) => `${ts.flattenDiagnosticMessageText(messageText, '\n')}\n${file.text}`)
    // It comes from a script of the page.
    .filter((message) => !/^Property 'Janus' does not exist on type 'Window/.test(message));
  assert.deepEqual(found, []);
  fs.rmSync(folder, { recursive: true });
});

test('the example for Node runs', async () => {
  const { text } = examples.find(({ runs }) => runs);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'call-example-'));
  fs.copyFileSync(LIBRARY, path.join(folder, 'janus-call.js'));
  fs.symlinkSync(path.join(ROOT, 'tests/e2e/node_modules'), path.join(folder, 'node_modules'));
  fs.writeFileSync(path.join(folder, 'package.json'), '{"type": "module"}');
  fs.writeFileSync(path.join(folder, 'example.mjs'), text);
  const { stdout } = await promisify(execFile)(process.execPath, ['example.mjs'],
    { cwd: folder, env: { ...process.env, JANUS_URL: scene.janus.wsUrl }, timeout: 10_000 });
  assert.equal(stdout, 'rejected User declined\n');
  fs.rmSync(folder, { recursive: true });
});

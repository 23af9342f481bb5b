// The types of the client library: an app that is written against them compiles, and they name what the library has.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

import * as library from '../../html-demo/janus-call.js';

const LIBRARY = fileURLToPath(new URL('../../html-demo/janus-call.js', import.meta.url));
const TYPES = LIBRARY.replace('.js', '.d.ts');

const OPTIONS = {
  strict: true, noEmit: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext,
  lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'], types: [],
};

function faults(text) {
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'call-types-')), 'app.mts');
  fs.writeFileSync(file, text.replace("'janus-call'", JSON.stringify(LIBRARY)));
  const program = ts.createProgram([file, TYPES], OPTIONS);
  const found = ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  fs.rmSync(path.dirname(file), { recursive: true });
  return { found, program };
}

const APP = `
import { CallClient, CallError, webSocketTransport, type Call } from 'janus-call';

const client = new CallClient({ transport: webSocketTransport('ws://127.0.0.1:8188'), backoff: { firstMs: 100 } });
client.on('state', ({ name, error }) => console.log(name, error?.code));
client.on('incoming', async (call: Call) => {
  call.on('ended', ({ status, cause }) => console.log(status, cause));
  call.stream.on('change', ({ remote }) => { document.querySelector('video')!.srcObject = remote; });
  await (call.media.video ? call.accept({ audio: true, video: false }) : call.reject({ reason: 'No', cause: 'busy' }));
});
const { registrationExpiresInMs } = await client.register({ getToken: async () => 'T' });
const call = client.call('bob', { video: true, data: { subject: 'Lunch' } });
try {
  await call.placed;
} catch (error) {
  if (error instanceof CallError)
    console.log(error.code, registrationExpiresInMs);
}
const { calls, next } = await client.history({ missed: true });
console.log(calls[0]?.durationMs, next);
await client.close();
`;

test('an app compiles against them', () => {
  assert.deepEqual(faults(APP).found, []);
});

test('a mistake is found', () => {
  const { found } = faults(APP.replace("cause: 'busy'", "cause: 'tired'"));
  assert.match(found.join(), /"tired"/);
});

test('they name what the library has, and nothing else', () => {
  const { program } = faults(APP);
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(TYPES));
  const values = checker.getExportsOfModule(module).filter(({ flags }) => flags & ts.SymbolFlags.Value);
  assert.deepEqual(values.map(({ name }) => name).sort(), Object.keys(library).sort());
  for (const symbol of values.filter(({ flags }) => flags & ts.SymbolFlags.Class)) {
    const methods = [...symbol.members.keys()].map(String).filter((name) => !name.startsWith('__'));
    const real = Object.getOwnPropertyNames(library[symbol.name].prototype);
    const missing = real.filter((name) => name !== 'constructor' && !methods.includes(name)
      && !(name in Object.getPrototypeOf(library[symbol.name].prototype)));
    assert.deepEqual(missing.filter((name) => !['startClock', 'stopClock'].includes(name)), [], `${symbol.name} has more than its types say`);
    const functions = methods.filter((name) => symbol.members.get(name).flags & ts.SymbolFlags.Method);
    assert.deepEqual(functions.filter((name) => typeof library[symbol.name].prototype[name] !== 'function'), [], `${symbol.name}: not there`);
  }
});

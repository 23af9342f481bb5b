// Makes a folder that any web server can serve: the page, and what it uses of npm.
//   node html-demo/build.mjs --out DIR [--server ws://127.0.0.1:8188] [--listener http://127.0.0.1:8192] [--mode relay]
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const OWN = ['index.html', 'minimal.html', 'socketio.html', 'page.css', 'icon.svg', 'config.js', 'janus-call.js', 'janus-call.d.ts', 'js'];
const VENDOR = {
  'bootstrap.min.css': 'bootstrap/dist/css/bootstrap.min.css',
  'janus.js': 'janus-gateway/npm/src/janus.js',
  'socket.io.js': 'socket.io-client/dist/socket.io.js',
  'adapter.js': 'webrtc-adapter/out/adapter.js',
};

const SETTINGS = ['server', 'listener', 'mode'];

const { values: options } = parseArgs({ options: Object.fromEntries(['out', ...SETTINGS].map((name) => [name, { type: 'string' }])) });
if (!options.out) {
  console.error('usage: node html-demo/build.mjs --out DIR [--server URL] [--listener URL] [--mode MODE]');
  process.exit(2);
}

const { resolve } = createRequire(import.meta.url);
fs.rmSync(options.out, { recursive: true, force: true });
fs.mkdirSync(path.join(options.out, 'vendor'), { recursive: true });
for (const name of OWN)
  fs.cpSync(path.join(HERE, name), path.join(options.out, name), { recursive: true });
for (const [name, source] of Object.entries(VENDOR))
  fs.copyFileSync(resolve(source), path.join(options.out, 'vendor', name));
const config = path.join(options.out, 'config.js');
for (const name of SETTINGS.filter((key) => options[key])) {
  const lines = fs.readFileSync(config, 'utf8').split('\n');
  fs.writeFileSync(config, lines.map((line) =>
    line.startsWith(`export const ${name} =`) ? `export const ${name} = ${JSON.stringify(options[name])};` : line).join('\n'));
}

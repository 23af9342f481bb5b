// janus.js in Node: the script as a page loads it, and the few things of a browser that it looks for.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import vm from 'node:vm';

const require = createRequire(new URL('../../e2e/package.json', import.meta.url));
let Janus;

export function loadJanusJs() {
  if (Janus)
    return Janus;
  const WebSocket = require('ws');
  globalThis.window ??= { addEventListener() {}, RTCPeerConnection: class {} };
  globalThis.navigator ??= { platform: 'test', userAgent: 'test' };
  const script = require.resolve('janus-gateway/npm/src/janus.js');
  vm.runInThisContext(fs.readFileSync(script, 'utf8'), { filename: script });
  Janus = globalThis.Janus;
  Janus.init({
    debug: false,
    dependencies: Janus.useDefaultDependencies({
      WebSocket, adapter: { browserDetails: { browser: 'chrome', version: 120 } }, extension: { init() {} },
    }),
  });
  return Janus;
}

// Our plugin, through its own listener: plain, and as Socket.IO.
import fs from 'node:fs';
import path from 'node:path';

import { pluginPath } from '../../tests/e2e/lib/janus.mjs';
import { ROOT } from './lib/built.mjs';
import { callConfiguration, startJanus } from './lib/janus.mjs';
import { accepts } from './lib/server.mjs';

/** Whether this plugin has a listener at all. */
const isThere = () => /^listener:/m.test(fs.readFileSync(path.join(ROOT, 'conf/janus.plugin.call.jcfg.sample'), 'utf8'));

const peer = (dialect, store) => ({
  dialect,
  what: `our listener, ${dialect === 'callv1' ? 'plain' : 'Socket.IO'}, ${store === 'memory' ? 'records in memory' : 'records in SQLite'}`,
  isThere,
  async start({ core, janus, extra } = {}) {
    const started = await startJanus({
      name: 'listener', plugin: pluginPath(), pluginFile: 'janus.plugin.call.jcfg', core, janus, spare: 1,
      pluginConfig: (folder, [listenerPort]) => callConfiguration({ store, folder, listenerPort, extra }),
    });
    const [port] = started.ports;
    await started.server.until(() => accepts(port));
    return { ...started, port };
  },
});

export const callv1 = peer('callv1', 'sqlite');
export const callv1Memory = peer('callv1', 'memory');
export const socketioOurs = peer('socketio', 'sqlite');
export const socketioOursMemory = peer('socketio', 'memory');

// Our plugin, through Janus's WebSocket transport. Records are durable, or in memory only.
import { pluginPath } from '../../tests/e2e/lib/janus.mjs';
import { callConfiguration, startJanus } from './lib/janus.mjs';

const peer = (store) => ({
  dialect: 'janus-call',
  what: `our plugin, ${store === 'memory' ? 'records in memory' : 'records in SQLite'}`,
  start: ({ core, janus, extra } = {}) => startJanus({
    name: 'call', plugin: pluginPath(), pluginFile: 'janus.plugin.call.jcfg', core, janus,
    pluginConfig: (folder) => callConfiguration({ store, folder, extra }),
  }),
});

export const call = peer('sqlite');
export const callMemory = peer('memory');

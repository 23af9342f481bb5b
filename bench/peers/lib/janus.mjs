// A Janus for a benchmark, with one plugin, the WebSocket transport, and HTTP for its Admin API alone.
import fs from 'node:fs';
import path from 'node:path';

import { jcfg } from '../../../tests/e2e/lib/jcfg.mjs';
import { freePortsInARow } from '../../../tests/e2e/lib/ports.mjs';
import { Server, accepts, makeFolder } from './server.mjs';

const SECRET = 'bench';

function modules() {
  const multiarch = fs.readdirSync('/usr/lib').filter((name) => name.endsWith('-linux-gnu'));
  const found = [process.env.JANUS_LIBDIR, ...multiarch.map((name) => `/usr/lib/${name}/janus`), '/opt/janus/lib/janus']
    .find((folder) => folder && fs.existsSync(folder));
  if (!found)
    throw new Error("Janus's modules were not found: set JANUS_LIBDIR");
  return found;
}

function link(folder, files) {
  fs.mkdirSync(folder, { recursive: true });
  files.forEach((file) => fs.symlinkSync(file, path.join(folder, path.basename(file))));
}

/** What the plugin's configuration says: nobody is asked for a token, nobody asks too often, nothing but trouble is logged. */
export function callConfiguration({ store, folder, listenerPort, extra = {} }) {
  return {
    general: { auth: 'open', log_calls: false, events: false, ...extra.general },
    limits: { requests_per_second: 0, calls_per_minute: 0, relayed_bytes_per_second: 0, registrations_per_second: 0,
      read_bytes_per_second: 0, ...extra.limits },
    store: store === 'memory' ? { type: 'memory' } : { type: 'sqlite', path: path.join(folder, 'calls.sqlite'), ...extra.store },
    ...(listenerPort && { listener: { enabled: true, address: '127.0.0.1', port: listenerPort, ...extra.listener } }),
  };
}

/**
 * `plugin`: a path, or the name of one of Janus's own. `pluginConfig(folder, ports)`: the sections of its file, if it has one. `janus`: keys
 * of `general` in janus.jcfg. `spare`: how many ports more, for doors of the plugin.
 */
export async function startJanus({ name, plugin, pluginFile, pluginConfig, janus = {}, core, spare = 0 }) {
  const folder = makeFolder(name);
  const at = (...names) => path.join(folder, ...names);
  const [port, admin, ...ports] = await freePortsInARow(2 + spare);
  const write = (file, sections) => fs.writeFileSync(at('conf', file), jcfg(sections));
  fs.mkdirSync(at('conf'));
  link(at('transports'), ['websockets', 'http'].map((transport) => `${modules()}/transports/libjanus_${transport}.so`));
  link(at('plugins'), [plugin.includes('/') ? plugin : `${modules()}/plugins/libjanus_${plugin}.so`]);
  write('janus.jcfg', { general: {
    configs_folder: at('conf'), plugins_folder: at('plugins'), transports_folder: at('transports'), events_folder: at('events'),
    loggers_folder: at('loggers'), log_to_stdout: false, log_to_file: at('janus.log'), debug_level: 3, debug_colors: false,
    admin_secret: SECRET, interface: '127.0.0.1', session_timeout: 600, reclaim_session_timeout: 0, event_loops: 2, task_pool_size: 16,
    ...janus,
  } });
  write('janus.transport.websockets.jcfg', {
    general: { json: 'compact', ws: true, ws_port: port, ws_ip: '127.0.0.1', wss: false, pingpong_trigger: 30, pingpong_timeout: 30 },
    admin: { admin_ws: false, admin_wss: false },
  });
  write('janus.transport.http.jcfg', {
    general: { http: false, https: false },
    admin: { admin_http: true, admin_ip: '127.0.0.1', admin_port: admin, admin_base_path: '/admin', admin_https: false },
  });
  if (pluginFile)
    write(pluginFile, pluginConfig(folder, ports));
  const server = new Server({ command: ['janus', '-F', at('conf')], core, folder });
  // A Janus that is asked to stop before the HTTP transport's last thread runs waits for it for ever.
  const logged = () => fs.existsSync(at('janus.log')) && fs.readFileSync(at('janus.log'), 'utf8');
  await server.until(async () => logged() && await accepts(port) && await accepts(admin));
  const ask = async (request) => {
    const response = await fetch(`http://127.0.0.1:${admin}/admin`, { method: 'POST',
      body: JSON.stringify({ janus: 'message_plugin', plugin: 'janus.plugin.call', transaction: '1', admin_secret: SECRET, request }) });
    return (await response.json()).response;
  };
  return { server, pid: server.pid, port, ports, folder, admin: ask, stop: () => server.stop() };
}

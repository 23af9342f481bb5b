// Kamailio as registrar and stateful proxy, over UDP: INVITE, 603.
import fs from 'node:fs';
import path from 'node:path';

import { freePortsInARow } from '../../tests/e2e/lib/ports.mjs';
import { Server, makeFolder } from './lib/server.mjs';

const configuration = (port) => `
debug=0
log_stderror=yes
fork=yes
children=2
disable_tcp=yes
auto_aliases=no
listen=udp:127.0.0.1:${port}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("usrloc", "db_mode", 0)
modparam("registrar", "max_contacts", 1)
modparam("tm", "wt_timer", 1000)
request_route {
    if (method == "REGISTER") { save("location"); exit; }
    if (method == "ACK") { t_relay(); exit; }
    if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
    t_relay();
}
`;

const programs = ['/usr/sbin/kamailio', '/usr/local/sbin/kamailio'];
const program = programs.find((file) => fs.existsSync(file));

export const kamailio = {
  dialect: 'sip',
  what: 'Kamailio, SIP over UDP',
  mayLose: true, // it is UDP
  isThere: () => program !== undefined,
  async start({ core } = {}) {
    const [port] = await freePortsInARow(1);
    const folder = makeFolder('kamailio');
    const config = path.join(folder, 'kamailio.cfg');
    fs.writeFileSync(config, configuration(port));
    // In the foreground it stays the parent of its workers; 256 MB shared, 8 MB each.
    const server = new Server({ command: [program, '-DD', '-E', '-m', '256', '-M', '8', '-f', config, '-Y', folder,
      '-P', path.join(folder, 'pid'), '-w', folder], core, folder });
    await server.until(() => isBound(port));
    return { pid: server.pid, port, stop: () => server.stop() };
  },
};

/** Whether somebody has this UDP port of 127.0.0.1. */
function isBound(port) {
  const wanted = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return fs.readFileSync('/proc/net/udp', 'utf8').includes(wanted);
}

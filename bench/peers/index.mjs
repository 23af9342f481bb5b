// Who is measured. A peer is { dialect, start({ core, janus, extra }) }; start() resolves with { pid, port, stop() }.
import { callv1, callv1Memory, socketioOurs, socketioOursMemory } from './listener.mjs';
import { call, callMemory } from './call.mjs';
import { forward, ping } from './forward.mjs';
import { kamailio } from './kamailio.mjs';
import { relay } from './relay.mjs';
import { usersServer, usersServerMemory } from './users_server.mjs';
import { videocall } from './videocall.mjs';

export const peers = {
  'call': call, 'call-memory': callMemory, 'forward': forward, 'ping': ping, 'videocall': videocall,
  'socketio-sqlite': usersServer, 'socketio-memory': usersServerMemory, 'kamailio': kamailio, 'relay': relay,
  'callv1': callv1, 'callv1-memory': callv1Memory, 'ours-socketio': socketioOurs, 'ours-socketio-memory': socketioOursMemory,
};

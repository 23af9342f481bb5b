// The floor: a Janus plugin that only forwards, and the core's own answer to a keepalive.
import { startJanus } from './lib/janus.mjs';
import { built } from './lib/built.mjs';

const start = ({ core, janus } = {}) =>
  startJanus({ name: 'forward', plugin: built('bench/peers/forward/.libs/libjanus_forward.so'), core, janus });

export const forward = { dialect: 'janus-forward', what: 'a Janus plugin that only forwards', start };
export const ping = { dialect: 'janus-ping', what: "the Janus core's keepalive, there and back", start };

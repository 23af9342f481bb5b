// Janus's stock VideoCall plugin.
import { startJanus } from './lib/janus.mjs';

export const videocall = {
  dialect: 'janus-videocall',
  what: "Janus's VideoCall plugin",
  mayLose: true,
  start: ({ core, janus } = {}) => startJanus({ name: 'videocall', plugin: 'videocall', core, janus }),
};

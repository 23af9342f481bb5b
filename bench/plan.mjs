// What is measured, in which order. A step is one run of the load generator against a peer that was started for it and for the
// other steps of its turn; turns of all peers are one round, and rounds are repeated, so that a peer is compared with others of the
// same minutes.

/** Time for caches and threads to be there. */
const warm = (seconds) => seconds < 1 ? '0.1' : '0.5';

const latency = (seconds) => ['--workload', 'reject', '--pairs', '100', '--users', '200', '--rate', '100', '--ring', '0.02',
  '--warm', warm(seconds), '--seconds', String(seconds), '--histograms'];
const closed = (pairs, seconds) => ['--workload', 'reject', '--pairs', String(pairs), '--warm', warm(seconds), '--seconds', String(seconds)];

/** Every step of every peer, by name. */
function steps({ seconds, closedSeconds }) {
  return {
    latency: latency(seconds),
    c64: closed(64, closedSeconds),
    c512: closed(512, closedSeconds),
  };
}

/** Who does what in a round. */
export const rounds = {
  'forward': ['latency', 'c64', 'c512'],
  'call': ['latency', 'c64', 'c512'],
  'call-memory': ['latency', 'c64', 'c512'],
  'ping': ['c64'],
  'socketio-sqlite': ['latency', 'c64'],
  'socketio-memory': ['latency', 'c64'],
  'videocall': ['latency', 'c64', 'c512'],
  'kamailio': ['latency', 'c64'],
  'relay': ['latency', 'c64'],
  'callv1': ['latency', 'c64'],
  'callv1-memory': ['c64'],
  'ours-socketio': ['latency', 'c64'],
};

/** Registered users: what they cost, and what they do to those who call. */
export const crowds = { 'ping': 'idle', 'call': 'calls', 'callv1': 'calls', 'relay': 'calls' };

const full = { rounds: 3, seconds: 3.5, closedSeconds: 2, sizes: [100, 1000, 5000, 10000], crowdSeconds: 2, dropped: 9900, settingUsers: 1000 };
const quick = { rounds: 1, seconds: 0.6, closedSeconds: 0.3, sizes: [100, 300], crowdSeconds: 0.3, dropped: 200, settingUsers: 150 };

export function plan({ isQuick, roundCount }) {
  const lengths = { ...(isQuick ? quick : full) };
  if (roundCount)
    lengths.rounds = roundCount;
  return { ...lengths, isQuick, steps: steps(lengths) };
}

/** Steps of a peer with `size` users of whom 100 pairs (fewer of few) call: quietly, then as fast as they can. */
export function crowdSteps(kind, size, seconds) {
  const pairs = String(Math.min(100, Math.floor(size / 2)));
  const users = ['--users', String(size), '--ramp', '128'];
  if (kind === 'idle')
    return { idle: ['--workload', 'idle', ...users, '--warm', '0', '--seconds', '0.5', '--settle', '0.5'] };
  return {
    quiet: ['--workload', 'reject', '--pairs', pairs, ...users, '--rate', '100', '--ring', '0.02', '--warm', warm(seconds),
      '--seconds', String(seconds), '--settle', '0.5', '--histograms'],
    busy: ['--workload', 'reject', '--pairs', String(Math.min(64, Math.floor(size / 2))), ...users, '--warm', '0.3', '--seconds', String(seconds)],
  };
}

/** All but 100 pairs cut off at once, while these go on. */
export const dropStep = (users, seconds) => ['--workload', 'reject', '--pairs', '100', '--users', String(users + 200), '--ramp', '128', '--rate', '100',
  '--ring', '0.02', '--warm', '0.5', '--seconds', String(seconds), '--drop', '1'];

/** Janus's own settings, one changed at a time, with 1,000 registered users. */
export const settings = [
  { event_loops: 0 }, { event_loops: 2 }, { event_loops: 64 }, { task_pool_size: 1 }, { task_pool_size: 4 }, { task_pool_size: 100 },
];
export const settingStep = (users, seconds) => ['--workload', 'reject', '--pairs', '64', '--users', String(users), '--ramp', '128', '--warm', '0.3',
  '--seconds', String(seconds), '--settle', '0.5'];

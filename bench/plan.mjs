// What is measured, in which order. A step is one run of the load generator against a peer that was started for it and for the
// other steps of its turn; turns of all peers are one round, and rounds are repeated, so that a peer is compared with others of the
// same minutes.

/** Time for caches and threads to be there. */
const warm = (seconds) => seconds < 1 ? '0.1' : '0.5';

/** Calls come every 10 ms, and each is rejected in the middle between two others: else every rejection would wait for a call that comes in
 *  the very same moment, which says more of the generator's clockwork than of a server. */
const calls = ['--rate', '100', '--ring', '0.025'];

const latency = (seconds) => ['--workload', 'reject', '--pairs', '100', '--users', '200', ...calls,
  '--warm', warm(seconds), '--seconds', String(seconds), '--histograms'];
const closed = (pairs, seconds) => ['--workload', 'reject', '--pairs', String(pairs), '--warm', warm(seconds), '--seconds', String(seconds)];

/** Every step of every peer, by name. */
function steps({ closedSeconds }) {
  return {
    c64: closed(64, closedSeconds),
    c512: closed(512, closedSeconds),
  };
}

/** Who does what in a round, beside slices of `latency`. */
export const rounds = {
  'forward': ['c64', 'c512'],
  'call': ['c64', 'c512'],
  'call-memory': ['c64', 'c512'],
  'ping': ['c64'],
  'socketio-sqlite': ['c64'],
  'socketio-memory': ['c64'],
  'videocall': ['c64', 'c512'],
  'kamailio': ['c64'],
  'relay': ['c64'],
  'callv1': ['c64'],
  'callv1-memory': ['c64'],
  'ours-socketio': ['c64'],
};

/** Who is measured for how long a rejection takes. */
export const latencyPeers = Object.keys(rounds).filter((name) => name !== 'ping');

/** Registered users: what they cost, and what they do to those who call. */
export const crowds = { 'ping': 'idle', 'call': 'calls', 'callv1': 'calls', 'relay': 'calls' };

const full = { rounds: 3, slices: 4, seconds: 2, closedSeconds: 2, sizes: [200, 1000, 5000, 10000], crowdSeconds: 2, quietSeconds: 6, dropped: 9900, settingUsers: 1000 };
const quick = { rounds: 1, slices: 2, seconds: 0.3, closedSeconds: 0.3, sizes: [100, 300], crowdSeconds: 0.3, quietSeconds: 0.3, dropped: 200, settingUsers: 150 };

export function plan({ isQuick, roundCount }) {
  const lengths = { ...(isQuick ? quick : full) };
  if (roundCount)
    lengths.rounds = roundCount;
  return { ...lengths, isQuick, steps: steps(lengths), latency: latency(lengths.seconds) };
}

/** Steps of a peer with `size` users of whom 100 pairs (fewer of few) call: quietly, then as fast as they can. */
export function crowdSteps(kind, size, { crowdSeconds, quietSeconds }) {
  const pairs = String(Math.min(100, Math.floor(size / 2)));
  const users = ['--users', String(size), '--ramp', '128'];
  if (kind === 'idle')
    return { idle: ['--workload', 'idle', ...users, '--warm', '0', '--seconds', '0.5', '--settle', '0.5'] };
  return {
    quiet: ['--workload', 'reject', '--pairs', pairs, ...users, ...calls, '--warm', warm(quietSeconds),
      '--seconds', String(quietSeconds), '--settle', '0.5', '--histograms'],
    busy: ['--workload', 'reject', '--pairs', String(Math.min(64, Math.floor(size / 2))), ...users, '--warm', '0.3', '--seconds', String(crowdSeconds)],
  };
}

/** All but 100 pairs cut off at once, while these go on. */
export const dropStep = (users, seconds) => ['--workload', 'reject', '--pairs', '100', '--users', String(users + 200), '--ramp', '128', ...calls,
  '--warm', '0.5', '--seconds', String(seconds), '--drop', '1'];

/** Janus's own settings, one changed at a time, with 1,000 registered users. */
export const settings = [
  { event_loops: 0 }, { event_loops: 2 }, { event_loops: 64 }, { task_pool_size: 1 }, { task_pool_size: 4 }, { task_pool_size: 100 },
];
export const settingStep = (users, seconds) => ['--workload', 'reject', '--pairs', '64', '--users', String(users), '--ramp', '128', '--warm', '0.3',
  '--seconds', String(seconds), '--settle', '0.5'];

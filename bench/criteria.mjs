// What the plugin is held to, and whether what was measured shows it. Ratios are of the same round; their median decides.
import { median } from './measured.mjs';

const p50 = (run) => run.due?.p50_us;
const p99 = (run) => run.due?.p99_us;
const rate = (run) => run.calls_per_s;
const cpu = (run) => run.server.cpu_s_per_1000_calls;

function judge(what, values, limit, isMost, unit = '') {
  const middle = median(values);
  const holds = middle === undefined ? 'unknown' : (isMost ? middle <= limit : middle >= limit) ? 'yes' : 'no';
  return { what, wanted: `${isMost ? '≤' : '≥'} ${limit}${unit}`, values, holds };
}

const most = (what, values, limit, unit) => judge(what, values, limit, true, unit);
const least = (what, values, limit, unit) => judge(what, values, limit, false, unit);
const list = (value) => value === undefined ? [] : [value];

function throughJanus(m) {
  const ratio = (peer, other, step, read) => m.ratios(peer, other, step, read);
  return [
    most('reject to rejected p50, of forward', ratio('call', 'forward', 'latency', p50), 1.15),
    most('reject to rejected p99, of forward', ratio('call', 'forward', 'latency', p99), 1.15),
    most('reject to rejected p50, of VideoCall', ratio('call', 'videocall', 'latency', p50), 1),
    most('reject to rejected p99, of VideoCall', ratio('call', 'videocall', 'latency', p99), 1),
    most('reject to rejected p99, of the Socket.IO server with SQLite', ratio('call', 'socketio-sqlite', 'latency', p99), 0.333),
    least('calls/s with 64 pairs, of forward', ratio('call', 'forward', 'c64', rate), 0.75),
    least('calls/s with 512 pairs, of forward', ratio('call', 'forward', 'c512', rate), 0.75),
    least('calls/s with 64 pairs, store in memory, of forward', ratio('call-memory', 'forward', 'c64', rate), 0.85),
    least('calls/s with 512 pairs, store in memory, of forward', ratio('call-memory', 'forward', 'c512', rate), 0.85),
    least('calls/s with 64 pairs, of the Socket.IO server with SQLite', ratio('call', 'socketio-sqlite', 'c64', rate), 1.8),
    least('calls/s with 64 pairs, of VideoCall', ratio('call', 'videocall', 'c64', rate), 8),
    most('CPU per 1,000 calls with 64 pairs, of forward', ratio('call', 'forward', 'c64', cpu), 1.3),
    most('memory of an idle registered user over a handle of the core\'s', difference(m.kbPerUser('call'), m.kbPerUser('ping')), 2, ' KB'),
  ];
}

function difference(a, b) {
  return a === undefined || b === undefined ? [] : [a - b];
}

/** Of what relay and SQLite alone, one after the other, would give on that core. */
function inSeries(m, rows) {
  return m.runs('callv1', 'c64').map((run) => {
    const relay = m.runs('relay', 'c64').find(({ round }) => round === run.round);
    const raw = m.rawStore(rows, run.round);
    return relay && raw ? run.calls_per_s / (1 / (1 / relay.calls_per_s + 1 / raw)) : undefined;
  }).filter((value) => value !== undefined);
}

/** Of the largest crowd that of the smallest, 200. */
function crowdRatio(m, peer) {
  const quiet = m.crowds.filter((run) => run.peer === peer && run.step === 'quiet');
  return quiet.length > 1 ? [p99(quiet.at(-1)) / p99(quiet[0])] : [];
}

function throughListener(m) {
  const dropped = m.drop.find(({ peer }) => peer === 'callv1');
  return [
    most('listener: reject to rejected p50, of a bare relay', m.ratios('callv1', 'relay', 'latency', p50), 1.3),
    most('listener: reject to rejected p99, of a bare relay', m.ratios('callv1', 'relay', 'latency', p99), 1.3),
    least('listener, store in memory: calls/s with 64 pairs, of the relay', m.ratios('callv1-memory', 'relay', 'c64', rate), 0.6),
    least('listener, store in memory: calls/s, of the Socket.IO server in memory', m.ratios('callv1-memory', 'socketio-memory', 'c64', rate), 2),
    least('listener: calls/s, of relay and raw SQLite (one plain table) one after the other', inSeries(m, 'plain'), 0.6),
    least('listener: calls/s, of relay and our store alone one after the other', inSeries(m, 'store'), 0.6),
    least('listener: calls/s, of the Socket.IO server with SQLite', m.ratios('callv1', 'socketio-sqlite', 'c64', rate), 2),
    most('listener: p99 with the largest crowd, of that with 200 sockets', crowdRatio(m, 'callv1'), 2),
    most('listener: memory of a user', list(m.kbPerUser('callv1')), 10, ' KB'),
    most('listener: all who were cut off are in grace after', list(dropped && (dropped.all_away_ms ?? Infinity)), 1000, ' ms'),
    most('listener: longest answer to who stayed', list(dropped && dropped.worst_after_drop_us / 1000), 50, ' ms'),
  ];
}

export function criteria(measured) {
  return [...throughJanus(measured), ...throughListener(measured)];
}

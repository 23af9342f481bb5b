// What was measured, to be asked for.
import fs from 'node:fs';
import path from 'node:path';

export function median(values) {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  if (sorted.length === 0)
    return undefined;
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const unique = (values) => [...new Set(values)];

export class Measured {
  constructor(folder) {
    const read = (name, otherwise) => {
      const file = path.join(folder, `${name}.json`);
      return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : otherwise;
    };
    this.machine = read('machine', {});
    this.rounds = [...read('latency', []), ...read('rounds', [])];
    this.crowds = read('crowds', []);
    this.drop = read('drop', []);
    this.store = read('store', []);
    this.settings = read('settings', []);
  }

  peers(step) {
    return unique(this.rounds.filter((run) => !step || run.step === step).map(({ peer }) => peer));
  }

  runs(peer, step) {
    return this.rounds.filter((run) => run.peer === peer && run.step === step);
  }

  /** A figure of each round. */
  each(peer, step, read) {
    return this.runs(peer, step).map(read).filter((value) => value !== undefined);
  }

  /** Of each round, the figure of one peer over that of another. */
  ratios(peer, other, step, read) {
    return this.runs(peer, step).map((run) => {
      const match = this.runs(other, step).find(({ round }) => round === run.round);
      return match && read(run) !== undefined && read(match) ? read(run) / read(match) : undefined;
    }).filter((value) => value !== undefined);
  }

  /** [[1 / (1 - share), µs], ...] of all rounds together. */
  curve(peer, step) {
    const buckets = this.runs(peer, step).flatMap((run) => run.due?.buckets_ns ?? []).sort(([a], [b]) => a - b);
    const count = buckets.reduce((sum, [, n]) => sum + n, 0);
    const points = [];
    let seen = 0;
    for (const [ns, n] of buckets) {
      seen += n;
      const one = count / Math.max(1, count - seen);
      if (one >= 1.25 && (points.length === 0 || one >= points.at(-1)[0] * 1.08) && seen < count)
        points.push([one, ns / 1000]);
    }
    return points;
  }

  sizes() {
    return unique(this.crowds.map(({ users }) => users)).sort((a, b) => a - b);
  }

  crowdPeers() {
    return unique(this.crowds.map(({ peer }) => peer));
  }

  crowd(peer, step, users) {
    return this.crowds.find((run) => run.peer === peer && run.step === step && run.users === users);
  }

  crowdLine(peer, step, read) {
    return this.crowds.filter((run) => run.peer === peer && run.step === step).map((run) => [run.users, read(run)]).filter(([, y]) => y > 0);
  }

  /** KB that one user more costs: between the smallest crowd of a thousand (or the smallest) and the largest. */
  kbPerUser(peer) {
    const runs = this.crowds.filter((run) => run.peer === peer && (run.step === 'idle' || run.step === 'quiet')).sort((a, b) => a.users - b.users);
    const first = runs.find(({ users }) => users >= 1000) ?? runs[0];
    const last = runs.at(-1);
    if (!first || first.users === last.users)
      return undefined;
    const grown = (run) => run.server.rss_registered_kb - run.server.rss_start_kb;
    return (grown(last) - grown(first)) / (last.users - first.users);
  }

  /** Calls a second of SQLite alone, of one round; `rows` is "plain" or "store". */
  rawStore(rows, round) {
    return this.store.find((run) => run.rows === rows && run.round === round)?.calls_per_s;
  }
}

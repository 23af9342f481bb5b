// Runs that are cut into slices, so that peers take turns of seconds: the machine's slow moments are everybody's then.
import fs from 'node:fs';

const sum = (values) => values.reduce((total, value) => total + value, 0);
const rounded = (value, digits) => Number(value.toFixed(digits));

/** The generator's histograms, each with buckets_ns, as if they were of one run; undefined when there are none. */
export function mergeHistograms(histograms) {
  if (histograms.length === 0)
    return undefined;
  const counts = new Map();
  for (const [ns, count] of histograms.flatMap(({ buckets_ns: buckets }) => buckets))
    counts.set(ns, (counts.get(ns) ?? 0) + count);
  const buckets = [...counts].sort(([a], [b]) => a - b);
  const count = sum(histograms.map((histogram) => histogram.count));
  const max = Math.max(...histograms.map((histogram) => histogram.max_us));
  const at = (share) => {
    let seen = 0;
    const [ns] = buckets.find(([, n]) => (seen += n) >= Math.ceil(share * count));
    return Math.min(rounded(ns / 1000, 1), max);
  };
  return {
    count, p50_us: at(0.5), p90_us: at(0.9), p99_us: at(0.99), p999_us: at(0.999), max_us: max,
    mean_us: rounded(sum(histograms.map((histogram) => histogram.mean_us * histogram.count)) / count, 1), buckets_ns: buckets,
  };
}

/** What the generator printed for each slice, as if it were of one run: times together, counts and CPU added up, the rest as it was at the end. */
export function mergeRuns(runs) {
  const last = runs.at(-1);
  const total = (read) => sum(runs.map(read));
  const times = (name) => mergeHistograms(runs.map((run) => run[name]).filter(Boolean));
  const calls = total((run) => run.calls);
  const seconds = total((run) => run.seconds);
  const cpu = total((run) => run.server.cpu_s);
  const { buckets_ns: _, ...setup } = times('setup') ?? {};
  return {
    ...last, seconds, calls, calls_per_s: rounded(calls / seconds, 1),
    first_error: runs.find((run) => run.first_error)?.first_error,
    lost: total((run) => run.lost), errors: total((run) => run.errors), late: total((run) => run.late), cut: total((run) => run.cut),
    setup, answer: times('answer'), due: times('due'),
    server: { ...last.server, cpu_s: rounded(cpu, 4), user_s: rounded(total((run) => run.server.user_s), 2),
      system_s: rounded(total((run) => run.server.system_s), 2), cpu_share: rounded(cpu / seconds, 3), cpu_s_per_1000_calls: rounded(cpu * 1000 / calls, 4) },
    generator_cpu_share: rounded(total((run) => run.generator_cpu_share * run.seconds) / seconds, 3),
  };
}

/** A process, and those that it started; nobody when it has ended. */
function family(pid) {
  if (!fs.existsSync(`/proc/${pid}`))
    return [];
  const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return [pid, ...children.flatMap((child) => family(Number(child)))];
}

/** Servers wait for their turn without a thread that runs. */
export const pauseServer = ({ pid }) => family(pid).forEach((one) => process.kill(one, 'SIGSTOP'));
export const resumeServer = ({ pid }) => family(pid).forEach((one) => process.kill(one, 'SIGCONT'));

// Makes bench/REPORT.md and its plots from what measure.mjs left in bench/results.
//   node bench/report.mjs [--results FOLDER] [--out FOLDER]
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { ROOT } from './peers/lib/built.mjs';
import { peers } from './peers/index.mjs';
import { criteria } from './criteria.mjs';
import { Measured, median } from './measured.mjs';
import { barPlot, linePlot } from './svg.mjs';

const { values: options } = parseArgs({ options: { results: { type: 'string' }, out: { type: 'string' } } });
const results = options.results ?? path.join(ROOT, 'bench/results');
const out = options.out ?? path.join(ROOT, 'bench');
const measured = new Measured(results);
const { machine } = measured;

const figure = (value, digits = 3) => value === undefined || Number.isNaN(value) ? '–'
  : Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en-US') : Number(value.toPrecision(digits)).toString();
const spread = (values, digits) => values.length === 0 ? '–'
  : values.length === 1 ? figure(values[0], digits)
    : `${figure(median(values), digits)} (${figure(Math.min(...values), digits)}–${figure(Math.max(...values), digits)})`;
const table = (head, rows) => [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
const isOurs = (peer) => /^(call|ours|callv1)/.test(peer);

function plot(name, svg) {
  fs.mkdirSync(path.join(out, 'plots'), { recursive: true });
  fs.writeFileSync(path.join(out, 'plots', `${name}.svg`), svg);
  return `![${name}](plots/${name}.svg)`;
}

function peersTable() {
  return table(['peer', 'what it is'], measured.peers().map((peer) => [`\`${peer}\``, peers[peer].what]));
}

const word = { yes: 'yes', no: '**no**', unknown: 'not measured' };

function criteriaTable() {
  return table(['what', 'wanted', 'measured, per round', 'holds'], criteria(measured).map(({ what, wanted, values, holds }) =>
    [what, wanted, values.map((value) => figure(value)).join(', ') || '–', word[holds]]));
}

function latencyPart() {
  const rows = measured.peers('latency').map((peer) => {
    const of = (read) => spread(measured.each(peer, 'latency', read));
    return [`\`${peer}\``, of((run) => run.due?.p50_us), of((run) => run.due?.p90_us), of((run) => run.due?.p99_us), of((run) => run.due?.max_us),
      of((run) => run.answer?.p50_us), of((run) => run.setup?.p50_us), of((run) => run.server.cpu_s_per_1000_calls), of((run) => run.generator_cpu_share)];
  });
  const lines = measured.peers('latency').map((peer) => ({ name: peer, points: measured.curve(peer, 'latency') })).filter(({ points }) => points.length);
  return `${table(['peer', 'p50 µs', 'p90 µs', 'p99 µs', 'max µs', 'p50 from sending', 'call to incoming p50', 'CPU s/1000 calls', 'generator\'s core'], rows)}

${lines.length ? plot('latency', linePlot({ title: 'Reject to rejected at 100 calls/s: time below which a share of them is',
    x: 'of so many, one is slower', y: 'µs', lines, xTicks: [2, 5, 10, 20, 50, 100, 200, 500].filter((x) => x <= lines[0].points.at(-1)[0]) })) : ''}`;
}

function saturationPart(step, pairs) {
  const names = measured.peers(step);
  const rate = (peer) => measured.each(peer, step, (run) => run.calls_per_s);
  const rows = names.map((peer) => {
    const of = (read) => spread(measured.each(peer, step, read));
    return [`\`${peer}\``, spread(rate(peer)), spread(measured.ratios(peer, 'forward', step, (run) => run.calls_per_s)),
      of((run) => run.server.cpu_s_per_1000_calls), of((run) => run.server.cpu_share), of((run) => run.answer?.p50_us), of((run) => run.answer?.p99_us),
      of((run) => run.lost), of((run) => run.generator_cpu_share)];
  });
  const bars = names.map((peer) => ({ name: peer, value: median(rate(peer)), least: Math.min(...rate(peer)), most: Math.max(...rate(peer)), isOurs: isOurs(peer) }));
  return `${table(['peer', 'calls/s', 'of forward', 'CPU s/1000 calls', 'server\'s core', 'answer p50 µs', 'p99 µs', 'lost', 'generator\'s core'], rows)}

${bars.length ? plot(step, barPlot({ title: `Calls a second, ${pairs} pairs in a closed loop, server on one core`, unit: 'calls/s', bars })) : ''}`;
}

function crowdPart() {
  const rows = measured.crowds.map((run) => [`\`${run.peer}\``, run.users, run.step, run.step === 'busy' ? figure(run.calls_per_s) : '–',
    figure(run.due?.p50_us), figure(run.due?.p99_us), figure(run.server.cpu_s_per_1000_calls), figure(run.server.cpu_share),
    run.step === 'busy' ? '–' : figure(run.server.kb_per_user), run.server.threads, figure(run.ramp_s)]);
  const lines = (step, read) => measured.crowdPeers().map((peer) => ({ name: peer, points: measured.crowdLine(peer, step, read) })).filter(({ points }) => points.length > 1);
  const quiet = lines('quiet', (run) => run.due?.p99_us);
  const busy = lines('busy', (run) => run.calls_per_s);
  return `${table(['peer', 'users', 'load', 'calls/s', 'p50 µs', 'p99 µs', 'CPU s/1000 calls', 'server\'s core', 'KB a user', 'threads', 'all registered after s'], rows)}

${quiet.length ? plot('crowd-p99', linePlot({ title: 'Reject to rejected at 100 calls/s, 99th percentile', x: 'registered users, a socket each', y: 'µs', lines: quiet, xTicks: measured.sizes() })) : ''}

${busy.length ? plot('crowd-calls', linePlot({ title: 'Calls a second, 64 pairs in a closed loop', x: 'registered users, a socket each', y: 'calls/s', lines: busy, xTicks: measured.sizes() })) : ''}`;
}

function settingsPart() {
  return table(['in janus.jcfg', 'calls/s', 'CPU s/1000 calls', 'p99 µs', 'KB a user', 'threads', 'all registered after s'], measured.settings.map((run) =>
    [`\`${Object.entries(run.janus).map(([key, value]) => `${key} = ${value}`).join(', ')}\``, figure(run.calls_per_s), figure(run.server.cpu_s_per_1000_calls),
      figure(run.answer.p99_us), figure(run.server.kb_per_user), run.server.threads, figure(run.ramp_s)]));
}

function dropPart() {
  return table(['peer', 'cut off', 'cutting took ms', 'all in grace after ms', 'worst answer after that, ms', 'p99 µs of the whole run'], measured.drop.map((run) =>
    [`\`${run.peer}\``, run.dropped, run.drop_took_us === undefined ? '–' : figure(run.drop_took_us / 1000), run.all_away_ms ?? 'never', figure(run.worst_after_drop_us / 1000), figure(run.due.p99_us)]));
}

function storePart() {
  const words = { plain: 'one plain table, an INSERT and an UPDATE', store: 'our store, with its lists and indices' };
  return table(['what', 'records in a transaction', 'calls/s', 'CPU s/1000 calls'], ['plain', 'store'].map((rows) => {
    const runs = measured.store.filter((run) => run.rows === rows);
    return [words[rows], runs[0]?.group ?? '–', spread(runs.map((run) => run.calls_per_s)), spread(runs.map((run) => run.cpu_s_per_1000_calls))];
  }));
}

const part = (title, body) => `## ${title}\n\n${body}\n`;
const notThere = machine.missing?.length ? `\nLeft out, because not installed: ${machine.missing.map((name) => `\`${name}\``).join(', ')}.\n` : '';

const failed = machine.failures?.length ? `\nTurns that failed, and are missing below:\n\n${machine.failures.map(({ peer, error }) =>
  `- \`${peer}\`: ${error.split('\n')[0]}`).join('\n')}\n` : '';

const report = `# Benchmarks

Made by \`bench/run.sh\` from the raw results in \`bench/results\`; how to read them is in [docs/benchmarks.md](../docs/benchmarks.md).

${machine.at.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, Janus ${machine.janus}, Kamailio ${machine.kamailio}, Node ${machine.node}; ${machine.rounds} rounds,
everything on the loopback, the server pinned to one core, the generator to another; load of the machine before: ${machine.load_before.join(' ')}.
Figures are medians of the rounds (least–most); ratios are taken within a round, then their median.
${machine.quick ? '\n**A quick run: it shows that everything works, its figures mean nothing.**\n' : ''}${notThere}${failed}
${part('What was to be shown', criteriaTable())}
${part('Who', peersTable())}
${part('Reject to rejected, 100 calls a second, 200 sockets', latencyPart())}
${part('Saturation, 64 pairs', saturationPart('c64', 64))}
${part('Saturation, 512 pairs', saturationPart('c512', 512))}
${part('Many registered users', crowdPart())}
${part(`Janus's settings, ${measured.settings[0]?.users ?? 1000} registered users, 64 pairs, our plugin`, settingsPart())}
${part('Everybody is cut off at once', dropPart())}
${part('SQLite alone, in groups as large as the listener\'s', storePart())}`;

fs.writeFileSync(path.join(out, 'REPORT.md'), report.replace(/\n{3,}/g, '\n\n'));
console.log(path.join(out, 'REPORT.md'));
const missed = criteria(measured).filter(({ holds }) => holds === 'no');
console.log(`${criteria(measured).filter(({ holds }) => holds === 'yes').length} hold, ${missed.length} do not, ${criteria(measured).filter(({ holds }) => holds === 'unknown').length} were not measured`);
missed.forEach(({ what, wanted, values }) => console.log(`not met: ${what}: ${values.map((value) => figure(value)).join(', ')}, wanted ${wanted}`));

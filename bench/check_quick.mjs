// Whether a quick run of the benchmarks made sense: no figure is judged, but there must be some.
//   node bench/check_quick.mjs RESULTS REPORT_FOLDER
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';

import { Measured } from './measured.mjs';
import { peers } from './peers/index.mjs';

const [results, out] = process.argv.slice(2);
const measured = new Measured(results);

for (const peer of ['forward', 'call', 'call-memory'])
  for (const step of ['latency', 'c64', 'c512'])
    assert.equal(measured.runs(peer, step).length, measured.machine.rounds, `${peer} did ${step}`);
for (const run of [...measured.rounds, ...measured.crowds.filter(({ step }) => step !== 'idle')]) {
  // One that is slow, or loses calls, may have had none yet.
  if (peers[run.peer].mayLose)
    continue;
  const what = `${run.peer}, ${run.step}`;
  assert.ok(run.calls > 0, `${what}: there were calls`);
  assert.ok(run.answer.count >= run.calls * 0.5, `${what}: their answers were measured`);
  assert.ok(run.answer.p50_us > 5 && run.answer.p50_us <= run.answer.p99_us && run.answer.p99_us <= run.answer.max_us * 1.01, `${what}: times make sense`);
  assert.ok(run.server.cpu_s > 0 && run.server.rss_end_kb > 1000 && run.server.threads > 0, `${what}: the server was looked at`);
  assert.ok(run.generator_cpu_share < 1.05, `${what}: the generator's own time is known`);
}
for (const run of measured.rounds.filter(({ step }) => step === 'latency'))
  assert.ok(run.due.p50_us >= run.answer.p50_us * 0.98, `${run.peer}: from when it was due is no less than from when it was sent`);
for (const run of measured.drop)
  assert.ok(run.all_away_ms !== null && run.worst_after_drop_us > 0, `${run.peer}: who was cut off went into grace`);
const report = fs.readFileSync(path.join(out, 'REPORT.md'), 'utf8');
for (const [, file] of report.matchAll(/\]\((plots\/[^)]*)\)/g))
  assert.match(fs.readFileSync(path.join(out, file), 'utf8'), /^<svg [^]*<\/svg>\n$/, `${file} is a picture`);
assert.ok((report.match(/\]\(plots\//g) ?? []).length >= 4, 'there are plots');
assert.doesNotMatch(report, /NaN|undefined|Infinity/);
console.log('ok: every part ran, and the report was made');

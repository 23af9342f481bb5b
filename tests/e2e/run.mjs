// Runs the end-to-end tests, or those of the files that are named, and closes with "e2e: N passed, N failed".
//   node tests/e2e/run.mjs [FILE...]
import fs from 'node:fs';
import path from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';

const HERE = fileURLToPath(new URL('.', import.meta.url));
// Each file has a Janus of its own, and most of a test is waiting.
const CONCURRENCY = Number(process.env.E2E_CONCURRENCY ?? 3);
const FILE_TIMEOUT_MS = Number(process.env.E2E_FILE_TIMEOUT_MS ?? 300_000);

const named = process.argv.slice(2).map((file) => path.resolve(file));
const skipped = (process.env.E2E_SKIP ?? '').split(',').map((name) => `${name}.test.mjs`);
const all = fs.readdirSync(HERE).filter((name) => name.endsWith('.test.mjs') && !skipped.includes(name)).sort()
  .map((name) => path.join(HERE, name));
const files = named.length > 0 ? named : all;

const counts = { passed: 0, failed: 0 };

const isFile = (name) => files.includes(path.resolve(name));
const titleOf = ({ file, name }) => `${path.basename(file ?? '', '.test.mjs')}: ${name}`;

const describe = (error) => error?.stack ?? (typeof error === 'string' ? error : inspect(error, { depth: 5 }));

function passed(test) {
  // A suite, and a file as a whole, is no test; skipped is not passed.
  if (test.details.type === 'suite' || isFile(test.name))
    return;
  if (test.skip !== undefined || test.todo !== undefined)
    console.log(`skip ${titleOf(test)}`);
  else
    counts.passed++;
}

function failed(test) {
  const { error, type } = test.details;
  // A suite fails because of its tests, which are counted; a file of which no test failed did not run to its end.
  if (error?.failureType === 'subtestsFailed' || type === 'suite' && error?.failureType !== 'hookFailed')
    return;
  counts.failed++;
  console.log(`FAIL ${titleOf(test)}\n${describe(error?.cause ?? error)}\n`);
}

for await (const { type, data } of run({ files, concurrency: CONCURRENCY, timeout: FILE_TIMEOUT_MS })) {
  if (type === 'test:pass')
    passed(data);
  else if (type === 'test:fail')
    failed(data);
  else if (type === 'test:stdout' || type === 'test:stderr')
    process.stdout.write(data.message);
}
console.log(`e2e: ${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;

// Looks into a database, and gets in its way, with the `sqlite3` program: another process, as a backend or a backup is.
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import { within } from './wait.mjs';

const MOST_BYTES = 1 << 30;
const run = promisify(execFile);

/** The files of an SQLite database: itself, its log, its shared memory. */
export const filesOf = (file) => ['', '-wal', '-shm'].map((suffix) => file + suffix);

/** The rows of a SELECT as objects. */
export async function rows(file, sql) {
  const { stdout } = await run('sqlite3', ['-bail', '-json', '-cmd', '.timeout 5000', file, sql], { maxBuffer: MOST_BYTES });
  return stdout.trim() === '' ? [] : JSON.parse(stdout);
}

/** What would be there if the machine had stopped now: a copy in a folder of its own. Nobody may be writing. */
export function copyDatabase(file, folder) {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder);
  const copy = path.join(folder, path.basename(file));
  for (const suffix of ['', '-wal']) {
    if (fs.existsSync(file + suffix))
      fs.copyFileSync(file + suffix, copy + suffix);
  }
  return copy;
}

/** What is wrong with the rows of a database of ours, whoever is alive: a list of rows, each with what it breaks. */
const RULES = {
  'a known status': `status NOT IN ('ringing', 'accepted', 'rejected', 'cancelled', 'timeout', 'ended', 'failed')`,
  'an end when it is over, and only then': `(status IN ('ringing', 'accepted')) <> (ended_at IS NULL)`,
  'a cause when it is over, and only then': `(ended_at IS NULL) <> (cause IS NULL)`,
  'over for everybody at its end': `closed_at IS NOT ended_at`,
  'an answer with all that belongs to it': `(accepted_at IS NULL) <> (answered_by IS NULL)`,
  'an answer when its status says so': `status IN ('accepted', 'ended') AND accepted_at IS NULL`,
  'no answer when its status says so': `status IN ('ringing', 'rejected', 'cancelled', 'timeout') AND accepted_at IS NOT NULL`,
  'a duration when it was answered and is over': `(duration_ms IS NULL) <> (accepted_at IS NULL OR ended_at IS NULL)`,
  'times in order': `NOT created_at <= ifnull(accepted_at, created_at) OR NOT ifnull(accepted_at, created_at) <= ifnull(ended_at, 1e18)`,
  'the cause of a rejection': `status = 'rejected' AND cause NOT IN ('declined', 'busy')`,
  'the cause of a cancellation': `status = 'cancelled' AND cause NOT IN ('cancelled', 'caller_lost', 'replaced', 'admin')`,
  'the cause of a timeout': `status = 'timeout' AND cause NOT IN ('no_answer', 'unreachable')`,
  'the cause of an end': `status = 'ended' AND cause NOT IN ('hangup', 'connection_lost', 'replaced', 'max_duration', 'admin')`,
  'the cause of a failure': `status = 'failed' AND cause NOT IN ('server_restart', 'media_failed')`,
  'a revision of a crash for a failure by one': `(ifnull(cause, '') = 'server_restart') <> (rev > 1000)`,
  'four places in the lists when it is over and filed, else none':
    `(SELECT count(*) FROM listings WHERE call = calls.id AND kind > 1) <> CASE WHEN ended_at IS NULL THEN 0 ELSE 4 END
      AND NOT (ended_at IS NOT NULL AND id IN (SELECT value FROM unfiled, json_each(unfiled.calls)))`,
};

/** Rows that are not whole, as texts; none in a good database. `calls` limits which rows, as an SQL condition. */
export async function halfWritten(file, calls = '1') {
  // The lists are found by call here and nowhere else, so their index for that is this connection's own.
  const index = 'CREATE TEMP TABLE places AS SELECT call, count(*) AS n FROM listings GROUP BY call;'
    + 'CREATE INDEX temp.places_by_call ON places (call);';
  const rule = (text) => text.replace(/\(SELECT count\(\*\) FROM listings WHERE call = calls\.id\)/,
    'ifnull((SELECT n FROM places WHERE call = calls.id), 0)');
  const parts = Object.entries(RULES).map(([name, broken]) =>
    `SELECT '${name}' AS broken, calls.* FROM calls WHERE (${calls}) AND (${rule(broken)})`);
  parts.push(`SELECT 'a place in the lists without a call: ' || places.call AS broken, calls.* FROM places `
    + 'LEFT JOIN calls ON calls.id = places.call WHERE calls.id IS NULL');
  const found = await rows(file, `${index} ${parts.join(' UNION ALL ')}`);
  const damage = (await rows(file, 'PRAGMA integrity_check')).filter((row) => row.integrity_check !== 'ok');
  return [...found, ...damage].map((row) => JSON.stringify(row));
}

/** A transaction of another process. */
export class Holder {
  /** Resolves when the transaction has begun: `how` is IMMEDIATE or EXCLUSIVE. */
  static async hold(file, how) {
    const self = new Holder();
    self.process = spawn('sqlite3', ['-bail', '-cmd', '.timeout 5000', file], { stdio: ['pipe', 'pipe', 'inherit'] });
    self.exited = new Promise((resolve) => { self.process.once('exit', resolve); });
    const lines = createInterface({ input: self.process.stdout });
    const begun = new Promise((resolve, reject) => {
      lines.once('line', resolve);
      self.exited.then(() => reject(new Error('the transaction did not begin')));
    });
    self.process.stdin.write(`BEGIN ${how};\nSELECT 'begun';\n`);
    await within(begun, 'another process has the database');
    return self;
  }

  /** Ends it as its program does. */
  async release() {
    this.process.stdin.end('ROLLBACK;\n');
    await this.exited;
  }

  /** Ends it as a crash does. */
  async kill() {
    this.process.kill('SIGKILL');
    await this.exited;
  }
}

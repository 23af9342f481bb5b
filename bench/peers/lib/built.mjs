// Where the programs of the benchmarks are.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
export const BUILD = process.env.BENCH_BUILD ?? path.join(ROOT, 'build');

/** The path of what `make` made; an error that says so when it is not there. */
export function built(name) {
  const file = path.join(BUILD, name);
  if (!fs.existsSync(file))
    throw new Error(`${file} is not there: bench/run.sh builds it`);
  return file;
}

export const isBuilt = (name) => fs.existsSync(path.join(BUILD, name));

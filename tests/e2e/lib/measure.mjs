// Figures of a test.
import fs from 'node:fs';

/** The value below which that share of `values` lies: 0.5 for the median. */
export const quantile = (values, share) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];

const statusBytes = (pid, name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;

/** How much memory a process has now, and the most that it ever had, in bytes. */
export const residentBytes = (pid) => statusBytes(pid, 'VmRSS');
export const mostResidentBytes = (pid) => statusBytes(pid, 'VmHWM');

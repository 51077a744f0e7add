// Puts the calling OS thread on one core, with taskset(1), since Node has no call for it. Without it the system may let two
// threads that wake each other share a core or not, from one run to the next, and that decides everything.
import { execFileSync, spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Skipped } from './skipped.mjs';

/** Pins the calling thread to `cpu`, or to several, '0,2-5'; does nothing for undefined. */
export function pinThread(cpu) {
  if (cpu === undefined) return;
  const tid = readlinkSync('/proc/thread-self').split('/').pop();
  execFileSync('taskset', ['-cp', String(cpu), tid], { stdio: 'ignore' });
}

/** Does `fn` with the calling thread on `cpu`; what it starts meanwhile is there as well. Without a `cpu`, wherever it is. */
export async function whilePinned(cpu, fn) {
  if (cpu === undefined) return fn();
  const before = coresOf(process.pid);
  pinThread(cpu);
  try {
    return await fn();
  } finally {
    pinThread(before);
  }
}

/** The first two cores that this process may use. */
export function twoCores() {
  if (process.platform !== 'linux') throw new Skipped('only for Linux');
  if (availableParallelism() < 2) throw new Skipped('needs two cores');
  const cores = coresOf(process.pid).split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
  return cores.slice(0, 2);
}

/** As taskset(1) says and takes them: 0,2-5. */
function coresOf(tid) {
  const { status, stdout } = spawnSync('taskset', ['-cp', String(tid)], { encoding: 'utf8' });
  if (status !== 0) throw new Skipped('no taskset(1)');
  return stdout.split(':').pop().trim();
}

// Stopping what runs in a pool: how long it takes until the caller of piscina hears of it, or until the worker is gone; and what
// comes of an endless task with `finally` that is asked to stop in the way of each pool.
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { POOLS } from './pools.mjs';
import { serve } from './serve.mjs';

const START_MS = 60;
const AFTER_MS = 300;
const GIVE_UP_MS = 2000;
const scratch = mkdtempSync(join(tmpdir(), 'kthread-bench-stops-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
let files = 0;

serve(({ pool, until, times }) => (pool ? correctness(pool) : latency(until, times)));

async function latency(until, times) {
  const { Piscina } = await import('piscina');
  const pool = new Piscina({ filename: new URL('task_piscina.mjs', import.meta.url).href, minThreads: 1, maxThreads: 1 });
  const samples = [];
  for (let i = 0; i < times; i++) {
    const abort = new AbortController();
    const file = join(scratch, `${files++}`);
    const over = pool.run(file, { name: 'endless', signal: abort.signal }).catch(() => {});
    await begun(file);
    const [worker] = pool.threads;
    const start = performance.now();
    const gone = once(worker, 'exit');
    abort.abort();
    await (until === 'answer' ? over : gone);
    samples.push((performance.now() - start) * 1000);
    await Promise.all([over, gone]);
  }
  await pool.destroy();
  return { samples };
}

async function correctness(name) {
  const { run, end, asked } = await POOLS[name](1);
  const abort = new AbortController();
  const file = join(scratch, `${files++}`);
  const task = run('endless', file, abort.signal);
  const answer = task.then((value) => ({ value }), (error) => ({ error: error.name === 'Error' ? error.message : error.name }));
  await begun(file);
  await delay(START_MS);
  const start = performance.now();
  if (task.stop) task.stop();
  else abort.abort();
  const got = await Promise.race([answer, delay(GIVE_UP_MS, { error: 'no answer' })]);
  const ms = performance.now() - start;
  await delay(AFTER_MS);
  const beat = read(file);
  await delay(AFTER_MS / 3);
  const details = { asked, ms, value: got.value ?? null, error: got.error ?? null, finallyRan: beat === 'finally', stillRuns: read(file) !== beat };
  await end();
  return { value: ms, details };
}

async function begun(file) {
  while (read(file) === '') await delay(1);
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

// Modules in C: what it takes to load one, to start a thread of it, for two of them to wake each other, and to compute, with
// and without address checks, beside the same in C without any runtime.
import { LogReader, insmod, rmmod } from 'kthread';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runNative } from '../lib/native.mjs';

const SOURCE = fileURLToPath(new URL('../modules/c_bench.c', import.meta.url));
const PROGRAM = fileURLToPath(new URL('../../dist/tools/kthread.js', import.meta.url));

export const rows = [
  {
    name: 'c-insmod/cold',
    title: 'kthread build of a module in C, nothing built before, a process that starts its compiler',
    unit: 'ms',
    roundsMax: 3,
    ours: (ctx) => cold(ctx),
  },
  {
    name: 'c-insmod/warm',
    title: 'insmod of a module in C whose source was edited, the compiler running',
    unit: 'ms',
    ours: (ctx) => warm(ctx),
  },
  {
    name: 'c-insmod/cached',
    title: 'insmod of a module in C that was built before',
    unit: 'ms',
    cost: 'an isolate of about 9 MB for its init, which its first thread takes over',
    ours: (ctx) => cached(ctx),
  },
  {
    name: 'c-start/first',
    title: 'kthread_run in C up to the first line of the thread, the first of its module, on an isolate that ran nothing before',
    unit: 'us',
    cost: 'what runs for the first time on an isolate is compiled',
    ours: async (ctx) => ({ samples: await several(ctx, 10, 'start') }),
  },
  {
    name: 'c-start',
    title: 'kthread_run in C up to the first line of the thread, on a warm isolate that knows the module already',
    unit: 'us',
    cost: 'a warm isolate of about 9 MB waits in a futex for it: kernel.warm_isolates (2) of them are kept ready',
    ours: async (ctx) => (await inModule(ctx, 'start', ctx.times(100))) / 1000,
    peers: [{ name: 'pthread_create', run: async ({ scratch, times }) => (await runNative(scratch, 'pthread_start', times(2000)))[0] / 1000 }],
  },
  {
    name: 'c-pingpong',
    title: 'two threads in C wake each other with wake_up and wait_event: a round trip',
    unit: 'us',
    cost: 'a waiter polls for up to kernel.halt_poll_us (50) before each sleep',
    ours: async (ctx) => (await inModule(ctx, 'pingpong', ctx.times(10_000))) / 1000,
    peers: [{ name: 'pthread condition variables', must: { ratio: 4 }, aim: { ratio: 1.5 }, run: async (ctx) => (await runNative(ctx.scratch, 'cond_pingpong', ctx.times(20_000)))[0] / 1000 }],
  },
  sieve('c-sieve', 'without address checks', false, { ratio: 2 }),
  sieve('c-sieve/kasan', 'with address checks (KASAN), the default', true, { ratio: 4 }),
];

function sieve(name, how, kasan, must) {
  const without = { name: 'the same without address checks', run: async (ctx) => (await inModule(ctx, 'sieve', ctx.times(100), { kasan: false })) / 1e6 };
  return {
    name,
    title: `the primes below a million by a sieve in C, ${how}`,
    unit: 'ms',
    ours: async (ctx) => (await inModule(ctx, 'sieve', ctx.times(100), { kasan })) / 1e6,
    peers: [{ name: 'gcc -O2', must, run: async (ctx) => (await runNative(ctx.scratch, 'sieve', ctx.times(100)))[0] / 1e6 }, ...(kasan ? [without] : [])],
  };
}

/** Loads the module to have it measure `what`, and takes it away again. */
async function inModule(ctx, what, times, how = {}, file = SOURCE) {
  process.env.KTHREAD_CACHE = join(ctx.scratch, 'c-modules');
  const log = new LogReader('next');
  const { name } = await insmod(file, { what, times }, how);
  let figure = NaN;
  for (let record = log.next(); record; record = log.next()) figure = Number(/^c_bench: (\d+)/.exec(record.text)?.[1] ?? figure);
  await rmmod(name);
  return figure;
}

async function several(ctx, times, what) {
  const samples = [];
  for (let i = 0; i < ctx.times(times); i++) samples.push((await inModule(ctx, what, 1)) / 1000);
  return samples;
}

async function cached(ctx) {
  await inModule(ctx, 'nothing', 1);
  const samples = [];
  for (let i = 0; i < ctx.times(10); i++) {
    const begun = performance.now();
    const { name } = await insmod(SOURCE, { what: 'nothing' });
    samples.push(performance.now() - begun);
    await rmmod(name);
  }
  return { samples };
}

let edits = 0;

async function warm(ctx) {
  process.env.KTHREAD_CACHE = 'off';
  const file = join(ctx.scratch, 'c_bench.c');
  const source = readFileSync(SOURCE, 'utf8');
  const samples = [];
  for (let i = 0; i < ctx.times(10); i++) {
    writeFileSync(file, `${source}\n/* ${++edits} */\n`);
    const begun = performance.now();
    const { name } = await insmod(file, { what: 'nothing' });
    samples.push(performance.now() - begun);
    await rmmod(name);
  }
  return { samples };
}

function cold({ scratch }) {
  const begun = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [PROGRAM, 'build', SOURCE, '-o', join(scratch, 'cold.ko')], { env: { ...process.env, KTHREAD_CACHE: 'off' }, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return performance.now() - begun;
}

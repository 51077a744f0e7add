// What a machine costs while all its threads sleep.
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Skipped } from '../lib/skipped.mjs';
import { startSleepers } from '../lib/sleepers.mjs';

const SIZES = [100, 1000, 10_000, 100_000];
const WINDOW_MS = 500;
const MANY = 100_000;

export const rows = [
  ...SIZES.map((size) => ({
    name: 'idle/cpu',
    title: 'the CPU time of a process in which that many async threads sleep, as a share of one CPU',
    unit: '%',
    size,
    slow: size > 10_000,
    cost: 'the watchers, khungtaskd and watchdogd, look every few seconds',
    goals: { must: { ours: 0.5 } },
    ours: async (ctx) => {
      await ctx.keep('threads', () => settled(size));
      return cpuShare(ctx);
    },
  })),
  {
    name: 'idle/wake-ups',
    title: '100,000 async threads sleep: how often a second one of the process\'s OS threads is woken',
    unit: '/s',
    slow: true,
    cost: 'the watchers, khungtaskd and watchdogd, look every few seconds',
    goals: { aim: { ours: 1 } },
    ours: async (ctx) => {
      await ctx.keep('threads', () => settled(MANY));
      return wakeUps(ctx);
    },
  },
];

/** After the garbage of making them. */
async function settled(size) {
  await startSleepers(size);
  await delay(4 * WINDOW_MS);
}

async function cpuShare({ times }) {
  const window = times(WINDOW_MS);
  const before = process.cpuUsage();
  await delay(window);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) / 1000 / window) * 100;
}

/** Less the one by which this measurement itself wakes up. */
async function wakeUps({ times }) {
  const window = times(4 * WINDOW_MS);
  const before = switches();
  await delay(window);
  return Math.max(0, ((switches() - before - 1) * 1000) / window);
}

/** How often the OS threads of this process gave up their CPU so far, to sleep. */
function switches() {
  if (process.platform !== 'linux') throw new Skipped('only for Linux');
  let sum = 0;
  for (const tid of readdirSync('/proc/self/task')) {
    const [, count] = /^voluntary_ctxt_switches:\s+(\d+)/m.exec(readFileSync(`/proc/self/task/${tid}/status`, 'utf8'));
    sum += Number(count);
  }
  return sum;
}

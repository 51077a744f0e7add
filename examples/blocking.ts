/** A plain thread computes without a break, and an async one beside it keeps its rhythm, since the plain one has an isolate of its own. */
import { type Task, kthreadRun, kthreadShouldStop, kthreadStop, moduleExit, moduleInit, msleepInterruptible, msleepSync, printk, threadfn } from 'kthread';

const isPrime = (n: number): boolean => {
  for (let d = 3; d * d <= n; d += 2) if (n % d === 0) return false;
  return true;
};

// Not async: it may block, and hog its CPU, as it likes.
const primes = threadfn(import.meta, 'primes', (from: number) => {
  let found = 0;
  for (let n = from; !kthreadShouldStop(); n += 2) {
    if (isPrime(n) && ++found % 1000 === 0) msleepSync(1);
  }
  return found;
});

async function beat(period: number): Promise<number> {
  let most = 0;
  for (let next = performance.now() + period; !kthreadShouldStop(); next += period) {
    await msleepInterruptible(next - performance.now());
    const late = Math.floor(Math.max(0, performance.now() - next));
    if (!kthreadShouldStop()) printk('beat: %d ms late\n', late);
    most = Math.max(most, late);
  }
  return most;
}

const threads: Task[] = [];
moduleInit(async () => {
  threads.push(await kthreadRun(primes, 1_000_000_001, 'primes'), await kthreadRun(beat, 500, 'beat'));
});

moduleExit(async () => {
  for (const thread of threads) printk('%s: %d\n', thread.comm, await kthreadStop(thread));
});

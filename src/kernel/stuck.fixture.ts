/**
 * A process whose main thread is stuck, by the word it is started with; for watchdog.test.ts. It prints its log when it is
 * over, since nobody could ask it before.
 */
import { boot, dmesg, kthreadRun, mdelay, snapshot, sysctl } from '../index.js';

const STUCK_MS_MAX = 60_000;

/** Uses the CPU and tells nobody, until that is in the log. */
function hogTheProgram(): void {
  for (const end = performance.now() + STUCK_MS_MAX; performance.now() < end && !dmesg().some((line) => line.includes('</TASK>')); mdelay(20)) continue;
}

const machine = await boot({ cpus: 1, memory: 64 << 20, console: 'stderr', loglevel: 0 });
sysctl('kernel.watchdog_thresh', 1);
while (!snapshot().some(({ comm }) => comm === 'watchdogd')) await new Promise((resolve) => setTimeout(resolve, 10));

switch (process.argv[2]) {
  case 'program':
    hogTheProgram();
    break;
  case 'thread':
    await new Promise<void>((resolve) => void kthreadRun(async function hogsMain() {
      hogTheProgram();
      resolve();
    }, undefined, 'hog/%d', 0));
    break;
  case 'timer':
    await new Promise((resolve) => setTimeout(() => resolve(hogTheProgram()), 1));
    break;
  default:
}
process.stdout.write(`${dmesg({ raw: true, time: 'none' }).join('\n')}\n`);
await machine.shutdown();

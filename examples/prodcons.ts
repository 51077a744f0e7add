/** A baker and two customers: who finds the shelf empty sleeps, until the baker has put a loaf there and has said so. */
import { type Task, current, declareWaitQueueHead, kthreadRun, kthreadShouldStop, kthreadStop, moduleExit, moduleInit, msleepInterruptible, printk, waitEventInterruptible, wakeUpAll } from 'kthread';

const hungry = declareWaitQueueHead(import.meta, 'hungry');
const shelf: number[] = [];

async function bake(): Promise<number> {
  let loaves = 0;
  while (!kthreadShouldStop()) {
    shelf.push(++loaves); // First the news, then the wake-up: who wakes looks at the shelf.
    wakeUpAll(hungry);
    await msleepInterruptible(200);
  }
  return loaves;
}

async function buy(): Promise<number> {
  let bought = 0;
  // 0: there is something. -512: we are asked to stop, and there is nothing.
  while ((await waitEventInterruptible(hungry, () => shelf.length > 0)) === 0) {
    const loaf = shelf.shift();
    if (loaf === undefined) continue; // Both were woken, and the other one was faster.
    printk('%s buys loaf %d\n', current().comm, loaf);
    bought++;
  }
  return bought;
}

const threads: Task[] = [];
moduleInit(async () => {
  for (let i = 1; i <= 2; i++) threads.push(await kthreadRun(buy, undefined, 'customer/%d', i));
  threads.unshift(await kthreadRun(bake, undefined, 'baker'));
});

moduleExit(async () => {
  for (const thread of threads) printk('%s: %d\n', thread.comm, await kthreadStop(thread)); // The baker first, so that nothing is left.
});

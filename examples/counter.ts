/** Counts seconds up to a limit. How far it came is what its function returns, and kthreadStop hands that on. */
import { type Task, current, getTaskStruct, kthreadRun, kthreadShouldStop, kthreadStopPut, moduleExit, moduleInit, moduleParam, msleepInterruptible, printk } from 'kthread';

const limit = moduleParam(import.meta, 'limit', 'uint', 30, 'the thread ends by itself after so many seconds');
let counter: Task;

async function count(most: number): Promise<number> {
  let seconds = 0;
  while (seconds < most && !kthreadShouldStop()) {
    printk('%s: %d\n', current().comm, ++seconds);
    await msleepInterruptible(1000);
  }
  return seconds;
}

moduleInit(async () => {
  counter = getTaskStruct(await kthreadRun(count, limit.value, 'counter/%d', 1)); // Ours until we put it, also if the thread ends before.
});

moduleExit(async () => {
  printk('counter: it came to %d\n', await kthreadStopPut(counter));
});

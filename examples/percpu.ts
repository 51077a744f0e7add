/** A thread on every CPU, each on an isolate of its own, so that they really run at the same time. */
import { type Task, current, kthreadRunOnCpu, kthreadShouldStop, kthreadStop, moduleExit, moduleInit, numOnlineCpus, printk, scheduleTimeoutInterruptible, smpProcessorId, threadfn, HZ } from 'kthread';

const threads: Task[] = [];

// Other isolates import this file to find the function, so it is declared here at the top and not in a closure.
const patrol = threadfn(import.meta, 'patrol', async (rounds: number) => {
  let round = 0;
  while (round < rounds && !kthreadShouldStop()) {
    printk('%s: round %d on CPU %d\n', current().comm, ++round, smpProcessorId());
    await scheduleTimeoutInterruptible(HZ / 2);
  }
  while (!kthreadShouldStop()) await scheduleTimeoutInterruptible(HZ);
  return round;
});

moduleInit(async () => {
  for (let cpu = 0; cpu < numOnlineCpus(); cpu++) threads.push(await kthreadRunOnCpu(patrol, 2, cpu, 'patrol/%u'));
});

moduleExit(async () => {
  for (const thread of threads) printk('%s did %d rounds\n', thread.comm, await kthreadStop(thread));
});

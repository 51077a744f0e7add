/** Two tellers move money without a lock, and one piece is always on its way. An auditor has them frozen, each between two transfers, and counts. */
import {
  type Task, declareShared, freezeProcesses, kthreadFreezableShouldStop, kthreadRun, kthreadRunOnCpu, kthreadShouldStop, kthreadStop, moduleExit, moduleInit, msleep, msleepInterruptible, printk, setFreezable, thawProcesses, threadfn,
} from 'kthread';

const money = declareShared(import.meta, 'money', Int32Array, 8);

const teller = threadfn(import.meta, 'teller', async (seed: number) => {
  await setFreezable(); // From now on it comes by below, or nobody could freeze the machine.
  let transfers = 0;
  for (; !(await kthreadFreezableShouldStop()); transfers++) {
    Atomics.sub(money, (transfers * seed) % 8, 1);
    await msleep(1); // Whoever counts now counts one too few.
    Atomics.add(money, (transfers * seed + 3) % 8, 1);
  }
  return transfers;
});

async function audit(): Promise<number> {
  let audits = 0;
  while (!kthreadShouldStop()) {
    await msleepInterruptible(400);
    if ((await freezeProcesses()) !== 0) continue; // Somebody did not come by; the log says who.
    printk('audit: %d\n', money.reduce((sum, account) => sum + account));
    thawProcesses();
    audits++;
  }
  return audits;
}

const threads: Task[] = [];
moduleInit(async () => {
  money.fill(100);
  for (let cpu = 0; cpu < 2; cpu++) threads.push(await kthreadRunOnCpu(teller, 5 + cpu * 2, cpu, 'teller/%u'));
  threads.push(await kthreadRun(audit, undefined, 'auditor'));
});

moduleExit(async () => {
  for (const thread of threads.toReversed()) printk('%s: %d\n', thread.comm, await kthreadStop(thread));
});

/** Says every second what the jiffies counter shows. The smallest module there is: a thread, started and stopped. */
import { HZ, TASK_INTERRUPTIBLE, type Task, jiffies, kthreadRun, kthreadShouldStop, kthreadStop, moduleExit, moduleInit, moduleParam, printk, scheduleTimeout, setCurrentState } from 'kthread';

const period = moduleParam(import.meta, 'period', 'uint', 1, 'seconds between two lines');
let ticker: Task;

async function tick(): Promise<void> {
  printk('HZ:%d\n', HZ);
  while (!kthreadShouldStop()) {
    setCurrentState(TASK_INTERRUPTIBLE);
    await scheduleTimeout(period.value * HZ);
    printk('kthread:%ld\n', jiffies());
  }
}

moduleInit(async () => {
  ticker = await kthreadRun(tick, undefined, 'param %s&%d', 'test', 123);
  printk('pid->%d:prio->%d:comm->%s\n', ticker.pid, ticker.staticPrio, ticker.comm);
});

moduleExit(async () => {
  await kthreadStop(ticker); // Wakes it at once, so the last line comes early.
});

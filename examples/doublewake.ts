/** kthreadRun() has woken its thread. To wake it once more starts nothing twice; it only makes a sleeper look again. */
import { TASK_INTERRUPTIBLE, TASK_RUNNING, type Task, kthreadRun, kthreadShouldStop, kthreadStop, moduleExit, moduleInit, msleep, printk, schedule, setCurrentState, wakeUpProcess } from 'kthread';

let begun = 0;
let looked = 0;
let sleeper: Task;

async function sleep(): Promise<number> {
  begun++;
  for (;;) {
    setCurrentState(TASK_INTERRUPTIBLE); // Said before looking: a wake-up from here on keeps it from sleeping.
    looked++;
    if (kthreadShouldStop()) break;
    await schedule();
  }
  setCurrentState(TASK_RUNNING);
  return looked;
}

moduleInit(async () => {
  sleeper = await kthreadRun(sleep, undefined, 'sleeper');
  printk('again at once: woke %d\n', wakeUpProcess(sleeper)); // 0: it does not sleep yet.
  for (let i = 0; i < 3; i++) {
    await msleep(100);
    printk('in %s: woke %d\n', sleeper.state, wakeUpProcess(sleeper)); // 1: it slept, and looks again.
  }
});

moduleExit(async () => {
  const looks = await kthreadStop(sleeper);
  printk('begun %d time, looked %d times\n', begun, looks);
});

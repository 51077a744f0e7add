// A plain thread that sleeps until it is stopped.
import { TASK_INTERRUPTIBLE, TASK_RUNNING, kthreadShouldStop, scheduleSync, setCurrentState, threadfn } from 'kthread';

export const VALUE = 7;

export const plainSleeper = threadfn(import.meta, 'plainSleeper', () => {
  sleepUntilStopped();
  return VALUE;
});

export function sleepUntilStopped() {
  for (;;) {
    setCurrentState(TASK_INTERRUPTIBLE);
    if (kthreadShouldStop()) break;
    scheduleSync();
  }
  setCurrentState(TASK_RUNNING);
}

// Async threads that sleep until they are stopped, as many as wanted.
import { TASK_INTERRUPTIBLE, TASK_RUNNING, kthreadRun, kthreadShouldStop, kthreadStop, schedule, setCurrentState } from 'kthread';

const VALUE = 7;

export async function sleepUntilStopped() {
  for (;;) {
    setCurrentState(TASK_INTERRUPTIBLE);
    if (kthreadShouldStop()) break;
    await schedule();
  }
  setCurrentState(TASK_RUNNING);
  return VALUE;
}

/** `count` of them, all asleep. */
export async function startSleepers(count) {
  const tasks = [];
  for (let i = 0; i < count; i++) tasks.push(await kthreadRun(sleepUntilStopped, undefined, 'sleeper/%d', i));
  while (tasks.at(-1).state !== 'S') await new Promise((resolve) => setImmediate(resolve));
  return tasks;
}

/** Stops one, and makes sure that it really ran: one that is stopped before gives -EINTR. */
export async function stopSleeper(task) {
  if ((await kthreadStop(task)) !== VALUE) throw new Error(`${task.comm} was stopped before it ran`);
}

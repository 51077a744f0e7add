// Waits for a thread that ends by itself, without waking it before: being asked to stop would disturb what it measures.
import { getTaskStruct, kthreadStopPut } from 'kthread';
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_MS = 5;

/** What the function of `task`, which must not have ended yet, returns in the end. */
export async function ended(task) {
  getTaskStruct(task);
  while (task.state !== 'X') await delay(LOOK_MS);
  return kthreadStopPut(task);
}

// Runs a thread that ends by itself, and does not wake it before: being asked to stop would disturb what it measures.
import { getTaskStruct, kthreadCreate, kthreadStopPut, wakeUpProcess } from 'kthread';
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_MS = 5;

/** What a thread of `fn` returns in the end. */
export async function runToEnd(fn, data) {
  const task = getTaskStruct(await kthreadCreate(fn, data, fn.name));
  wakeUpProcess(task);
  while (task.state !== 'X') await delay(LOOK_MS);
  return kthreadStopPut(task);
}

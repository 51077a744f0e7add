/** hung_basic.c of the conformance cases, at half its time: a thread in D for longer than the limit is reported. */
import { HZ, TASK_UNINTERRUPTIBLE, complete, declareCompletion, kthreadRun, kthreadShouldStop, kthreadStop, moduleExit, moduleInit, prInfo, scheduleTimeout, scheduleTimeoutInterruptible, setCurrentState, waitForCompletion, type Task } from '../../index.js';

const started = declareCompletion(import.meta, 'started');
let task: Task;

async function body(): Promise<number> {
  complete(started);
  setCurrentState(TASK_UNINTERRUPTIBLE);
  await scheduleTimeout(4 * HZ);
  prInfo('hung_basic: back again\n');
  prInfo('hung_basic: done\n');
  while (!kthreadShouldStop()) await scheduleTimeoutInterruptible(HZ);
  return 4;
}

moduleInit(async () => {
  task = await kthreadRun(body, undefined, 'hung %s&%d', 'task', 1);
  await waitForCompletion(started);
  prInfo('hung_basic: %s sleeps\n', task.comm);
});

moduleExit(async () => {
  prInfo('hung_basic: stop=%d\n', await kthreadStop(task));
});

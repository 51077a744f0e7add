/** hung_off.c of the conformance cases, at less than half its time: with a limit of 0 nothing is reported, nor with no warnings left. */
import { HZ, complete, declareCompletion, kthreadRun, kthreadShouldStop, kthreadStop, moduleExit, moduleInit, prInfo, scheduleTimeoutInterruptible, scheduleTimeoutUninterruptible, waitForCompletion, type Task } from '../../index.js';

const started = declareCompletion(import.meta, 'started');
let task: Task;

async function body(): Promise<void> {
  complete(started);
  const left = await scheduleTimeoutUninterruptible(4 * HZ);
  prInfo('hung_off: left=%ld\n', left);
  prInfo('hung_off: done\n');
  while (!kthreadShouldStop()) await scheduleTimeoutInterruptible(HZ);
}

moduleInit(async () => {
  task = await kthreadRun(body, undefined, 'hung_off');
  await waitForCompletion(started);
  prInfo('hung_off: asleep\n');
});

moduleExit(async () => {
  prInfo('hung_off: stop=%d\n', await kthreadStop(task));
});

/** hung_ignored.c of the conformance cases, at half its time: interruptible, killable, idle, parked, and short naps. */
import {
  HZ, TASK_IDLE, TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_RUNNING, TASK_UNINTERRUPTIBLE, complete, declareCompletion, kthreadPark, kthreadParkme, kthreadRun, kthreadShouldPark, kthreadShouldStop, kthreadStop, moduleExit,
  moduleInit, msleep, prInfo, schedule, scheduleTimeout, scheduleTimeoutInterruptible, setCurrentState, waitForCompletion, type Task,
} from '../../index.js';

const hows: Array<{ readonly name: string; readonly state: number; task?: Task }> = [
  { name: 'interruptible', state: TASK_INTERRUPTIBLE }, { name: 'killable', state: TASK_KILLABLE }, { name: 'idle', state: TASK_IDLE },
  { name: 'parked', state: 0 }, { name: 'naps', state: TASK_UNINTERRUPTIBLE },
];
const started = declareCompletion(import.meta, 'started');
let judge: Task;

async function body({ state }: { readonly state: number }): Promise<void> {
  complete(started);
  for (;;) {
    if (kthreadShouldPark()) await kthreadParkme();
    setCurrentState(state || TASK_INTERRUPTIBLE);
    if (kthreadShouldStop()) break;
    if (state === TASK_UNINTERRUPTIBLE) await scheduleTimeout(HZ / 8); // Shorter still: a busy computer may let it oversleep.
    else if (!kthreadShouldPark()) await schedule();
  }
  setCurrentState(TASK_RUNNING);
}

async function judging(): Promise<void> {
  for (let i = 0; i < 14; i++) await msleep(250);
  for (const { name, state, task } of hows) if (state !== TASK_UNINTERRUPTIBLE) prInfo('hung_ignored: %s state=%c\n', name, task!.state);
  prInfo('hung_ignored: done\n');
  while (!kthreadShouldStop()) await scheduleTimeoutInterruptible(HZ);
}

moduleInit(async () => {
  for (const how of hows) {
    how.task = await kthreadRun(body, how, 'hi_%s', how.name);
    await waitForCompletion(started);
    if (how.state === 0) await kthreadPark(how.task);
  }
  judge = await kthreadRun(judging, undefined, 'hi_judge');
});

moduleExit(async () => {
  await kthreadStop(judge);
  for (const { task } of hows) await kthreadStop(task!);
  prInfo('hung_ignored: all stopped\n');
});

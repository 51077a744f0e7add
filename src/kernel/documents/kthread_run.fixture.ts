/** The module of document 001, and as document 000 borrows it: a thread that tells the jiffies every second, or in its sandbox sleeps where nobody wakes it. */
import {
  HZ, MAX_SCHEDULE_TIMEOUT, TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE, jiffies, kthreadRun, kthreadShouldStop, kthreadStop, moduleExit, moduleInit, moduleParam, printk, scheduleTimeout, setCurrentState, type Task,
} from '../../index.js';

const hiboma = moduleParam(import.meta, 'hiboma', 'bool', false, 'the name that document 000 gives');
const sandbox = moduleParam(import.meta, 'sandbox', 'bool', false, 'sleeps uninterruptibly, as long as it can');
let thread: Task;

async function myKthreadMain(): Promise<void> {
  setCurrentState(sandbox.value ? TASK_UNINTERRUPTIBLE : TASK_INTERRUPTIBLE);
  await scheduleTimeout(sandbox.value ? MAX_SCHEDULE_TIMEOUT : HZ);
  printk('kthread:%ld\n', jiffies());
}

async function myKthread(): Promise<number> {
  printk('HZ:%d\n', HZ);
  while (!kthreadShouldStop()) await myKthreadMain();
  return 0;
}

moduleInit(async () => {
  thread = hiboma.value ? await kthreadRun(myKthread, undefined, 'kthread %s&%d', 'hiboma', 123) : await kthreadRun(myKthread, undefined, 'param %s&%d', 'test', 123);
  printk('pid->%d:prio->%d:comm->%s\n', thread.pid, thread.staticPrio, thread.comm);
});

moduleExit(async () => {
  await kthreadStop(thread);
});

/**
 * A thread of the machine's own that calls a function of a module which is being removed, and which does not return: it is
 * reported with where it is, and ended. Whoever had started it clears up behind it.
 */
import { load } from '../lib/atomic.js';
import { r32, readString } from '../lib/memory.js';
import { isDead } from '../kernel/fork.js';
import { HOST_ISOLATE } from '../kernel/isolate.js';
import { sendMail } from '../kernel/mail.js';
import type { EndMail } from '../kernel/module.js';
import { TAINT_DIE, addTaint, printTaskTrace } from '../kernel/panic.js';
import { TASK_COMM_LEN } from '../kernel/param.js';
import { KERN_ALERT, printk } from '../kernel/printk/printk.js';
import { taskAt } from '../kernel/sched/handle.js';
import { TASK } from '../kernel/sched/task.js';
import { taskTrace } from '../kernel/stacktrace.js';
import { scheduleTimeoutUninterruptible } from '../kernel/time/sleep.js';
import { msecsToJiffies } from '../kernel/time/time.js';
import type { Image } from './images.js';

/** How long a callback or work may take to return before it counts as stuck, and its isolate to end, ms. */
const GRACE_MS = 100, REAP_MS = 10_000;

/** A thread, and what it calls. */
interface Caller {
  readonly task: number;
  readonly what: string;
}

/** Waits until `find` finds nobody any more; ends, one after the other, those who are still found after a while. False if one does not end. Sleeps. */
export async function endIfStuck(image: Image, find: () => Caller | undefined): Promise<boolean> {
  if (await within(GRACE_MS, () => find() === undefined)) return true;
  for (let caller = find(); caller; caller = find()) if (!(await end(image, caller))) return false;
  return true;
}

async function within(ms: number, over: () => boolean): Promise<boolean> {
  for (let waited = 0; waited < ms && !over(); waited++) await scheduleTimeoutUninterruptible(msecsToJiffies(1));
  return over();
}

async function end({ about: { name } }: Image, { task, what }: Caller): Promise<boolean> {
  const trace = await taskTrace(taskAt(task));
  addTaint(TAINT_DIE);
  printk('%sBUG: module %s was removed, but its %s does not return; %s:%d is ended\n', KERN_ALERT, name, what, readString(task + TASK.comm, TASK_COMM_LEN), r32(task + TASK.pid));
  printTaskTrace(task, trace);
  return endTask(task, `its module ${name} was removed`);
}

/** Ends a plain thread where it stands, with its isolate. False if that takes too long. Sleeps. */
export function endTask(task: number, why: string): Promise<boolean> {
  sendMail(HOST_ISOLATE, { kind: 'end', number: load(task + TASK.isolate), why } satisfies EndMail);
  return within(REAP_MS, () => isDead(task));
}

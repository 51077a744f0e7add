/**
 * The freezer, as threads see it: who lets itself be frozen, where, and what it learns of that. A thread is left alone until
 * it calls setFreezable(); from then on it must come by one of the calls here, or sleep in a freezable wait, for otherwise
 * the machine cannot be frozen. Freezing the machine is power/process.ts.
 */
import { fetchAnd, load } from '../lib/atomic.js';
import { block, blockSync, needPlain, needThread, type Blocking, type WaitOptions } from './sched/core.js';
import type { Task } from './sched/handle.js';
import { freezableSleep, isFreezing, refrigerator } from './sched/refrigerator.js';
import { KTHREAD_SHOULD_STOP, PF_NOFREEZE, TASK, TASK_FROZEN, taskState } from './sched/task.js';
import { MAX_SCHEDULE_TIMEOUT, deadlineIn } from './time/time.js';

/** Whether `task` is asked to freeze. Stays true while it is frozen. C: freezing. */
export const freezing = (task: Task): boolean => task.exists && isFreezing(task.addr);

/** Whether `task` stands frozen. C: frozen. */
export const frozen = (task: Task): boolean => task.exists && (taskState(task.addr) & TASK_FROZEN) !== 0;

const WHY = '__refrigerator';
const enter = (task: number): Blocking<boolean> => refrigerator(task, false);
const enterUntilStop = (task: number): Blocking<boolean> => refrigerator(task, true);
const allowFreezing = (task: number): void => void fetchAnd(task + TASK.flags, ~PF_NOFREEZE);

/**
 * From now on the calling thread is frozen with the machine; at once if that is frozen. Returns whether it was. Sleeps.
 * Throws EPERM outside a kernel thread. C: set_freezable.
 */
export async function setFreezable(): Promise<boolean> {
  allowFreezing(needThread('setFreezable').addr);
  return block(WHY, enter);
}

/** For plain threads; as setFreezable. */
export function setFreezableSync(): boolean {
  allowFreezing(needPlain('setFreezable').addr);
  return blockSync(WHY, 'setFreezable', enter);
}

/** Stands still, in D, while the machine is frozen, if the calling thread is freezable. Returns whether it did. Throws EPERM outside a kernel thread. C: try_to_freeze. */
export async function tryToFreeze(): Promise<boolean> {
  needThread('tryToFreeze');
  return block(WHY, enter);
}

/** For plain threads; as tryToFreeze. */
export const tryToFreezeSync = (): boolean => blockSync(WHY, 'tryToFreeze', enter);

/** Where kthreadFreezableShouldStop says whether it froze. C: bool *was_frozen. */
export interface WasFrozen {
  frozen: boolean;
}

/**
 * Freezes if asked, as tryToFreeze, but goes on when somebody stops the thread, frozen or not. Returns whether it shall stop;
 * `was` gets whether it was frozen. Throws EPERM outside a kernel thread. C: kthread_freezable_should_stop.
 */
export async function kthreadFreezableShouldStop(was?: WasFrozen): Promise<boolean> {
  const { addr } = needThread('kthreadFreezableShouldStop');
  return tell(addr, await block(WHY, enterUntilStop), was);
}

/** For plain threads; as kthreadFreezableShouldStop. */
export function kthreadFreezableShouldStopSync(was?: WasFrozen): boolean {
  const { addr } = needPlain('kthreadFreezableShouldStop');
  return tell(addr, blockSync(WHY, 'kthreadFreezableShouldStop', enterUntilStop), was);
}

function tell(task: number, wasFrozen: boolean, was?: WasFrozen): boolean {
  if (was) was.frozen = wasFrozen;
  return (load(task + TASK.kflags) & KTHREAD_SHOULD_STOP) !== 0;
}

/** Sleeps in the state that was set, as schedule; where the machine is frozen meanwhile, it returns when that is over. EPERM outside a kernel thread. C: freezable_schedule. */
export const freezableSchedule = async (opt?: WaitOptions): Promise<void> => void await freezableScheduleTimeout(MAX_SCHEDULE_TIMEOUT, opt);

/** For plain threads; as freezableSchedule. */
export const freezableScheduleSync = (): void => void freezableScheduleTimeoutSync(MAX_SCHEDULE_TIMEOUT);

/** The same `timeout` jiffies at most, frozen ones included. Returns the jiffies left. C: freezable_schedule_timeout. */
export async function freezableScheduleTimeout(timeout: number, opt?: WaitOptions): Promise<number> {
  needThread('freezableSchedule');
  const deadline = deadlineIn(timeout);
  return block('schedule_timeout', (task) => freezableSleep(task, deadline), opt);
}

/** For plain threads; as freezableScheduleTimeout. */
export function freezableScheduleTimeoutSync(timeout: number): number {
  const deadline = deadlineIn(timeout);
  return blockSync('schedule_timeout', 'freezableSchedule', (task) => freezableSleep(task, deadline));
}

/**
 * A completion is an event that one may wait for before or after it happens; it counts, so that n completions let n
 * waiters pass. It does not protect anything: for that take a lock.
 *
 * The record is a count and a queue of waiters, first come first served, under the queue's lock:
 *
 *     waiter                                  complete()
 *     lock, done == 0, queue me  [comp:wait]  data = ...
 *     state = D, unlock, sleep                lock, done++  [comp:done]
 *     lock, done > 0, done--, unlock          wake the first waiter, unlock
 */
import { ERESTARTSYS } from '../../lib/errno.js';
import { r32, w32 } from '../../lib/memory.js';
import { ptr, struct, u32 } from '../../lib/struct.js';
import { registerHandle, type Handle } from '../handle.js';
import { declareHandle, freeRecord, newRecord, onRelease } from '../statics.js';
import { jiffiesUntil } from '../time/time.js';
import type { Blocking, WaitOptions } from './core.js';
import { form, jiffiesLeft, nothing, wait, waitSync, zeroOr, type Form, type Waiting } from './forms.js';
import { refrigerator } from './refrigerator.js';
import { TASK_FREEZABLE, TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_RUNNING, TASK_UNINTERRUPTIBLE, setTaskState } from './task.js';
import { WQ_FLAG_EXCLUSIVE, drainQueue, finishLocked, initQueue, lockQueue, ownEntry, prepareLocked, unlockQueue, wakeFirstLocked } from './wait_queue.js';

/** `lock` and `list` are a queue of wait_queue.ts. */
export const COMPLETION = struct('completion', { done: u32('l'), lock: u32('a'), list: ptr('l', 2, 'struct list_head') });

/** As a count: everybody passes. */
const UINT_MAX = -1;

const queueOf = (at: number): number => at + COMPLETION.lock;

// --- By address, for the kernel itself ----------------------------------------------------------------------------

export function initCompletionAt(at: number): void {
  w32(at + COMPLETION.done, 0);
  initQueue(queueOf(at));
}

export function completeAt(at: number): void {
  lockQueue(queueOf(at));
  const done = r32(at + COMPLETION.done);
  if (done !== UINT_MAX) w32(at + COMPLETION.done, done + 1); // [comp:done] pairs with comp:wait
  wakeFirstLocked(queueOf(at));
  unlockQueue(queueOf(at));
}

export function completeAllAt(at: number): void {
  lockQueue(queueOf(at));
  w32(at + COMPLETION.done, UINT_MAX);
  while (wakeFirstLocked(queueOf(at))) continue;
  unlockQueue(queueOf(at));
}

export function tryWaitAt(at: number): boolean {
  lockQueue(queueOf(at));
  const done = r32(at + COMPLETION.done);
  takeOne(at);
  unlockQueue(queueOf(at));
  return done !== 0;
}

/** With the lock held. */
function takeOne(at: number): void {
  const done = r32(at + COMPLETION.done);
  if (done !== 0 && done !== UINT_MAX) w32(at + COMPLETION.done, done - 1);
}

/** Waits in `state` until `deadline`. Returns the jiffies left (at least 1), 0 when time ran out, or -ERESTARTSYS. What is done wins over whatever ended the sleep. */
export function* waitForCommon(task: number, at: number, state: number, deadline: number): Blocking<number> {
  const queue = queueOf(at);
  const entry = ownEntry(task, WQ_FLAG_EXCLUSIVE);
  let taken = false;
  lockQueue(queue);
  try {
    while (r32(at + COMPLETION.done) === 0) {
      if (prepareLocked(queue, entry, task, state)) return -ERESTARTSYS; // [comp:wait] pairs with comp:done
      if (deadline !== Infinity && jiffiesUntil(deadline) === 0) return 0;
      unlockQueue(queue);
      let aborted: { reason: unknown } | undefined;
      try {
        yield deadline;
        if ((state & TASK_FREEZABLE) !== 0) yield* refrigerator(task, false);
      } catch (reason) {
        aborted = { reason };
      } finally {
        lockQueue(queue);
      }
      if (aborted && r32(at + COMPLETION.done) === 0) throw aborted.reason;
    }
    takeOne(at);
    taken = true;
    return Math.max(1, jiffiesUntil(deadline));
  } finally {
    // Chosen, but gone before it could take: the next one may.
    if (finishLocked(entry) && !taken && r32(at + COMPLETION.done) !== 0) wakeFirstLocked(queue);
    unlockQueue(queue);
    setTaskState(task, TASK_RUNNING);
  }
}

// --- For threads --------------------------------------------------------------------------------------------------

/** A completion. May be passed as thread data: it is the same one on every isolate. C: struct completion. */
export class Completion implements Handle, Disposable {
  readonly kthread = 'completion';

  /** Not for users: declareCompletion and newCompletion make handles. */
  constructor(readonly addr: number) {}

  /** How many more may pass; 4294967295 after completeAll. C: x->done. */
  get done(): number {
    return r32(this.addr + COMPLETION.done) >>> 0;
  }

  /** Frees a completion that newCompletion made, as soon as the wait for it has returned. One that a module made is freed with the module at the latest. */
  [Symbol.dispose](): void {
    freeRecord(this.addr);
  }
}

registerHandle('completion', ({ addr }: Handle) => new Completion(addr));
onRelease('completion', (at) => drainQueue(queueOf(at)));

/** The completion `name` of the calling file: one for all isolates. ENOMEM; EINVAL if the name is something else. C: static DECLARE_COMPLETION(name). */
export function declareCompletion(meta: ImportMeta, name: string): Completion {
  return declareHandle(meta, name, 'completion', COMPLETION.sizeof, initCompletionAt, (addr) => new Completion(addr));
}

/** A completion of one's own, to be freed by `using` or with the calling module. ENODEV where no machine is, ENOMEM. C: init_completion on allocated memory, DECLARE_COMPLETION_ONSTACK. */
export const newCompletion = (): Completion => new Completion(newRecord('completion', COMPLETION.sizeof, initCompletionAt));

/** Makes `c` new: nothing done, nobody waiting. C: init_completion. */
export const initCompletion = (c: Completion): void => initCompletionAt(c.addr);

/** Nothing is done any more, so that the next wait blocks: for use after completeAll. C: reinit_completion. */
export const reinitCompletion = (c: Completion): void => w32(c.addr + COMPLETION.done, 0);

/** One waiter may pass, who waits or who comes. It sees everything written before. Never sleeps; also from listeners and callbacks. C: complete. */
export const complete = (c: Completion): void => completeAt(c.addr);

/** All waiters may pass, now and later, until reinitCompletion. C: complete_all. */
export const completeAll = (c: Completion): void => completeAllAt(c.addr);

/** As complete; a hint to run the waiter on this CPU. C: complete_on_current_cpu. */
export const completeOnCurrentCpu = (c: Completion): void => complete(c);

/** Whether a wait would not block. C: completion_done. */
export const completionDone = (c: Completion): boolean => c.done !== 0;

/** Passes if that needs no waiting, and says whether. Never sleeps. C: try_wait_for_completion. */
export const tryWaitForCompletion = (c: Completion): boolean => tryWaitAt(c.addr);

const waiting = ({ addr }: Completion, state: number): Waiting => ({
  test: () => tryWaitAt(addr),
  start: (task, deadline) => waitForCommon(task, addr, state, deadline),
});
const untimed = <R>(form: Form<R>) => (c: Completion, opt?: WaitOptions): Promise<R> => wait(form, waiting(c, form.state), undefined, opt);
const untimedSync = <R>(form: Form<R>) => (c: Completion): R => waitSync(form, waiting(c, form.state));
const timed = <R>(form: Form<R>) => (c: Completion, timeout: number, opt?: WaitOptions): Promise<R> => wait(form, waiting(c, form.state), timeout, opt);
const timedSync = <R>(form: Form<R>) => (c: Completion, timeout: number): R => waitSync(form, waiting(c, form.state), timeout);

const PLAIN = form('waitForCompletion', TASK_UNINTERRUPTIBLE, nothing);
const IO = form('waitForCompletionIo', TASK_UNINTERRUPTIBLE, nothing);
const TIMEOUT = form('waitForCompletionTimeout', TASK_UNINTERRUPTIBLE, jiffiesLeft);
const IO_TIMEOUT = form('waitForCompletionIoTimeout', TASK_UNINTERRUPTIBLE, jiffiesLeft);
const INTERRUPTIBLE = form('waitForCompletionInterruptible', TASK_INTERRUPTIBLE, zeroOr);
const INTERRUPTIBLE_TIMEOUT = form('waitForCompletionInterruptibleTimeout', TASK_INTERRUPTIBLE, jiffiesLeft);
const KILLABLE = form('waitForCompletionKillable', TASK_KILLABLE, zeroOr);
const KILLABLE_TIMEOUT = form('waitForCompletionKillableTimeout', TASK_KILLABLE, jiffiesLeft);
const STATE = form('waitForCompletionState', TASK_RUNNING, zeroOr);

/** Sleeps in D until `c` is complete, and uses up one completion. Wake-ups and signals do not end it. C: wait_for_completion. */
export const waitForCompletion = untimed(PLAIN);
/** For plain threads; as waitForCompletion. */
export const waitForCompletionSync = untimedSync(PLAIN);
/** The same `timeout` jiffies at most. Returns the jiffies left, at least 1, or 0 when time ran out. C: wait_for_completion_timeout. */
export const waitForCompletionTimeout = timed(TIMEOUT);
/** For plain threads; as waitForCompletionTimeout. */
export const waitForCompletionTimeoutSync = timedSync(TIMEOUT);
/** As waitForCompletion, for what a device does. C: wait_for_completion_io. */
export const waitForCompletionIo = untimed(IO);
/** For plain threads; as waitForCompletionIo. */
export const waitForCompletionIoSync = untimedSync(IO);
/** As waitForCompletionTimeout, for what a device does. C: wait_for_completion_io_timeout. */
export const waitForCompletionIoTimeout = timed(IO_TIMEOUT);
/** For plain threads; as waitForCompletionIoTimeout. */
export const waitForCompletionIoTimeoutSync = timedSync(IO_TIMEOUT);
/** Sleeps in S until `c` is complete. Returns 0, or -512 (-ERESTARTSYS) on a signal or a stop. C: wait_for_completion_interruptible. */
export const waitForCompletionInterruptible = untimed(INTERRUPTIBLE);
/** For plain threads; as waitForCompletionInterruptible. */
export const waitForCompletionInterruptibleSync = untimedSync(INTERRUPTIBLE);
/** The same `timeout` jiffies at most. Returns the jiffies left, at least 1; 0 when time ran out; or -512. C: wait_for_completion_interruptible_timeout. */
export const waitForCompletionInterruptibleTimeout = timed(INTERRUPTIBLE_TIMEOUT);
/** For plain threads; as waitForCompletionInterruptibleTimeout. */
export const waitForCompletionInterruptibleTimeoutSync = timedSync(INTERRUPTIBLE_TIMEOUT);
/** Sleeps in D until `c` is complete. Returns 0, or -512 (-ERESTARTSYS) on SIGKILL, if allowed. C: wait_for_completion_killable. */
export const waitForCompletionKillable = untimed(KILLABLE);
/** For plain threads; as waitForCompletionKillable. */
export const waitForCompletionKillableSync = untimedSync(KILLABLE);
/** The same `timeout` jiffies at most. Returns the jiffies left, at least 1; 0 when time ran out; or -512. C: wait_for_completion_killable_timeout. */
export const waitForCompletionKillableTimeout = timed(KILLABLE_TIMEOUT);
/** For plain threads; as waitForCompletionKillableTimeout. */
export const waitForCompletionKillableTimeoutSync = timedSync(KILLABLE_TIMEOUT);
/** Sleeps in `state` (TASK_*) until `c` is complete. Returns 0, or -512 (-ERESTARTSYS) on a signal that `state` allows. C: wait_for_completion_state. */
export const waitForCompletionState = (c: Completion, state: number, opt?: WaitOptions): Promise<0 | -512> => wait(STATE, waiting(c, state), undefined, opt);
/** For plain threads; as waitForCompletionState. */
export const waitForCompletionStateSync = (c: Completion, state: number): 0 | -512 => waitSync(STATE, waiting(c, state));

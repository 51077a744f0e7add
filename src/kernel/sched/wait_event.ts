/**
 * Sleeping until a condition holds: the wait_event family. The condition is looked at before sleeping and again after
 * each wake-up of the queue; it does not wake anybody by becoming true.
 *
 * A condition is a synchronous function and runs as the waiter, on the waiter's isolate, once before the waiter is
 * queued, and then each time with it queued. It may have effects: where several wait for the same things, it takes one.
 */
import { EINVAL, ERESTARTSYS, KernelError } from '../../lib/errno.js';
import { w32 } from '../../lib/memory.js';
import { jiffiesUntil } from '../time/time.js';
import type { Blocking, WaitOptions } from './core.js';
import { form, jiffiesLeft, microseconds, nothing, wait, waitSync, zeroOr, zeroOrTime, zeroOrTimeOr, type Form, type Waiting } from './forms.js';
import { TASK_FREEZABLE, TASK_IDLE, TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_RUNNING, TASK_UNINTERRUPTIBLE, setTaskState } from './task.js';
import { refrigerator } from './refrigerator.js';
import type { Lockable, WaitQueueHead } from './wait.js';
import { WAIT_QUEUE_ENTRY, WAKE_ONE, WQ_FLAG_EXCLUSIVE, finishEntry, finishLocked, ownEntry, prepareEntry, prepareLocked, wakeLocked, wakeQueue, type WaitKey } from './wait_queue.js';

/** What one waits for: a synchronous test. One that returns a promise is refused with EINVAL. */
export type Condition = () => boolean;

/** What is special about one wait. */
export interface Around {
  /** Called right before it sleeps, after the condition was false. */
  readonly before?: () => void;
  /** Called right after, whatever ended the sleep. */
  readonly after?: () => void;
  /** They give back a spinlock that the caller has, and take it again. */
  readonly dropped?: boolean;
  /** That lock is the queue's own. */
  readonly locked?: boolean;
  /** TASK_*, if not the form's. */
  readonly state?: number;
  /** Only wake-ups for this word and bit concern it. */
  readonly word?: WaitKey;
}

/** Tests `condition`. Throws KernelError EINVAL, naming `call`, if it answers later. */
export function holds(call: string, condition: Condition): boolean {
  const answer: unknown = condition();
  if (typeof answer !== 'object' || answer === null || !('then' in answer)) return Boolean(answer);
  Promise.resolve(answer).catch(nothing);
  throw new KernelError(-EINVAL, `${call}: the condition returned a promise; it must be a synchronous function, since it is tested while the thread is queued`);
}

/**
 * Waits on the queue at `queue` in the way of `how` until `condition` holds. Ends with the jiffies left (at least 1), 0 or
 * -ERESTARTSYS. What holds wins over whatever ended the sleep. C: ___wait_event.
 */
export function* ___waitEvent(task: number, queue: number, how: Form<unknown>, condition: Condition, deadline: number, around: Around = {}): Blocking<number> {
  const { state = how.state, before, after, locked = false, word } = around;
  const prepare = locked ? prepareLocked : prepareEntry;
  const entry = ownEntry(task, how.flags, word);
  /** A wake-up may have been for this waiter, and it has not looked since. */
  let owed = false;
  let asleep = false;
  try {
    for (let woken = 0; ; woken++) {
      const signalled = prepare(queue, entry, task, state);
      const done = holds(how.name, condition);
      owed = false;
      if (done) return Math.max(1, jiffiesUntil(deadline));
      if (deadline !== Infinity && jiffiesUntil(deadline) === 0) return 0;
      if (signalled) return -ERESTARTSYS;
      w32(entry + WAIT_QUEUE_ENTRY.woken, woken);
      before?.();
      owed = asleep = true;
      try {
        yield deadline;
        if ((state & TASK_FREEZABLE) !== 0) yield* refrigerator(task, false);
        asleep = false;
      } finally {
        after?.();
      }
    }
  } catch (reason) {
    if (!asleep || !holds(how.name, condition)) throw reason;
    owed = false;
    return Math.max(1, jiffiesUntil(deadline));
  } finally {
    setTaskState(task, TASK_RUNNING);
    const chosen = (locked ? finishLocked : finishEntry)(entry);
    w32(entry + WAIT_QUEUE_ENTRY.woken, 0);
    // An exclusive wake-up that this waiter was chosen for and cannot use is for the next one.
    if (owed && (chosen || !asleep) && (how.flags & WQ_FLAG_EXCLUSIVE) !== 0) (locked ? wakeLocked : wakeQueue)(queue, WAKE_ONE);
  }
}

/** A wait queue of whichever kind. */
interface Queue {
  readonly addr: number;
}

const waiting = (q: Queue, how: Form<unknown>, condition: Condition, around?: Around): Waiting => ({
  test: () => holds(how.name, condition),
  start: (task, deadline) => ___waitEvent(task, q.addr, how, condition, deadline, around),
  atomic: around?.dropped === true,
});

// --- The forms ----------------------------------------------------------------------------------------------------

export const untimed = <R, Q extends Queue = WaitQueueHead>(how: Form<R>) => (q: Q, condition: Condition, opt?: WaitOptions): Promise<R> => wait(how, waiting(q, how, condition), undefined, opt);
export const untimedSync = <R, Q extends Queue = WaitQueueHead>(how: Form<R>) => (q: Q, condition: Condition): R => waitSync(how, waiting(q, how, condition));
export const timed = <R, Q extends Queue = WaitQueueHead>(how: Form<R>) => (q: Q, condition: Condition, timeout: number, opt?: WaitOptions): Promise<R> => wait(how, waiting(q, how, condition), timeout, opt);
export const timedSync = <R, Q extends Queue = WaitQueueHead>(how: Form<R>) => (q: Q, condition: Condition, timeout: number): R => waitSync(how, waiting(q, how, condition), timeout);

type Command = () => void;
const cmd = <R>(how: Form<R>) => (q: WaitQueueHead, condition: Condition, before: Command, after: Command, opt?: WaitOptions): Promise<R> => wait(how, waiting(q, how, condition, { before, after }), undefined, opt);
const cmdSync = <R>(how: Form<R>) => (q: WaitQueueHead, condition: Condition, before: Command, after: Command): R => waitSync(how, waiting(q, how, condition, { before, after }));

/** The lock is given back while the thread sleeps, and held again before anything else happens. */
const dropped = (lock: Lockable, command?: Command): Around => ({
  dropped: true,
  before: () => {
    lock.unlock();
    command?.();
  },
  after: () => lock.lock(),
});
const lock = <R>(how: Form<R>) => (q: WaitQueueHead, condition: Condition, lock: Lockable, opt?: WaitOptions): Promise<R> => wait(how, waiting(q, how, condition, dropped(lock)), undefined, opt);
const lockSync = <R>(how: Form<R>) => (q: WaitQueueHead, condition: Condition, lock: Lockable): R => waitSync(how, waiting(q, how, condition, dropped(lock)));
const lockCmd = <R>(how: Form<R>) => (q: WaitQueueHead, condition: Condition, lock: Lockable, command: Command, opt?: WaitOptions): Promise<R> => wait(how, waiting(q, how, condition, dropped(lock, command)), undefined, opt);
const lockCmdSync = <R>(how: Form<R>) => (q: WaitQueueHead, condition: Condition, lock: Lockable, command: Command): R => waitSync(how, waiting(q, how, condition, dropped(lock, command)));
const lockTimed = <R>(how: Form<R>) => (q: WaitQueueHead, condition: Condition, lock: Lockable, timeout: number, opt?: WaitOptions): Promise<R> => wait(how, waiting(q, how, condition, dropped(lock)), timeout, opt);
const lockTimedSync = <R>(how: Form<R>) => (q: WaitQueueHead, condition: Condition, lock: Lockable, timeout: number): R => waitSync(how, waiting(q, how, condition, dropped(lock)), timeout);
const held = <R>(how: Form<R>) => (q: WaitQueueHead, condition: Condition, opt?: WaitOptions): Promise<R> => wait(how, waiting(q, how, condition, { ...dropped(q.lock), locked: true }), undefined, opt);
const heldSync = <R>(how: Form<R>) => (q: WaitQueueHead, condition: Condition): R => waitSync(how, waiting(q, how, condition, { ...dropped(q.lock), locked: true }));

const D = TASK_UNINTERRUPTIBLE, S = TASK_INTERRUPTIBLE, K = TASK_KILLABLE, I = TASK_IDLE;
const X = WQ_FLAG_EXCLUSIVE;
const PLAIN = form('waitEvent', D, nothing);
const TIMEOUT = form('waitEventTimeout', D, jiffiesLeft);
const INTERRUPTIBLE = form('waitEventInterruptible', S, zeroOr);
const INTERRUPTIBLE_TIMEOUT = form('waitEventInterruptibleTimeout', S, jiffiesLeft);
const INTERRUPTIBLE_EXCLUSIVE = form('waitEventInterruptibleExclusive', S, zeroOr, X);
const KILLABLE = form('waitEventKillable', K, zeroOr);
const KILLABLE_TIMEOUT = form('waitEventKillableTimeout', K, jiffiesLeft);
const FREEZABLE = form('waitEventFreezable', S | TASK_FREEZABLE, zeroOr);
const FREEZABLE_EXCLUSIVE = form('waitEventFreezableExclusive', S | TASK_FREEZABLE, zeroOr, X);
const FREEZABLE_TIMEOUT = form('waitEventFreezableTimeout', S | TASK_FREEZABLE, jiffiesLeft);
const FREEZEKILLABLE = form('waitEventFreezekillable', K | TASK_FREEZABLE, zeroOr);
const KILLABLE_EXCLUSIVE = form('waitEventKillableExclusive', K, zeroOr, X);
const IDLE = form('waitEventIdle', I, nothing);
const IDLE_TIMEOUT = form('waitEventIdleTimeout', I, jiffiesLeft);
const IDLE_EXCLUSIVE = form('waitEventIdleExclusive', I, nothing, X);
const IDLE_EXCLUSIVE_TIMEOUT = form('waitEventIdleExclusiveTimeout', I, jiffiesLeft, X);
const STATE = form('waitEventState', D, zeroOr);
const IO = form('ioWaitEvent', D, nothing);
const HRTIMEOUT = form('waitEventHrtimeout', D, zeroOrTime, 0, microseconds);
const INTERRUPTIBLE_HRTIMEOUT = form('waitEventInterruptibleHrtimeout', S, zeroOrTimeOr, 0, microseconds);
const CMD = form('waitEventCmd', D, nothing);
const EXCLUSIVE_CMD = form('waitEventExclusiveCmd', D, nothing, X);
const LOCK = form('waitEventLockIrq', D, nothing);
const LOCK_CMD = form('waitEventLockIrqCmd', D, nothing);
const LOCK_TIMEOUT = form('waitEventLockIrqTimeout', D, jiffiesLeft);
const INTERRUPTIBLE_LOCK = form('waitEventInterruptibleLockIrq', S, zeroOr);
const INTERRUPTIBLE_LOCK_CMD = form('waitEventInterruptibleLockIrqCmd', S, zeroOr);
const INTERRUPTIBLE_LOCK_TIMEOUT = form('waitEventInterruptibleLockIrqTimeout', S, jiffiesLeft);
const INTERRUPTIBLE_LOCKED = form('waitEventInterruptibleLocked', S, zeroOr);
const INTERRUPTIBLE_EXCLUSIVE_LOCKED = form('waitEventInterruptibleExclusiveLocked', S, zeroOr, X);

/**
 * Sleeps in D until `condition()` holds; looks at it before sleeping and after each wake-up of `q`. Does not sleep if it
 * holds already. All of the family: KernelError EINVAL for a condition that returns a promise; what a condition throws
 * comes out, and the waiter is queued nowhere then; with `{ signal }`, that signal's reason. C: wait_event.
 */
export const waitEvent = untimed(PLAIN);
/** For plain threads; as waitEvent. EDEADLK on an isolate that others share, as all Sync forms. */
export const waitEventSync = untimedSync(PLAIN);
/** The same `timeout` jiffies at most. Returns the jiffies left, at least 1, or 0 if time ran out with the condition false. C: wait_event_timeout. */
export const waitEventTimeout = timed(TIMEOUT);
/** For plain threads; as waitEventTimeout. */
export const waitEventTimeoutSync = timedSync(TIMEOUT);
/** Sleeps in S until `condition()` holds: returns 0; or -512 (-ERESTARTSYS) if it does not and a signal is pending or the thread is asked to stop. C: wait_event_interruptible. */
export const waitEventInterruptible = untimed(INTERRUPTIBLE);
/** For plain threads; as waitEventInterruptible. */
export const waitEventInterruptibleSync = untimedSync(INTERRUPTIBLE);
/** The same `timeout` jiffies at most. Returns the jiffies left, at least 1; 0 if time ran out; or -512. C: wait_event_interruptible_timeout. */
export const waitEventInterruptibleTimeout = timed(INTERRUPTIBLE_TIMEOUT);
/** For plain threads; as waitEventInterruptibleTimeout. */
export const waitEventInterruptibleTimeoutSync = timedSync(INTERRUPTIBLE_TIMEOUT);
/** As waitEventInterruptible, as an exclusive waiter: one wakeUp wakes one of them, in the order in which they came. C: wait_event_interruptible_exclusive. */
export const waitEventInterruptibleExclusive = untimed(INTERRUPTIBLE_EXCLUSIVE);
/** For plain threads; as waitEventInterruptibleExclusive. */
export const waitEventInterruptibleExclusiveSync = untimedSync(INTERRUPTIBLE_EXCLUSIVE);
/** Sleeps in D until `condition()` holds: returns 0; or -512 (-ERESTARTSYS) if SIGKILL, allowed, is pending. C: wait_event_killable. */
export const waitEventKillable = untimed(KILLABLE);
/** For plain threads; as waitEventKillable. */
export const waitEventKillableSync = untimedSync(KILLABLE);
/** The same `timeout` jiffies at most. Returns the jiffies left, at least 1; 0 if time ran out; or -512. C: wait_event_killable_timeout. */
export const waitEventKillableTimeout = timed(KILLABLE_TIMEOUT);
/** For plain threads; as waitEventKillableTimeout. */
export const waitEventKillableTimeoutSync = timedSync(KILLABLE_TIMEOUT);
/** As waitEventKillable, as an exclusive waiter. C: wait_event_killable_exclusive. */
export const waitEventKillableExclusive = untimed(KILLABLE_EXCLUSIVE);
/** For plain threads; as waitEventKillableExclusive. */
export const waitEventKillableExclusiveSync = untimedSync(KILLABLE_EXCLUSIVE);
/** As waitEventInterruptible, and where the machine is frozen meanwhile it sleeps on until that is over; time goes on. C: wait_event_freezable. */
export const waitEventFreezable = untimed(FREEZABLE);
/** For plain threads; as waitEventFreezable. */
export const waitEventFreezableSync = untimedSync(FREEZABLE);
/** The same as an exclusive waiter; while it is frozen, wake-ups are for the next one. C: wait_event_freezable_exclusive. */
export const waitEventFreezableExclusive = untimed(FREEZABLE_EXCLUSIVE);
/** For plain threads; as waitEventFreezableExclusive. */
export const waitEventFreezableExclusiveSync = untimedSync(FREEZABLE_EXCLUSIVE);
/** As waitEventFreezable, `timeout` jiffies at most, frozen ones included. Returns as waitEventInterruptibleTimeout. C: wait_event_freezable_timeout. */
export const waitEventFreezableTimeout = timed(FREEZABLE_TIMEOUT);
/** For plain threads; as waitEventFreezableTimeout. */
export const waitEventFreezableTimeoutSync = timedSync(FREEZABLE_TIMEOUT);
/** As waitEventFreezable in D, where SIGKILL, if allowed, ends it. C: wait_event_freezekillable. */
export const waitEventFreezekillable = untimed(FREEZEKILLABLE);
/** For plain threads; as waitEventFreezekillable. */
export const waitEventFreezekillableSync = untimedSync(FREEZEKILLABLE);
/** As waitEvent, in I: not counted as load and never reported as hung. C: wait_event_idle. */
export const waitEventIdle = untimed(IDLE);
/** For plain threads; as waitEventIdle. */
export const waitEventIdleSync = untimedSync(IDLE);
/** The same `timeout` jiffies at most. Returns as waitEventTimeout. C: wait_event_idle_timeout. */
export const waitEventIdleTimeout = timed(IDLE_TIMEOUT);
/** For plain threads; as waitEventIdleTimeout. */
export const waitEventIdleTimeoutSync = timedSync(IDLE_TIMEOUT);
/** As waitEventIdle, as an exclusive waiter. C: wait_event_idle_exclusive. */
export const waitEventIdleExclusive = untimed(IDLE_EXCLUSIVE);
/** For plain threads; as waitEventIdleExclusive. */
export const waitEventIdleExclusiveSync = untimedSync(IDLE_EXCLUSIVE);
/** As waitEventIdleTimeout, as an exclusive waiter. C: wait_event_idle_exclusive_timeout. */
export const waitEventIdleExclusiveTimeout = timed(IDLE_EXCLUSIVE_TIMEOUT);
/** For plain threads; as waitEventIdleExclusiveTimeout. */
export const waitEventIdleExclusiveTimeoutSync = timedSync(IDLE_EXCLUSIVE_TIMEOUT);
/** Sleeps in `state` (TASK_*) until `condition()` holds. Returns 0, or -512 (-ERESTARTSYS) on a signal that `state` allows. C: wait_event_state. */
export const waitEventState = (q: WaitQueueHead, condition: Condition, state: number, opt?: WaitOptions): Promise<0 | -512> => wait(STATE, waiting(q, STATE, condition, { state }), undefined, opt);
/** For plain threads; as waitEventState. */
export const waitEventStateSync = (q: WaitQueueHead, condition: Condition, state: number): 0 | -512 => waitSync(STATE, waiting(q, STATE, condition, { state }));
/** As waitEvent, for what a device does. C: io_wait_event. */
export const ioWaitEvent = untimed(IO);
/** For plain threads; as ioWaitEvent. */
export const ioWaitEventSync = untimedSync(IO);
/** As waitEvent, `timeout` microseconds at most. Returns 0, or -62 (-ETIME) if time ran out with the condition false. On a shared isolate 1 ms is the finest there is. C: wait_event_hrtimeout. */
export const waitEventHrtimeout = timed(HRTIMEOUT);
/** For plain threads; as waitEventHrtimeout. */
export const waitEventHrtimeoutSync = timedSync(HRTIMEOUT);
/** The same in S: also -512 (-ERESTARTSYS), as waitEventInterruptible. C: wait_event_interruptible_hrtimeout. */
export const waitEventInterruptibleHrtimeout = timed(INTERRUPTIBLE_HRTIMEOUT);
/** For plain threads; as waitEventInterruptibleHrtimeout. */
export const waitEventInterruptibleHrtimeoutSync = timedSync(INTERRUPTIBLE_HRTIMEOUT);
/** As waitEvent, calling `before` right before each sleep and `after` right after it. Neither may sleep. C: wait_event_cmd. */
export const waitEventCmd = cmd(CMD);
/** For plain threads; as waitEventCmd. */
export const waitEventCmdSync = cmdSync(CMD);
/** As waitEventCmd, as an exclusive waiter. C: wait_event_exclusive_cmd. */
export const waitEventExclusiveCmd = cmd(EXCLUSIVE_CMD);
/** For plain threads; as waitEventExclusiveCmd. */
export const waitEventExclusiveCmdSync = cmdSync(EXCLUSIVE_CMD);
/** As waitEvent for who holds `lock`: it is held whenever the condition is looked at and on return, also by an exception, and dropped while the thread sleeps. C: wait_event_lock_irq. */
export const waitEventLockIrq = lock(LOCK);
/** For plain threads; as waitEventLockIrq. */
export const waitEventLockIrqSync = lockSync(LOCK);
/** The same, calling `command` before each sleep without the lock. C: wait_event_lock_irq_cmd. */
export const waitEventLockIrqCmd = lockCmd(LOCK_CMD);
/** For plain threads; as waitEventLockIrqCmd. */
export const waitEventLockIrqCmdSync = lockCmdSync(LOCK_CMD);
/** As waitEventLockIrq, `timeout` jiffies at most. Returns as waitEventTimeout. C: wait_event_lock_irq_timeout. */
export const waitEventLockIrqTimeout = lockTimed(LOCK_TIMEOUT);
/** For plain threads; as waitEventLockIrqTimeout. */
export const waitEventLockIrqTimeoutSync = lockTimedSync(LOCK_TIMEOUT);
/** As waitEventLockIrq, in S. Returns as waitEventInterruptible. C: wait_event_interruptible_lock_irq. */
export const waitEventInterruptibleLockIrq = lock(INTERRUPTIBLE_LOCK);
/** For plain threads; as waitEventInterruptibleLockIrq. */
export const waitEventInterruptibleLockIrqSync = lockSync(INTERRUPTIBLE_LOCK);
/** The same, calling `command` before each sleep without the lock. C: wait_event_interruptible_lock_irq_cmd. */
export const waitEventInterruptibleLockIrqCmd = lockCmd(INTERRUPTIBLE_LOCK_CMD);
/** For plain threads; as waitEventInterruptibleLockIrqCmd. */
export const waitEventInterruptibleLockIrqCmdSync = lockCmdSync(INTERRUPTIBLE_LOCK_CMD);
/** As waitEventInterruptibleLockIrq, `timeout` jiffies at most. Returns as waitEventInterruptibleTimeout. C: wait_event_interruptible_lock_irq_timeout. */
export const waitEventInterruptibleLockIrqTimeout = lockTimed(INTERRUPTIBLE_LOCK_TIMEOUT);
/** For plain threads; as waitEventInterruptibleLockIrqTimeout. */
export const waitEventInterruptibleLockIrqTimeoutSync = lockTimedSync(INTERRUPTIBLE_LOCK_TIMEOUT);
/** As waitEventInterruptibleLockIrq with the queue's own lock, for wakers that call wakeUpLocked. C: wait_event_interruptible_locked. */
export const waitEventInterruptibleLocked = held(INTERRUPTIBLE_LOCKED);
/** For plain threads; as waitEventInterruptibleLocked. */
export const waitEventInterruptibleLockedSync = heldSync(INTERRUPTIBLE_LOCKED);
/** The same as an exclusive waiter. C: wait_event_interruptible_exclusive_locked. */
export const waitEventInterruptibleExclusiveLocked = held(INTERRUPTIBLE_EXCLUSIVE_LOCKED);
/** For plain threads; as waitEventInterruptibleExclusiveLocked. */
export const waitEventInterruptibleExclusiveLockedSync = heldSync(INTERRUPTIBLE_EXCLUSIVE_LOCKED);

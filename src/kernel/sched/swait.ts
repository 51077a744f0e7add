/**
 * Simple wait queues: first come, first served, one at a time, no wake functions. What completions stand on. Waiters are
 * records of the same kind as elsewhere, so all of it is wait_queue.ts and wait_event.ts under other names.
 */
import { registerHandle, type Handle } from '../handle.js';
import { declareHandle, freeRecord, newRecord, onRelease } from '../statics.js';
import { form, jiffiesLeft, nothing, zeroOr } from './forms.js';
import { TASK_IDLE, TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE } from './task.js';
import { finishWait, prepareToWaitEvent, prepareToWaitExclusive, queueLock, wqHasSleeper, type Lockable, type WaitEntry } from './wait.js';
import { timed, timedSync, untimed, untimedSync } from './wait_event.js';
import { WAIT_QUEUE_HEAD, WQ_FLAG_EXCLUSIVE, drainQueue, initQueue, lockQueue, queueActive, unlockQueue, wakeFirstLocked } from './wait_queue.js';

/** A simple wait queue. May be passed as thread data. C: struct swait_queue_head. */
export class SwaitQueueHead implements Handle, Disposable {
  readonly kthread = 'swait_queue_head';

  /** Not for users: declareSwaitQueueHead and newSwaitQueueHead make handles. */
  constructor(readonly addr: number) {}

  /** The queue's own lock, for swakeUpLocked. C: q->lock. */
  get lock(): Lockable {
    return queueLock(this.addr);
  }

  /** Frees a queue that newSwaitQueueHead made; nobody may wait there. */
  [Symbol.dispose](): void {
    freeRecord(this.addr);
  }
}

registerHandle('swait_queue_head', ({ addr }: Handle) => new SwaitQueueHead(addr));
onRelease('swait_queue_head', drainQueue);

/** The simple queue `name` of the calling file: one for all isolates. ENOMEM; EINVAL if the name is something else. C: static DECLARE_SWAIT_QUEUE_HEAD(name). */
export function declareSwaitQueueHead(meta: ImportMeta, name: string): SwaitQueueHead {
  return declareHandle(meta, name, 'swait_queue_head', WAIT_QUEUE_HEAD.sizeof, initQueue, (addr) => new SwaitQueueHead(addr));
}

/** A simple queue of one's own, to be freed by `using` or with the calling module. ENODEV where no machine is, ENOMEM. C: init_swait_queue_head on allocated memory. */
export const newSwaitQueueHead = (): SwaitQueueHead => new SwaitQueueHead(newRecord('swait_queue_head', WAIT_QUEUE_HEAD.sizeof, initQueue));

/** Whether somebody waits. Takes no lock: ordered after the caller's atomic stores. C: swait_active. */
export const swaitActive = (q: SwaitQueueHead): boolean => queueActive(q.addr);

/** Whether somebody waits, ordered after everything that the caller wrote before. C: swq_has_sleeper. */
export const swqHasSleeper = (q: SwaitQueueHead): boolean => wqHasSleeper(q);

/** Wakes the first waiter, whether it sleeps in S, D, K or I. Never sleeps. C: swake_up_one. */
export function swakeUpOne(q: SwaitQueueHead): void {
  lockQueue(q.addr);
  wakeFirstLocked(q.addr);
  unlockQueue(q.addr);
}

/** Wakes all waiters, first come first. Never sleeps. C: swake_up_all. */
export function swakeUpAll(q: SwaitQueueHead): void {
  lockQueue(q.addr);
  while (wakeFirstLocked(q.addr)) continue;
  unlockQueue(q.addr);
}

/** As swakeUpOne, for who holds q.lock. C: swake_up_locked. */
export const swakeUpLocked = (q: SwaitQueueHead): void => void wakeFirstLocked(q.addr);

/** As prepareToWaitExclusive, but does not say whether anybody waited. C: prepare_to_swait_exclusive. */
export const prepareToSwaitExclusive = (q: SwaitQueueHead, entry: WaitEntry, state: number): void => void prepareToWaitExclusive(q, entry, state);

/** As prepareToWaitEvent: 0, or -512 (-ERESTARTSYS) with the entry off the queue. C: prepare_to_swait_event. */
export function prepareToSwaitEvent(q: SwaitQueueHead, entry: WaitEntry, state: number): 0 | -512 {
  entry.flags |= WQ_FLAG_EXCLUSIVE;
  return prepareToWaitEvent(q, entry, state);
}

/** C: finish_swait. */
export const finishSwait = (q: SwaitQueueHead, entry: WaitEntry): void => finishWait(q, entry);

const D = TASK_UNINTERRUPTIBLE, S = TASK_INTERRUPTIBLE, I = TASK_IDLE, X = WQ_FLAG_EXCLUSIVE;
const PLAIN = form('swaitEventExclusive', D, nothing, X);
const TIMEOUT = form('swaitEventTimeoutExclusive', D, jiffiesLeft, X);
const INTERRUPTIBLE = form('swaitEventInterruptibleExclusive', S, zeroOr, X);
const INTERRUPTIBLE_TIMEOUT = form('swaitEventInterruptibleTimeoutExclusive', S, jiffiesLeft, X);
const IDLE = form('swaitEventIdleExclusive', I, nothing, X);
const IDLE_TIMEOUT = form('swaitEventIdleTimeoutExclusive', I, jiffiesLeft, X);

/** Sleeps in D until `condition()` holds; each swakeUpOne lets one waiter look. As waitEvent otherwise. C: swait_event_exclusive. */
export const swaitEventExclusive = untimed<void, SwaitQueueHead>(PLAIN);
/** For plain threads; as swaitEventExclusive. */
export const swaitEventExclusiveSync = untimedSync<void, SwaitQueueHead>(PLAIN);
/** The same `timeout` jiffies at most. Returns the jiffies left, at least 1, or 0 if time ran out. C: swait_event_timeout_exclusive. */
export const swaitEventTimeoutExclusive = timed<number, SwaitQueueHead>(TIMEOUT);
/** For plain threads; as swaitEventTimeoutExclusive. */
export const swaitEventTimeoutExclusiveSync = timedSync<number, SwaitQueueHead>(TIMEOUT);
/** In S. Returns 0, or -512 (-ERESTARTSYS) on a signal or a stop. C: swait_event_interruptible_exclusive. */
export const swaitEventInterruptibleExclusive = untimed<0 | -512, SwaitQueueHead>(INTERRUPTIBLE);
/** For plain threads; as swaitEventInterruptibleExclusive. */
export const swaitEventInterruptibleExclusiveSync = untimedSync<0 | -512, SwaitQueueHead>(INTERRUPTIBLE);
/** The same `timeout` jiffies at most. Returns the jiffies left, at least 1; 0 if time ran out; or -512. C: swait_event_interruptible_timeout_exclusive. */
export const swaitEventInterruptibleTimeoutExclusive = timed<number, SwaitQueueHead>(INTERRUPTIBLE_TIMEOUT);
/** For plain threads; as swaitEventInterruptibleTimeoutExclusive. */
export const swaitEventInterruptibleTimeoutExclusiveSync = timedSync<number, SwaitQueueHead>(INTERRUPTIBLE_TIMEOUT);
/** In I. C: swait_event_idle_exclusive. */
export const swaitEventIdleExclusive = untimed<void, SwaitQueueHead>(IDLE);
/** For plain threads; as swaitEventIdleExclusive. */
export const swaitEventIdleExclusiveSync = untimedSync<void, SwaitQueueHead>(IDLE);
/** The same `timeout` jiffies at most. Returns as swaitEventTimeoutExclusive. C: swait_event_idle_timeout_exclusive. */
export const swaitEventIdleTimeoutExclusive = timed<number, SwaitQueueHead>(IDLE_TIMEOUT);
/** For plain threads; as swaitEventIdleTimeoutExclusive. */
export const swaitEventIdleTimeoutExclusiveSync = timedSync<number, SwaitQueueHead>(IDLE_TIMEOUT);

/**
 * The forms in which one way of waiting comes: in which state, with a timeout or without, awaited or blocking, and what
 * the caller gets to know. Each way is written once, as an algorithm that ends with what is left of its time; a form says
 * what that means to its caller.
 */
import { ETIME } from '../../lib/errno.js';
import { MAX_SCHEDULE_TIMEOUT, deadlineIn, uptime } from '../time/time.js';
import { blockAtomic, blockAtomicSync, mightSleep, needPlain, ready, type Blocking, type WaitOptions } from './core.js';

export interface Form<R> {
  /** As TypeScript calls it. */
  readonly name: string;
  /** As C does, for wchan. */
  readonly why: string;
  /** TASK_*: how it sleeps. */
  readonly state: number;
  /** WQ_FLAG_*: how it queues. */
  readonly flags: number;
  /** What the caller gets for the jiffies left (at least 1), 0 when time ran out, or -ERESTARTSYS. */
  readonly result: (left: number) => R;
  /** The moment (ms since boot) at which a timeout is over. */
  readonly deadline: (timeout: number) => number;
}

export function form<R>(name: string, state: number, result: (left: number) => R, flags = 0, deadline = deadlineIn): Form<R> {
  return Object.freeze({ name, why: name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), state, flags, result, deadline });
}

/** A wait that nothing can end early. */
export const nothing = (): void => {};
/** 0, or -512 (-ERESTARTSYS) where a signal ended it. */
export const zeroOr = (left: number): 0 | -512 => (left > 0 ? 0 : (left as -512));
/** Jiffies left, at least 1; 0 when time ran out; -512 (-ERESTARTSYS) where a signal ended it. */
export const jiffiesLeft = (left: number): number => left;
/** 0, or -62 (-ETIME) when time ran out. */
export const zeroOrTime = (left: number): 0 | -62 => (left > 0 ? 0 : (-ETIME as -62));
/** 0, -62 (-ETIME) when time ran out, or -512 (-ERESTARTSYS) where a signal ended it. */
export const zeroOrTimeOr = (left: number): 0 | -62 | -512 => (left < 0 ? (left as -512) : zeroOrTime(left));
/** A timeout in microseconds, null for none. */
export const microseconds = (us: number): number => (us >= MAX_SCHEDULE_TIMEOUT ? Infinity : uptime() + us / 1000);

/** What to wait for: a test that may save the sleep, and the algorithm that sleeps until `deadline`. */
export interface Waiting {
  readonly test: () => boolean;
  readonly start: (task: number, deadline: number) => Blocking<number>;
  /** The caller may hold spinlocks; the algorithm drops them. */
  readonly atomic?: boolean;
}

/** Waits in an async thread. What holds already is not waited for, and leaves the whole timeout, at least 1. */
export function wait<R>(form: Form<R>, { test, start, atomic = false }: Waiting, timeout = MAX_SCHEDULE_TIMEOUT, opt?: WaitOptions): Promise<R> {
  if (!atomic) mightSleep(form.why);
  try {
    if (test()) return ready(form.result(Math.max(1, timeout)));
  } catch (error) {
    return Promise.reject(error as Error);
  }
  const deadline = form.deadline(timeout);
  return blockAtomic(form.why, (task) => formed(form, start(task, deadline)), opt);
}

/** Waits in a plain thread. Throws KernelError EDEADLK on an isolate that others share. */
export function waitSync<R>(form: Form<R>, { test, start, atomic = false }: Waiting, timeout = MAX_SCHEDULE_TIMEOUT): R {
  needPlain(form.name);
  if (!atomic) mightSleep(form.why);
  if (test()) return form.result(Math.max(1, timeout));
  const deadline = form.deadline(timeout);
  return blockAtomicSync(form.why, form.name, (task) => formed(form, start(task, deadline)));
}

function* formed<R>({ result }: Form<R>, waiting: Blocking<number>): Blocking<R> {
  return result(yield* waiting);
}

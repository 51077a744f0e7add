/**
 * Timers that call a function when their time has come: in atomic context, on the isolate that made them, which is the CPU
 * that armed them. They sleep for nobody (sleep.ts), and keep no process alive. The wheel they stand on is timer.ts.
 */
import { warn } from '../panic.js';
import { functions } from '../sched/core.js';
import { SOFTIRQ_OFFSET, addFunction, serveOne, type Softirq } from '../softirq.js';
import { momentOfJiffies } from './time.js';
import type { Timer } from './timer.js';

/** Accepted, as the kernel's flags are: every timer here is pinned, and none wakes an idle machine early. */
export const TIMER_DEFERRABLE = 0x00080000;
export const TIMER_PINNED = 0x00100000;
export const TIMER_IRQSAFE = 0x00200000;

/** C: struct timer_list. */
export class TimerList implements Softirq, Timer {
  /** Null after timerShutdown(). */
  callback: ((timer: TimerList) => void) | null;
  due = 0;
  prev: Timer | null = null;
  next: Timer | null = null;
  /** `expires` as a signed number, which takes no memory of its own. */
  private at = 0;

  /** Not for users: timerSetup makes timers. */
  constructor(
    callback: (timer: TimerList) => void,
    readonly flags: number,
  ) {
    this.callback = callback;
  }

  /** Jiffies at which it runs out, for addTimer(). */
  get expires(): number {
    return this.at >>> 0;
  }

  set expires(jiffies: number) {
    this.at = jiffies | 0;
  }

  get what(): string {
    return `timer ${this.callback?.name || '(anonymous)'}`;
  }

  expire(): void {
    serveOne(this, SOFTIRQ_OFFSET);
  }

  serve(): unknown {
    return this.callback?.(this);
  }
}

/** A timer, not armed, that calls `callback` with itself. `flags` are TIMER_*. C: timer_setup. */
export const timerSetup = (callback: (timer: TimerList) => void, flags = 0): TimerList => new TimerList(callback, flags);

/** Whether it is armed. False while its function runs. C: timer_pending. */
export const timerPending = (timer: TimerList): boolean => timer.next !== null;

/** Arms `timer` for `expires`, in jiffies, whether or not it was armed; a moment in the past is now. Returns 1 if it was, else 0. Any context. C: mod_timer. */
export function modTimer(timer: TimerList, expires: number): 0 | 1 {
  if (!timer.callback) return 0;
  const was = timerDelete(timer);
  timer.expires = expires;
  addFunction(timer, momentOfJiffies(timer.expires));
  return was;
}

/** As modTimer, but leaves one alone that is not armed, and returns 0. C: mod_timer_pending. */
export const modTimerPending = (timer: TimerList, expires: number): 0 | 1 => (timerPending(timer) ? modTimer(timer, expires) : 0);

/** As modTimer, but never later than it was armed for. C: timer_reduce. */
export function timerReduce(timer: TimerList, expires: number): 0 | 1 {
  return timerPending(timer) && ((expires - timer.expires) | 0) >= 0 ? 1 : modTimer(timer, expires);
}

/** Arms `timer` for `timer.expires`. It must not be armed: that is reported, and the timer moved. C: add_timer. */
export function addTimer(timer: TimerList): void {
  if (timerPending(timer)) warn('add_timer: %s is armed already; modTimer() moves one', timer.what);
  modTimer(timer, timer.expires);
}

/** Disarms `timer`. Returns 1 if it was armed, else 0. Any context. C: timer_delete, del_timer. */
export const timerDelete = (timer: TimerList): 0 | 1 => (functions.cancel(timer) ? 1 : 0);

/** The same: a function that runs has this isolate to itself, so nobody can meet it running but it. Never sleeps. C: timer_delete_sync, del_timer_sync. */
export const timerDeleteSync = (timer: TimerList): 0 | 1 => timerDelete(timer);

/** timerDelete, and it can never be armed again. C: timer_shutdown, timer_shutdown_sync. */
export function timerShutdown(timer: TimerList): 0 | 1 {
  timer.callback = null;
  return timerDelete(timer);
}

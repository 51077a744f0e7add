/**
 * High-resolution timers: as timer_list.ts, but in nanoseconds, and periodic by their function's answer. Their resolution is
 * what the platform gives, a millisecond: they run out at the first one that is not too early. Their function runs in atomic
 * context at once, as in a hard interrupt, and not in ksoftirqd.
 */
import { addTimer, cancelTimer, runAsNobody } from '../sched/core.js';
import { HARDIRQ_OFFSET, serveOne, type Softirq } from '../softirq.js';
import { ktimeGet, uptime } from './time.js';
import type { Timer } from './timer.js';

/** Answers of a timer's function. */
export const HRTIMER_NORESTART = 0;
export const HRTIMER_RESTART = 1;
/** The time is one of ktimeGet(). */
export const HRTIMER_MODE_ABS = 0;
/** The time counts from now. */
export const HRTIMER_MODE_REL = 1;
/** Accepted: every timer is pinned. */
export const HRTIMER_MODE_PINNED = 2;
/** What times are multiples of, ns. C: hrtimer_resolution. */
export const hrtimerResolution = 1_000_000n;

/** C: struct hrtimer. */
export class Hrtimer implements Softirq, Timer {
  /** When it runs out, as ktimeGet(): ns since boot. */
  expires = 0n;
  /** Its function runs. */
  raised = false;
  /** Its place in the wheel. */
  due = 0;
  prev: Timer | null = null;
  next: Timer | null = null;

  /** Not for users: hrtimerSetup makes timers. */
  constructor(readonly callback: (timer: Hrtimer) => 0 | 1) {}

  get what(): string {
    return `hrtimer ${this.callback.name || '(anonymous)'}`;
  }

  serve(): unknown {
    const answer = this.callback(this);
    if (answer === HRTIMER_RESTART && this.next === null) arm(this);
    return answer;
  }

  expire(): void {
    this.raised = true;
    runAsNobody(() => serveOne(this, HARDIRQ_OFFSET));
    this.raised = false;
  }
}

/** A timer, not armed, that calls `callback`; that answers HRTIMER_RESTART to be called again at its new time, see hrtimerForward. C: hrtimer_setup, hrtimer_init. */
export const hrtimerSetup = (callback: (timer: Hrtimer) => 0 | 1): Hrtimer => new Hrtimer(callback);

/** Arms `timer` for `time`, in ns, as `mode` (HRTIMER_MODE_*) says, whether or not it was armed. C: hrtimer_start. */
export function hrtimerStart(timer: Hrtimer, time: bigint, mode = HRTIMER_MODE_REL): void {
  cancelTimer(timer);
  timer.expires = (mode & HRTIMER_MODE_REL) !== 0 ? ktimeGet() + time : time;
  arm(timer);
}

const arm = (timer: Hrtimer): void => addTimer(timer, Number(timer.expires) / 1e6);

/** Disarms `timer`. Returns 1 if it was armed, else 0; its function cannot be met running but by itself. C: hrtimer_cancel. */
export const hrtimerCancel = (timer: Hrtimer): 0 | 1 => (cancelTimer(timer) ? 1 : 0);

/** As hrtimerCancel, but -1 from its own function. C: hrtimer_try_to_cancel. */
export const hrtimerTryToCancel = (timer: Hrtimer): 0 | 1 | -1 => (timer.raised ? -1 : hrtimerCancel(timer));

/** Moves the time of a timer that is not armed beyond `now` (as ktimeGet), in steps of `interval` ns. Returns how many: 0 if it lies ahead. C: hrtimer_forward. */
export function hrtimerForward(timer: Hrtimer, now: bigint, interval: bigint): number {
  const late = now - timer.expires;
  if (late < 0n || timer.next !== null) return 0;
  const steps = late / interval + 1n;
  timer.expires += steps * interval;
  return Number(steps);
}

/** hrtimerForward from the present. C: hrtimer_forward_now. */
export const hrtimerForwardNow = (timer: Hrtimer, interval: bigint): number => hrtimerForward(timer, ktimeGet(), interval);

/** Whether `timer` is armed or its function runs. C: hrtimer_active. */
export const hrtimerActive = (timer: Hrtimer): boolean => timer.next !== null || timer.raised;

/** Nanoseconds until `timer` runs out; negative when that is over. C: hrtimer_get_remaining. */
export const hrtimerGetRemaining = (timer: Hrtimer): bigint => timer.expires - BigInt(Math.round(uptime() * 1e6));

/**
 * kernel/time/timer.c and hrtimer.c for C modules; the timers themselves are softirq.ts's.
 */
import { r32, w32 } from '../../lib/memory.js';
import { momentOfJiffies, uptime } from '../../kernel/time/time.js';
import { checked, type Imports } from '../abi.js';
import { HRTIMER, TIMER } from '../../kernel/callbacks.js';
import { KIND_HRTIMER, KIND_TIMER, armTimer, disarmTimer, hrtimerMoment, isRunning, timerArmed, waitWhileRuns } from '../softirq.js';

const of = (at: number): number => checked(at, TIMER.sizeof, true);
const high = (at: number): number => checked(at, HRTIMER.sizeof, true);

function mod(at: number, expires: number, onlyIfArmed = false): boolean {
  const timer = of(at);
  if (r32(timer + TIMER.function) === 0) return false; // Shut down.
  w32(timer + TIMER.kind, KIND_TIMER);
  if (!onlyIfArmed || timerArmed(timer)) w32(timer + TIMER.expires, expires);
  return armTimer(timer, momentOfJiffies(expires >>> 0), onlyIfArmed);
}

function deleteSync(at: number): boolean {
  const was = disarmTimer(of(at));
  waitWhileRuns(at);
  return disarmTimer(at) || was; // Its function may have armed it meanwhile.
}

function shutdown(at: number): boolean {
  const was = deleteSync(at);
  w32(at + TIMER.function, 0);
  return was;
}

function put64(at: number, value: bigint): void {
  w32(at, Number(BigInt.asIntN(32, value)));
  w32(at + 4, Number(BigInt.asIntN(32, value >> 32n)));
}

const now = (): bigint => BigInt(Math.round(uptime() * 1e6));

/** HRTIMER_MODE_REL. */
const REL = 1;

function start(at: number, time: bigint, mode: number): void {
  const timer = high(at);
  disarmTimer(timer);
  w32(timer + HRTIMER.kind, KIND_HRTIMER);
  put64(timer + HRTIMER.expires, (mode & REL) !== 0 ? now() + time : time);
  armTimer(timer, hrtimerMoment(timer));
}

/** Whether it was armed, 1 or 0; -1 while its function runs. */
const tryCancel = (at: number): number => (isRunning(high(at)) ? -1 : Number(disarmTimer(at)));

function cancel(at: number): number {
  const was = disarmTimer(high(at));
  waitWhileRuns(at);
  return Number(disarmTimer(at) || was);
}

export const timers: Imports = {
  mod_timer: (at: number, expires: number) => mod(at, expires),
  mod_timer_pending: (at: number, expires: number) => mod(at, expires, true),
  timer_reduce: (at: number, expires: number) => (timerArmed(of(at)) && ((expires - r32(at + TIMER.expires)) | 0) >= 0 ? 1 : mod(at, expires)),
  add_timer: (at: number) => void mod(at, r32(of(at) + TIMER.expires)),
  timer_pending: (at: number) => timerArmed(of(at)),
  timer_delete: (at: number) => disarmTimer(of(at)),
  timer_delete_sync: (at: number) => deleteSync(at),
  timer_shutdown: (at: number) => shutdown(at),
  timer_shutdown_sync: (at: number) => shutdown(at),
  try_to_del_timer_sync: (at: number) => tryCancel(of(at)),
  kthread_hrtimer_start: (at: number, time: bigint, mode: number) => start(at, time, mode),
  hrtimer_cancel: (at: number) => cancel(at),
  hrtimer_try_to_cancel: (at: number) => tryCancel(at),
  hrtimer_active: (at: number) => timerArmed(high(at)) || isRunning(at),
};

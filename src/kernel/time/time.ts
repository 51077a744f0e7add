/**
 * What time it is on the machine: milliseconds since boot, jiffies, HZ and their conversions. It sets no timers
 * (timer.ts) and sleeps nowhere (sleep.ts).
 */
import { host } from '../../arch/host.js';
import { r32, rf64 } from '../../lib/memory.js';
import { MACHINE, machineWord } from '../memlayout.js';
import { HZ_DEFAULT, INITIAL_JIFFIES_SECONDS } from '../param.js';

/** Jiffies a second of the machine this isolate belongs to; 1000 before it booted. C: HZ. */
export let HZ = HZ_DEFAULT;
/** As a timeout: for ever. C: MAX_SCHEDULE_TIMEOUT (LONG_MAX on a 32-bit machine). */
export const MAX_SCHEDULE_TIMEOUT = 0x7fffffff;
/** As a timeout in jiffies: the longest that is one. C: MAX_JIFFY_OFFSET. */
export const MAX_JIFFY_OFFSET = 0x3ffffffe;

let bootTime = 0;

/** Every isolate: takes HZ and the time of boot from the machine's record. */
export function initTime(): void {
  HZ = r32(machineWord(MACHINE.hz));
  bootTime = rf64(machineWord(MACHINE.boot_time));
}

/** Milliseconds since boot, with fractions: monotonic and the same on every isolate. */
export const uptime = (): number => host.clock() - bootTime;

/** Nanoseconds since boot. C: ktime_get. */
export const ktimeGet = (): bigint => BigInt(Math.round(uptime() * 1e6));

/** The jiffies counter: unsigned 32 bits, starts 300 seconds before its wrap. C: jiffies. */
export const jiffies = (): number => (Math.floor((uptime() * HZ) / 1000) + INITIAL_JIFFIES_SECONDS * HZ) >>> 0;

/** Milliseconds as jiffies, rounded up; negative means for ever, as in C. C: msecs_to_jiffies. */
export function msecsToJiffies(ms: number): number {
  return ms < 0 ? MAX_JIFFY_OFFSET : Math.min(Math.ceil((ms * HZ) / 1000), MAX_JIFFY_OFFSET);
}

/** Microseconds as jiffies, rounded up. C: usecs_to_jiffies. */
export const usecsToJiffies = (us: number): number => Math.min(Math.ceil((us * HZ) / 1e6), MAX_JIFFY_OFFSET);
/** Whole milliseconds in `j` jiffies, rounded up where HZ does not divide 1000. C: jiffies_to_msecs. */
export const jiffiesToMsecs = (j: number): number => Math.ceil((j * 1000) / HZ);
/** Whole microseconds in `j` jiffies. C: jiffies_to_usecs. */
export const jiffiesToUsecs = (j: number): number => Math.ceil((j * 1e6) / HZ);

/** Whether jiffies value `a` is later than `b`, also across the wrap. C: time_after. */
export const timeAfter = (a: number, b: number): boolean => ((b - a) | 0) < 0;
/** C: time_before. */
export const timeBefore = (a: number, b: number): boolean => timeAfter(b, a);
/** C: time_after_eq. */
export const timeAfterEq = (a: number, b: number): boolean => ((a - b) | 0) >= 0;
/** C: time_before_eq. */
export const timeBeforeEq = (a: number, b: number): boolean => timeAfterEq(b, a);
/** Whether `a` lies in [b, c]. C: time_in_range. */
export const timeInRange = (a: number, b: number, c: number): boolean => timeAfterEq(a, b) && timeBeforeEq(a, c);
/** C: time_is_before_jiffies. */
export const timeIsBeforeJiffies = (a: number): boolean => timeAfter(jiffies(), a);
/** C: time_is_after_jiffies. */
export const timeIsAfterJiffies = (a: number): boolean => timeBefore(jiffies(), a);

/** The moment (ms since boot) `timeout` jiffies from now; Infinity for MAX_SCHEDULE_TIMEOUT. */
export const deadlineIn = (timeout: number): number => (timeout >= MAX_SCHEDULE_TIMEOUT ? Infinity : uptime() + (timeout * 1000) / HZ);

/** The moment (ms since boot) at which the jiffies counter reaches `at`, also across its wrap; in the past if it has. */
export function momentOfJiffies(at: number): number {
  const ticks = Math.floor((uptime() * HZ) / 1000);
  return ((ticks + ((at - ticks - INITIAL_JIFFIES_SECONDS * HZ) | 0)) * 1000) / HZ;
}

/** Jiffies left until `deadline`, rounded up; 0 when it is over, MAX_SCHEDULE_TIMEOUT for Infinity. */
export function jiffiesUntil(deadline: number, now?: number): number {
  return deadline === Infinity ? MAX_SCHEDULE_TIMEOUT : Math.max(0, Math.ceil(((deadline - (now ?? uptime())) * HZ) / 1000));
}

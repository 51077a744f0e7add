/**
 * kernel/time for C modules: jiffies, sleeping for a time, and the clocks.
 */
import { host } from '../../arch/host.js';
import {
  fsleepSync, scheduleHrtimeoutSync, mdelay, msleepInterruptibleSync, msleepSync, ndelay, scheduleTimeoutIdleSync, scheduleTimeoutInterruptibleSync, scheduleTimeoutKillableSync, scheduleTimeoutSync, scheduleTimeoutUninterruptibleSync, udelay, usleepIdleRangeSync, usleepRangeStateSync, usleepRangeSync,
} from '../../kernel/time/sleep.js';
import { INITIAL_JIFFIES_SECONDS } from '../../kernel/param.js';
import { HZ, jiffies, jiffiesToMsecs, jiffiesToUsecs, ktimeGet, msecsToJiffies, uptime, usecsToJiffies } from '../../kernel/time/time.js';
import type { Imports } from '../abi.js';

export const time: Imports = {
  kthread_jiffies: () => jiffies(),
  kthread_jiffies64: () => BigInt(Math.floor((uptime() * HZ) / 1000) + ((INITIAL_JIFFIES_SECONDS * HZ) >>> 0)), // It does not wrap.
  schedule_timeout: (timeout: number) => scheduleTimeoutSync(timeout),
  schedule_timeout_interruptible: (timeout: number) => scheduleTimeoutInterruptibleSync(timeout),
  schedule_timeout_uninterruptible: (timeout: number) => scheduleTimeoutUninterruptibleSync(timeout),
  schedule_timeout_killable: (timeout: number) => scheduleTimeoutKillableSync(timeout),
  schedule_timeout_idle: (timeout: number) => scheduleTimeoutIdleSync(timeout),
  msleep: (ms: number) => msleepSync(ms >>> 0),
  msleep_interruptible: (ms: number) => msleepInterruptibleSync(ms >>> 0),
  usleep_range: (min: number, max: number) => usleepRangeSync(min >>> 0, max >>> 0),
  fsleep: (us: number) => fsleepSync(us >>> 0),
  udelay: (us: number) => udelay(us >>> 0),
  mdelay: (ms: number) => mdelay(ms >>> 0),
  ndelay: (ns: number) => ndelay(ns >>> 0),
  msecs_to_jiffies: (ms: number) => msecsToJiffies(ms),
  usecs_to_jiffies: (us: number) => usecsToJiffies(us >>> 0),
  jiffies_to_msecs: (j: number) => jiffiesToMsecs(j >>> 0),
  jiffies_to_usecs: (j: number) => jiffiesToUsecs(j >>> 0),
  usleep_range_state: (min: number, max: number, state: number) => usleepRangeStateSync(min >>> 0, max >>> 0, state),
  usleep_idle_range: (min: number, max: number) => usleepIdleRangeSync(min >>> 0, max >>> 0),
  kthread_schedule_hrtimeout: (ns: bigint) => scheduleHrtimeoutSync(ns < 0n ? null : Number(ns) / 1000),
  nsecs_to_jiffies: (ns: bigint) => Number((ns * BigInt(HZ)) / 1_000_000_000n) >>> 0,
  ktime_get: () => ktimeGet(),
  ktime_get_real: () => BigInt(Math.round(host.wallClock() * 1e6)),
};

/** Threads that sleep for a time in every way there is, and write down what the call returned, how long it took and how it left them. For sleep.test.ts. */
import { fetchAdd, load, store } from '../../lib/atomic.js';
import { behaviour } from '../kinds.fixture.js';
import { current } from '../sched/handle.js';
import { TASK, TASK_INTERRUPTIBLE } from '../sched/task.js';
import {
  fsleep, fsleepSync, getCurrentState, mdelay, msleep, msleepSync, scheduleHrtimeout, scheduleHrtimeoutSync, scheduleTimeout, scheduleTimeoutIdle, scheduleTimeoutIdleSync, scheduleTimeoutInterruptible, scheduleTimeoutInterruptibleSync,
  scheduleTimeoutKillable, scheduleTimeoutKillableSync, scheduleTimeoutSync, scheduleTimeoutUninterruptible, scheduleTimeoutUninterruptibleSync, setCurrentState, ssleep, ssleepSync, usleepIdleRange, usleepIdleRangeSync, usleepRange, usleepRangeState, usleepRangeStateSync,
  usleepRangeSync,
  yieldCpu, yieldCpuSync,
} from './sleep.js';
import { uptime } from './time.js';

/** Words: calls of the function, what the sleep returned, the state behind it, its microseconds, how often the thread left the CPU meanwhile. */
export const CALLS = 0, RESULT = 4, STATE = 8, TOOK = 12, SWITCHES = 16, WORDS = 5;

interface Sleep {
  /** Awaited in async threads. */
  readonly sleep: (n: number) => Promise<number | void>;
  readonly sync: (n: number) => number | void;
}

export const SLEEPS = {
  timeout: { sleep: scheduleTimeout, sync: scheduleTimeoutSync },
  interruptible: { sleep: scheduleTimeoutInterruptible, sync: scheduleTimeoutInterruptibleSync },
  killable: { sleep: scheduleTimeoutKillable, sync: scheduleTimeoutKillableSync },
  uninterruptible: { sleep: scheduleTimeoutUninterruptible, sync: scheduleTimeoutUninterruptibleSync },
  idle: { sleep: scheduleTimeoutIdle, sync: scheduleTimeoutIdleSync },
  hrtimeout: { sleep: scheduleHrtimeout, sync: scheduleHrtimeoutSync },
  hrtimeoutForEver: { sleep: async () => scheduleHrtimeout(null), sync: () => scheduleHrtimeoutSync(null) },
  msleep: { sleep: msleep, sync: msleepSync },
  ssleep: { sleep: ssleep, sync: ssleepSync },
  usleepRange: { sleep: async (us) => usleepRange(us, us * 2), sync: (us) => usleepRangeSync(us, us * 2) },
  usleepIdleRange: { sleep: async (us) => usleepIdleRange(us, us * 2), sync: (us) => usleepIdleRangeSync(us, us * 2) },
  usleepRangeState: { sleep: async (us) => usleepRangeState(us, us, TASK_INTERRUPTIBLE), sync: (us) => usleepRangeStateSync(us, us, TASK_INTERRUPTIBLE) },
  fsleep: { sleep: fsleep, sync: fsleepSync },
  yieldCpu: { sleep: async () => yieldCpu(), sync: () => yieldCpuSync() },
  usleepWrongRange: { sleep: async (us) => usleepRange(us, us - 1), sync: (us) => usleepRangeSync(us, us - 1) },
  mdelay: { sleep: async (ms) => mdelay(ms), sync: mdelay },
} satisfies Record<string, Sleep>;

export interface Sleeping {
  readonly at: number;
  readonly how: keyof typeof SLEEPS;
  /** Its argument. */
  readonly n: number;
  /** TASK_*, set before it; absent for a call that sets its own. */
  readonly state?: number;
}

/** Sleeps once. */
export const sleeper = behaviour<Sleeping>(import.meta, 'sleeper', async ({ at, how, n, state }) => {
  const before = begin(at, state);
  keep(at, before, await SLEEPS[how].sleep(n));
}, ({ at, how, n, state }) => {
  const before = begin(at, state);
  keep(at, before, SLEEPS[how].sync(n));
});

interface Before {
  readonly when: number;
  readonly switches: number;
}

function begin(at: number, state?: number): Before {
  const when = uptime();
  const { addr } = current();
  const switches = load(addr + TASK.nvcsw) + load(addr + TASK.nivcsw);
  fetchAdd(at + CALLS, 1);
  if (state !== undefined) setCurrentState(state);
  return { when, switches };
}

function keep(at: number, { when, switches }: Before, result: number | void): void {
  const took = uptime() - when;
  const { addr } = current();
  store(at + RESULT, result ?? 0);
  store(at + STATE, getCurrentState());
  store(at + TOOK, Math.floor(took * 1000));
  store(at + SWITCHES, load(addr + TASK.nvcsw) + load(addr + TASK.nivcsw) - switches);
}

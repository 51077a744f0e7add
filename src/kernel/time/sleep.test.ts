/**
 * Sleeping for a time: how long, what is returned, and in which state one is behind it. Signals that end a sleep are
 * signal.test.ts's, a stop kthread.stop.test.ts's.
 */
import { expect, test, vi } from 'vitest';
import { load } from '../../lib/atomic.js';
import { EINTR } from '../../lib/errno.js';
import { KINDS, pause, until, words, type Kind } from '../kinds.fixture.js';
import { getTaskStruct, kthreadRun, kthreadShouldStop, kthreadStopPut, wakeUpProcess } from '../kthread.js';
import { oneMachine } from '../machine.fixture.js';
import { clearWarnOnce } from '../panic.js';
import { dmesg } from '../printk/syslog.js';
import { cancelTimer, localThread } from '../sched/core.js';
import type { Task } from '../sched/handle.js';
import { TASK_IDLE, TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_RUNNING, TASK_UNINTERRUPTIBLE } from '../sched/task.js';
import { start } from '../sched/waiting.fixture.js';
import { CALLS, RESULT, STATE, SWITCHES, TOOK, WORDS, sleeper, type Sleeping } from './sleep.fixture.js';
import { mdelay, scheduleTimeoutInterruptible } from './sleep.js';
import { HZ, MAX_SCHEDULE_TIMEOUT } from './time.js';

vi.setConfig({ testTimeout: 60_000 }); // Each sleep is a thread to start.
oneMachine();

type How = Omit<Sleeping, 'at'>;
interface Slept {
  readonly result: number;
  readonly state: number;
  /** Microseconds. */
  readonly took: number;
  readonly switches: number;
}

/** A thread that sleeps, and what came of it. `meanwhile` is done once it sleeps in the state that it says. */
async function sleep(kind: Kind, how: How, meanwhile?: (task: Task, at: number) => Promise<void> | void): Promise<Slept> {
  const at = words(WORDS);
  const task = await start(kind, sleeper, { at, ...how });
  if (meanwhile) {
    await until(() => load(at + CALLS) > 0 && task.state !== 'R', 'it sleeps');
    await meanwhile(task, at);
  }
  await until(() => task.state === 'X', 'it has slept', 60_000);
  await kthreadStopPut(task);
  return { result: load(at + RESULT), state: load(at + STATE), took: load(at + TOOK), switches: load(at + SWITCHES) };
}

const said = (text: string): number => dmesg({ time: 'none' }).filter((line) => line.includes(text)).length;
const wake = (task: Task): void => expect(wakeUpProcess(task)).toBe(1) as unknown as void;
const STATES = [TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE, TASK_KILLABLE, TASK_IDLE];
const FORMS = ['interruptible', 'uninterruptible', 'killable', 'idle'] as const;

test('T099 a second in S takes a second at least, and returns 0: every kind of thread', async () => {
  for (const { result, took } of await Promise.all(KINDS.map((kind) => sleep(kind, { how: 'timeout', n: HZ, state: TASK_INTERRUPTIBLE })))) {
    expect(result).toBe(0);
    expect(took).toBeGreaterThanOrEqual(1_000_000);
  }
});

test.each(KINDS)('T100 woken early it returns the jiffies that are left: $kind', async (kind) => {
  for (const state of STATES) {
    const { result, took } = await sleep(kind, { how: 'timeout', n: 60 * HZ, state }, async (task) => {
      await pause(50);
      wake(task);
    });
    expect(took).toBeGreaterThan(45_000); // Node's timers may come a little early.
    expect(result).toBeGreaterThanOrEqual(60 * HZ - took / 1000);
    expect(result).toBeLessThanOrEqual(60 * HZ - 45);
  }
});

test.each(KINDS)('T101 the state is RUNNING behind it, however it ended: $kind', async (kind) => {
  const ways: ReadonlyArray<readonly [how: How, meanwhile?: (task: Task) => void]> = [
    ...STATES.map((state) => [{ how: 'timeout', n: 2, state }] as const), // In its own time.
    ...STATES.map((state) => [{ how: 'timeout', n: 60 * HZ, state }, wake] as const),
    ...FORMS.map((how) => [{ how, n: 2 }] as const),
    ...FORMS.map((how) => [{ how, n: MAX_SCHEDULE_TIMEOUT }, wake] as const),
    [{ how: 'timeout', n: 0, state: TASK_INTERRUPTIBLE }],
    [{ how: 'timeout', n: -1, state: TASK_UNINTERRUPTIBLE }],
    [{ how: 'timeout', n: 60 * HZ, state: TASK_RUNNING }],
    [{ how: 'hrtimeout', n: 0, state: TASK_INTERRUPTIBLE }],
    [{ how: 'hrtimeout', n: 1000, state: TASK_INTERRUPTIBLE }],
    [{ how: 'hrtimeoutForEver', n: 0, state: TASK_UNINTERRUPTIBLE }, wake],
  ];
  for (const [how, meanwhile] of ways) expect((await sleep(kind, how, meanwhile)).state, JSON.stringify(how)).toBe(TASK_RUNNING);
});

test.each(KINDS)('T102 in state RUNNING it does not sleep: $kind', async (kind) => {
  const { result } = await sleep(kind, { how: 'timeout', n: 3600 * HZ, state: TASK_RUNNING }); // Or this would time out.
  expect(result).toBeGreaterThan(3500 * HZ);
  expect(result).toBeLessThanOrEqual(3600 * HZ);
});

test.each(KINDS)('T103 MAX_SCHEDULE_TIMEOUT sleeps until somebody wakes it, without a timer, and is what comes back: $kind', async (kind) => {
  for (const state of STATES) {
    const { result } = await sleep(kind, { how: 'timeout', n: MAX_SCHEDULE_TIMEOUT, state }, async (task) => {
      await pause(10);
      expect(task.stateWord).toBe(state);
      const thread = localThread(task.addr);
      if (thread?.addr === task.addr) expect(cancelTimer(thread)).toBe(false);
      wake(task);
    });
    expect(result).toBe(MAX_SCHEDULE_TIMEOUT);
  }
});

test.each(KINDS)('T104 a negative timeout is told with a trace, and returns 0 at once: $kind', async (kind) => {
  for (const [how, state] of [['timeout', TASK_INTERRUPTIBLE], ...FORMS.map((form) => [form, undefined] as const)] as const) {
    const before = said('schedule_timeout: wrong timeout value fffffffb');
    const { result } = await sleep(kind, state === undefined ? { how, n: -5 } : { how, n: -5, state });
    expect(result).toBe(0);
    expect(said('schedule_timeout: wrong timeout value fffffffb')).toBe(before + 1);
  }
  const lines = dmesg({ time: 'none' });
  const trace = lines.slice(lines.lastIndexOf('schedule_timeout: wrong timeout value fffffffb') + 1);
  expect(trace[0]).toMatch(/^CPU: [01] PID: \d+ Comm: /);
  expect(trace.slice(1, 3)).toEqual(['Call Trace:', ' <TASK>']);
  expect(trace.join('\n')).toMatch(/sleeper|sleep\.fixture/);
});

test.each(KINDS)('T105 a timeout of 0 is over at once, and returns 0: $kind', async (kind) => {
  for (const how of ['timeout', ...FORMS] as const) {
    expect((await sleep(kind, how === 'timeout' ? { how, n: 0, state: TASK_UNINTERRUPTIBLE } : { how, n: 0 })).result).toBe(0);
  }
});

test.each(KINDS)('T108 ten wake-ups do not shorten msleep(): $kind', async (kind) => {
  let woken = 0;
  const { took } = await sleep(kind, { how: 'msleep', n: 300 }, async (task) => {
    for (let i = 0; i < 10; i++, await pause(5)) woken += wakeUpProcess(task);
  });
  expect(took).toBeGreaterThanOrEqual(300_000);
  expect(woken).toBeGreaterThan(0);
});

test('T110 ssleep(1) takes a second at least; msleep(0) does not leave the CPU', async () => {
  for (const { took } of await Promise.all(KINDS.map((kind) => sleep(kind, { how: 'ssleep', n: 1 })))) expect(took).toBeGreaterThanOrEqual(1_000_000);
  for (const kind of KINDS) {
    let switches = 1; // It may leave the CPU all the same, when the budget of its isolate was used up meanwhile.
    for (let tries = 0; tries < 100 && switches > 0; tries++) ({ switches } = await sleep(kind, { how: 'msleep', n: 0 }));
    expect(switches).toBe(0);
  }
});

test.each(KINDS)('T111 usleepRange never ends before its lower bound, also when somebody wakes it: $kind', async (kind) => {
  for (const n of [100, 1000, 1999, 2500]) {
    const naps = await Promise.all((['usleepRange', 'usleepIdleRange', 'usleepRangeState'] as const).map((how) => sleep(kind, { how, n })));
    for (const { took } of naps) expect(took).toBeGreaterThanOrEqual(n);
  }
  const { took } = await sleep(kind, { how: 'usleepRange', n: 80_000 }, async (task) => {
    for (let i = 0; i < 3; i++, await pause(5)) wakeUpProcess(task);
  });
  expect(took).toBeGreaterThanOrEqual(80_000);
});

test('T111 an upper bound below the lower one is warned of once, on whichever isolate', async () => {
  clearWarnOnce();
  for (const kind of [...KINDS, ...KINDS]) expect((await sleep(kind, { how: 'usleepWrongRange', n: 1000 })).took).toBeGreaterThanOrEqual(1000);
  expect(said('WARNING: usleep_range: the upper bound is below the lower one')).toBe(1);
});

test.each(KINDS)('fsleep takes its time, as a busy wait, with a timer or as msleep: $kind', async (kind) => {
  for (const n of [5, 700, 15_000, 25_000]) expect((await sleep(kind, { how: 'fsleep', n })).took).toBeGreaterThanOrEqual(n);
});

test.each(KINDS)('yieldCpu leaves the CPU to others and comes back by itself: $kind', async (kind) => {
  const { state } = await sleep(kind, { how: 'yieldCpu', n: 0 });
  expect(state).toBe(TASK_RUNNING);
});

test.each(KINDS)('T112 scheduleHrtimeout returns 0 when the time is over, -EINTR when woken before: $kind', async (kind) => {
  for (const state of [TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE]) {
    const over = await sleep(kind, { how: 'hrtimeout', n: 5000, state });
    expect(over.result).toBe(0);
    expect(over.took).toBeGreaterThanOrEqual(5000);
    expect((await sleep(kind, { how: 'hrtimeout', n: 60_000_000, state }, wake)).result).toBe(-EINTR);
    expect((await sleep(kind, { how: 'hrtimeoutForEver', n: 0, state }, wake)).result).toBe(-EINTR);
    expect((await sleep(kind, { how: 'hrtimeout', n: 0, state })).result).toBe(0);
  }
});

test.each(KINDS)('T113 mdelay() takes its time without leaving the CPU: $kind', async (kind) => {
  const { took, switches } = await sleep(kind, { how: 'mdelay', n: 20 });
  expect(took).toBeGreaterThanOrEqual(20_000);
  expect(switches).toBe(0);
});

test('T113 meanwhile no other thread of its isolate runs', async () => {
  let rounds = 0;
  const other = getTaskStruct(await kthreadRun(async () => {
    for (; !kthreadShouldStop(); rounds++) await scheduleTimeoutInterruptible(1);
  }, undefined, 'other'));
  await until(() => rounds > 0);
  const seen: number[] = [];
  const waits = await kthreadRun(async () => {
    seen.push(rounds);
    mdelay(30);
    seen.push(rounds);
  }, undefined, 'waits');
  await until(() => !waits.exists);
  expect(seen[1]).toBe(seen[0]);
  await kthreadStopPut(other);
});

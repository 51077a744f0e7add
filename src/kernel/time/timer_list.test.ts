/**
 * Timers and high-resolution timers: when their functions run, as whom, and what the calls answer. How the wheel stores a million of
 * them is timer.test.ts's; tasklets and ksoftirqd are softirq.test.ts's.
 */
import { expect, test } from 'vitest';
import { boot } from '../../index.js';
import { load } from '../../lib/atomic.js';
import { KINDS, PLAIN, pause, until, words } from '../kinds.fixture.js';
import { getTaskStruct, kthreadRun, kthreadShouldStop, kthreadStop, kthreadStopPut, wakeUpProcess } from '../kthread.js';
import { spinLock, declareSpinlock } from '../locking/spinlock.js';
import { oneMachine } from '../machine.fixture.js';
import { prInfo } from '../printk/printk.js';
import { dmesg } from '../printk/syslog.js';
import { complete, newCompletion, waitForCompletion } from '../sched/completion.js';
import { schedule } from '../sched/core.js';
import { TASK_INTERRUPTIBLE } from '../sched/task.js';
import { inInterrupt, inTask } from '../softirq.js';
import { HRTIMER_MODE_ABS, HRTIMER_NORESTART, hrtimerActive, hrtimerCancel, hrtimerForward, hrtimerGetRemaining, hrtimerSetup, hrtimerStart, hrtimerTryToCancel } from './hrtimer.js';
import { msleep, scheduleTimeoutInterruptible, setCurrentState } from './sleep.js';
import { HZ, jiffies, ktimeGet, momentOfJiffies, timeAfterEq, uptime } from './time.js';
import { ARMED, CALLED, CALLS, COUNT, IN_TASK, OVER, PID, WORDS, armer, completer, leaver, repeater, ticker } from './timer_list.fixture.js';
import { addTimer, modTimer, modTimerPending, timerDelete, timerDeleteSync, timerPending, timerReduce, timerSetup, timerShutdown, type TimerList } from './timer_list.js';

const heard = oneMachine();
const said = (text: string): boolean => dmesg().some((line) => line.includes(text));

test.each(KINDS)('a function runs not early, in atomic context and as nobody, and leaves the thread as it was: $kind', async ({ create }) => {
  const at = words(WORDS);
  const task = getTaskStruct(await create(armer, { at, delay: 15 }));
  wakeUpProcess(task);
  await until(() => task.state === 'X');
  expect([timeAfterEq(load(at + CALLED), load(at + ARMED) + 15), load(at + IN_TASK), load(at + COUNT), load(at + PID), load(at + OVER)]).toEqual([true, 2, 0x100, 1, task.pid * 2]);
  await kthreadStopPut(task);
});

test.each(KINDS)('T166 complete() from a timer wakes who waits: $kind', async ({ create }) => {
  const at = words(WORDS);
  const task = await create(completer, at);
  wakeUpProcess(task);
  await until(() => !task.exists);
  expect([load(at + CALLS), load(at + OVER)]).toEqual([1, 1]);
});

test.each(KINDS)('one that arms itself goes on until it is deleted, and one deleted before its time never runs: $kind', async ({ create }) => {
  const task = getTaskStruct(await create(repeater, words(WORDS)));
  wakeUpProcess(task);
  await until(() => task.state === 'X');
  expect(await kthreadStopPut(task)).toBe(2);
});

test.each(KINDS)('an hrtimer is called again for as long as it answers RESTART: $kind', async ({ create }) => {
  const at = words(WORDS);
  const task = await create(ticker, at);
  wakeUpProcess(task);
  await until(() => !task.exists);
  expect([load(at + CALLS), load(at + OVER) >= 5, load(at + COUNT), load(at + PID)]).toEqual([5, true, 0x10000, 1]);
});

test('modTimer, timerReduce and their relatives answer whether it was armed', () => {
  const timer = timerSetup(() => {});
  const far = jiffies() + 600 * HZ;
  expect([timerPending(timer), modTimerPending(timer, far), timerPending(timer), modTimer(timer, far), timerPending(timer), modTimer(timer, far + 1)]).toEqual([false, 0, false, 0, true, 1]);
  expect([timerReduce(timer, far + 50), timer.expires, timerReduce(timer, far), timer.expires]).toEqual([1, (far + 1) >>> 0, 1, far >>> 0]);
  expect([timerDelete(timer), timerDeleteSync(timer), timerReduce(timer, far), timerShutdown(timer), modTimer(timer, jiffies()), timerPending(timer)]).toEqual([1, 0, 0, 1, 0, false]);
});

test('a moment in the past is now, also when the counter wraps in between', async () => {
  const now = uptime();
  expect(momentOfJiffies(jiffies() + 400 * HZ) - now).toBeGreaterThan(399_990); // Five minutes after boot it wraps.
  expect(momentOfJiffies((jiffies() + 400 * HZ) >>> 0) - now).toBeGreaterThan(399_990);
  let calls = 0;
  modTimer(timerSetup(() => { calls++; }), jiffies() - 1000);
  await until(() => calls === 1);
});

test('addTimer of one that is armed is reported, and moves it', async () => {
  let calls = 0;
  const timer = timerSetup(function twice() { calls++; });
  timer.expires = jiffies() + 600 * HZ;
  addTimer(timer);
  timer.expires = jiffies() + 1;
  addTimer(timer);
  await until(() => calls === 1);
  expect(said('WARNING: add_timer: timer twice is armed already')).toBe(true);
});

test('a hundred thousand timers run once each, none early, in the order of their times', async () => {
  let early = 0;
  let disorder = 0;
  let calls = 0;
  let last = 0;
  for (let i = 0; i < 100_000; i++) {
    const expires = jiffies() + 1 + ((i * 7919) % 400);
    const timer = timerSetup(() => {
      calls++;
      if (!timeAfterEq(jiffies(), expires)) early++;
      if (expires < last) disorder++;
      last = expires;
    });
    modTimer(timer, expires);
    if (i % 10 === 0) timerDelete(timer);
  }
  await until(() => calls === 90_000);
  await pause(20);
  expect([calls, early, disorder]).toEqual([90_000, 0, 0]);
});

test('what a function throws is reported, and the others go on', async () => {
  let calls = 0;
  modTimer(timerSetup(() => { throw new RangeError('in a timer'); }), jiffies() + 1);
  modTimer(timerSetup(() => { calls++; }), jiffies() + 1);
  await until(() => calls === 1 && heard.oopses.length === 1);
  expect([heard.oopses[0].error.message, inTask()]).toEqual(['in a timer', true]);
});

test('a function that sleeps, returns a promise or keeps a lock is told so', async () => {
  const lock = declareSpinlock(import.meta, 'kept');
  let calls = 0;
  const sleeps = timerSetup(function sleeper() {
    calls++;
    void msleep(1);
  });
  const promises = timerSetup(async function promiser() { calls++; });
  const keeps = timerSetup(function keeper() {
    calls++;
    spinLock(lock);
  });
  for (const timer of [sleeps, promises, keeps]) modTimer(timer, jiffies() + 1);
  await until(() => calls === 3);
  await pause(5);
  expect(['BUG: sleeping function called from invalid context at msleep', 'timer promiser returned a promise', 'huh, entered softirq timer keeper with preempt_count 00000100, exited with 00000101?'].map(said)).toEqual([true, true, true]);
});

test('a plain thread that ends with a timer armed takes it along, and that is reported', async () => {
  const at = words(WORDS);
  const task = await PLAIN.create(leaver, at, 'careless');
  wakeUpProcess(task);
  await until(() => !task.exists);
  await pause(40);
  expect([load(at + CALLS), said(`careless[${task.pid}] ended with 1 timers armed`)]).toEqual([0, true]);
});

test('an hrtimer: remaining time, overruns, and cancelling it from outside and from within', async () => {
  const seen: unknown[] = [];
  const timer = hrtimerSetup((self) => {
    seen.push(hrtimerTryToCancel(self), hrtimerActive(self), ktimeGet() >= self.expires, inInterrupt());
    return HRTIMER_NORESTART;
  });
  hrtimerStart(timer, 3600_000_000_000n);
  const left = hrtimerGetRemaining(timer);
  expect([left > 3590_000_000_000n, left <= 3600_000_000_000n, hrtimerActive(timer), hrtimerForward(timer, ktimeGet(), 1n)]).toEqual([true, true, true, 0]);
  expect([hrtimerCancel(timer), hrtimerCancel(timer), hrtimerTryToCancel(timer), hrtimerActive(timer)]).toEqual([1, 0, 0, false]);
  timer.expires = 1000n;
  expect([hrtimerForward(timer, 999n, 10n), hrtimerForward(timer, 1000n, 10n), timer.expires, hrtimerForward(timer, 1055n, 10n), timer.expires]).toEqual([0, 1, 1010n, 5, 1060n]);
  hrtimerStart(timer, ktimeGet() + 2_000_000n, HRTIMER_MODE_ABS);
  await until(() => seen.length > 0);
  expect([seen, hrtimerActive(timer)]).toEqual([[-1, true, true, true], false]);
});

test('timer_basic prints what Linux prints', async () => {
  using finished = newCompletion();
  using started = newCompletion();
  let [count, limit, inTaskSeen] = [0, 1, true];
  const bit = (value: boolean | number): number => Number(value);
  const tick: TimerList = timerSetup((self) => {
    inTaskSeen = inTask();
    if (++count < limit) modTimer(self, jiffies() + 2);
    else complete(finished);
  });
  prInfo('timer_basic: new: pending=%d\n', bit(timerPending(tick)));
  let a: number = modTimer(tick, jiffies() + 600 * HZ);
  prInfo('timer_basic: armed: mod=%d pending=%d\n', a, bit(timerPending(tick)));
  const start = jiffies();
  a = modTimer(tick, start + HZ / 20);
  await waitForCompletion(finished);
  prInfo('timer_basic: fired: mod=%d count=%d not early=%d pending=%d\n', a, count, bit(timeAfterEq(jiffies(), start + HZ / 20)), bit(timerPending(tick)));
  prInfo('timer_basic: callback in task context=%d\n', bit(inTaskSeen));
  modTimer(tick, jiffies() + HZ / 4);
  a = timerDelete(tick);
  const b = timerDeleteSync(tick);
  await msleep(500);
  prInfo('timer_basic: deleted: pending=%d idle=%d count=%d\n', a, b, count);
  [count, limit] = [0, 5];
  tick.expires = jiffies() + 1;
  addTimer(tick);
  await waitForCompletion(finished);
  prInfo('timer_basic: periodic: count=%d\n', count);
  const sleeper = await kthreadRun(async () => {
    setCurrentState(TASK_INTERRUPTIBLE);
    complete(started);
    await schedule();
    prInfo('timer_basic: sleeper woken\n');
    complete(finished);
    while (!kthreadShouldStop()) await scheduleTimeoutInterruptible(HZ);
  }, undefined, 'timer_basic');
  const waker = timerSetup(() => void wakeUpProcess(sleeper));
  await waitForCompletion(started);
  modTimer(waker, jiffies() + HZ / 20);
  await waitForCompletion(finished);
  await kthreadStop(sleeper);
  prInfo('timer_basic: shut: %d%d\n', timerDeleteSync(waker), timerDeleteSync(tick));
  prInfo('timer_basic: done\n');
  expect(dmesg({ time: 'none' }).filter((line) => line.startsWith('timer_basic: ')).map((line) => line.slice(13))).toEqual([
    'new: pending=0', 'armed: mod=0 pending=1', 'fired: mod=1 count=1 not early=1 pending=0', 'callback in task context=0', 'deleted: pending=1 idle=0 count=1', 'periodic: count=5', 'sleeper woken', 'shut: 00', 'done',
  ]);
});

test('timers of a machine that was halted are gone, and can be armed on the next', async () => {
  await heard.machine().shutdown();
  let calls = 0;
  const timer = timerSetup(() => { calls++; });
  const first = await boot({ cpus: 1, memory: 32 << 20 });
  modTimer(timer, jiffies() + 30);
  await first.shutdown();
  await using second = await boot({ cpus: 1, memory: 32 << 20 });
  await pause(60);
  expect([second.cpus, calls, timerPending(timer)]).toEqual([1, 0, false]);
  modTimer(timer, jiffies() + 1);
  await until(() => calls === 1);
});

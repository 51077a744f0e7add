/** Tasklets, and ksoftirqd, which serves what there is no time for. */
import { expect, test } from 'vitest';
import { snapshot } from '../fs/proc.js';
import { load } from '../lib/atomic.js';
import { CPU1, KINDS, PLAIN, pause, until, words } from './kinds.fixture.js';
import { kthreadRun, wakeUpProcess } from './kthread.js';
import { oneMachine } from './machine.fixture.js';
import { current } from './sched/handle.js';
import { inTask, taskletDisable, taskletEnable, taskletHiSchedule, taskletKill, taskletSchedule, taskletSetup } from './softirq.js';
import { CALLS, COUNT, EARLY, PID, WORDS, careless, scheduler } from './softirq.fixture.js';
import { sysctl } from './sysctl.js';
import { msleep, udelay } from './time/sleep.js';
import { jiffies } from './time/time.js';
import { modTimer, timerDelete, timerPending, timerSetup } from './time/timer_list.js';

const heard = oneMachine();
const ksoftirqds = () => snapshot().filter((t) => t.name.startsWith('ksoftirqd/'));

test('nobody is started for timers that there is time for', async () => {
  for (let i = 0; i < 3; i++) {
    const timer = timerSetup(() => {});
    modTimer(timer, jiffies() + 1);
    await until(() => !timerPending(timer));
  }
  expect(ksoftirqds()).toEqual([]);
});

test.each(KINDS)('a tasklet runs once however often it was scheduled, and again when it schedules itself: $kind', async ({ kind, create }) => {
  const at = words(WORDS);
  const task = await create(scheduler, at);
  wakeUpProcess(task);
  await until(() => !task.exists);
  expect([load(at + CALLS), load(at + EARLY), load(at + COUNT)]).toEqual([11, 0, 0x100]);
  const server = kind === PLAIN.kind ? 1 : ksoftirqds().find((t) => t.cpu === (kind === CPU1.kind ? 1 : 0))?.pid;
  expect(load(at + PID)).toBe(server);
});

test('what a plain thread leaves behind keeps no tasklet of the next one on its isolate from running', async () => {
  for (let i = 0; i < 3; i++) {
    const task = await kthreadRun(careless, undefined, 'careless');
    await until(() => !task.exists);
    const at = words(WORDS);
    wakeUpProcess(await PLAIN.create(scheduler, at));
    await until(() => load(at + CALLS) === 11);
  }
});

test('tasklets run in order, the urgent ones first, and not while the scheduler of one still runs', async () => {
  const order: unknown[] = [];
  const add = (what: string) => taskletSetup(() => void order.push(what, inTask(), current().comm));
  await kthreadRun(async () => {
    for (const what of ['a', 'b']) taskletSchedule(add(what));
    taskletHiSchedule(add('urgent'));
    order.push('thread', inTask());
  }, undefined, 'scheduler');
  await until(() => order.length === 11);
  expect(order).toEqual(['thread', true, 'urgent', false, 'ksoftirqd/0', 'a', false, 'ksoftirqd/0', 'b', false, 'ksoftirqd/0']);
});

test('a tasklet that a timer schedules runs right after its function', async () => {
  const order: string[] = [];
  const budget = sysctl('kernel.sched_budget_us');
  sysctl('kernel.sched_budget_us', 1_000_000); // Else a busy computer may end the turn between the two.
  const tasklet = taskletSetup(() => void order.push(`tasklet of ${current().pid}`));
  modTimer(timerSetup(() => {
    taskletSchedule(tasklet);
    order.push('timer');
  }), jiffies() + 1);
  await until(() => order.length === 2);
  sysctl('kernel.sched_budget_us', budget);
  expect(order).toEqual(['timer', 'tasklet of 1']);
});

test('a disabled tasklet waits until it is enabled as often, and a killed one is over', async () => {
  let calls = 0;
  const tasklet = taskletSetup(() => { calls++; });
  taskletDisable(tasklet);
  taskletDisable(tasklet);
  taskletSchedule(tasklet);
  await pause(5);
  taskletEnable(tasklet);
  await pause(5);
  expect([calls, tasklet.raised]).toEqual([0, true]);
  taskletEnable(tasklet);
  await taskletKill(tasklet);
  expect([calls, tasklet.raised]).toEqual([1, false]);
});

test('timers that take too long all run, the rest in ksoftirqd, and the event loop has its turns between', async () => {
  let calls = 0;
  let byServer = 0;
  let turns = 0;
  const server = ksoftirqds().find((t) => t.cpu === 0)!.pid;
  const when = jiffies() + 5;
  for (let i = 0; i < 400; i++) modTimer(timerSetup(() => {
    udelay(100);
    calls++;
    if (current().pid === server) byServer++;
  }), when);
  while (calls < 400) {
    await new Promise((resolve) => setImmediate(resolve));
    turns++;
  }
  expect([calls, byServer > 300, turns > 5]).toEqual([400, true, true]);
});

test('who sleeps does not wait behind functions of timers, however many are due', async () => {
  let calls = 0;
  let before = 0;
  const when = jiffies() + 5;
  for (let i = 0; i < 400; i++) modTimer(timerSetup(() => {
    udelay(100);
    calls++;
  }), when);
  await kthreadRun(async () => {
    await msleep(10);
    before = calls;
  }, undefined, 'sleeper');
  await until(() => calls === 400);
  expect([before > 0, before < 400]).toEqual([true, true]);
});

test('a timer that waits for ksoftirqd is pending, and can still be deleted or moved', async () => {
  let [slow, deleted, moved] = [0, 0, 0];
  const seen: unknown[] = [];
  const when = jiffies() + 5;
  for (let i = 0; i < 100; i++) modTimer(timerSetup(() => {
    udelay(100);
    if (++slow === 50) seen.push(current().comm, timerPending(doomed), timerDelete(doomed), timerDelete(doomed), modTimer(late, jiffies() + 20));
  }), when);
  const doomed = timerSetup(() => { deleted++; });
  const late = timerSetup(() => { moved++; });
  modTimer(doomed, when);
  modTimer(late, when);
  await until(() => slow === 100 && moved === 1);
  await pause(10);
  expect([deleted, moved, ...seen]).toEqual([0, 1, 'ksoftirqd/0', true, 1, 0, 1]);
});

test('what a tasklet throws does not end ksoftirqd', async () => {
  const { pid } = ksoftirqds().find((t) => t.cpu === 0)!;
  taskletSchedule(taskletSetup(() => { throw new RangeError('in a tasklet'); }));
  await until(() => heard.oopses.length === 1);
  expect([heard.oopses[0].task.pid, heard.oopses[0].error.message, ksoftirqds().some((t) => t.pid === pid)]).toEqual([pid, 'in a tasklet', true]);
});

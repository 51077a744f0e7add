/**
 * The wait_event family: when it sleeps and in which state, who is woken by what and in which order, what it returns, and
 * what it leaves behind. For every kind of waiter; where two CPUs meet, for every kind of waker too.
 */
import { expect, test } from 'vitest';
import { load, store } from '../../lib/atomic.js';
import { EINVAL } from '../../lib/errno.js';
import { CLOSURE, CPU1, HERE, KINDS, pause, until, words } from '../kinds.fixture.js';
import { getTaskStruct, kthreadRun, kthreadStop, kthreadStopPut, wakeUpProcess } from '../kthread.js';
import { declareSpinlock, newSpinlock, spinIsLocked, spinLock, spinUnlock } from '../locking/spinlock.js';
import { oneMachine } from '../machine.fixture.js';
import { dmesg } from '../printk/syslog.js';
import { mdelay } from '../time/sleep.js';
import { uptime } from '../time/time.js';
import type { Task } from './handle.js';
import { TASK, TASK_UNINTERRUPTIBLE } from './task.js';
import {
  CHECKS, FLAG, LOCKED_WELL, ORDER, PASSED, SEEN, SLEPT, TIMED, UNTIMED, WORDS, cmdWaiter, lockWaiter, lockedWaiter, pingpong, sleeper, taker, thrower, timedWaiter, waiter, waker, type Untimed,
} from './wait.fixture.js';
import {
  describeWait, newWaitQueueHead, waitqueueActive, wakeUp, wakeUpAll, wakeUpInterruptible, wakeUpInterruptibleAll, wakeUpLocked, wakeUpNr, type WaitQueueHead,
} from './wait.js';
import { waitEvent, waitEventInterruptible, waitEventInterruptibleSync, waitEventLockIrq, waitEventState, waitEventTimeout } from './wait_event.js';
import { PAIRS, SIGKILL, SIGTERM, end, signal, sleeps, start } from './waiting.fixture.js';

const { oopses } = oneMachine();
const ERESTARTSYS = -512, ETIME = -62;
const queued = (q: WaitQueueHead): Promise<void> => until(() => waitqueueActive(q), 'somebody is queued');
const order = (at: number): number[] => Array.from({ length: load(at + PASSED) }, (_, i) => load(at + ORDER + i * 4));
const forms = Object.keys(UNTIMED) as Untimed[];

test.each(KINDS)('T118 a condition that holds is not slept for: $kind', async (kind) => {
  for (const form of forms) {
    const [q, at] = [newWaitQueueHead(), words(WORDS)];
    store(at + FLAG, 1);
    expect(await end(await start(kind, waiter, { q, at, form }))).toBe(0);
    expect([load(at + CHECKS), load(at + SLEPT)]).toEqual([1, 0]);
  }
});

test.each(KINDS)('T119 each form sleeps in its own state, and says in which function: $kind', async (kind) => {
  for (const form of forms) {
    const [q, at] = [newWaitQueueHead(), words(WORDS)];
    const task = await start(kind, waiter, { q, at, form });
    await sleeps(task, UNTIMED[form]);
    expect(describeWait(task)).toBe(form.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`));
    store(at + FLAG, 1);
    wakeUp(q);
    expect(await end(task)).toBe(0);
    expect(waitqueueActive(q)).toBe(false);
  }
});

// What we_basic of the conformance cases prints.
test.each(KINDS)('T120 each wake-up is one look, counted while it is in vain; a condition alone wakes nobody: $kind', async (kind) => {
  const [q, at] = [newWaitQueueHead(), words(WORDS)];
  const task = await start(kind, waiter, { q, at, form: 'waitEvent' });
  await sleeps(task, 'D');
  expect([load(at + CHECKS), waitqueueActive(q)]).toEqual([2, true]);
  for (let i = 1; i <= 3; i++) {
    wakeUp(q);
    await until(() => load(at + CHECKS) === 2 + i);
    await sleeps(task, 'D');
    expect(describeWait(task)).toBe(`wait_event, woken ${i} ${i === 1 ? 'time, condition false then' : 'times, condition false each time'}`);
  }
  expect(wakeUpProcess(task)).toBe(1);
  await until(() => load(at + CHECKS) === 6);
  await sleeps(task, 'D');
  store(at + FLAG, 1);
  await pause(20);
  expect([load(at + PASSED), load(at + CHECKS)]).toEqual([0, 6]);
  wakeUp(q);
  await end(task);
  expect([waitqueueActive(q), load(at + SLEPT)]).toEqual([false, 5]);
});

test.each(KINDS)('T121 a wake-up with nobody waiting is lost: $kind', async (kind) => {
  const [q, at] = [newWaitQueueHead(), words(WORDS)];
  wakeUpAll(q);
  const task = await start(kind, waiter, { q, at, form: 'waitEvent' });
  await sleeps(task, 'D');
  await pause(10);
  expect(task.state).toBe('D');
  store(at + FLAG, 1);
  wakeUp(q);
  await end(task);
});

test.each(PAIRS)('T122 one wake_up wakes every non-exclusive waiter: $pair', async ({ by, who }) => {
  const [q, at] = [newWaitQueueHead(), words(WORDS)];
  const tasks: Task[] = [];
  for (let id = 0; id < 4; id++) tasks.push(await start(who, waiter, { q, at, form: 'waitEvent', id }));
  for (const task of tasks) await sleeps(task, 'D');
  await end(await start(by, waker, { q, at, call: 'wakeUp', flag: 1 }));
  for (const task of tasks) await end(task);
  expect([load(at + PASSED), load(at + CHECKS), waitqueueActive(q)]).toEqual([4, 12, false]);
});

// What we_mixed prints.
test.each(KINDS)('T123 T125 two plain and three exclusive waiters: how many each call lets go: $kind', async (kind) => {
  const calls: ReadonlyArray<readonly [name: string, wake: (q: WaitQueueHead) => void, plain: number, exclusive: number]> = [
    ['wakeUp', wakeUp, 2, 1], ['wakeUpNr 2', (q) => wakeUpNr(q, 2), 2, 2], ['wakeUpNr 3', (q) => wakeUpNr(q, 3), 2, 3], ['wakeUpAll', wakeUpAll, 2, 3], ['wakeUpInterruptible', wakeUpInterruptible, 2, 1],
  ];
  for (const [name, wake, plain, exclusive] of calls) {
    const [q, at] = [newWaitQueueHead(), words(WORDS)];
    const tasks: Task[] = [];
    for (let id = 0; id < 5; id++) tasks.push(await start(kind, sleeper, { q, at, id, exclusive: id >= 2 }));
    for (const task of tasks) await sleeps(task, 'S');
    wake(q);
    await until(() => load(at + PASSED) >= plain + exclusive, name);
    await pause(5);
    expect([name, order(at).filter((id) => id < 2).length, order(at).filter((id) => id >= 2).length]).toEqual([name, plain, exclusive]);
    wakeUpAll(q);
    for (const task of tasks) await end(task);
    expect([load(at + PASSED), waitqueueActive(q)]).toEqual([5, false]);
  }
});

// What we_exclusive prints.
test.each(KINDS)('T124 T125 exclusive waiters are served in the order in which they came: $kind', async (kind) => {
  const [q, at] = [newWaitQueueHead(), words(WORDS)];
  const tasks: Task[] = [];
  for (let id = 0; id < 6; id++) {
    tasks.push(await start(kind, sleeper, { q, at, id, exclusive: true, state: TASK_UNINTERRUPTIBLE }));
    await sleeps(tasks[id], 'D');
  }
  for (let i = 0; i < 3; i++) {
    wakeUp(q);
    await until(() => load(at + PASSED) === i + 1);
    await pause(5);
    expect([order(at), waitqueueActive(q)]).toEqual([[0, 1, 2].slice(0, i + 1), true]);
  }
  wakeUpNr(q, 2);
  await until(() => load(at + PASSED) === 5);
  await pause(5);
  expect([load(at + PASSED), waitqueueActive(q)]).toEqual([5, true]);
  wakeUpAll(q);
  for (const task of tasks) await end(task);
  expect([order(at).at(-1), waitqueueActive(q)]).toEqual([5, false]);
});

test.each([CLOSURE, HERE, CPU1])('T124 other waiters are woken last come, first served: $kind', async (kind) => {
  const [q, at] = [newWaitQueueHead(), words(WORDS)];
  const tasks: Task[] = [];
  for (let id = 0; id < 5; id++) {
    tasks.push(await start(kind, sleeper, { q, at, id, exclusive: false }));
    await sleeps(tasks[id], 'S');
  }
  wakeUp(q);
  for (const task of tasks) await end(task);
  expect(order(at)).toEqual([4, 3, 2, 1, 0]);
});

// What we_intr_only prints, and the exclusive waiter that must not be counted.
test.each(KINDS)('T126 T127 wake_up_interruptible passes over a waiter in D and does not count it; wake_up takes both: $kind', async (kind) => {
  const [q, at] = [newWaitQueueHead(), words(WORDS)];
  const hard = await start(kind, sleeper, { q, at, id: 0, exclusive: true, state: TASK_UNINTERRUPTIBLE });
  await sleeps(hard, 'D');
  const soft = await start(kind, sleeper, { q, at, id: 1, exclusive: true });
  await sleeps(soft, 'S');
  wakeUpInterruptible(q);
  expect(await end(soft)).toBe(1);
  wakeUpInterruptibleAll(q);
  await pause(5);
  expect([hard.state, load(at + PASSED)]).toEqual(['D', 1]);
  wakeUp(q);
  expect(await end(hard)).toBe(0);
});

// What we_excl_cond prints.
test.each(KINDS)('T123 T134 one token and one wake-up let one taker pass; the one that is stopped gets -512: $kind', async (kind) => {
  const [q, at] = [newWaitQueueHead(), words(WORDS)];
  const tasks: Task[] = [];
  for (let id = 0; id < 4; id++) {
    tasks.push(await start(kind, taker, { q, at, id }));
    await sleeps(tasks[id], 'S');
  }
  for (let i = 0; i < 3; i++) {
    const before = load(at + CHECKS);
    store(at + FLAG, 1);
    wakeUpInterruptible(q);
    await until(() => load(at + PASSED) === i + 1);
    await pause(5);
    expect([order(at), load(at + FLAG), load(at + CHECKS) - before]).toEqual([[0, 1, 2].slice(0, i + 1), 0, 1]);
  }
  const before = load(at + CHECKS);
  wakeUpInterruptible(q);
  await until(() => load(at + CHECKS) > before);
  await sleeps(tasks[3], 'S');
  expect([load(at + PASSED), load(at + CHECKS) - before, waitqueueActive(q)]).toEqual([3, 1, true]);
  expect(await Promise.all(tasks.map(kthreadStopPut))).toEqual([0, 0, 0, ERESTARTSYS]);
  expect(waitqueueActive(q)).toBe(false);
});

test.each(KINDS)('T134 an exclusive waiter that leaves on a signal leaves the next wake-up to another: $kind', async (kind) => {
  const [q, at] = [newWaitQueueHead(), words(WORDS)];
  const [first, second] = [await start(kind, taker, { q, at, id: 0 }), await start(kind, taker, { q, at, id: 1 })];
  for (const task of [first, second]) await sleeps(task, 'S');
  signal(first, SIGTERM);
  expect(await end(first)).toBe(ERESTARTSYS);
  store(at + FLAG, 1);
  wakeUp(q);
  expect(await end(second)).toBe(0);
});

test.each(KINDS)('T134 an exclusive waiter whose condition throws passes its wake-up on, and is queued nowhere: $kind', async (kind) => {
  const [q, at] = [newWaitQueueHead(), words(WORDS)];
  const first = await start(kind, thrower, { q, at, exclusive: true });
  await sleeps(first, 'S');
  const second = await start(kind, taker, { q, at, id: 1 });
  await sleeps(second, 'S');
  store(at + FLAG, 1);
  wakeUp(q);
  await expect(end(first)).rejects.toThrow('was ended by an exception');
  expect(await end(second)).toBe(0);
  expect(waitqueueActive(q)).toBe(false);
  await until(() => oopses.length === 1);
  expect(oopses[0].error.message).toBe('the condition broke');
});

test.each(KINDS)('T137 wait_event_lock_irq drops the lock while sleeping and holds it at each test and on return: $kind', async (kind) => {
  const [q, at] = [newWaitQueueHead(), words(WORDS)];
  const lock = declareSpinlock(import.meta, `lock of ${kind.kind}`);
  const task = await start(kind, lockWaiter, { q, at, lock });
  await sleeps(task, 'D');
  expect(spinIsLocked(lock)).toBe(false);
  wakeUp(q);
  await until(() => load(at + CHECKS) === 3);
  await sleeps(task, 'D');
  store(at + FLAG, 1);
  wakeUp(q);
  expect(await end(task)).toBe(LOCKED_WELL);
});

test.each(KINDS)('T137 the _locked forms take the queue itself as the lock; wake_up_locked belongs to them: $kind', async (kind) => {
  const [q, at] = [newWaitQueueHead(), words(WORDS)];
  const task = await start(kind, lockedWaiter, { q, at });
  await sleeps(task, 'S');
  const { lock } = q;
  lock.lock();
  store(at + FLAG, 1);
  wakeUpLocked(q);
  lock.unlock();
  expect(await end(task)).toBe(0);
  const stopped = await start(kind, lockedWaiter, { q, at: words(WORDS) });
  await sleeps(stopped, 'S');
  expect(await kthreadStopPut(stopped)).toBe(ERESTARTSYS);
  expect(waitqueueActive(q)).toBe(false);
});

test.each(KINDS)('T138 wait_event_cmd runs its commands before and after each sleep: $kind', async (kind) => {
  const [q, at] = [newWaitQueueHead(), words(WORDS)];
  const task = await start(kind, cmdWaiter, { q, at });
  for (let i = 1; i <= 3; i++) {
    await until(() => load(at + CHECKS) === 1 + i);
    await sleeps(task, 'D');
    expect(load(at + SEEN)).toBe(i + (i - 1) * 100);
    if (i === 3) store(at + FLAG, 1);
    wakeUp(q);
  }
  await end(task);
  expect(load(at + SEEN)).toBe(303);
});

// --- Timeouts and signals -----------------------------------------------------------------------------------------

/** Microseconds for the hrtimeout forms, jiffies (of 1 ms) for the others. */
const unit = (form: string): number => (form.endsWith('Hrtimeout') ? 1000 : 1);
const inTime = (form: string, timeout: number): number => (form.endsWith('Hrtimeout') ? 0 : timeout);

test.each(KINDS)('T141 T149 time runs out with the condition false: 0, or -ETIME: $kind', async (kind) => {
  for (const form of TIMED) {
    const [q, at] = [newWaitQueueHead(), words(WORDS)];
    const begun = uptime();
    const result = await end(await start(kind, timedWaiter, { q, at, form, timeout: 30 * unit(form) }));
    expect([form, result]).toEqual([form, form.endsWith('Hrtimeout') ? ETIME : 0]);
    expect(uptime() - begun).toBeGreaterThanOrEqual(30);
    expect(waitqueueActive(q)).toBe(false);
  }
});

test.each(KINDS)('T142 the condition holds at once: the full timeout, 1 for a timeout of 0: $kind', async (kind) => {
  for (const form of TIMED) {
    const [q, at] = [newWaitQueueHead(), words(WORDS)];
    store(at + FLAG, 1);
    expect(await end(await start(kind, timedWaiter, { q, at, form, timeout: 7 }))).toBe(inTime(form, 7));
    expect(await end(await start(kind, timedWaiter, { q, at, form, timeout: 0 }))).toBe(inTime(form, 1));
    expect(load(at + SLEPT)).toBe(0);
  }
});

test.each(KINDS)('T143 timeout 0 and false: 0 at once, without sleeping: $kind', async (kind) => {
  for (const form of TIMED) {
    const [q, at] = [newWaitQueueHead(), words(WORDS)];
    expect(await end(await start(kind, timedWaiter, { q, at, form, timeout: 0 }))).toBe(form.endsWith('Hrtimeout') ? ETIME : 0);
    expect(load(at + SLEPT)).toBe(0);
  }
});

test.each(PAIRS)('T144 woken in time: the jiffies left, at least 1 and less than the timeout: $pair', async ({ by, who }) => {
  for (const form of TIMED) {
    const [q, at] = [newWaitQueueHead(), words(WORDS)];
    const timeout = 60_000 * unit(form);
    const task = await start(who, timedWaiter, { q, at, form, timeout });
    await queued(q);
    await pause(2);
    await end(await start(by, waker, { q, at, call: 'wakeUp', flag: 1 }));
    const result = await end(task);
    if (form.endsWith('Hrtimeout')) expect(result).toBe(0);
    else expect(result).toSatisfy((left: number) => left >= 1 && left < timeout);
  }
});

test.each(KINDS)('T145 it becomes true without a wake-up: 1 when time runs out: $kind', async (kind) => {
  for (const form of TIMED) {
    const [q, at] = [newWaitQueueHead(), words(WORDS)];
    const task = await start(kind, timedWaiter, { q, at, form, timeout: 100 * unit(form) });
    await until(() => task.stateWord !== 0 && load(at + CHECKS) === 2 && load(task.addr + TASK.nvcsw) > 0);
    store(at + FLAG, 1);
    expect(await end(task)).toBe(inTime(form, 1));
  }
});

test.each(KINDS)('T146 T149 a signal ends the interruptible forms with -512, and only those: $kind', async (kind) => {
  for (const form of ['waitEventInterruptibleTimeout', 'waitEventInterruptibleHrtimeout', 'waitEventTimeout', 'waitEventIdleTimeout'] as const) {
    const [q, at] = [newWaitQueueHead(), words(WORDS)];
    const interruptible = form.includes('Interruptible');
    const task = await start(kind, timedWaiter, { q, at, form, timeout: (interruptible ? 60_000 : 40) * unit(form) });
    await queued(q);
    signal(task, SIGTERM);
    expect([form, await end(task)]).toEqual([form, interruptible ? ERESTARTSYS : 0]);
  }
});

test.each(KINDS)('T147 wait_event_killable ignores SIGTERM and gives -512 for SIGKILL: $kind', async (kind) => {
  for (const form of ['waitEventKillable', 'waitEventKillableExclusive'] as const) {
    const [q, at] = [newWaitQueueHead(), words(WORDS)];
    const task = await start(kind, waiter, { q, at, form });
    await sleeps(task, 'D');
    signal(task, SIGTERM);
    wakeUpProcess(task);
    await until(() => load(at + CHECKS) === 3);
    await sleeps(task, 'D');
    signal(task, SIGKILL);
    expect(await end(task)).toBe(ERESTARTSYS);
    expect(waitqueueActive(q)).toBe(false);
  }
});

test.each(KINDS)('T148 a true condition wins over a pending signal, a false one does not: $kind', async (kind) => {
  for (const [flag, result] of [[1, 0], [0, ERESTARTSYS]]) {
    const [q, at] = [newWaitQueueHead(), words(WORDS)];
    store(at + FLAG, flag);
    const task = getTaskStruct(await kind.create(waiter, { q, at, form: 'waitEventInterruptible' }));
    signal(task, SIGTERM);
    wakeUpProcess(task);
    expect(await end(task)).toBe(result);
    expect([load(at + SLEPT), waitqueueActive(q)]).toEqual([0, false]);
  }
});

// What stop_breaks_wait prints.
test.each(KINDS)('T054 a stop ends an interruptible wait with -512, and no other: $kind', async (kind) => {
  const [q, at] = [newWaitQueueHead(), words(WORDS)];
  const soft = await start(kind, waiter, { q, at, form: 'waitEventInterruptible' });
  await sleeps(soft, 'S');
  expect(await kthreadStopPut(soft)).toBe(ERESTARTSYS);
  const hard = await start(kind, waiter, { q, at, form: 'waitEvent' });
  await sleeps(hard, 'D');
  const stopped = kthreadStopPut(hard);
  await until(() => load(at + CHECKS) > 4);
  await sleeps(hard, 'D');
  store(at + FLAG, 1);
  wakeUp(q);
  expect(await stopped).toBe(0);
});

// --- Across kinds -------------------------------------------------------------------------------------------------

// What pingpong prints: strictly in turn.
test.each(PAIRS)('T136 two threads take turns over two queues: $pair', async ({ by, who }) => {
  const [ping, pong, at] = [newWaitQueueHead(), newWaitQueueHead(), words(WORDS)];
  const second = await start(who, pingpong, { mine: pong, other: ping, at, side: 1, rounds: 500 });
  const first = await start(by, pingpong, { mine: ping, other: pong, at, side: 0, rounds: 500 });
  await until(() => load(at + ORDER) === 1000);
  expect([await kthreadStopPut(first), await kthreadStopPut(second)]).toEqual([500, 500]);
});

// --- What is special here -----------------------------------------------------------------------------------------

test('a condition that returns a promise is refused, naming the call, and nothing is left behind', async () => {
  const q = newWaitQueueHead();
  let looks = 0;
  const late = (() => (looks++ === 0 ? false : Promise.reject(new Error('nobody hears this')))) as () => boolean;
  await expect(waitEventInterruptible(q, late)).rejects.toMatchObject({ errno: -EINVAL, message: expect.stringContaining('waitEventInterruptible: the condition returned a promise') as string });
  await expect(waitEventInterruptible(q, (async () => true) as unknown as () => boolean)).rejects.toMatchObject({ errno: -EINVAL });
  expect([looks, waitqueueActive(q)]).toEqual([2, false]);
});

test('a plain spelling on a shared isolate is refused, naming the other', () => {
  expect(() => waitEventInterruptibleSync(newWaitQueueHead(), () => true)).toThrow(/EDEADLK.*await waitEventInterruptible\(\)/);
});

test('outside of any thread a wait has a task of its own, and none afterwards', async () => {
  const q = newWaitQueueHead();
  let done = false;
  const wait = waitEventTimeout(q, () => done, 60_000);
  await queued(q);
  done = true;
  wakeUp(q);
  expect(await wait).toBeGreaterThan(0);
});

test('waitEventState sleeps in any state that it is told', async () => {
  const q = newWaitQueueHead();
  let done = false;
  const task = await kthreadRun(async () => waitEventState(q, () => done, TASK_UNINTERRUPTIBLE), undefined, 'state');
  await sleeps(task, 'D');
  done = true;
  wakeUp(q);
  expect(await kthreadStop(task)).toBe(0);
});

test('a queue may be freed with `using`, and a thread that still waits there finds out', async () => {
  let task: Task;
  {
    using q = newWaitQueueHead();
    task = getTaskStruct(await kthreadRun(async () => waitEvent(q, () => false), undefined, 'late'));
    await sleeps(task, 'D');
  }
  await expect(end(task)).rejects.toThrow('was ended by an exception');
  expect(oopses.at(-1)!.error.message).toMatch(/is no wait queue: it was never initialised, or is freed/);
});

test('a wait with a lock whose condition holds at once keeps the CPU, also when the event loop is due', async () => {
  const [q, lock] = [newWaitQueueHead(), newSpinlock()];
  const task = await kthreadRun(async () => {
    mdelay(5); // More than an isolate has before it owes its event loop a turn.
    spinLock(lock);
    await waitEventLockIrq(q, () => true, lock);
    spinUnlock(lock);
  }, undefined, 'quick');
  await until(() => !task.exists);
  expect(dmesg({ time: 'none' }).filter((line) => line.includes('scheduling while atomic'))).toEqual([]);
});

/**
 * Completions: an event that may happen before or after somebody waits for it, counted; all forms of waiting for one; and
 * leaving a thread by one.
 */
import { expect, test } from 'vitest';
import { load } from '../../lib/atomic.js';
import { EINVAL, EPERM } from '../../lib/errno.js';
import { w32 } from '../../lib/memory.js';
import { sprintf } from '../../lib/printf.js';
import { kthreadCompleteAndExit } from '../exit.js';
import { KINDS, pause, until, words } from '../kinds.fixture.js';
import { getTaskStruct, kthreadStopPut, wakeUpProcess } from '../kthread.js';
import { oneMachine, threads } from '../machine.fixture.js';
import { dmesg } from '../printk/syslog.js';
import { uptime } from '../time/time.js';
import { addTimer } from './core.js';
import {
  COMPLETION, complete, completeAll, completeOnCurrentCpu, completionDone, declareCompletion, initCompletion, newCompletion, reinitCompletion, tryWaitForCompletion, waitForCompletion, waitForCompletionState, waitForCompletionSync, waitForCompletionTimeout,
} from './completion.js';
import type { Task } from './handle.js';
import { TASK_INTERRUPTIBLE } from './task.js';
import { CHECKS, FLAG, ORDER, PASSED, PLAIN_FORMS, SLEPT, TIMED_FORMS, WORDS, compWaiter, completer, disposer, leaver, stranger, timedCompWaiter, type Plain } from './wait_more.fixture.js';
import { PAIRS, SIGKILL, SIGTERM, end, signal, sleeps, start } from './waiting.fixture.js';

const { machine } = oneMachine();
const ERESTARTSYS = -512;
const forms = Object.keys(PLAIN_FORMS) as Plain[];
const order = (at: number): number[] => Array.from({ length: load(at + PASSED) }, (_, i) => load(at + ORDER + i * 4));

test.each(KINDS)('T151 complete() before the wait lets it pass at once, and is used up: $kind', async (kind) => {
  for (const form of forms) {
    const [c, at] = [newCompletion(), words(WORDS)];
    complete(c);
    expect(await end(await start(kind, compWaiter, { c, at, form }))).toBe(0);
    expect([load(at + SLEPT), c.done]).toEqual([0, 0]);
  }
});

test.each(PAIRS)('T152 n complete() let n waits pass and the next one blocks: $pair', async ({ by, who }) => {
  const [c, at] = [newCompletion(), words(WORDS)];
  for (let i = 0; i < 3; i++) await end(await start(by, completer, { c, all: false }));
  expect(c.done).toBe(3);
  const tasks: Task[] = [];
  for (let id = 0; id < 4; id++) tasks.push(await start(who, compWaiter, { c, at, form: 'waitForCompletion', id }));
  await until(() => load(at + PASSED) === 3);
  await until(() => tasks.filter((task) => task.state === 'X').length === 3);
  await sleeps(tasks.find((task) => task.state !== 'X')!, 'D');
  await end(await start(by, completer, { c, all: false }));
  for (const task of tasks) await end(task);
  expect([load(at + PASSED), c.done]).toEqual([4, 0]);
});

test.each(PAIRS)('T153 complete() wakes waiters first come, first served, one each: $pair', async ({ by, who }) => {
  const [c, at] = [newCompletion(), words(WORDS)];
  const tasks: Task[] = [];
  for (let id = 0; id < 4; id++) {
    tasks.push(await start(who, compWaiter, { c, at, form: 'waitForCompletion', id }));
    await sleeps(tasks[id], 'D');
  }
  for (let i = 0; i < 4; i++) {
    await end(await start(by, completer, { c, all: false }));
    await until(() => load(at + PASSED) === i + 1);
    await pause(2);
    expect(order(at)).toEqual([0, 1, 2, 3].slice(0, i + 1));
  }
  for (const task of tasks) await end(task);
});

test.each(PAIRS)('T154 T156 complete_all() lets all pass, now and later, until reinit_completion(): $pair', async ({ by, who }) => {
  const [c, at] = [newCompletion(), words(WORDS)];
  const tasks: Task[] = [];
  for (let id = 0; id < 3; id++) {
    tasks.push(await start(who, compWaiter, { c, at, form: 'waitForCompletion', id }));
    await sleeps(tasks[id], 'D');
  }
  await end(await start(by, completer, { c, all: true }));
  for (const task of tasks) await end(task);
  for (let i = 0; i < 3; i++) await waitForCompletion(c);
  expect([tryWaitForCompletion(c), completionDone(c)]).toEqual([true, true]);
  reinitCompletion(c);
  expect([completionDone(c), tryWaitForCompletion(c)]).toEqual([false, false]);
  const task = await start(who, compWaiter, { c, at, form: 'waitForCompletion' });
  await sleeps(task, 'D');
  completeOnCurrentCpu(c);
  await end(task);
});

test('T155 complete() after complete_all() leaves done where it is', async () => {
  using c = newCompletion();
  completeAll(c);
  complete(c);
  await waitForCompletion(c);
  expect(sprintf('%u', c.done)).toBe('4294967295');
});

// What comp_basic prints of counting.
test('T157 T158 completion_done and try_wait_for_completion', () => {
  using c = newCompletion();
  const look = (): unknown[] => [completionDone(c), tryWaitForCompletion(c), c.done];
  expect(look()).toEqual([false, false, 0]);
  complete(c);
  complete(c);
  expect([look(), look(), look()]).toEqual([[true, true, 1], [true, true, 0], [false, false, 0]]);
  completeAll(c);
  expect([look(), look()]).toEqual([[true, true, 0xffffffff], [true, true, 0xffffffff]]);
});

test.each(KINDS)('T159 with a timeout: 0 when it is over, the jiffies left when woken, the full timeout when done already: $kind', async (kind) => {
  for (const form of TIMED_FORMS) {
    const [c, at] = [newCompletion(), words(WORDS)];
    const begun = uptime();
    expect(await end(await start(kind, timedCompWaiter, { c, at, form, timeout: 25 }))).toBe(0);
    expect(uptime() - begun).toBeGreaterThanOrEqual(25);
    expect(await end(await start(kind, timedCompWaiter, { c, at, form, timeout: 0 }))).toBe(0);
    for (const [timeout, left] of [[8, 8], [0, 1]]) {
      complete(c);
      expect(await end(await start(kind, timedCompWaiter, { c, at, form, timeout }))).toBe(left);
      expect(load(at + SLEPT)).toBe(0);
    }
    const task = await start(kind, timedCompWaiter, { c, at, form, timeout: 60_000 });
    await sleeps(task, form.includes('Interruptible') ? 'S' : 'D');
    complete(c);
    expect(await end(task)).toSatisfy((left: number) => left >= 1 && left < 60_000 + 1);
  }
});

test.each(KINDS)('T160 interruptible: -512 on a signal or a stop; 0 if it is done, whatever is pending: $kind', async (kind) => {
  const [c, at] = [newCompletion(), words(WORDS)];
  const task = await start(kind, compWaiter, { c, at, form: 'waitForCompletionInterruptible' });
  await sleeps(task, 'S');
  signal(task, SIGTERM);
  expect(await end(task)).toBe(ERESTARTSYS);
  const stopped = await start(kind, compWaiter, { c, at, form: 'waitForCompletionInterruptible' });
  await sleeps(stopped, 'S');
  expect(await kthreadStopPut(stopped)).toBe(ERESTARTSYS);
  const late = getTaskStruct(await kind.create(compWaiter, { c, at, form: 'waitForCompletionInterruptible' }));
  complete(c);
  signal(late, SIGTERM);
  wakeUpProcess(late);
  expect(await end(late)).toBe(0);
  expect(c.done).toBe(0);
});

// What comp_timeout prints of signals.
test.each(KINDS)('T160 T161 killable and uninterruptible waits do not care about SIGTERM; killable about SIGKILL: $kind', async (kind) => {
  const [c, at] = [newCompletion(), words(WORDS)];
  for (const form of ['waitForCompletionTimeout', 'waitForCompletionKillableTimeout'] as const) {
    const task = await start(kind, timedCompWaiter, { c, at, form, timeout: 30 });
    signal(task, SIGTERM);
    expect(await end(task)).toBe(0);
  }
  const task = await start(kind, compWaiter, { c, at, form: 'waitForCompletionKillable' });
  await sleeps(task, 'D');
  signal(task, SIGTERM);
  wakeUpProcess(task);
  await sleeps(task, 'D');
  signal(task, SIGKILL);
  expect(await end(task)).toBe(ERESTARTSYS);
});

test.each(KINDS)('T162 a wake-up that completes nothing does not let a waiter pass: $kind', async (kind) => {
  for (const form of forms) {
    const [c, at] = [newCompletion(), words(WORDS)];
    const task = await start(kind, compWaiter, { c, at, form });
    for (let i = 0; i < 5; i++) {
      await sleeps(task, PLAIN_FORMS[form]);
      wakeUpProcess(task);
    }
    await sleeps(task, PLAIN_FORMS[form]);
    expect(load(at + PASSED)).toBe(0);
    complete(c);
    expect(await end(task)).toBe(0);
  }
});

test.each(KINDS)('T163 wait_for_completion is D, _interruptible S, _killable D: $kind', async (kind) => {
  for (const form of forms) {
    const [c, at] = [newCompletion(), words(WORDS)];
    const task = await start(kind, compWaiter, { c, at, form });
    await sleeps(task, PLAIN_FORMS[form]);
    expect(threads().find(({ pid }) => pid === task.pid)?.wchan).toBe(form.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
    complete(c);
    await end(task);
  }
});

test('T163 wait_for_completion_state sleeps as it is told', async () => {
  const [c, at] = [newCompletion(), words(WORDS)];
  const task = await start({ ...KINDS[0] }, { ...compWaiter, closure: async () => waitForCompletionState(c, TASK_INTERRUPTIBLE) }, { c, at, form: 'waitForCompletion' });
  await sleeps(task, 'S');
  expect(await kthreadStopPut(task)).toBe(ERESTARTSYS);
});

test('T164 a declared completion begins with 0; init_completion makes 0 of anything', async () => {
  const c = declareCompletion(import.meta, 'declared');
  expect([c.done, completionDone(c)]).toEqual([0, false]);
  for (let word = 0; word < COMPLETION.sizeof; word += 4) w32(c.addr + word, 0x6b6b6b6b);
  initCompletion(c);
  expect([c.done, await waitForCompletionTimeout(c, 1)]).toEqual([0, 0]);
  expect(declareCompletion(import.meta, 'declared')).toBe(c);
  expect(() => { using _ = c; }).toThrow(expect.objectContaining({ errno: -EINVAL }));
});

test.each(KINDS)('T166 complete() from a timer and from a foreign callback: $kind', async (kind) => {
  for (const later of [(fn: () => void) => addTimer({ due: 0, prev: null, next: null, expire: fn }, uptime() + 5), (fn: () => void) => void setImmediate(fn)]) {
    const [c, at] = [newCompletion(), words(WORDS)];
    const task = await start(kind, compWaiter, { c, at, form: 'waitForCompletion' });
    await sleeps(task, 'D');
    later(() => complete(c));
    expect(await end(task)).toBe(0);
  }
});

test.each(PAIRS)('T167 the waiter may take the completion away as soon as its wait returns: $pair', async ({ by, who }) => {
  const [at, go, rounds] = [words(WORDS), newCompletion(), 3000];
  const [one, two] = [await start(who, disposer, { at, rounds, go, back: go }), await start(by, stranger, { at, rounds, go })];
  expect([await end(one), await end(two)]).toEqual([0, 0]);
});

test('a completion cannot be waited for by blocking an isolate that others share', () => {
  expect(() => waitForCompletionSync(newCompletion())).toThrow(/EDEADLK.*await waitForCompletion\(\)/);
});

// --- Leaving ------------------------------------------------------------------------------------------------------

test.each(KINDS)('T073 T074 kthread_complete_and_exit completes and ends the thread with its value; NULL is allowed: $kind', async (kind) => {
  for (const old of [false, true]) {
    const [done, at] = [newCompletion(), words(WORDS)];
    const task = await start(kind, leaver, { done, at, value: 3, old });
    await waitForCompletion(done);
    expect(task.state).toBe('X');
    expect(await kthreadStopPut(task)).toBe(3);
    expect([load(at + FLAG), load(at + CHECKS), done.done]).toEqual([1, 0, 0]);
    expect(await end(await start(kind, leaver, { done: null, at, value: -7, old }))).toBe(-7);
  }
});

test('T073 outside of a thread kthread_complete_and_exit is refused and completes nothing', () => {
  using c = newCompletion();
  expect(() => kthreadCompleteAndExit(c, 1)).toThrow(expect.objectContaining({ errno: -EPERM }));
  expect(c.done).toBe(0);
});

test('T077 a module whose exit waits for threads that complete and exit unloads safely', async () => {
  const file = new URL('leaving.fixture.js', import.meta.url);
  for (let i = 0; i < 3; i++) {
    await machine().insmod(file, {}, { as: 'leaving' });
    if (i === 1) await pause(60);
    await machine().rmmod('leaving');
  }
  const log = dmesg({ time: 'none' });
  expect(log.filter((line) => line === 'leaving: both are gone').length).toBe(3);
  expect(log.filter((line) => /BUG|Oops/.test(line))).toEqual([]);
});

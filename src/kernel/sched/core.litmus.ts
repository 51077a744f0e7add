/**
 * Orders of events between wakers and the isolate whose threads they wake, brought about one access at a time on a running
 * machine. Each test is a drawing of core.ts or of a bug that was; the columns are isolates.
 */
import { expect, test } from 'vitest';
import { load, store } from '../../lib/atomic.js';
import { BATON_WORDS, isHeld, release } from '../baton.fixture.js';
import { pause, until, words } from '../kinds.fixture.js';
import { getTaskStruct, kthreadRun, kthreadRunOnCpu, kthreadStop, kthreadStopPut, wakeUpProcess } from '../kthread.js';
import { oneMachine } from '../machine.fixture.js';
import { GO, READY, RUNS, WORDS, heldStopper, heldWaker, hog, listener, sleeper, slowSleeper } from './core.fixture.js';
import type { Task } from './handle.js';

oneMachine();

/** Starts a thread on CPU 1 and waits until it sleeps there. */
async function asleepOnCpu1(fn: typeof sleeper): Promise<{ task: Task; at: number }> {
  const at = words(WORDS);
  const task = await kthreadRunOnCpu(fn, at, 1, 'sleeper/%u');
  await until(() => task.state === 'S');
  return { task, at };
}

/** Keeps CPU 1's isolate from looking at its wake list until the returned function is called. */
async function hogCpu1(): Promise<() => void> {
  const at = words(WORDS);
  await kthreadRunOnCpu(hog, at, 1, 'hog/%u');
  await until(() => load(at + READY) === 1);
  return () => store(at + GO, 1);
}

/**
 *     waker B                    CPU 1                          waker C
 *                                T: state = S, about to sleep
 *     wins T's state word
 *                                T: schedule() finds RUNNING,
 *                                goes on, sleeps again
 *                                                               wins T's state word, pushes T
 *     on_wake_list is 1:
 *     must not push
 */
test('two wakers win in turn while the first has not pushed', async () => {
  const at = words(WORDS);
  const baton = words(BATON_WORDS);
  const other = await asleepOnCpu1(sleeper);
  const task = await kthreadRunOnCpu(slowSleeper, at, 1, 'T/%u');
  await until(() => load(at + READY) === 1);
  const waker = getTaskStruct(await kthreadRun(heldWaker, { task, baton, nth: 1 }, 'B'));
  await until(() => isHeld(baton));
  store(at + GO, 1);
  await until(() => load(at + RUNS) === 1 && task.state === 'S');
  const letGo = await hogCpu1();
  expect([wakeUpProcess(other.task), wakeUpProcess(task)]).toEqual([1, 1]);
  release(baton);
  await until(() => waker.state === 'X');
  expect(await kthreadStopPut(waker)).toBe(1);
  letGo();
  await until(() => load(at + RUNS) === 2 && load(other.at + RUNS) === 1, 'both run');
  for (const thread of [task, other.task]) await kthreadStop(thread);
});

/**
 *     stopper                    CPU 1                     main
 *     wakes T
 *                                T runs, ends
 *                                stays with another thread
 *                                                          wakes X: it is on the list
 *     pushes T for its signal;
 *     gives its reference back:
 *     T's record is free
 *                                                          makes a thread of T's record
 *                                takes the list: T's
 *                                record, then X
 */
test('a record becomes another task while it stands on the wake list', async () => {
  const baton = words(BATON_WORDS);
  const at = words(WORDS);
  const bystander = await asleepOnCpu1(sleeper);
  const task = await kthreadRunOnCpu(listener, at, 1, 'T/%u');
  await until(() => load(at + READY) === 1 && task.state === 'S');
  const stopper = getTaskStruct(await kthreadRun(heldStopper, { task, baton, nth: 2 }, 'stopper'));
  await until(() => isHeld(baton) && task.state === 'X');
  const letGo = await hogCpu1();
  expect(wakeUpProcess(bystander.task)).toBe(1);
  release(baton);
  await until(() => stopper.state === 'X');
  const next = await Promise.all(Array.from({ length: 8 }, (_, i) => kthreadRun(async () => { await pause(50); }, undefined, 'next/%d', i)));
  letGo();
  await until(() => load(bystander.at + RUNS) === 1, 'the bystander runs', 3000);
  await kthreadStop(bystander.task);
  await kthreadStopPut(stopper);
  await until(() => [task, ...next].every((thread) => !thread.exists), 'no record is kept');
});

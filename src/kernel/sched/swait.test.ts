/**
 * Simple wait queues: one waiter at a time, first come, first served.
 */
import { expect, test } from 'vitest';
import { load, store } from '../../lib/atomic.js';
import { KINDS, pause, until, words } from '../kinds.fixture.js';
import { kthreadStopPut } from '../kthread.js';
import { oneMachine } from '../machine.fixture.js';
import type { Task } from './handle.js';
import { FLAG, ORDER, PASSED, WORDS, swaiter } from './wait_more.fixture.js';
import { declareSwaitQueueHead, newSwaitQueueHead, swaitActive, swaitEventIdleTimeoutExclusive, swaitEventTimeoutExclusive, swakeUpAll, swakeUpLocked, swakeUpOne, swqHasSleeper } from './swait.js';
import { end, sleeps, start } from './waiting.fixture.js';

oneMachine();
const order = (at: number): number[] => Array.from({ length: load(at + PASSED) }, (_, i) => load(at + ORDER + i * 4));

test.each(KINDS)('T140 swake_up_one wakes waiters first come, first served, one at a time; swake_up_all wakes all: $kind', async (kind) => {
  const [q, at] = [newSwaitQueueHead(), words(WORDS)];
  const tasks: Task[] = [];
  for (let id = 0; id < 6; id++) {
    tasks.push(await start(kind, swaiter, { q, at, id }));
    await sleeps(tasks[id], 'S');
  }
  store(at + FLAG, 1);
  for (let i = 0; i < 3; i++) {
    if (i < 2) swakeUpOne(q);
    else {
      const { lock } = q;
      lock.lock();
      swakeUpLocked(q);
      lock.unlock();
    }
    await until(() => load(at + PASSED) === i + 1);
    await pause(3);
    expect([order(at), swaitActive(q)]).toEqual([[0, 1, 2].slice(0, i + 1), true]);
  }
  swakeUpAll(q);
  for (const task of tasks) expect(await end(task)).toBe(0);
  expect([order(at).toSorted(), swaitActive(q), swqHasSleeper(q)]).toEqual([[0, 1, 2, 3, 4, 5], false, false]);
});

test.each(KINDS)('T140 a waiter that finds its condition false goes to the end; one that is stopped leaves with -512: $kind', async (kind) => {
  const [q, at] = [newSwaitQueueHead(), words(WORDS)];
  const [first, second] = [await start(kind, swaiter, { q, at, id: 1 }), await start(kind, swaiter, { q, at, id: 2 })];
  for (const task of [first, second]) await sleeps(task, 'S');
  expect(await kthreadStopPut(first)).toBe(-512);
  store(at + FLAG, 1);
  swakeUpOne(q);
  expect(await end(second)).toBe(0);
});

test('T140 the timeout forms return as wait_event_timeout does', async () => {
  const q = newSwaitQueueHead();
  expect(await swaitEventTimeoutExclusive(q, () => true, 7)).toBe(7);
  expect(await swaitEventTimeoutExclusive(q, () => false, 5)).toBe(0);
  expect(await swaitEventIdleTimeoutExclusive(q, () => true, 0)).toBe(1);
  expect(declareSwaitQueueHead(import.meta, 'sq')).toBe(declareSwaitQueueHead(import.meta, 'sq'));
});

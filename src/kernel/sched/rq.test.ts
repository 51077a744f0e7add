/**
 * The run queue by itself: in which order threads of equal and of different priority come out. What it does to threads that
 * really run is syscalls.test.ts.
 */
import { beforeEach, expect, test } from 'vitest';
import { rf64, w32, wf64 } from '../../lib/memory.js';
import { bareMachine } from '../bare.fixture.js';
import { kzalloc } from '../mm/slab.js';
import { Thread } from './core.js';
import { initRunQueue, nrRunning, rqPush, rqShift } from './rq.js';
import { DEFAULT_PRIO, TASK } from './task.js';

beforeEach(() => {
  bareMachine();
  initRunQueue();
});

/** A thread with a priority as the scheduler counts: 120 + nice, or 99 - the real-time priority. */
function thread(prio = DEFAULT_PRIO): Thread {
  const task = kzalloc(TASK.sizeof);
  w32(task + TASK.prio, prio);
  return new Thread(task);
}

const ran = ({ addr }: Thread, ms: number): void => wf64(addr + TASK.run_time, rf64(addr + TASK.run_time) + ms);
const all = (): Thread[] => Array.from({ length: nrRunning }, () => rqShift()!);

test('equal threads come out as they came in, however many there are', () => {
  const threads = Array.from({ length: 5000 }, () => thread());
  for (const one of threads) rqPush(one);
  expect(all()).toEqual(threads);
  expect([rqShift(), nrRunning]).toEqual([undefined, 0]);
  for (const one of threads.slice(0, 3)) rqPush(one);
  for (let i = 0; i < 10_000; i++) { // Never empty, so that its array grows.
    rqPush(threads[(i + 3) % 5000]);
    expect(threads.indexOf(rqShift()!)).toBe(i % 5000);
  }
});

test('real-time threads come before all others, the highest priority first, equals as they came', () => {
  const [normal, nice, low, fifo, also] = [thread(), thread(DEFAULT_PRIO - 20), thread(98), thread(49), thread(49)];
  for (const one of [normal, nice, low, fifo, also]) rqPush(one);
  expect(all()).toEqual([fifo, also, low, normal, nice]);
});

test('among others, whoever ran least is next; a nice one pays more for the same time', () => {
  const [zero, five, minus] = [thread(), thread(DEFAULT_PRIO + 5), thread(DEFAULT_PRIO - 5)];
  const turns = new Map([[zero, 0], [five, 0], [minus, 0]]);
  for (const one of turns.keys()) rqPush(one);
  for (let i = 0; i < 4000; i++) {
    const next = rqShift()!;
    turns.set(next, turns.get(next)! + 1);
    ran(next, 1);
    rqPush(next);
  }
  const share = (one: Thread): number => turns.get(one)! / turns.get(zero)!;
  expect(share(five)).toBeCloseTo(1 / 1.25 ** 5, 1);
  expect(share(minus)).toBeCloseTo(1.25 ** 5, 1);
});

test('who slept for long gets its turn and no more for it', () => {
  const [worker, sleeper, nice] = [thread(), thread(), thread(DEFAULT_PRIO + 1)];
  rqPush(nice);
  rqPush(worker);
  for (let i = 0; i < 100; i++) {
    const next = rqShift()!;
    ran(next, 1);
    rqPush(next);
  }
  rqPush(sleeper);
  const order = Array.from({ length: 9 }, () => {
    const next = rqShift()!;
    ran(next, 1);
    rqPush(next);
    return next;
  });
  expect(order.filter((one) => one === sleeper).length).toBeLessThanOrEqual(4);
  expect(order.slice(0, 3)).toContain(sleeper);
});

test('one nice thread among equals: nobody is lost when it comes and when it has gone', () => {
  const equals = Array.from({ length: 100 }, () => thread());
  const nice = thread(DEFAULT_PRIO + 19);
  for (const one of equals) rqPush(one);
  rqPush(nice);
  expect(new Set(all())).toEqual(new Set([...equals, nice]));
  for (const one of equals) rqPush(one);
  expect(all()).toEqual(equals);
});

/**
 * Reference counts: the last one is told, a count that is gone stays gone, and one that leaves its range says so and stays
 * out of it.
 */
import { beforeEach, expect, test } from 'vitest';
import { clearLog, dmesg } from '../../index.js';
import { buffer } from '../../lib/memory.js';
import { CPU1, HERE, PLAIN, until, words } from '../kinds.fixture.js';
import { getTaskStruct, kthreadStopPut, wakeUpProcess } from '../kthread.js';
import { oneMachine } from '../machine.fixture.js';
import { clearWarnOnce } from '../panic.js';
import { DECS, ENDS, counter } from './refcount.fixture.js';
import { declareRefcount, refcountAdd, refcountDec, refcountDecAndTest, refcountInc, refcountIncNotZero, refcountRead, refcountSet, refcountSubAndTest, type Refcount } from './refcount.js';

oneMachine();
beforeEach(() => {
  clearLog();
  clearWarnOnce();
});
let made = 0;
const newRefcount = (n: number): Refcount => declareRefcount(import.meta, `ref${made++}`, n);
const warnings = (): string[] => dmesg().filter((line) => line.includes('refcount_t:')).map((line) => line.replace(/^.*WARNING: /, ''));
const SATURATED = -0x40000000;

test('the last one who gives up is told', () => {
  const r = newRefcount(1);
  refcountInc(r);
  refcountAdd(2, r);
  expect([refcountRead(r), refcountDecAndTest(r), refcountSubAndTest(2, r), refcountDecAndTest(r), refcountRead(r)]).toEqual([4, false, false, true, 0]);
  refcountSet(r, 3);
  refcountDec(r);
  expect([refcountRead(r), refcountSubAndTest(2, r)]).toEqual([2, true]);
  expect(warnings()).toEqual([]);
});

test('none can be had of what is gone', () => {
  const r = newRefcount(1);
  expect([refcountIncNotZero(r), refcountRead(r), refcountSubAndTest(2, r), refcountIncNotZero(r), refcountRead(r)]).toEqual([true, 2, true, false, 0]);
  expect(warnings()).toEqual([]);
});

test.each([
  ['an addition on 0', 0, (r: Refcount) => refcountInc(r), 'refcount_t: addition on 0; use-after-free.'],
  ['one too many', 0x7fffffff, (r: Refcount) => refcountInc(r), 'refcount_t: saturated; leaking memory.'],
  ['one too many, if there is one', 0x7fffffff, (r: Refcount) => refcountIncNotZero(r), 'refcount_t: saturated; leaking memory.'],
  ['one too few', 0, (r: Refcount) => refcountDecAndTest(r), 'refcount_t: underflow; use-after-free.'],
  ['more taken away than there are', 2, (r: Refcount) => refcountSubAndTest(3, r), 'refcount_t: underflow; use-after-free.'],
  ['the last one with the wrong call', 1, (r: Refcount) => refcountDec(r), 'refcount_t: decrement hit 0; leaking memory.'],
])('%s saturates the count, with a warning', (_, n, act, warning) => {
  const r = newRefcount(n);
  act(r);
  expect([refcountRead(r), warnings()]).toEqual([SATURATED, [warning]]);
  refcountInc(r);
  expect([refcountDecAndTest(r), refcountIncNotZero(r), refcountRead(r)]).toEqual([false, true, SATURATED]);
});

test('four threads give up what each of them took, 25,000 times: the last one is told once', async () => {
  const r = newRefcount(1);
  const seen = new Int32Array(buffer, words(2), 2);
  const tasks = [];
  for (const kind of [PLAIN, CPU1, PLAIN, HERE]) tasks.push(getTaskStruct(await kind.create(counter, { r, seen, rounds: 25_000 }, 'counter')));
  for (const task of tasks) wakeUpProcess(task);
  for (const task of tasks) {
    await until(() => task.state === 'X');
    await kthreadStopPut(task);
  }
  expect([refcountRead(r), seen[DECS], seen[ENDS]]).toEqual([1, 0, 0]);
  expect(refcountDecAndTest(r)).toBe(true);
});

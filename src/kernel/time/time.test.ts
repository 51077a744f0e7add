/** The jiffies counter and its conversions, on a clock that moves when told. Who sleeps by them is sleep.test.ts. */
import { beforeEach, describe, expect, test } from 'vitest';
import { w32 } from '../../lib/memory.js';
import { bareMachine, clock } from '../bare.fixture.js';
import { MACHINE, machineWord } from '../memlayout.js';
import {
  HZ, MAX_JIFFY_OFFSET, MAX_SCHEDULE_TIMEOUT, deadlineIn, initTime, jiffies, jiffiesToMsecs, jiffiesToUsecs, jiffiesUntil, msecsToJiffies, timeAfter, timeAfterEq, timeBefore, timeBeforeEq, timeInRange, timeIsAfterJiffies,
  timeIsBeforeJiffies, usecsToJiffies,
} from './time.js';

beforeEach(() => void bareMachine());

function setHz(hz: number): void {
  w32(machineWord(MACHINE.hz), hz);
  initTime();
}

describe('T115 milliseconds become jiffies, rounded up', () => {
  test.each([
    [250, [[0, 0], [1, 1], [4, 1], [5, 2], [8, 2], [9, 3], [1000, 250]]],
    [1000, [[0, 0], [1, 1], [5, 5], [1000, 1000]]],
    [100, [[1, 1], [10, 1], [11, 2], [1000, 100]]],
    [24, [[1, 1], [41, 1], [42, 2], [1000, 24]]],
  ])('HZ=%d', (hz, pairs) => {
    setHz(hz);
    expect(pairs.map(([ms]) => [ms, msecsToJiffies(ms)])).toEqual(pairs);
  });

  test('a negative number means for ever, as too large a one does', () => {
    expect([msecsToJiffies(-1), msecsToJiffies(0x7fffffff), usecsToJiffies(2 ** 52)]).toEqual([MAX_JIFFY_OFFSET, MAX_JIFFY_OFFSET, MAX_JIFFY_OFFSET]);
    expect([usecsToJiffies(0), usecsToJiffies(1), usecsToJiffies(1000), usecsToJiffies(1001)]).toEqual([0, 1, 1, 2]);
  });

  test('and back', () => {
    setHz(250);
    expect([jiffiesToMsecs(0), jiffiesToMsecs(1), jiffiesToMsecs(250), jiffiesToUsecs(1), HZ]).toEqual([0, 4, 1000, 4000, 250]);
  });
});

describe('T116 jiffies count HZ a second, from five minutes before their wrap', () => {
  test.each([
    [1000, 0, 2 ** 32 - 300_000],
    [1000, 1, 2 ** 32 - 299_999],
    [1000, 299_999.9, 2 ** 32 - 1],
    [1000, 300_000, 0],
    [1000, 3_992_326, 3_692_326], // Document 001.
    [250, 0, 2 ** 32 - 75_000],
    [250, 3.9, 2 ** 32 - 75_000],
    [250, 4, 2 ** 32 - 74_999],
    [250, 301_000, 250],
    [1000, 2 ** 32 + 300_000, 0], // Seven weeks later it wraps again.
  ])('HZ=%d, %f ms after boot', (hz, ms, expected) => {
    setHz(hz);
    clock.now = ms;
    expect(jiffies()).toBe(expected);
  });
});

describe('T117 comparisons hold across the wrap', () => {
  test.each([[5, 3], [0, 0xffffffff], [100, 0xffffff00], [0x80000000, 1], [0x7fffffff, 0]])('%i is after %i', (later, earlier) => {
    expect([timeAfter(later, earlier), timeBefore(earlier, later), timeAfter(earlier, later), timeBefore(later, earlier)]).toEqual([true, true, false, false]);
    expect([timeAfterEq(later, earlier), timeBeforeEq(earlier, later), timeAfterEq(earlier, later)]).toEqual([true, true, false]);
    expect([timeAfterEq(later, later), timeBeforeEq(later, later), timeAfter(later, later), timeBefore(later, later)]).toEqual([true, true, false, false]);
    expect([timeInRange(later, earlier, later), timeInRange(earlier, later, later)]).toEqual([true, false]);
  });

  test('a moment two seconds away stays two seconds away while the counter wraps', () => {
    clock.now = 299_000;
    const then = (jiffies() + 2 * HZ) >>> 0;
    expect([jiffies() > then, timeBefore(jiffies(), then), timeIsAfterJiffies(then)]).toEqual([true, true, true]);
    clock.now = 301_001;
    expect([timeAfter(jiffies(), then), timeIsBeforeJiffies(then)]).toEqual([true, true]);
  });
});

test('what is left of a timeout is rounded up, never negative, and for ever stays for ever', () => {
  clock.now = 1000;
  const deadline = deadlineIn(10);
  expect(jiffiesUntil(deadline)).toBe(10);
  clock.now = 1000.5;
  expect(jiffiesUntil(deadline)).toBe(10);
  clock.now = 1009.1;
  expect(jiffiesUntil(deadline)).toBe(1);
  clock.now = 1010;
  expect(jiffiesUntil(deadline)).toBe(0);
  clock.now = 2000;
  expect([jiffiesUntil(deadline), jiffiesUntil(deadlineIn(MAX_SCHEDULE_TIMEOUT))]).toEqual([0, MAX_SCHEDULE_TIMEOUT]);
});

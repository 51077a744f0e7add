/**
 * Waiting for bits and words without a queue of one's own: who is woken by which address, and a bit as a lock.
 */
import { expect, test } from 'vitest';
import { load, store } from '../../lib/atomic.js';
import { EINVAL } from '../../lib/errno.js';
import { KINDS, pause, until, words } from '../kinds.fixture.js';
import { kthreadStopPut } from '../kthread.js';
import { oneMachine } from '../machine.fixture.js';
import { declareShared } from '../shared.js';
import { TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE } from './task.js';
import { CHECKS, FLAG, PASSED, WORDS, bitLocker, bitWaiter, decrementer, varWaiter } from './wait_more.fixture.js';
import { clearAndWakeUpBit, testAndClearWakeUpBit, waitOnBit, waitOnBitLock, waitOnBitTimeout, waitVarEventTimeout, wakeUpBit, wakeUpVar } from './wait_bit.js';
import { PAIRS, end, sleeps, start } from './waiting.fixture.js';

oneMachine();

test.each(KINDS)('T139 wait_on_bit and wake_up_bit pair up; another bit, another word or a set bit wakes nobody: $kind', async (kind) => {
  const at = words(WORDS);
  store(at + FLAG, 0b110);
  const task = await start(kind, bitWaiter, { at, bit: 2, mode: TASK_UNINTERRUPTIBLE });
  await sleeps(task, 'D');
  wakeUpBit(at + FLAG, 1);
  wakeUpBit(at + FLAG, 2);
  clearAndWakeUpBit(1, at + FLAG);
  clearAndWakeUpBit(2, at + CHECKS);
  expect(testAndClearWakeUpBit(0, at + FLAG)).toBe(false);
  await pause(5);
  expect([task.state, load(at + FLAG)]).toEqual(['D', 0b100]);
  expect(testAndClearWakeUpBit(2, at + FLAG)).toBe(true);
  expect(await end(task)).toBe(0);
});

test.each(KINDS)('T139 wait_on_bit returns at once for a clear bit, -EINTR on a signal that its mode allows: $kind', async (kind) => {
  const at = words(WORDS);
  expect(await end(await start(kind, bitWaiter, { at, bit: 31, mode: TASK_INTERRUPTIBLE }))).toBe(0);
  store(at + FLAG, -1);
  const task = await start(kind, bitWaiter, { at, bit: 31, mode: TASK_INTERRUPTIBLE });
  await sleeps(task, 'S');
  expect(await kthreadStopPut(task)).toBe(-4);
});

test.each(PAIRS)('T139 a bit as a lock is had by one at a time: $pair', async ({ by, who }) => {
  const at = words(WORDS);
  const tasks = [];
  for (const kind of [by, who, by, who]) tasks.push(await start(kind, bitLocker, { at, bit: 7, mode: TASK_UNINTERRUPTIBLE, rounds: 2000 }));
  for (const task of tasks) expect(await end(task)).toBe(2000);
  expect([load(at + PASSED), load(at + FLAG)]).toEqual([8000, 0]);
});

test.each(KINDS)('T139 wait_var_event and wake_up_var pair up; a wake-up for another address does nothing: $kind', async (kind) => {
  const at = words(WORDS);
  store(at + FLAG, 1);
  const task = await start(kind, varWaiter, { at, interruptible: false });
  await until(() => load(at + CHECKS) === 2, 'it has looked before and after it said that it will sleep');
  await sleeps(task, 'D');
  const looks = load(at + CHECKS);
  for (const other of [at + PASSED, at + CHECKS]) wakeUpVar(other);
  wakeUpBit(at + FLAG, 0);
  await pause(5);
  expect(load(at + CHECKS)).toBe(looks);
  wakeUpVar(at + FLAG);
  await until(() => load(at + CHECKS) === looks + 1);
  await sleeps(task, 'D');
  store(at + FLAG, 0);
  wakeUpVar(at + FLAG);
  expect(await end(task)).toBe(0);
});

test.each(PAIRS)('T139 atomic_dec_and_wake_up: the last one wakes who waits for 0: $pair', async ({ by, who }) => {
  const at = words(WORDS);
  store(at + FLAG, 3);
  const task = await start(who, varWaiter, { at, interruptible: true });
  await sleeps(task, 'S');
  const last: number[] = [];
  for (let i = 0; i < 3; i++) last.push(await end(await start(by, decrementer, { at })));
  expect(last).toEqual([0, 0, 1]);
  expect(await end(task)).toBe(0);
});

test('T139 the timeout forms: -EAGAIN for a bit, 0 for a word', async () => {
  const flags = declareShared(import.meta, 'flags', Int32Array, 4);
  flags[2] = 1;
  expect(await waitOnBitTimeout([flags, 2], 0, TASK_UNINTERRUPTIBLE, 10)).toBe(-11);
  expect(await waitOnBitTimeout([flags, 1], 0, TASK_UNINTERRUPTIBLE, 10)).toBe(0);
  expect(await waitVarEventTimeout([flags, 2], () => false, 10)).toBe(0);
  expect(await waitVarEventTimeout([flags, 2], () => true, 10)).toBe(10);
  expect(await waitOnBitLock([flags, 1], 3, TASK_UNINTERRUPTIBLE)).toBe(0);
  expect(flags[1]).toBe(8);
});

test('a word that other isolates would not see, and a bit that is none, are refused', async () => {
  const shared = declareShared(import.meta, 'more flags', Int32Array, 2);
  await expect(waitOnBit([new Int32Array(4), 0], 0, TASK_UNINTERRUPTIBLE)).rejects.toMatchObject({ errno: -EINVAL });
  await expect(waitOnBit([shared, 2], 0, TASK_UNINTERRUPTIBLE)).rejects.toMatchObject({ errno: -EINVAL });
  await expect(waitOnBit([shared, 0], 32, TASK_UNINTERRUPTIBLE)).rejects.toMatchObject({ errno: -EINVAL });
  expect(() => wakeUpVar(3)).toThrow(expect.objectContaining({ errno: -EINVAL }));
});

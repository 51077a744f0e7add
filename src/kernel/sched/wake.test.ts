/**
 * Wake-ups: which sleeps they end and which not, that one which comes between "I will sleep" and the sleep is not lost, and
 * that one too many does no harm. The orders behind it, one access at a time, are core.litmus.ts.
 */
import { afterEach, expect, test } from 'vitest';
import { load, store } from '../../lib/atomic.js';
import { CALLS, obedient, WORDS as KTHREAD_WORDS } from '../kthread.fixture.js';
import { CLOSURE, CPU1, HERE, KINDS, PLAIN, pause, until, words, type Kind } from '../kinds.fixture.js';
import { getTaskStruct, kthreadPark, kthreadRun, kthreadStop, kthreadStopPut, kthreadUnpark, wakeUpProcess, wakeUpTaskState } from '../kthread.js';
import { oneMachine } from '../machine.fixture.js';
import { scheduleTimeoutInterruptible } from '../time/sleep.js';
import { schedule } from './core.js';
import type { Task } from './handle.js';
import { TASK_IDLE, TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_NORMAL, TASK_PARKED, TASK_UNINTERRUPTIBLE } from './task.js';
import { FLAG, READY, ROUNDS, TOOK, WORDS, busy, hesitant, player, sleeper, yielder, type Rally } from './wake.fixture.js';

oneMachine();
const STATES = { INTERRUPTIBLE: TASK_INTERRUPTIBLE, UNINTERRUPTIBLE: TASK_UNINTERRUPTIBLE, KILLABLE: TASK_KILLABLE, IDLE: TASK_IDLE };

const asleep: Array<{ task: Task; at: number }> = [];
async function asleepIn(kind: Kind, state: number): Promise<{ task: Task; at: number }> {
  const at = words(WORDS);
  const task = await kind.create(sleeper, { at, state });
  wakeUpProcess(task);
  await until(() => load(at + READY) === 1 && task.stateWord === state);
  asleep.push({ task, at });
  return { task, at };
}
afterEach(async () => {
  for (const { task, at } of asleep.splice(0)) {
    store(at + FLAG, 1);
    wakeUpProcess(task);
    await until(() => !task.exists);
  }
});

test.each(KINDS)('T035 a wake-up of a thread that runs returns 0 and starts nothing again: $kind', async ({ create }) => {
  const at = words(WORDS);
  const task = await create(busy, { at });
  expect(wakeUpProcess(task)).toBe(1);
  await until(() => load(at + ROUNDS) === 1);
  for (let i = 0; i < 10; i++) expect(wakeUpProcess(task)).toBe(0);
  store(at + FLAG, 1);
  await until(() => !task.exists);
  expect(load(at + ROUNDS)).toBe(1);
});

test('T036 one more wake-up after kthreadRun does not run the function twice', async () => {
  for (const fn of [obedient.closure, obedient.shared, obedient.plain]) {
    const at = words(KTHREAD_WORDS);
    const task = await kthreadRun(fn, { at, value: 5 }, 'twice');
    for (let i = 0; i < 3; i++) wakeUpProcess(task);
    await until(() => load(at + CALLS) === 1);
    for (let i = 0; i < 3; i++) wakeUpProcess(task);
    await pause(5);
    expect(load(at + CALLS)).toBe(1);
    expect(await kthreadStop(task)).toBe(5);
  }
});

test.each(KINDS)('T037 it wakes sleepers in S, D, K and I, and returns 1 for each: $kind', async (kind) => {
  for (const state of Object.values(STATES)) {
    const { task, at } = await asleepIn(kind, state);
    expect(wakeUpProcess(task)).toBe(1);
    await until(() => load(at + ROUNDS) === 1 && task.stateWord === state);
  }
});

test.each(KINDS)('T038 it does not wake a parked thread: $kind', async (kind) => {
  const at = words(KTHREAD_WORDS);
  const task = await kind.create(obedient, { at, value: 8 });
  expect(await kthreadPark(task)).toBe(0);
  expect([task.stateWord, wakeUpProcess(task), task.state]).toEqual([TASK_PARKED, 0, 'P']);
  kthreadUnpark(task);
  await until(() => load(at + CALLS) === 1);
  expect(await kthreadStop(task)).toBe(8);
});

test.each(KINDS)('T039 wakeUpState wakes only who sleeps in one of its states: $kind', async (kind) => {
  const { task, at } = await asleepIn(kind, TASK_UNINTERRUPTIBLE);
  expect([wakeUpTaskState(task, TASK_INTERRUPTIBLE), task.state]).toEqual([0, 'D']);
  expect(wakeUpTaskState(task, TASK_NORMAL)).toBe(1);
  await until(() => load(at + ROUNDS) === 1 && task.state === 'D');
  expect(wakeUpTaskState(task, TASK_UNINTERRUPTIBLE)).toBe(1);
  await until(() => load(at + ROUNDS) === 2 && task.state === 'D');
});

test.each([CPU1, PLAIN])('T040 woken between setCurrentState and schedule, it does not sleep: $kind', async ({ create }) => {
  const at = words(WORDS);
  const task = await create(hesitant, { at });
  wakeUpProcess(task);
  await until(() => load(at + READY) === 1);
  expect(wakeUpProcess(task)).toBe(1);
  expect(wakeUpProcess(task)).toBe(0);
  store(at + FLAG, 1);
  await until(() => !task.exists);
  expect(load(at + TOOK)).toBeLessThan(5000);
});

test('T040 the same on one isolate, where the waker is a listener', async () => {
  const at = words(WORDS);
  store(at + FLAG, 1);
  for (const { create } of [CLOSURE, HERE]) {
    const task = await create(hesitant, { at });
    const spy = setInterval(() => wakeUpProcess(task), 1);
    wakeUpProcess(task);
    await until(() => !task.exists);
    clearInterval(spy);
  }
});

const PAIRS: ReadonlyArray<{ pair: string; one: Kind; two: Kind; rounds: number }> = [
  { pair: 'closure and closure on one isolate', one: CLOSURE, two: CLOSURE, rounds: 100_000 },
  { pair: 'async here and async on CPU 1', one: HERE, two: CPU1, rounds: 100_000 },
  { pair: 'async and plain', one: CPU1, two: PLAIN, rounds: 100_000 },
  { pair: 'plain and plain', one: PLAIN, two: PLAIN, rounds: 100_000 },
];
test.each(PAIRS)('T041 $rounds times "flag = 1; wake" against "set state; if (!flag) schedule": $pair', { timeout: 120_000 }, async ({ one, two, rounds }) => {
  const at = words(8);
  const [a, b, peerOfA, peerOfB] = [at, at + 4, at + 8, at + 16];
  const first = getTaskStruct(await one.create(player, { mine: a, yours: b, peer: peerOfA, rounds } satisfies Rally));
  const second = getTaskStruct(await two.create(player, { mine: b, yours: a, peer: peerOfB, rounds } satisfies Rally));
  for (const [peer, task] of [[peerOfA, second], [peerOfB, first]] as const) {
    store(peer + 4, task.pid);
    store(peer, task.addr);
  }
  wakeUpProcess(first);
  wakeUpProcess(second);
  for (let seen = -1; first.state !== 'X' || second.state !== 'X'; ) {
    await pause(1000);
    if (load(a) + load(b) === seen && seen < rounds * 2) throw new Error(`stuck after ${load(a)} and ${load(b)} rounds, in ${first.state} and ${second.state}`);
    seen = load(a) + load(b);
  }
  expect(await kthreadStopPut(first)).toBe(rounds);
  expect(await kthreadStopPut(second)).toBe(rounds);
});

test.each(KINDS)('T042 a wake-up of a thread that ended returns 0: $kind', async (kind) => {
  const { task, at } = await asleepIn(kind, TASK_INTERRUPTIBLE);
  getTaskStruct(task);
  store(at + FLAG, 1);
  wakeUpProcess(task);
  await until(() => task.state === 'X');
  expect(wakeUpProcess(task)).toBe(0);
  await kthreadStopPut(task);
  await until(() => !task.exists);
  expect([wakeUpProcess(task), wakeUpTaskState(task, -1)]).toEqual([0, 0]);
});

test.each(KINDS)('T043 schedule() in state RUNNING comes back, a thousand times: $kind', async ({ create }) => {
  const at = words(WORDS);
  const task = await create(yielder, { at, times: 1000 });
  wakeUpProcess(task);
  await until(() => !task.exists);
  expect(load(at + ROUNDS)).toBe(1000);
});

test('T043 two that only yield both get on', async () => {
  const order: string[] = [];
  const talk = (name: string) => kthreadRun(async () => {
    for (let i = 0; i < 5; i++) {
      order.push(name);
      await schedule();
    }
  }, undefined, name);
  const both = [await talk('a'), await talk('b')];
  await until(() => both.every((task) => !task.exists));
  expect(order.toSorted().join('')).toBe('aaaaabbbbb');
});

test('a thousand threads that sleep are all woken, each once', async () => {
  let woken = 0;
  let go = false;
  const tasks: Task[] = [];
  for (let i = 0; i < 1000; i++) tasks.push(await kthreadRun(async () => {
    while (!go) await scheduleTimeoutInterruptible(60_000);
    woken++;
  }, undefined, 'one/%d', i));
  await until(() => tasks.every((task) => task.state === 'S'));
  go = true;
  expect(tasks.map((task) => wakeUpProcess(task))).toEqual(tasks.map(() => 1));
  await until(() => tasks.every((task) => !task.exists));
  expect(woken).toBe(1000);
});

/**
 * Parking: when kthreadPark() returns and what it answers, what a parked thread does not do, and how it goes on. Stopping a
 * parked thread is kthread.stop.test.ts.
 */
import { expect, test, vi } from 'vitest';
import { load, store } from '../lib/atomic.js';
import { EBUSY, ENOSYS, EPERM } from '../lib/errno.js';
import { BATON_WORDS, isHeld, release } from './baton.fixture.js';
import { CPU1, HERE, KINDS, PLAIN, pause, until, words, type Behaviour, type Kind } from './kinds.fixture.js';
import { getTaskStruct, kthreadPark, kthreadParkSync, kthreadParkme, kthreadStop, kthreadStopPut, kthreadUnpark, putTaskStruct, wakeUpProcess } from './kthread.js';
import { oneMachine } from './machine.fixture.js';
import { CALLS, GO, ROUNDS, SEEN, WORDS, cycler, heldParker, lateParker, parksOther, runner, selfParker, unasked } from './park.fixture.js';
import { dmesg } from './printk/syslog.js';
import type { Task } from './sched/handle.js';
import { PAIRS, end, sleeps, start } from './sched/waiting.fixture.js';

vi.setConfig({ testTimeout: 60_000 }); // For a computer that has others to serve.
oneMachine();

/** A thread whose function runs. */
async function running<D extends { at: number }>({ create }: Kind, what: Behaviour<D>, data: D): Promise<Task> {
  const task = await create(what, data);
  wakeUpProcess(task);
  await until(() => load(data.at + CALLS) > 0, 'the thread runs');
  return task;
}
const warnings = (text: string): number => dmesg({ time: 'none' }).filter((line) => line.startsWith(`WARNING: ${text}`)).length;

test.each(KINDS)('T079 kthreadPark returns 0 when the thread is in P, and it runs no more: $kind', async (kind) => {
  const at = words(WORDS);
  const task = await running(kind, lateParker, { at });
  let parked: number | undefined;
  const park = kthreadPark(task).then((answer) => (parked = answer));
  await pause(30);
  expect([parked, task.state === 'P', load(at + SEEN)]).toEqual([undefined, false, 0]); // It does something else yet.
  store(at + GO, 1);
  expect([await park, task.state, load(at + SEEN)]).toEqual([0, 'P', 1]);
  await pause(30);
  expect([task.state, load(at + ROUNDS)]).toEqual(['P', 0]);
  expect(wakeUpProcess(task)).toBe(0); // That is not how it is let go.
  await kthreadStop(task);
});

test.each(KINDS)('T080 kthreadUnpark lets it go on behind kthreadParkme; its function is not called again: $kind', async (kind) => {
  const at = words(WORDS);
  const task = await running(kind, runner, { at });
  for (let i = 0; i < 3; i++) {
    expect([await kthreadPark(task), task.state]).toEqual([0, 'P']);
    const rounds = load(at + ROUNDS);
    kthreadUnpark(task);
    await until(() => load(at + ROUNDS) > rounds, 'it goes on');
  }
  expect(await kthreadStop(task)).toBe(1);
});

test('T081 who parks a thread that was asked before gets -EBUSY; the first time there is a warning', async () => {
  const answers: number[] = [];
  for (const kind of KINDS) {
    const at = words(WORDS);
    const task = await running(kind, runner, { at });
    answers.push(await kthreadPark(task));
    for (const by of KINDS) answers.push(await end(await start(by, parksOther, { task }, 'second')));
    expect(task.state).toBe('P');
    await kthreadStop(task);
  }
  expect(answers).toEqual(KINDS.flatMap(() => [0, ...KINDS.map(() => -EBUSY)]));
  expect(warnings('kthread_park:')).toBe(1);
});

test.each(KINDS)('T082 a thread that has ended cannot be parked: -ENOSYS, with a warning: $kind', async (kind) => {
  const task = await start(kind, unasked, { at: words(WORDS) }, kind === CPU1 ? 'gone/%u' : 'gone/1');
  await until(() => task.state === 'X');
  const before = warnings(`kthread_park: gone/1[${task.pid}] is ending`);
  expect(await kthreadPark(task)).toBe(-ENOSYS);
  putTaskStruct(task);
  await until(() => !task.exists);
  expect(await kthreadPark(task)).toBe(-ENOSYS); // Nor one that is gone altogether.
  expect(warnings(`kthread_park: gone/1[${task.pid}] is ending`)).toBe(before + 2);
});

test.each(KINDS)('a thread ends instead of parking: who parks it gets -ENOSYS and does not wait for ever: $kind', async (kind) => {
  const at = words(WORDS);
  const task = getTaskStruct(await running(kind, lateParker, { at }));
  const parker = await start(kind, parksOther, { task }, 'parker');
  await until(() => parker.state === 'D');
  store(at + GO, 1);
  const stopped = await kthreadStopPut(task); // Unparks it, if it got so far.
  expect(stopped).toBe(0);
  expect([0, -ENOSYS]).toContain(await end(parker));
});

test.each(KINDS)('T083 a thread that parks itself gets 0 at once and goes on; it parks when it comes to kthreadParkme: $kind', async (kind) => {
  const at = words(WORDS);
  const task = await running(kind, selfParker, { at });
  expect(load(at + SEEN)).toBe(1);
  await sleeps(task, 'P');
  expect(load(at + ROUNDS)).toBe(0);
  store(at + GO, 1);
  kthreadUnpark(task);
  await until(() => load(at + ROUNDS) > 1, 'it goes on');
  store(at + GO, 20); // So that it is not at once where it parks.
  for (let i = 0; i < 3; i++) { // That nobody waited for the first time does not make these return too early.
    expect([await kthreadPark(task), task.state]).toEqual([0, 'P']);
    kthreadUnpark(task);
  }
  await kthreadStop(task);
});

test.each(KINDS)('T084 kthreadParkme without a request returns at once: $kind', async (kind) => {
  const at = words(WORDS);
  expect(await end(await start(kind, unasked, { at }))).toBe(0);
  expect(load(at + ROUNDS)).toBe(3);
});

test.each(KINDS)('T085 kthreadUnpark without a request changes nothing: $kind', async (kind) => {
  const at = words(WORDS);
  const fresh = await kind.create(runner, { at });
  kthreadUnpark(fresh);
  await pause(5);
  expect([fresh.state, load(at + CALLS)]).toEqual(['D', 0]);
  wakeUpProcess(fresh);
  await until(() => load(at + ROUNDS) > 0);
  kthreadUnpark(fresh);
  expect([await kthreadPark(fresh), fresh.state]).toEqual([0, 'P']); // Nothing was remembered.
  await kthreadStop(fresh);
  kthreadUnpark(fresh); // Nor does it matter when the thread is gone.
});

test.each(KINDS)('T086 a thread that was never woken parks without its function, which runs after kthreadUnpark: $kind', async ({ create }) => {
  const at = words(WORDS);
  const task = await create(runner, { at });
  expect([await kthreadPark(task), task.state]).toEqual([0, 'P']);
  await pause(5);
  expect([load(at + CALLS), wakeUpProcess(task)]).toEqual([0, 0]);
  kthreadUnpark(task);
  await until(() => load(at + ROUNDS) > 0, 'its function runs');
  expect(await kthreadStop(task)).toBe(1);
});

test.each([CPU1, PLAIN])('T087 kthreadUnpark does not wait for the thread, which stands still where it wakes up: $kind', async (kind) => {
  const [at, baton] = [words(WORDS), words(BATON_WORDS)];
  const task = getTaskStruct(await running(kind, heldParker, { at, baton }));
  expect(await kthreadPark(task)).toBe(0);
  kthreadUnpark(task);
  await until(() => isHeld(baton), 'it is awake and stands still');
  expect(load(at + ROUNDS)).toBe(0);
  release(baton);
  expect(await end(task)).toBe(0);
  expect(load(at + ROUNDS)).toBe(1);
});

test('T087 kthreadUnpark does not wait for a thread of its own isolate, which cannot run before the caller leaves the CPU', async () => {
  for (const kind of [KINDS[0], HERE]) {
    const at = words(WORDS);
    const task = await running(kind, runner, { at });
    await kthreadPark(task);
    const rounds = load(at + ROUNDS);
    kthreadUnpark(task);
    expect(load(at + ROUNDS)).toBe(rounds);
    await kthreadStop(task);
  }
});

test.each(PAIRS)('T088 who parks a thread that never looks sleeps in D until it does: $pair', async ({ by, who }) => {
  const at = words(WORDS);
  const task = await running(who, lateParker, { at });
  const parker = await start(by, parksOther, { task }, 'parker');
  await sleeps(parker, 'D');
  wakeUpProcess(parker);
  await pause(20);
  await sleeps(parker, 'D');
  store(at + GO, 1);
  expect([await end(parker), task.state]).toEqual([0, 'P']);
  await kthreadStop(task);
});

test.each(PAIRS)('T089 parked and let go 100 times beside busy threads, it runs only in between: $pair', async ({ by, who }) => {
  const busy = await Promise.all([CPU1, PLAIN].map((kind) => running(kind, runner, { at: words(WORDS) })));
  const at = words(WORDS);
  const task = await running(who, runner, { at });
  expect(await end(await start(by, cycler, { task, at, cycles: 100 }), 50_000)).toBe(0);
  for (const thread of [task, ...busy]) expect(await kthreadStop(thread)).toBe(1);
});

test('outside of a thread kthreadParkme is refused, and kthreadParkSync where it would block others', async () => {
  await expect(kthreadParkme()).rejects.toMatchObject({ errno: -EPERM });
  const task = await HERE.create(runner, { at: words(WORDS) });
  expect(() => kthreadParkSync(task)).toThrow(expect.objectContaining({ code: 'EDEADLK' }));
  await kthreadStop(task);
});

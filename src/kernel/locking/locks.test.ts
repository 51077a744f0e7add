/**
 * What every kind of lock promises: one at a time, whoever fights for it; and that nothing stays locked when its holder
 * ends with it in hand or its isolate dies. What is special about a kind is in its own test.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { boot, dmesg, type Machine } from '../../index.js';
import { buffer } from '../../lib/memory.js';
import { CLOSURE, CPU1, HERE, KINDS, PLAIN, until, words, type Behaviour, type Kind } from '../kinds.fixture.js';
import { getTaskStruct, kthreadStopPut, wakeUpProcess } from '../kthread.js';
import type { Task } from '../sched/handle.js';
import { LOCKS, LOCK_NAMES, GO, dieAt, fight, keepIt, type LockName } from './locks.fixture.js';

/** Rounds of all threads together. */
const ROUNDS = 100_000;

let machine: Machine;
beforeAll(async () => {
  machine = await boot({ cpus: 2, memory: 64 << 20, onOops: () => {} });
});
afterAll(async () => {
  expect(await machine.shutdown()).toMatchObject({ left: [] });
});

let names = 0;
const make = (of: LockName): never => LOCKS[of].make(`lock ${names++}`);
const view = (n: number): Int32Array => new Int32Array(buffer, words(n), n);

async function start<D>(kind: Kind, what: Behaviour<D>, data: D, name: string): Promise<Task> {
  const task = getTaskStruct(await kind.create(what, data, name));
  wakeUpProcess(task);
  return task;
}

/** The value of a thread that ends by itself. */
async function end(task: Task): Promise<number> {
  await until(() => task.state === 'X', `${task.comm} ends`);
  return kthreadStopPut(task);
}

const MIXES: ReadonlyArray<readonly [string, readonly Kind[]]> = [
  ['four plain threads', [PLAIN, PLAIN, PLAIN, PLAIN]],
  ['two plain and two async threads', [PLAIN, HERE, PLAIN, CPU1]],
  ['four async threads on two CPUs', [HERE, CPU1, CLOSURE, CPU1]],
  ['a plain and an async thread', [PLAIN, CPU1]],
];

for (const of of LOCK_NAMES) {
  test.each(MIXES)(`${of}: 100,000 rounds of %s, never two at once`, async (_, kinds) => {
    const lock = make(of);
    const counter = view(3);
    const rounds = ROUNDS / kinds.length;
    const tasks = await Promise.all(kinds.map((kind, i) => start(kind, fight, { of, lock, counter, rounds }, `fight/${i}`)));
    counter[GO] = 1;
    expect(await Promise.all(tasks.map(end))).toEqual(kinds.map(() => 0));
    expect(counter[0]).toBe(ROUNDS);
    expect(LOCKS[of].isLocked(lock)).toBe(false);
  });

  test.each(KINDS)(`${of}: a thread ends with it in hand, and the next one gets it: $kind`, async (kind) => {
    const lock = make(of);
    const seen = view(1);
    expect(await end(await start(kind, keepIt, { of, lock, seen }, 'careless'))).toBe(0);
    expect(seen[0]).toBe(1);
    await LOCKS[of].lock(lock);
    LOCKS[of].unlock(lock);
    expect(dmesg().join('\n')).toMatch(LOCKS[of].sleeps ? new RegExp(`WARNING: careless/\\d+ exited with ${of} held: locks.fixture.js#lock ${names - 1};`) : /note: careless\[\d+\] exited with preempt_count 1/);
  });

  test(`${of}: its holder's isolate dies at every single step of taking it and giving it back`, async () => {
    const lock = make(of);
    const seen = view(2);
    let steps = 0;
    for (let step = 1; step <= Math.max(steps, 1); step++) {
      const task = await start(PLAIN, dieAt, { of, lock, step, seen }, 'victim');
      await until(() => task.state === 'X', `victim of step ${step}`);
      await kthreadStopPut(task).catch(() => {});
      if (step === 1) steps = await end(await start(PLAIN, dieAt, { of, lock, step: 0, seen }, 'survivor'));
      await LOCKS[of].lock(lock);
      expect(LOCKS[of].trylock(lock)).toBe(false);
      LOCKS[of].unlock(lock);
      expect(LOCKS[of].isLocked(lock)).toBe(false);
    }
    expect(steps).toBeGreaterThan(1);
  });
}

/**
 * Isolates that die with a lock: at every single access to shared memory that taking, waiting and giving back consist of.
 * Whatever the dead one had done by then, the next one gets the lock, and only one.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { boot, sysctl, type KernelError, type Machine } from '../../index.js';
import { EFAULT } from '../../lib/errno.js';
import { buffer } from '../../lib/memory.js';
import { PLAIN, pause, until, words, type Behaviour } from '../kinds.fixture.js';
import { getTaskStruct, kthreadStopPut, wakeUpProcess } from '../kthread.js';
import type { Task } from '../sched/handle.js';
import { GOES_ON, HOLDS, LOCKS, LOCK_NAMES, READERS, SEEN_WORDS, dieAt, fight, type LockName, type ReaderName, type Subject } from './locks.fixture.js';

vi.setConfig({ testTimeout: 120_000 }); // Each step is an isolate to start.

let machine: Machine;
beforeAll(async () => {
  machine = await boot({ cpus: 2, memory: 64 << 20, onOops: () => {} });
  sysctl('kernel.halt_poll_us', 0); // Watching a word is not a step.
});
afterAll(async () => {
  expect(await machine.shutdown()).toMatchObject({ left: [] });
});

let names = 0;
const make = (of: LockName): never => LOCKS[of].make(`lock ${names++}`);
const view = (n: number): Int32Array => new Int32Array(buffer, words(n), n);

async function start<D>(what: Behaviour<D>, data: D, name: string): Promise<Task> {
  const task = getTaskStruct(await PLAIN.create(what, data, name));
  wakeUpProcess(task);
  return task;
}

/** The value of a thread that ends by itself. */
async function end(task: Task): Promise<number> {
  await until(() => task.state === 'X', `${task.comm} ends`);
  return kthreadStopPut(task);
}

const free = async (of: LockName, lock: never): Promise<void> => {
  await LOCKS[of].lock(lock);
  expect(LOCKS[of].trylock?.(lock) ?? false).toBe(false);
  LOCKS[of].unlock(lock);
};

describe.each(LOCK_NAMES)('%s', (of) => {
  test('the isolate of its holder dies at every single step of taking it and giving it back', () => everyStep(of, {}, async (lock) => free(of, lock)));

  test('and while somebody waits for it, at every step of giving it back', () => everyStep(of, { only: 'unlock' }, async (lock, seen) => {
    await until(() => seen[HOLDS] === 1, 'the victim has it');
    const waits = await start(fight, { of, lock, counter: Int32Array.of(0, 0, 1), rounds: 1 }, 'heir');
    if (LOCKS[of].sleeps) await until(() => waits.state === 'D', 'the heir waits');
    seen[GOES_ON] = 1;
    expect(await end(waits)).toBe(0);
    await free(of, lock);
  }));

  test('a waiter for it dies at every single step of waiting', () => everyStep(of, {}, async (lock, _, victim) => {
    for (let looks = 0; looks < 20 && victim.state !== 'X'; looks++) await pause(1); // Dead by now, or it waits for us.
    LOCKS[of].unlock(lock);
    await until(() => victim.state === 'X', 'the victim is gone');
    await free(of, lock);
  }, async (lock) => LOCKS[of].lock(lock)));
});

describe.each(LOCK_NAMES.filter((of) => LOCKS[of].sleeps))('%s', (of) => {
  test('a waiter for it dies at every step, being handed the lock too, and the one behind it gets it', () => everyStep(of, {}, async (lock, _, victim) => {
    await until(() => victim.state === 'D' || victim.state === 'X', 'the victim waits or is gone');
    const heir = await start(fight, { of, lock, counter: Int32Array.of(0, 0, 1), rounds: 1 }, 'heir');
    await until(() => heir.state === 'D', 'the heir waits');
    LOCKS[of].unlock(lock);
    expect(await end(heir)).toBe(0);
    await until(() => victim.state === 'X', 'the victim is gone');
    await free(of, lock);
  }, async (lock) => LOCKS[of].lock(lock)));
});

/** Has a victim die at each of its steps, as many as one takes that lives; `meanwhile` is what happens beside it. */
async function everyStep(of: LockName, how: Partial<Subject>, meanwhile: (lock: never, seen: Int32Array, victim: Task) => Promise<void>, before: (lock: never) => Promise<void> | void = () => {}): Promise<void> {
  let steps = 0;
  for (let step = 0; step <= steps; step++) {
    const lock = make(of);
    const seen = view(SEEN_WORDS);
    await before(lock);
    const victim = await start(dieAt, { of, lock, step, seen, ...how }, 'victim');
    await meanwhile(lock, seen, victim);
    await until(() => victim.state === 'X', `the victim of step ${step} is gone`);
    const end = await kthreadStopPut(victim).catch((error: KernelError) => error.errno);
    if (step === 0) steps = end;
    else if (end !== -EFAULT) expect(end, 'accesses of one that lives, since beside others it may take fewer').toBeLessThan(step);
  }
  expect(steps).toBeGreaterThan(0); // A spinlock for which nobody sleeps is given back in one.
}

describe.each(Object.keys(READERS) as ReaderName[])('%s', (of) => {
  test('the isolate of a reader dies at every single step, beside another reader that stays', () => everyStep(of, { reads: true }, async (lock, _, victim) => {
    await until(() => victim.state === 'X', 'the victim is gone');
    expect(LOCKS[of].trylock!(lock)).toBe(false);
    READERS[of].unlock(lock);
    await free(of, lock);
  }, async (lock) => READERS[of].lock(lock)));
});

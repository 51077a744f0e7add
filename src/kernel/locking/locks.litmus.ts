/**
 * One CPU gives a lock back while another comes to take it: whatever the order of their accesses, the second gets it. One
 * of the two is stopped before each of its accesses in turn; meanwhile the other does all of its part, or as much as it
 * can without the first. The drawings are in waiter.ts and mutex.ts.
 */
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { sysctl } from '../../index.js';
import { load, store } from '../../lib/atomic.js';
import { buffer } from '../../lib/memory.js';
import { PLAIN, until, words } from '../kinds.fixture.js';
import { getTaskStruct, kthreadStopPut, wakeUpProcess } from '../kthread.js';
import { oneMachine } from '../machine.fixture.js';
import type { Task } from '../sched/handle.js';
import { GOES_ON, HOLDS, LOCKS, LOCK_NAMES, SEEN_WORDS, STOPPED, stopAt, type LockName, type Subject } from './locks.fixture.js';

oneMachine();
vi.setConfig({ testTimeout: 120_000 }); // Each step is a thread to start.
beforeAll(() => void sysctl('kernel.halt_poll_us', 0)); // Watching a word is not a step.

/** Time for the other one's part, ms, if it cannot do all of it. */
const PART_MS = 3;

let made = 0;
const view = (): Int32Array => new Int32Array(buffer, words(SEEN_WORDS), SEEN_WORDS);

/** A thread that takes the lock and gives it back, and stops before access `step`. */
async function subject(of: LockName, lock: never, how: Partial<Subject>): Promise<{ task: Task; seen: Int32Array; word: (i: number) => number }> {
  const seen = view();
  const task = getTaskStruct(await PLAIN.create(stopAt, { of, lock, step: 0, seen, ...how }, 'subject'));
  wakeUpProcess(task);
  return { task, seen, word: (i) => seen.byteOffset + i * 4 };
}

async function end(task: Task): Promise<number> {
  await until(() => task.state === 'X', `${task.comm} gets it and gives it back`, 5000);
  return kthreadStopPut(task);
}

const until3ms = (done: () => boolean): Promise<void> => until(done, '', PART_MS).catch(() => {});

describe.each(LOCK_NAMES)('%s', (of) => {
  test('it is given back between any two accesses of one that takes it', async () => {
    for (let step = 0, steps = 1; step <= steps; step++) {
      const lock = LOCKS[of].make(`litmus ${made++}`);
      const owner = await subject(of, lock, { only: 'unlock' });
      await until(() => load(owner.word(HOLDS)) === 1);
      const taker = await subject(of, lock, { step });
      await until3ms(() => load(taker.word(STOPPED)) === 1); // It may have fallen asleep before.
      store(owner.word(GOES_ON), 1);
      await until3ms(() => owner.task.state === 'X');
      store(taker.word(STOPPED), 2);
      const took = await end(taker.task);
      await end(owner.task);
      if (step === 0) steps = took;
    }
  });

  test('one comes to take it between any two accesses of giving it back', async () => {
    for (let step = 0, steps = 1; step <= steps; step++) {
      const lock = LOCKS[of].make(`litmus ${made++}`);
      const owner = await subject(of, lock, { only: 'unlock', step });
      await until(() => load(owner.word(HOLDS)) === 1);
      const waits = step % 2 === 0 ? await subject(of, lock, {}) : undefined; // With somebody in the queue already, and without.
      if (waits) await until3ms(() => waits.task.state === 'D');
      store(owner.word(GOES_ON), 1);
      await until3ms(() => load(owner.word(STOPPED)) === 1);
      const taker = await subject(of, lock, {});
      await until3ms(() => taker.task.state === 'X' || taker.task.state === 'D');
      store(owner.word(STOPPED), 2);
      const took = await end(owner.task);
      await end(taker.task);
      if (waits) await end(waits.task);
      if (step === 0) steps = took + 4; // With a queue it takes more.
    }
    expect(made).toBeGreaterThan(0);
  });
});

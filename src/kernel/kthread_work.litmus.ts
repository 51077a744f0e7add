/**
 * A work is queued while the worker goes to sleep, and a work ends while somebody begins to wait for it: one of the two is
 * stopped before each of its accesses in turn, and the other does its part meanwhile, or as much as it can without the
 * first. The drawing is in kthread_work.ts.
 */
import { beforeAll, expect, test, vi } from 'vitest';
import { sysctl } from '../index.js';
import { load, store } from '../lib/atomic.js';
import { BATON_WORDS, isHeld, release } from './baton.fixture.js';
import { runHeld, until, words } from './kinds.fixture.js';
import { kthreadStopPut, type ThreadFn } from './kthread.js';
import { kthreadDestroyWorker, kthreadFlushWorker, kthreadInitWork, kthreadInitWorker, kthreadQueueWork, type KthreadWorker } from './kthread_worker.js';
import { BEGUN, ENDED, GO, OWN, STARTED, WORDS, heldFlusher, heldQueuer, heldServer, plainGateFn, type Held, type Job } from './kthread_worker.fixture.js';
import { oneMachine } from './machine.fixture.js';
import type { Task } from './sched/handle.js';

oneMachine();
vi.setConfig({ testTimeout: 120_000 }); // Each step is a thread to start.
beforeAll(() => void sysctl('kernel.halt_poll_us', 0)); // Watching a word is not a step.

/** More steps than any of them has. */
const STEPS_MAX = 200;

/** Starts a thread that stops before access `step`, and waits until it stands there, sleeps or has ended, or for `ms`: it may need what another one has. */
async function hold(fn: ThreadFn<Held>, worker: KthreadWorker, at: number, step: number, ms = 15_000): Promise<{ task: Task; baton: number; stands: boolean }> {
  const baton = words(BATON_WORDS + 1);
  const task = await runHeld(fn, { worker, at, baton, step }, 'held');
  await until(() => load(baton + STARTED) === 1);
  await awhile(() => isHeld(baton) || 'XSD'.includes(task.state), ms);
  return { task, baton, stands: isHeld(baton) };
}

async function end(task: Task): Promise<number> {
  await until(() => task.state === 'X', 'what was held comes to its end', 5000);
  return kthreadStopPut(task);
}

const awhile = (done: () => boolean, ms = 3): Promise<void> => until(done, '', ms).catch(() => {});

test('the worker goes to sleep between any two accesses of one that queues', async () => {
  const worker = await OWN.run('sleepy');
  for (let step = 1; step < STEPS_MAX; step++) {
    const at = words(WORDS);
    await until(() => worker.task?.state === 'S');
    const { task, baton } = await hold(heldQueuer, worker, at, step);
    release(baton);
    const steps = await end(task);
    expect(load(at + ENDED)).toBe(1);
    if (step > steps) break;
    expect(step).toBeLessThan(STEPS_MAX - 1);
  }
  await kthreadDestroyWorker(worker);
});

test('one queues between any two accesses of a worker that goes to sleep', async () => {
  for (let step = 1, stands = true; stands; step++) {
    const worker = kthreadInitWorker();
    const at = words(WORDS);
    const server = await hold(heldServer, worker, at, step);
    ({ stands } = server);
    const queuer = await hold(heldQueuer, worker, at, 0, 3);
    release(server.baton);
    await end(queuer.task);
    expect(load(at + ENDED)).toBe(1);
    expect(await kthreadStopPut(server.task)).toBe(0);
    await kthreadDestroyWorker(worker);
    expect(step).toBeLessThan(STEPS_MAX);
  }
});

test('the work ends between any two accesses of one that begins to wait for it', async () => {
  const worker = await OWN.run('busy');
  for (let step = 1; step < STEPS_MAX; step++) {
    const at = words(WORDS);
    using gate = kthreadInitWork<Job, number>(plainGateFn, [at, 1]);
    kthreadQueueWork(worker, gate);
    await until(() => load(at + BEGUN) === 1);
    const { task, baton } = await hold(heldFlusher, worker, at, step);
    store(at + GO, 1);
    await awhile(() => load(at + ENDED) === 1 && worker.task?.state === 'S');
    release(baton);
    const steps = await end(task);
    if (step > steps) break;
    expect(step).toBeLessThan(STEPS_MAX - 1);
  }
  await kthreadFlushWorker(worker);
  await kthreadDestroyWorker(worker);
});

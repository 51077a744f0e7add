/**
 * Workqueues: the threads that appear and what they are called, order and parallelism, and what a real kernel prints. What
 * a work itself does is kthread_worker.test.ts's.
 */
import { expect, test } from 'vitest';
import { load, store } from '../lib/atomic.js';
import { EFAULT, EINVAL, ESRCH } from '../lib/errno.js';
import { snapshot, type ProcTask } from '../fs/proc.js';
import { BEGUN, CPU, ENDED, GO, LOG, OWN, PID, SHARED_HERE, WORDS, asyncGateFn, failingFn, noteFn, plainGateFn, queueingThread, type Job } from './kthread_worker.fixture.js';
import { pause, runHeld, until, words } from './kinds.fixture.js';
import { kthreadStopPut } from './kthread.js';
import { cancelWork, kthreadCancelDelayedWorkSync, kthreadCancelWorkSync, kthreadInitDelayedWork, kthreadInitWork } from './kthread_worker.js';
import { oneMachine } from './machine.fixture.js';
import { prInfo } from './printk/printk.js';
import { dmesg } from './printk/syslog.js';
import { complete, newCompletion, waitForCompletion } from './sched/completion.js';
import { current } from './sched/handle.js';
import { PF_WQ_WORKER } from './sched/task.js';
import { msleep } from './time/sleep.js';
import { HZ } from './time/time.js';
import {
  WORK_BUSY_PENDING, WORK_BUSY_RUNNING, WQ_BLOCKING, allocOrderedWorkqueue, allocWorkqueue, destroyWorkqueue, flushDelayedWork, flushWork, flushWorkqueue, modDelayedWork, queueDelayedWork, queueWork, queueWorkOn,
  scheduleDelayedWork, scheduleWork, systemWq, workBusy, workOnCpu, workPending,
} from './workqueue.js';

oneMachine();
const job = (at: number, id = 0): Job => [at, id];
const kworkers = (): ProcTask[] => snapshot().filter((t) => t.name.startsWith('kworker/'));
const { note, gate } = SHARED_HERE;

test('a queue has no thread before its first work, and then one named kworker', async () => {
  await using wq = allocWorkqueue('quiet%d', 0, 0, 7);
  expect([kworkers(), wq.name]).toEqual([[], 'quiet7']);
  using work = kthreadInitWork(() => [current().comm.slice(0, 10), current().flags & PF_WQ_WORKER]);
  expect([queueWork(wq, work), await flushWork(work), work.result]).toEqual([true, true, ['kworker/0:', PF_WQ_WORKER]]);
  expect(kworkers().map((t) => t.name.replace(/:\d+/, ':n'))).toEqual(['kworker/0:n-quiet7']);
  expect([await flushWork(work), workPending(work), workBusy(work)]).toEqual([false, false, 0]);
});

test('works that sleep run side by side, up to max_active', async () => {
  await using wq = allocWorkqueue('wide', 0, 3);
  const at = words(WORDS);
  const works = [1, 2, 3, 4, 5].map((id) => kthreadInitWork<Job, number>(gate, job(at, id)));
  for (const work of works) queueWork(wq, work);
  await until(() => load(at + BEGUN) === 3);
  await pause(10);
  expect([load(at + BEGUN), kworkers().length]).toEqual([3, 3]);
  expect(works.map(workBusy)).toEqual([WORK_BUSY_RUNNING, WORK_BUSY_RUNNING, WORK_BUSY_RUNNING, WORK_BUSY_PENDING, WORK_BUSY_PENDING]);
  store(at + GO, 1);
  await flushWorkqueue(wq);
  expect(load(at + ENDED)).toBe(5);
});

test('an idle thread takes the next work, so that one thread does for works that come one at a time', async () => {
  await using wq = allocWorkqueue('thrifty', 0, 0);
  for (let i = 0; i < 20; i++) {
    using work = kthreadInitWork(() => i);
    queueWork(wq, work);
    await flushWork(work);
  }
  expect(kworkers().length).toBe(1);
});

test('an ordered queue runs one at a time, in order', async () => {
  await using wq = allocOrderedWorkqueue('ordered', 0);
  const at = words(WORDS);
  const first = kthreadInitWork<Job, number>(gate, job(at, 100));
  const works = Array.from({ length: 50 }, (_, id) => kthreadInitWork<Job, number>(id % 2 === 0 ? note : gate, job(at, id)));
  for (const work of [first, ...works]) queueWork(wq, work);
  await until(() => load(at + BEGUN) === 1);
  await pause(5);
  expect([load(at + BEGUN), kworkers().map((t) => t.name.replace(/:\d+/, ':n'))]).toEqual([1, ['kworker/u2:n-ordered']]);
  store(at + GO, 1);
  await flushWorkqueue(wq);
  expect(Array.from({ length: 51 }, (_, i) => load(at + LOG + i * 4))).toEqual([100, ...works.map((_, id) => id)]);
});

test('a work never runs twice at a time, whichever queue it is queued to', async () => {
  await using a = allocWorkqueue('a', 0, 0);
  await using b = allocWorkqueue('b', 0, 0);
  const at = words(WORDS);
  using work = kthreadInitWork<Job, number>(gate, job(at));
  queueWork(a, work);
  await until(() => load(at + BEGUN) === 1);
  expect([queueWork(b, work), queueWork(a, work), workBusy(work)]).toEqual([true, false, WORK_BUSY_PENDING | WORK_BUSY_RUNNING]);
  await pause(5);
  expect(load(at + BEGUN)).toBe(1);
  store(at + GO, 1);
  await flushWork(work);
  expect([load(at + BEGUN), load(at + ENDED)]).toEqual([2, 2]);
});

test('a work goes to the CPU that it is queued on', async () => {
  await using wq = allocWorkqueue('far', 0, 0);
  await using heavy = allocWorkqueue('heavy', WQ_BLOCKING, 0);
  for (const [queue, fns] of [[wq, SHARED_HERE], [heavy, OWN]] as const) {
    const at = words(WORDS);
    using work = kthreadInitWork<Job, number>(fns.note, job(at, 5));
    queueWorkOn(1, queue, work);
    await flushWork(work);
    expect([work.result, load(at + CPU)]).toEqual([10, 1]);
  }
  expect(() => queueWorkOn(2, wq, kthreadInitWork<Job, number>(note, job(0)))).toThrow(expect.objectContaining({ errno: -EINVAL }));
});

test('plain works of one queue run in parallel, each on an isolate of its own', async () => {
  await using wq = allocWorkqueue('mill', WQ_BLOCKING, 2);
  const at = words(WORDS);
  const works = [1, 2].map((id) => kthreadInitWork<Job, number>(OWN.gate, job(at, id)));
  for (const work of works) queueWork(wq, work);
  await until(() => load(at + BEGUN) === 2);
  store(at + GO, 1);
  await flushWorkqueue(wq);
  expect(works.map((work) => work.result)).toEqual([2, 4]);
});

test('cancel takes a work back before it runs, with and without waiting', async () => {
  await using wq = allocOrderedWorkqueue('cancel', 0);
  const at = words(WORDS);
  const busy = kthreadInitWork<Job, number>(gate, job(at));
  const work = kthreadInitWork<Job, number>(note, job(at));
  queueWork(wq, busy);
  await until(() => load(at + BEGUN) === 1);
  queueWork(wq, work);
  expect([cancelWork(work), cancelWork(work), cancelWork(busy)]).toEqual([true, false, false]);
  queueWork(wq, work);
  expect(await kthreadCancelWorkSync(work)).toBe(true);
  store(at + GO, 1);
  await flushWorkqueue(wq);
  expect(load(at + BEGUN)).toBe(1);
});

test('a destroyed queue takes nothing more; what was queued has run and its threads are gone', async () => {
  const wq = allocWorkqueue('gone', 0, 2);
  const at = words(WORDS);
  const works = [1, 2, 3, 4].map((id) => kthreadInitWork<Job, number>(note, job(at, id)));
  for (const work of works) queueWork(wq, work);
  await destroyWorkqueue(wq);
  expect([load(at + ENDED), kworkers()]).toEqual([4, []]);
  expect(() => queueWork(wq, works[0])).toThrow(expect.objectContaining({ errno: -ESRCH }));
});

test('a delayed work moves from one queue to another', async () => {
  await using wq = allocWorkqueue('from', 0, 0);
  await using to = allocOrderedWorkqueue('to', 0);
  using work = kthreadInitDelayedWork(() => current().name.replace(/:\d+/, ':n'));
  expect([queueDelayedWork(wq, work, 600 * HZ), queueDelayedWork(to, work, 0), modDelayedWork(to, work, 5)]).toEqual([true, false, true]);
  await until(() => work.result !== undefined);
  expect(work.result).toBe('kworker/u2:n-to');
  expect([queueDelayedWork(to, work, 600 * HZ), await kthreadCancelDelayedWorkSync(work)]).toEqual([true, true]);
});

test('workOnCpu returns what the function returned there, and throws what it threw', async () => {
  for (const fn of [asyncGateFn, plainGateFn]) {
    const at = words(WORDS);
    store(at + GO, 1);
    expect([await workOnCpu(1, fn, job(at, 21)), load(at + CPU)]).toEqual([42, 1]);
  }
  await expect(workOnCpu(1, failingFn, 'far away')).rejects.toMatchObject({ errno: -EFAULT, cause: { message: 'far away' } });
  await expect(workOnCpu(7, asyncGateFn, job(0))).rejects.toMatchObject({ errno: -EINVAL });
  const all = await Promise.all([1, 2, 3, 4, 5, 6].map((id) => workOnCpu(id % 2, noteFn, job(words(WORDS), id))));
  expect(all).toEqual([2, 4, 6, 8, 10, 12]);
});

test('a plain thread uses workqueues too', async () => {
  const task = await runHeld(queueingThread, words(WORDS), 'plain');
  await until(() => task.state === 'X');
  expect(await kthreadStopPut(task)).toBe(0);
});

test('a work on the system queue runs in a kworker of its own isolate', async () => {
  const at = words(WORDS);
  using work = kthreadInitWork<Job, number>(note, job(at, 1));
  expect(scheduleWork(work)).toBe(true);
  await flushWork(work);
  expect([work.result, kworkers().find((t) => t.pid === load(at + PID))?.name.replace(/:\d+/, ':n')]).toEqual([2, 'kworker/0:n-events']);
});

test('wq_basic prints what Linux prints', async () => {
  const own = allocOrderedWorkqueue('wq_basic', 0);
  using ran = newCompletion();
  using gate = newCompletion();
  let name = '';
  let flag = 0;
  let lateRuns = 0;
  const bits = (...flags: readonly boolean[]): string => flags.map(Number).join('');
  const jobs = [0, 1, 2].map((id) => kthreadInitWork(async ({ data }) => {
    if (data === 0) {
      name = current().comm;
      flag = current().flags & PF_WQ_WORKER;
      complete(ran);
      await waitForCompletion(gate);
    }
    prInfo('wq_basic: job %d\n', data);
  }, id));
  const late = kthreadInitDelayedWork(() => {
    lateRuns++;
    complete(ran);
  });
  queueWork(own, jobs[0]);
  await waitForCompletion(ran);
  prInfo('wq_basic: name=%.8s worker=%s\n', name, bits(flag !== 0));
  const [a, b, c] = [queueWork(own, jobs[2]), queueWork(own, jobs[1]), queueWork(own, jobs[2])];
  prInfo('wq_basic: queue=%s again=%s pending=%s running is busy=%s\n', bits(a, b), bits(c), bits(workPending(jobs[1])), bits(workBusy(jobs[0]) !== 0));
  const cancelled = await kthreadCancelWorkSync(jobs[1]);
  complete(gate);
  await flushWorkqueue(own);
  prInfo('wq_basic: cancel=%s flush of an idle one=%s\n', bits(cancelled), bits(await flushWork(jobs[2])));
  const scheduled = scheduleDelayedWork(late, 600 * HZ);
  const modified = modDelayedWork(systemWq(), late, HZ / 20);
  await waitForCompletion(ran);
  prInfo('wq_basic: delayed: schedule=%s mod=%s runs=%d\n', bits(scheduled), bits(modified), lateRuns);
  queueDelayedWork(own, late, HZ / 4);
  const cancels = [await kthreadCancelDelayedWorkSync(late), await kthreadCancelDelayedWorkSync(late)];
  await msleep(500);
  prInfo('wq_basic: cancel: pending=%s idle=%s runs=%d\n', bits(cancels[0]), bits(cancels[1]), lateRuns);
  queueDelayedWork(own, late, 600 * HZ);
  await flushDelayedWork(late);
  prInfo('wq_basic: flush runs it now: runs=%d\n', lateRuns);
  prInfo('wq_basic: done\n');
  queueWork(own, jobs[1]);
  await destroyWorkqueue(own);
  prInfo('wq_basic: destroyed\n');
  expect(dmesg({ time: 'none' }).filter((line) => line.startsWith('wq_basic: ')).map((line) => line.slice(10))).toEqual([
    'name=kworker/ worker=1', 'queue=11 again=0 pending=1 running is busy=1', 'job 0', 'job 2', 'cancel=1 flush of an idle one=0', 'delayed: schedule=1 mod=1 runs=1', 'cancel: pending=1 idle=0 runs=1',
    'flush runs it now: runs=2', 'done', 'job 1', 'destroyed',
  ]);
});

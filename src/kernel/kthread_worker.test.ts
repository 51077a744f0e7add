/**
 * kthread_worker for each way in which a worker can live: what is queued runs in order and once, what flush waits for, what
 * cancel takes back, delays, and the end of a worker. Then the situations that a program gets into: mistakes, exceptions,
 * isolates that die, two isolates at one queue.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { load, store } from '../lib/atomic.js';
import { EBUSY, EDEADLK, EFAULT, EINVAL, ESRCH } from '../lib/errno.js';
import {
  AT, BEGUN, CLOSURES, CPU, ENDED, GO, LOG, ON_CPU1, OWN, PID, RUNS, SHARED_HERE, WORDS, WORKERS, conductor, dies, meddler, postponer, promising, queuer, server, shared, type Again, type Job, type WorkerKind,
} from './kthread_worker.fixture.js';
import { pause, runHeld, until, words } from './kinds.fixture.js';
import { getTaskStruct, kthreadCreate, kthreadRun, kthreadRunOnCpu, kthreadStop, kthreadStopPut, wakeUpProcess } from './kthread.js';
import { KTW_BLOCKING, WORK } from './kthread_work.js';
import {
  kthreadCancelDelayedWorkSync, kthreadCancelWorkSync, kthreadCreateWorker, kthreadCreateWorkerOnNode, kthreadDestroyWorker, kthreadFlushWork, kthreadFlushWorker, kthreadInitDelayedWork, kthreadInitWork,
  kthreadInitWorker, kthreadModDelayedWork, kthreadQueueDelayedWork, kthreadQueueWork, kthreadRunWorker, kthreadRunWorkerOnCpu, kthreadWorkerFn, type KthreadDelayedWork, type KthreadWorker,
} from './kthread_worker.js';
import { oneMachine } from './machine.fixture.js';
import { clearWarnOnce } from './panic.js';
import { prInfo } from './printk/printk.js';
import { clearLog, dmesg } from './printk/syslog.js';
import { complete, newCompletion, waitForCompletion } from './sched/completion.js';
import { current } from './sched/handle.js';
import { PF_KTHREAD } from './sched/task.js';
import { msleep, scheduleTimeoutInterruptible } from './time/sleep.js';
import { HZ, jiffies, timeAfterEq } from './time/time.js';

const heard = oneMachine();
const job = (at: number, id = 0): Job => [at, id];
const log = (at: number): number[] => Array.from({ length: load(at + BEGUN) }, (_, i) => load(at + LOG + i * 4));

/** The worker is busy with this until `open`. */
async function closeGate({ gate }: WorkerKind, worker: KthreadWorker, at: number, id = 0) {
  const work = kthreadInitWork<Job, number>(gate, job(at, id));
  const begun = load(at + BEGUN);
  expect(kthreadQueueWork(worker, work)).toBe(true);
  await until(() => load(at + BEGUN) > begun);
  return work;
}
/** Whether the log has a line with `text`. */
const said = (text: string): boolean => dmesg().some((line) => line.includes(text));
const open = (at: number): void => store(at + GO, 1);

test.each(WORKERS)('T179 what is queued runs once, in the worker\'s thread: $kind', async ({ run, note }) => {
  await using worker = await run();
  const at = words(WORDS);
  using work = kthreadInitWork<Job, number>(note, job(at, 21));
  expect([kthreadQueueWork(worker, work), await kthreadFlushWork(work)]).toEqual([true, 42]);
  expect([load(at + BEGUN), load(at + PID)]).toEqual([1, worker.task?.pid]);
  await pause(5);
  expect(load(at + BEGUN)).toBe(1);
});

test.each(WORKERS)('T180 a thousand works run in the order in which they were queued: $kind', async ({ run, note }) => {
  await using worker = await run();
  const at = words(WORDS);
  const works = Array.from({ length: 1000 }, (_, id) => kthreadInitWork<Job, number>(note, job(at, id)));
  for (const work of works) kthreadQueueWork(worker, work);
  await kthreadFlushWorker(worker);
  expect(log(at)).toEqual(works.map((_, id) => id));
});

test.each(WORKERS)('T181 one that is queued already is not queued again, and runs once: $kind', async (kind) => {
  await using worker = await kind.run();
  const at = words(WORDS);
  await closeGate(kind, worker, at);
  const work = kthreadInitWork<Job, number>(kind.note, job(at, 1));
  expect([work.pending, kthreadQueueWork(worker, work), kthreadQueueWork(worker, work), work.pending]).toEqual([false, true, false, true]);
  open(at);
  await kthreadFlushWorker(worker);
  expect([log(at), work.pending]).toEqual([[0, 1], false]);
});

test.each(WORKERS)('T182 one that runs can be queued, and runs again afterwards: $kind', async (kind) => {
  await using worker = await kind.run();
  const at = words(WORDS);
  const gate = await closeGate(kind, worker, at, 7);
  expect([gate.pending, kthreadQueueWork(worker, gate), kthreadQueueWork(worker, gate)]).toEqual([false, true, false]);
  open(at);
  await kthreadFlushWork(gate);
  expect([log(at), load(at + ENDED)]).toEqual([[7, 7], 2]);
});

test.each(WORKERS)('T183 a work queues itself, with what it has changed in its data: $kind', async ({ run, again }) => {
  await using worker = await run();
  const at = words(WORDS);
  const work = kthreadInitWork<Again, void>(again, { at, worker, left: 5 });
  kthreadQueueWork(worker, work);
  await until(() => load(at + ENDED) === 5);
  expect(log(at)).toEqual([5, 4, 3, 2, 1]);
});

test.each(WORKERS)('T184 flush waits for a work that runs or is queued, and for nothing else: $kind', async (kind) => {
  await using worker = await kind.run();
  const at = words(WORDS);
  const never = kthreadInitWork<Job, number>(kind.note, job(at));
  expect(await kthreadFlushWork(never)).toBe(undefined);
  const gate = await closeGate(kind, worker, at, 3);
  const behind = kthreadInitWork<Job, number>(kind.note, job(at, 4));
  kthreadQueueWork(worker, behind);
  let done = 0;
  const both = Promise.all([gate, behind].map(async (work) => {
    const result = await kthreadFlushWork(work);
    done++;
    return result;
  }));
  await pause(5);
  expect([done, await kthreadFlushWork(never)]).toEqual([0, undefined]);
  open(at);
  expect([await both, load(at + ENDED)]).toEqual([[6, 8], 2]);
  expect(await kthreadFlushWork(gate)).toBe(6);
});

test.each(WORKERS)('T185 flush of a worker waits for what was queued before, not for what comes later: $kind', async (kind) => {
  await using worker = await kind.run();
  const [first, later] = [words(WORDS), words(WORDS)];
  await closeGate(kind, worker, first);
  const before = kthreadInitWork<Job, number>(kind.note, job(first, 1));
  kthreadQueueWork(worker, before);
  const flushed = kthreadFlushWorker(worker);
  const after = kthreadInitWork<Job, number>(kind.gate, job(later, 2));
  kthreadQueueWork(worker, after);
  open(first);
  await flushed;
  expect([load(first + ENDED), load(later + ENDED)]).toEqual([2, 0]);
  open(later);
});

test.each(WORKERS)('T186 cancel takes a queued work back, leaves an idle one and waits for one that runs: $kind', async (kind) => {
  await using worker = await kind.run();
  const at = words(WORDS);
  const gate = await closeGate(kind, worker, at);
  const work = kthreadInitWork<Job, number>(kind.note, job(at, 1));
  kthreadQueueWork(worker, work);
  expect([await kthreadCancelWorkSync(work), await kthreadCancelWorkSync(work)]).toEqual([true, false]);
  let cancelled: boolean | undefined;
  const waiting = kthreadCancelWorkSync(gate).then((was) => { cancelled = was; });
  await pause(5);
  expect(cancelled).toBe(undefined);
  open(at);
  await waiting;
  expect([cancelled, load(at + ENDED), log(at)]).toEqual([false, 1, [0]]);
  expect([kthreadQueueWork(worker, work), await kthreadFlushWork(work)]).toEqual([true, 2]);
});

test.each(WORKERS)('T186 cancel really stops a work that queues itself: $kind', async ({ run, stubborn }) => {
  await using worker = await run();
  const at = words(WORDS);
  const work = kthreadInitWork<Again, void>(stubborn, { at, worker, left: 0 });
  for (let round = 0; round < 20; round++) {
    const begun = load(at + BEGUN);
    kthreadQueueWork(worker, work);
    await until(() => load(at + BEGUN) > begun + 1);
    await kthreadCancelWorkSync(work);
    const runs = load(at + BEGUN);
    expect([load(at + ENDED), work.pending]).toEqual([runs, false]);
    await pause(3);
    expect(load(at + BEGUN)).toBe(runs);
  }
});

test.each(WORKERS)('T187 a work that is being cancelled is not queued: $kind', async (kind) => {
  await using worker = await kind.run();
  const at = words(WORDS);
  const gate = await closeGate(kind, worker, at);
  const cancelled = kthreadCancelWorkSync(gate);
  await pause(2);
  expect(kthreadQueueWork(worker, gate)).toBe(false);
  open(at);
  expect(await cancelled).toBe(false);
  expect(load(at + BEGUN)).toBe(1);
  expect(kthreadQueueWork(worker, gate)).toBe(true);
});

test.each(WORKERS)('T188 a delay of 0 is now, another is waited for, and meanwhile the work is pending: $kind', async ({ run, note }) => {
  await using worker = await run();
  const at = words(WORDS);
  const work = kthreadInitDelayedWork<Job, number>(note, job(at, 1));
  expect(kthreadQueueDelayedWork(worker, work, 0)).toBe(true);
  expect(await kthreadFlushWork(work)).toBe(2);
  const start = jiffies();
  expect([kthreadQueueDelayedWork(worker, work, 50), kthreadQueueDelayedWork(worker, work, 1), kthreadQueueWork(worker, work), work.pending]).toEqual([true, false, false, true]);
  await until(() => load(at + ENDED) === 2);
  expect(timeAfterEq(load(at + AT), start + 50)).toBe(true);
});

test.each(WORKERS)('T188 a work queues itself with a delay, until another isolate cancels it: $kind', async ({ run, againLater }) => {
  await using worker = await run();
  const at = words(WORDS);
  const work = kthreadInitDelayedWork<Again, void>(againLater, { at, worker, left: 1_000_000 });
  for (let round = 0; round < 10; round++) {
    const begun = load(at + BEGUN);
    kthreadQueueWork(worker, work);
    await until(() => load(at + BEGUN) > begun + 2);
    await kthreadCancelDelayedWorkSync(work);
    const runs = load(at + BEGUN);
    expect([load(at + ENDED), work.pending]).toEqual([runs, false]);
    await pause(5);
    expect(load(at + BEGUN)).toBe(runs);
  }
});

test.each(WORKERS)('T189 mod: false when idle, true when pending, and then the time moves: $kind', async ({ run, note }) => {
  await using worker = await run();
  const at = words(WORDS);
  const work = kthreadInitDelayedWork<Job, number>(note, job(at, 1));
  expect(kthreadModDelayedWork(worker, work, 600_000)).toBe(false);
  const start = jiffies();
  expect([kthreadModDelayedWork(worker, work, 30), load(at + BEGUN)]).toEqual([true, 0]);
  await until(() => load(at + ENDED) === 1);
  expect(timeAfterEq(load(at + AT), start + 30)).toBe(true);
  expect([kthreadModDelayedWork(worker, work, 600_000), kthreadModDelayedWork(worker, work, 0)]).toEqual([false, true]);
  await until(() => load(at + ENDED) === 2);
  await pause(5);
  expect([load(at + BEGUN), work.pending]).toEqual([2, false]);
});

test.each(WORKERS)('T190 a delayed work cancelled before its time never runs: $kind', async ({ run, note }) => {
  await using worker = await run();
  const at = words(WORDS);
  const work = kthreadInitDelayedWork<Job, number>(note, job(at, 1));
  kthreadQueueDelayedWork(worker, work, 20);
  expect([await kthreadCancelDelayedWorkSync(work), await kthreadCancelDelayedWorkSync(work)]).toEqual([true, false]);
  await pause(60);
  expect(load(at + BEGUN)).toBe(0);
  kthreadQueueDelayedWork(worker, work, 1);
  await until(() => load(at + ENDED) === 1);
});

test.each(WORKERS)('a flush of a delayed work whose timer runs, which Linux leaves open, returns at once and is told: $kind', async ({ run, note }) => {
  await using worker = await run();
  clearWarnOnce();
  clearLog();
  const work = kthreadInitDelayedWork<Job, number>(note, job(words(WORDS), 1));
  kthreadQueueDelayedWork(worker, work, 3_600_000);
  expect([await kthreadFlushWork(work), work.pending]).toEqual([undefined, true]);
  expect(said('kthread_flush_work: the timer of a delayed work still runs; it is not waited for')).toBe(true);
  expect(await kthreadCancelDelayedWorkSync(work)).toBe(true);
});

test.each(WORKERS)('T191 destroy runs what is queued, stops the thread, and warns of delayed works: $kind', async (kind) => {
  const worker = await kind.run('doomed%.0u');
  const at = words(WORDS);
  await closeGate(kind, worker, at);
  const work = kthreadInitWork<Job, number>(kind.note, job(at, 1));
  const late = kthreadInitDelayedWork<Job, number>(kind.note, job(at, 2));
  kthreadQueueWork(worker, work);
  kthreadQueueDelayedWork(worker, late, 20);
  const task = getTaskStruct(worker.task!);
  open(at);
  await kthreadDestroyWorker(worker);
  expect([log(at), task.state, late.pending]).toEqual([[0, 1], 'X', false]);
  expect(said('WARNING: kthread_destroy_worker: 0 works and 1 delayed works are left')).toBe(true);
  await kthreadStopPut(task);
  await pause(40);
  expect(load(at + BEGUN)).toBe(2);
  expect(() => kthreadQueueWork(worker, work)).toThrow(expect.objectContaining({ errno: -ESRCH }));
});

test('T192 kthreadCreateWorker does not start the thread, kthreadRunWorker does, and so does the first work', async () => {
  await using created = await kthreadCreateWorker(0, 'created/%d', 1);
  await using run = await kthreadRunWorker(0, 'run/%s', 'x');
  await using node = await kthreadCreateWorkerOnNode(0, 0, 'node');
  await until(() => run.task?.state === 'S');
  expect([created.task?.state, created.task?.comm, run.task?.comm, node.task?.state]).toEqual(['D', 'created/1', 'run/x', 'D']);
  const work = kthreadInitWork(() => current().comm);
  kthreadQueueWork(created, work);
  expect(await kthreadFlushWork(work)).toBe('created/1');
  await expect(kthreadCreateWorkerOnNode(0, 1, 'node')).rejects.toMatchObject({ errno: -EINVAL });
});

test.each([ON_CPU1, { ...OWN, run: (name = 'w/%u') => kthreadRunWorkerOnCpu(1, KTW_BLOCKING, name) }])('T193 works of a worker on CPU 1 run there: $kind', async ({ run, note }) => {
  await using worker = await run('w/%u');
  const at = words(WORDS);
  const work = kthreadInitWork<Job, number>(note, job(at));
  kthreadQueueWork(worker, work);
  await kthreadFlushWork(work);
  expect([worker.task?.comm, worker.task?.cpu, load(at + CPU)]).toEqual(['w/1', 1, 1]);
  await expect(kthreadRunWorkerOnCpu(2, 0, 'w/%u')).rejects.toMatchObject({ errno: -EINVAL });
});

test.each(WORKERS)('T194 an idle worker sleeps in S: $kind', async ({ run }) => {
  await using worker = await run();
  await until(() => worker.task?.state === 'S');
});

test.each(WORKERS)('T195 a stopped worker returns 0 and leaves what is queued: $kind', async (kind) => {
  const worker = await kind.run();
  const at = words(WORDS);
  const gate = await closeGate(kind, worker, at, 1);
  const left = kthreadInitWork<Job, number>(kind.note, job(at, 2));
  kthreadQueueWork(worker, left);
  const waiting = expect(kthreadFlushWork(left)).rejects.toMatchObject({ errno: -ESRCH });
  const stopped = kthreadStop(worker.task!);
  open(at);
  expect(await stopped).toBe(0);
  await waiting;
  expect([log(at), left.pending, worker.task, await kthreadFlushWork(gate)]).toEqual([[1], true, null, 2]);
  await expect(kthreadFlushWorker(worker)).rejects.toMatchObject({ errno: -ESRCH });
  await kthreadDestroyWorker(worker);
  expect(left.pending).toBe(false);
});

test.each([['an async worker', false], ['one on its own isolate', true]] as const)('T179 to T191 with the calls for plain threads, on %s', async (_, blocking) => {
  const task = getTaskStruct(await kthreadRun(conductor, { at: words(WORDS), blocking }, 'conductor'));
  await until(() => task.state === 'X');
  expect(await kthreadStopPut(task)).toBe(0);
});

// --- A thread of one's own ----------------------------------------------------------------------------------------

test('T195 threads that call kthread_worker_fn take a worker over from each other', async () => {
  const worker = kthreadInitWorker();
  const at = words(WORDS);
  const works = [1, 2, 3].map((id) => kthreadInitWork<Job, number>(SHARED_HERE.note, job(at, id)));
  kthreadQueueWork(worker, works[0]);
  for (const [i, fn] of ([kthreadWorkerFn, server, kthreadWorkerFn] as const).entries()) {
    const task = await kthreadRun(fn, worker, 'mine/%d', i);
    await until(() => worker.task !== null);
    expect(await kthreadFlushWork(works[i])).toBe((i + 1) * 2);
    expect(worker.task?.pid).toBe(task.pid);
    expect(await kthreadStop(task)).toBe(0);
    if (i < 2) kthreadQueueWork(worker, works[i + 1]);
  }
  await kthreadDestroyWorker(worker);
});

test('a second thread for a worker is reported and ends', async () => {
  await using worker = await kthreadRunWorker(0, 'first');
  await until(() => worker.task?.state === 'S');
  const second = getTaskStruct(await kthreadCreate(kthreadWorkerFn, worker, 'second'));
  wakeUpProcess(second);
  await until(() => said('WARNING: kthread_worker_fn: this worker has a thread already, first['));
  expect(await kthreadStopPut(second)).toBe(-EBUSY);
});

test('kthreadWorkerFn throws EPERM outside of a kernel thread', async () => {
  const worker = kthreadInitWorker();
  await expect(kthreadWorkerFn(worker)).rejects.toMatchObject({ code: 'EPERM' });
  await kthreadDestroyWorker(worker);
});

// --- Data and results ---------------------------------------------------------------------------------------------

const VALUES: readonly unknown[] = [
  undefined, null, true, false, 0, -0, 1.5, NaN, Infinity, 2 ** 53, '', 'short', 'grüße', 'nul\0inside', 'x'.repeat(127), 'x'.repeat(128), 'x'.repeat(5000), 12n, { a: [1, { b: 'c' }] }, new Map([[1, 'one']]),
];
test.each([SHARED_HERE, ON_CPU1, OWN])('every value arrives as it was sent, there and back: $kind', async ({ run, echo }) => {
  await using worker = await run();
  for (const value of VALUES) {
    using work = kthreadInitWork<unknown, unknown>(echo, value);
    kthreadQueueWork(worker, work);
    expect(await kthreadFlushWork(work)).toEqual(value);
    expect(work.result).toEqual(value);
  }
  using handle = kthreadInitWork<unknown, unknown>(echo, worker);
  kthreadQueueWork(worker, handle);
  expect(((await kthreadFlushWork(handle)) as KthreadWorker).task?.pid).toBe(worker.task?.pid);
});

test('the data that counts is what stands in the work when it is queued', async () => {
  await using worker = await ON_CPU1.run();
  const at = words(WORDS);
  const gate = await closeGate(ON_CPU1, worker, at);
  const work = kthreadInitWork<unknown, unknown>(ON_CPU1.echo, { n: 1 });
  work.data = { n: 2 };
  kthreadQueueWork(worker, work);
  work.data = { n: 3 };
  kthreadQueueWork(worker, work);
  open(at);
  expect(await kthreadFlushWork(work)).toEqual({ n: 2 });
  expect(gate.result).toBe(0);
});

test('a closure gets and returns the very object', async () => {
  await using worker = await kthreadRunWorker(0, 'byref');
  const data = { deep: { value: 1 } };
  const work = kthreadInitWork(async (self) => {
    self.data.deep.value++;
    return self.data.deep;
  }, data);
  kthreadQueueWork(worker, work);
  expect(await kthreadFlushWork(work)).toBe(data.deep);
  expect(data.deep.value).toBe(2);
});

// --- Mistakes -----------------------------------------------------------------------------------------------------

test.each(WORKERS)('an exception ends the work and not the worker, and who waits for it hears: $kind', async ({ kind, run, failing, note }) => {
  await using worker = await run();
  const bad = kthreadInitWork<string, void>(failing, 'oh no');
  kthreadQueueWork(worker, bad);
  const error = await kthreadFlushWork(bad).catch((thrown: unknown) => thrown as Error);
  expect(error).toMatchObject({ errno: -EFAULT, cause: { name: 'RangeError', message: 'oh no' } });
  expect((error as Error).cause instanceof RangeError).toBe(kind === CLOSURES.kind);
  expect(() => bad.result).toThrow('was ended by an exception');
  const good = kthreadInitWork<Job, number>(note, job(words(WORDS), 4));
  kthreadQueueWork(worker, good);
  expect(await kthreadFlushWork(good)).toBe(8);
  await until(() => heard.oopses.length === 1);
  expect(heard.oopses[0]).toMatchObject({ task: { pid: worker.task?.pid }, error: { message: 'oh no' } });
  expect(said('Oops: RangeError: oh no')).toBe(true);
});

test('works that a worker cannot run are refused when they are queued', async () => {
  const closure = kthreadInitWork(() => 1);
  await using far = await ON_CPU1.run();
  await using own = await OWN.run();
  for (const worker of [far, own]) expect(() => kthreadQueueWork(worker, closure)).toThrow(expect.objectContaining({ errno: -EINVAL }));
  expect(() => kthreadQueueWork(own, kthreadInitWork(promising, 1))).not.toThrow();
  await kthreadFlushWorker(own);
  await until(() => heard.oopses.length === 1);
  expect(heard.oopses[0].error.message).toMatch(/returned a promise/);
  expect(() => kthreadQueueWork(own, kthreadInitWork<Job, number>(ON_CPU1.gate, job(0)))).toThrow(/is async, but its worker runs plain functions/);
  expect(() => kthreadQueueDelayedWork(far, kthreadInitWork<Job, number>(ON_CPU1.note, job(0)) as KthreadDelayedWork<Job, number>, 5)).toThrow(expect.objectContaining({ errno: -EINVAL }));
  expect(() => kthreadQueueWork(far, kthreadInitWork<unknown, unknown>(ON_CPU1.echo, () => 1))).toThrow(/could not be cloned/);
});

test('a work that waits for its own worker is told so instead of waiting for ever', async () => {
  await using worker = await kthreadRunWorker(0, 'narcissus');
  const other = kthreadInitWork(() => 1);
  const errors: unknown[] = [];
  const selfish = kthreadInitWork(async (self) => {
    kthreadQueueWork(worker, other);
    for (const wait of [() => kthreadFlushWork(other), () => kthreadFlushWorker(worker), () => kthreadCancelWorkSync(self)]) await wait().catch((error: { errno: number }) => errors.push(error.errno));
  });
  kthreadQueueWork(worker, selfish);
  await kthreadFlushWorker(worker);
  expect(errors).toEqual([-EDEADLK, -EDEADLK, -EDEADLK]);
});

test('a work queued to two workers stays with the one that has it, and Linux\'s warning is given', async () => {
  await using a = await CLOSURES.run('a');
  await using b = await CLOSURES.run('b');
  const at = words(WORDS);
  const gate = await closeGate(CLOSURES, a, at);
  expect(kthreadQueueWork(b, gate)).toBe(false);
  open(at);
  await kthreadFlushWork(gate);
  expect(said('a work is queued to two workers')).toBe(true);
  expect(kthreadQueueWork(b, gate)).toBe(true);
  await kthreadFlushWork(gate);
  expect(load(at + PID)).toBe(b.task?.pid);
});

test('a signal ends a wait for a work, and the barrier does not stay behind', async () => {
  await using worker = await OWN.run();
  const at = words(WORDS);
  const gate = await closeGate(OWN, worker, at);
  const done = new AbortController();
  const waits = [kthreadFlushWork(gate, done), kthreadFlushWorker(worker, done)];
  await pause(2);
  done.abort(new Error('enough'));
  for (const wait of waits) await expect(wait).rejects.toThrow('enough');
  open(at);
  expect(await kthreadFlushWork(gate)).toBe(0);
});

test('a disposed work does not run, one that runs ends first, and neither can be used any more', async () => {
  await using worker = await ON_CPU1.run();
  const at = words(WORDS);
  const gate = await closeGate(ON_CPU1, worker, at);
  const work = kthreadInitWork<Job, number>(ON_CPU1.note, job(at, 1));
  kthreadQueueWork(worker, work);
  work[Symbol.dispose]();
  gate[Symbol.dispose]();
  expect(() => kthreadQueueWork(worker, work)).toThrow(expect.objectContaining({ errno: -ESRCH }));
  expect(() => gate.result).toThrow('this work was freed');
  using next = kthreadInitWork<Job, number>(ON_CPU1.note, job(at, 2));
  expect(next.addr).not.toBe(gate.addr);
  open(at);
  await kthreadFlushWorker(worker);
  expect([log(at), load(at + ENDED)]).toEqual([[0], 1]);
  const records = [3, 4].map((id) => kthreadInitWork<Job, number>(ON_CPU1.note, job(at, id)).addr);
  expect(records).toContain(gate.addr); // It is free again.
});

// --- Stories ------------------------------------------------------------------------------------------------------

test('the isolate of a worker dies while works wait and others wait for them', async () => {
  const worker = await OWN.run('mortal');
  const bomb = kthreadInitWork(dies);
  const behind = kthreadInitWork<Job, number>(OWN.note, job(words(WORDS), 1));
  kthreadQueueWork(worker, bomb);
  kthreadQueueWork(worker, behind);
  const [first, second] = await Promise.allSettled([kthreadFlushWork(bomb), kthreadFlushWork(behind)]);
  expect(first.status === 'rejected' && [-ESRCH, -EFAULT].includes((first.reason as { errno: number }).errno)).toBe(true);
  expect(second).toMatchObject({ status: 'rejected', reason: { errno: -ESRCH } });
  expect([worker.task, behind.pending]).toEqual([null, true]);
  await kthreadDestroyWorker(worker);
  expect(behind.pending).toBe(false);
  await using another = await OWN.run('heir');
  expect([kthreadQueueWork(another, behind), await kthreadFlushWork(behind)]).toEqual([true, 2]);
});

test('isolates queue to one worker at once: nothing is lost and nothing runs twice', { timeout: 60_000 }, async () => {
  await using worker = await ON_CPU1.run();
  const at = words(WORDS);
  const tasks = await Promise.all([1, 2, 3].map((n) => runHeld(queuer, { worker, at, count: 5000 }, `queuer/${n}`)));
  for (const task of tasks) {
    await until(() => task.state === 'X', 'the queuers end', 50_000);
    await kthreadStopPut(task);
  }
  expect(load(at + BEGUN)).toBe(15_000);
});

test('isolates queue and cancel one work at once, and it runs as often as the answers say', { timeout: 60_000 }, async () => {
  await using worker = await kthreadRunWorkerOnCpu(1, 0, 'common/%u');
  const at = words(1);
  const meddlers = await Promise.all([1, 2].map((n) => kthreadRun(meddler, { worker, at }, 'meddler/%d', n)));
  let queued = 0;
  for (let i = 0; i < 300; i++) {
    if (kthreadQueueWork(worker, shared)) queued++;
    if (i % 3 !== 0) await scheduleTimeoutInterruptible(1);
    else if (await kthreadCancelWorkSync(shared)) queued--;
  }
  for (const task of meddlers) await kthreadStop(task);
  await kthreadFlushWorker(worker);
  expect([shared.pending, load(RUNS)]).toEqual([false, queued + load(at)]);
  expect([kthreadQueueWork(worker, shared), await kthreadFlushWork(shared)]).toEqual([true, load(RUNS)]);
});

test('a delayed work is moved by one isolate while the timer of another runs out', async () => {
  await using worker = await ON_CPU1.run();
  const at = words(WORDS);
  const work = kthreadInitDelayedWork<Again, void>(ON_CPU1.againLater, { at, worker, left: 1_000_000 });
  for (let i = 0; i < 300; i++) {
    kthreadModDelayedWork(worker, work, i % 4);
    await scheduleTimeoutInterruptible(i % 3);
  }
  await kthreadCancelDelayedWorkSync(work);
  expect([load(at + BEGUN) > 20, load(at + BEGUN) === load(at + ENDED), work.pending]).toEqual([true, true, false]);
});

test('a delayed work is postponed by another isolate than the one whose timer runs', async () => {
  await using worker = await ON_CPU1.run();
  const runs = load(RUNS);
  kthreadQueueDelayedWork(worker, shared, 30);
  const task = await kthreadRunOnCpu(postponer, worker, 1, 'postponer/%u');
  await until(() => !task.exists);
  expect(shared.pending).toBe(true);
  await pause(60);
  expect([load(RUNS), await kthreadCancelDelayedWorkSync(shared)]).toEqual([runs, true]);
});

test('a work whose handle is forgotten while it is queued still runs', async () => {
  await using worker = await ON_CPU1.run();
  const at = words(WORDS);
  const gate = await closeGate(ON_CPU1, worker, at);
  for (let i = 0; i < 100; i++) kthreadQueueWork(worker, kthreadInitWork<Job, number>(ON_CPU1.note, job(at, i)));
  await pause(10);
  open(at);
  await kthreadFlushWork(gate);
  await kthreadFlushWorker(worker);
  expect(load(at + ENDED)).toBe(101);
});

test('a worker made and never woken runs its works when it is destroyed', async () => {
  const worker = await kthreadCreateWorker(0, 'sleepy');
  const at = words(WORDS);
  const late = kthreadInitWork<Job, number>(CLOSURES.note, job(at, 1));
  expect(worker.task?.state).toBe('D');
  kthreadQueueWork(worker, late);
  await kthreadDestroyWorker(worker);
  expect(load(at + ENDED)).toBe(1);
  await kthreadDestroyWorker(await kthreadCreateWorker(0, 'idle'));
});

// --- What a real kernel printed: the conformance cases, translated ------------------------------------------------

const lines = (name: string): string[] => dmesg({ time: 'none' }).filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
const bits = (...flags: readonly boolean[]): string => flags.map(Number).join('');

test('kw_basic prints what Linux prints', async () => {
  const worker = await kthreadCreateWorker(0, 'kw/%s%d', 'b', 1);
  using gate = newCompletion();
  using inGate = newCompletion();
  prInfo('kw_basic: comm=%s kthread=%s\n', worker.task!.comm, bits((worker.task!.flags & PF_KTHREAD) !== 0));
  const jobs = [0, 1, 2, 3].map((id) => kthreadInitWork(({ data }) => {
    data.runs++;
    prInfo('kw_basic: job %d run %d in the worker=%s\n', data.id, data.runs, bits(current().pid === worker.task?.pid));
  }, { id, runs: 0 }));
  const gateWork = kthreadInitWork(async () => {
    complete(inGate);
    await waitForCompletion(gate);
    prInfo('kw_basic: gate passed\n');
  });
  kthreadQueueWork(worker, gateWork);
  await waitForCompletion(inGate);
  const queued = [2, 0, 2, 3, 1].map((i) => kthreadQueueWork(worker, jobs[i]));
  prInfo('kw_basic: queued=%s\n', bits(...queued, kthreadQueueWork(worker, gateWork)));
  complete(gate);
  complete(gate);
  await kthreadFlushWorker(worker);
  prInfo('kw_basic: flushed\n');
  const again = kthreadQueueWork(worker, jobs[2]);
  await kthreadFlushWork(jobs[2]);
  prInfo('kw_basic: again=%s\n', bits(again));
  prInfo('kw_basic: done\n');
  kthreadQueueWork(worker, jobs[0]);
  kthreadQueueWork(worker, jobs[1]);
  await kthreadDestroyWorker(worker);
  prInfo('kw_basic: runs=%s\n', jobs.map(({ data }) => data.runs).join(''));
  expect(lines('kw_basic')).toEqual([
    'comm=kw/b1 kthread=1', 'queued=110111', 'gate passed', 'job 2 run 1 in the worker=1', 'job 0 run 1 in the worker=1', 'job 3 run 1 in the worker=1', 'job 1 run 1 in the worker=1', 'gate passed', 'flushed',
    'job 2 run 2 in the worker=1', 'again=1', 'done', 'job 0 run 2 in the worker=1', 'job 1 run 2 in the worker=1', 'runs=2221',
  ]);
});

test('kw_delayed prints what Linux prints', async () => {
  const worker = await kthreadCreateWorker(0, 'kw_delayed');
  using ran = newCompletion();
  let ranAt = 0;
  let runs = 0;
  const late = kthreadInitDelayedWork(() => {
    ranAt = jiffies();
    runs++;
    complete(ran);
  });
  const start = jiffies();
  const queue = bits(kthreadQueueDelayedWork(worker, late, HZ / 4));
  const again = bits(kthreadQueueDelayedWork(worker, late, 1));
  prInfo('kw_delayed: queue=%s again=%s runs=%d\n', queue, again, runs);
  await waitForCompletion(ran);
  prInfo('kw_delayed: runs=%d not early=%s\n', runs, bits(timeAfterEq(ranAt, start + HZ / 4)));
  const now = bits(kthreadQueueDelayedWork(worker, late, 0));
  await waitForCompletion(ran);
  prInfo('kw_delayed: no delay: queue=%s runs=%d\n', now, runs);
  const idle = bits(kthreadModDelayedWork(worker, late, 600 * HZ));
  const pending = bits(kthreadModDelayedWork(worker, late, HZ / 20));
  await waitForCompletion(ran);
  prInfo('kw_delayed: mod: idle=%s pending=%s runs=%d\n', idle, pending, runs);
  kthreadQueueDelayedWork(worker, late, HZ / 4);
  const cancels = [await kthreadCancelDelayedWorkSync(late), await kthreadCancelDelayedWorkSync(late)];
  await msleep(500);
  prInfo('kw_delayed: cancel: pending=%s idle=%s runs=%d\n', bits(cancels[0]), bits(cancels[1]), runs);
  const after = bits(kthreadQueueDelayedWork(worker, late, 1));
  await waitForCompletion(ran);
  prInfo('kw_delayed: after cancel: queue=%s runs=%d\n', after, runs);
  prInfo('kw_delayed: done\n');
  await kthreadDestroyWorker(worker);
  prInfo('kw_delayed: destroyed, runs=%d\n', runs);
  expect(lines('kw_delayed')).toEqual([
    'queue=1 again=0 runs=0', 'runs=1 not early=1', 'no delay: queue=1 runs=2', 'mod: idle=0 pending=1 runs=3', 'cancel: pending=1 idle=0 runs=3', 'after cancel: queue=1 runs=4', 'done', 'destroyed, runs=4',
  ]);
});

test('code outside of any thread that awaits one work after the other leaves its event loop turns', async () => {
  await using worker = await OWN.run();
  const at = words(WORDS);
  let turns = 0;
  const count = (): void => void (turns >= 0 && (turns++, setImmediate(count)));
  setImmediate(count);
  for (const end = performance.now() + 300; performance.now() < end; ) {
    store(at + BEGUN, 0);
    using work = kthreadInitWork<Job, number>(OWN.note, job(at));
    kthreadQueueWork(worker, work);
    await kthreadFlushWork(work);
  }
  expect(turns).toBeGreaterThan(5);
  turns = -1;
});

test('the records of works that are collected are freed, also of many that were made in a row; one that somebody holds stays', async () => {
  const gens = (addrs: readonly number[]): number[] => addrs.map((addr) => load(addr + WORK.gen));
  const addrs = Array.from({ length: 50 }, () => kthreadInitWork(() => 1).addr);
  const made = gens(addrs);
  await pause(1);
  using held = kthreadInitWork(() => 2);
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  await until(() => {
    gc();
    return gens(addrs).every((gen, i) => gen !== made[i]);
  }, 'all are freed');
  await using worker = await kthreadRunWorker(0, 'held');
  kthreadQueueWork(worker, held);
  expect(await kthreadFlushWork(held)).toBe(2);
});

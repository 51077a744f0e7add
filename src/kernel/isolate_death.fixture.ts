/** Threads that lose their isolate in the middle of whatever they do to other threads. For isolate_death.test.ts. */
import { load, witnessAccesses } from '../lib/atomic.js';
import { r32 } from '../lib/memory.js';
import { dieAt } from './baton.fixture.js';
import { behaviour } from './kinds.fixture.js';
import { obedient, parker } from './kthread.fixture.js';
import { kthreadCreate, kthreadCreateSync, kthreadPark, kthreadParkSync, kthreadStop, kthreadStopSync, kthreadUnpark, wakeUpProcess } from './kthread.js';
import { prInfo } from './printk/printk.js';
import { complete, waitForCompletion, waitForCompletionSync, type Completion } from './sched/completion.js';
import { current } from './sched/handle.js';
import { KTHREAD_EXITING, TASK } from './sched/task.js';
import { wakeUp, type WaitQueueHead } from './sched/wait.js';
import { waitEvent, waitEventSync } from './sched/wait_event.js';

/** Words of a waiter: whether it may go. */
export const GO = 0;

export interface Victims {
  readonly at: number;
  readonly done: Completion;
  readonly q: WaitQueueHead;
}

/** Somebody who waits for what the mortal does. */
export const hopeful = behaviour<Victims>(import.meta, 'hopeful', async ({ at, done, q }) => {
  await waitForCompletion(done);
  await waitEvent(q, () => load(at + GO) !== 0);
}, ({ at, done, q }) => {
  waitForCompletionSync(done);
  waitEventSync(q, () => load(at + GO) !== 0);
});

export interface Mortal extends Victims {
  /** Before which access to shared memory it dies, loads not counted; 0: never. */
  readonly nth: number;
  /** Words of its children. */
  readonly child: number;
}

/** From now on counts the accesses that dieAt() counts. */
function countAccesses(): () => number {
  let accesses = 0;
  witnessAccesses((op) => {
    if (op !== 'load') accesses++;
  });
  return () => {
    witnessAccesses(undefined);
    return accesses;
  };
}

/** The last access of a thread's end: it gives its own reference back. What its isolate does then is not its doing. */
function itsEnd(): (op: string, addr: number) => boolean {
  const { addr } = current();
  return (op, where) => op === 'add' && where === addr + TASK.usage && (r32(addr + TASK.kflags) & KTHREAD_EXITING) !== 0;
}

/** Makes threads, wakes and parks them, completes and wakes what others wait for, stops its threads and ends. Returns the number of its accesses if it lives. */
export const mortal = behaviour<Mortal>(import.meta, 'mortal', async ({ nth, child, done, q }) => {
  const count = countAccesses();
  if (nth > 0) dieAt(nth, itsEnd());
  const plain = await kthreadCreate(obedient.plain, { at: child, value: 1 }, 'plain child');
  const shared = await kthreadCreate(parker.shared, { at: child, value: 2 }, 'shared child');
  for (const task of [plain, shared]) wakeUpProcess(task);
  for (let i = 0; i < 2; i++) complete(done);
  await kthreadPark(shared);
  prInfo('in the middle of it\n');
  wakeUp(q);
  kthreadUnpark(shared);
  await kthreadStop(plain);
  await kthreadStop(shared);
  return nth > 0 ? 0 : count();
}, ({ nth, child, done, q }) => {
  const count = countAccesses();
  if (nth > 0) dieAt(nth, itsEnd());
  const plain = kthreadCreateSync(obedient.plain, { at: child, value: 1 }, 'plain child');
  const shared = kthreadCreateSync(parker.shared, { at: child, value: 2 }, 'shared child');
  for (const task of [plain, shared]) wakeUpProcess(task);
  for (let i = 0; i < 2; i++) complete(done);
  kthreadParkSync(shared);
  prInfo('in the middle of it\n');
  wakeUp(q);
  kthreadUnpark(shared);
  kthreadStopSync(plain);
  kthreadStopSync(shared);
  return nth > 0 ? 0 : count();
});

/**
 * A thread that does what its test tells it, one call after the other, so that a test of locks is one story for every kind
 * of thread: who takes, who waits and how, who is first. The test may look at the thread while it waits.
 */
import { load, store } from '../../lib/atomic.js';
import { behaviour, until, words, type Kind } from '../kinds.fixture.js';
import { getTaskStruct, kthreadShouldStop, kthreadStop, kthreadStopPut, wakeUpProcess } from '../kthread.js';
import { allowSignal, flushSignals } from '../signal.js';
import { scheduleTimeoutIdle, scheduleTimeoutIdleSync } from '../time/sleep.js';
import type { Task } from '../sched/handle.js';
import { TASK } from '../sched/task.js';
import { wchanName } from '../sched/wchan.js';
import {
  mutexLock, mutexLockInterruptible, mutexLockInterruptibleSync, mutexLockKillable, mutexLockKillableSync, mutexLockSync, mutexTrylock, mutexUnlock, type Mutex,
} from './mutex.js';
import {
  downRead, downReadInterruptible, downReadInterruptibleSync, downReadKillable, downReadKillableSync, downReadSync, downReadTrylock, downWrite, downWriteKillable, downWriteKillableSync,
  downWriteSync, downWriteTrylock, downgradeWrite, upRead, upWrite, type RwSemaphore,
} from './rwsem.js';
import { readLock, readTrylock, readUnlock, writeLock, writeTrylock, writeUnlock, type RwLock } from './rwlock.js';
import {
  down, downInterruptible, downInterruptibleSync, downKillable, downKillableSync, downSync, downTimeout, downTimeoutSync, downTrylock, up, type Semaphore,
} from './semaphore.js';

/** Any lock; which one a call wants, the test knows. */
type Lock = Mutex & Semaphore & RwSemaphore & RwLock;
type Result = number | boolean | void;
type Call = readonly [awaited: (lock: Lock, n: number) => Result | Promise<Result>, blocking: (lock: Lock, n: number) => Result];

const both = (call: (lock: Lock, n: number) => Result): Call => [call, call];
const CALLS = {
  allowSignal: both((_, n) => allowSignal(n)),
  flushSignals: both(() => flushSignals()),
  mutexLock: [(m) => mutexLock(m), mutexLockSync],
  mutexLockInterruptible: [(m) => mutexLockInterruptible(m), mutexLockInterruptibleSync],
  mutexLockKillable: [(m) => mutexLockKillable(m), mutexLockKillableSync],
  mutexTrylock: both(mutexTrylock),
  mutexUnlock: both(mutexUnlock),
  down: [(s) => down(s), downSync],
  downInterruptible: [(s) => downInterruptible(s), downInterruptibleSync],
  downKillable: [(s) => downKillable(s), downKillableSync],
  downTimeout: [(s, n) => downTimeout(s, n), downTimeoutSync],
  downTrylock: both(downTrylock),
  up: both(up),
  downRead: [(s) => downRead(s), downReadSync],
  downReadInterruptible: [(s) => downReadInterruptible(s), downReadInterruptibleSync],
  downReadKillable: [(s) => downReadKillable(s), downReadKillableSync],
  downReadTrylock: both(downReadTrylock),
  downWrite: [(s) => downWrite(s), downWriteSync],
  downWriteKillable: [(s) => downWriteKillable(s), downWriteKillableSync],
  downWriteTrylock: both(downWriteTrylock),
  downgradeWrite: both(downgradeWrite),
  upRead: both(upRead),
  upWrite: both(upWrite),
  readLock: both(readLock),
  readTrylock: both(readTrylock),
  readUnlock: both(readUnlock),
  writeLock: both(writeLock),
  writeTrylock: both(writeTrylock),
  writeUnlock: both(writeUnlock),
} satisfies Record<string, Call>;
export type CallName = keyof typeof CALLS;
const NAMES = Object.keys(CALLS) as CallName[];

/** Words: which call (counted from 1), with which lock of the thread's, its number; what it returned; how many were done. */
const ORDER = 0, LOCK = 4, NUMBER = 8, RESULT = 12, DONE = 16, ORDER_WORDS = 5;

interface Orders {
  readonly at: number;
  readonly locks: readonly Lock[];
}

function order({ at, locks }: Orders): [call: Call, lock: Lock, n: number] {
  const call: Call = CALLS[NAMES[load(at + ORDER) - 1]];
  store(at + ORDER, 0);
  return [call, locks[load(at + LOCK)], load(at + NUMBER)];
}

function done({ at }: Orders, result: Result): void {
  store(at + RESULT, Number(result ?? 0));
  store(at + DONE, load(at + DONE) + 1);
}

const puppet = behaviour<Orders>(import.meta, 'puppet', async (orders) => {
  while (!kthreadShouldStop()) {
    if (load(orders.at + ORDER) === 0) await scheduleTimeoutIdle(1);
    else {
      const [[call], lock, n] = order(orders);
      done(orders, await call(lock, n));
    }
  }
}, (orders) => {
  while (!kthreadShouldStop()) {
    if (load(orders.at + ORDER) === 0) scheduleTimeoutIdleSync(1);
    else {
      const [[, call], lock, n] = order(orders);
      done(orders, call(lock, n));
    }
  }
});

export class Puppet {
  private given = 0;

  constructor(
    readonly task: Task,
    private readonly at: number,
    private readonly locks: readonly unknown[],
  ) {}

  /** Has it make `call` and waits for the end of that: what it returned; 0 and 1 for false and true. */
  async does(call: CallName, lock: unknown, n = 0): Promise<number> {
    this.begins(call, lock, n);
    return this.result();
  }

  /** Has it begin `call`, which may take its time. */
  begins(call: CallName, lock: unknown, n = 0): void {
    this.given++;
    store(this.at + LOCK, this.locks.indexOf(lock));
    store(this.at + NUMBER, n);
    store(this.at + ORDER, NAMES.indexOf(call) + 1);
  }

  /** Has it begin `call` and waits until it sleeps in there. */
  async waits(call: CallName, lock: unknown, n = 0): Promise<void> {
    this.begins(call, lock, n);
    await until(() => load(this.at + ORDER) === 0 && (this.task.state === 'D' || this.task.state === 'S') && wchanName(load(this.task.addr + TASK.wchan)) !== 'schedule_timeout', `${this.task.comm} waits in ${call}`);
  }

  /** Whether all that it was told is done. */
  get isIdle(): boolean {
    return load(this.at + DONE) === this.given;
  }

  async result(): Promise<number> {
    await until(() => this.isIdle, `${this.task.comm} does what it was told`);
    return load(this.at + RESULT);
  }

  /** Ends it. What was not done by then is given up, if it can be. */
  stop(): Promise<number> {
    return kthreadStopPut(this.task);
  }

  /** Asks it to stop, and does not wait. */
  beginStop(): Promise<number> {
    return kthreadStop(this.task);
  }
}

/** A thread of `kind` that knows `locks`. Stop it. */
export async function newPuppet(kind: Kind, name: string, ...locks: readonly unknown[]): Promise<Puppet> {
  const at = words(ORDER_WORDS);
  const task = getTaskStruct(await kind.create(puppet, { at, locks: locks as Lock[] }, name));
  wakeUpProcess(task);
  return new Puppet(task, at, locks);
}

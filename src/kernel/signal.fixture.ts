/**
 * A thread that does what its test tells it, one order after the other, so that a test can be written as one story for
 * every kind of thread; and two that send each other signals. For signal.test.ts.
 */
import { fetchAdd, load, store } from '../lib/atomic.js';
import { KernelError } from '../lib/errno.js';
import { behaviour, until, words, type Kind } from './kinds.fixture.js';
import { kthreadCreate, kthreadCreateSync, kthreadShouldStop, threadfn, wakeUpProcess } from './kthread.js';
import { obedient } from './kthread.fixture.js';
import { COMPLETION, completeAt, initCompletionAt, waitForCommon } from './sched/completion.js';
import { block, blockSync, schedule, scheduleSync } from './sched/core.js';
import { Task, current } from './sched/handle.js';
import { TASK_INTERRUPTIBLE, TASK_RUNNING } from './sched/task.js';
import {
  SIGUSR1, allowKernelSignal, allowSignal, disallowSignal, fatalSignalPending, flushSignals, kernelDequeueSignal, sendSig, signalPending,
} from './signal.js';
import {
  getCurrentState, msleepInterruptible, msleepInterruptibleSync, scheduleTimeout, scheduleTimeoutSync, scheduleTimeoutUninterruptible, scheduleTimeoutUninterruptibleSync, setCurrentState,
} from './time/sleep.js';

const ORDER = 0, ARGUMENT = 4, RESULT = 8, BEGUN = 12, DONE = 16, NEVER = 20, WORDS = 5 + COMPLETION.sizeof / 4;
/** The most jiffies that an order sleeps. */
export const LONG = 10_000;

/** What needs no sleep is the same for both kinds of threads. */
const SIMPLE: Readonly<Record<string, (n: number) => number>> = {
  allow: (n) => (allowSignal(n), 0),
  allowKernel: (n) => (allowKernelSignal(n), 0),
  disallow: (n) => (disallowSignal(n), 0),
  flush: () => (flushSignals(), 0),
  dequeue: () => kernelDequeueSignal(),
  pending: () => Number(signalPending()),
  fatal: () => Number(fatalSignalPending()),
  send: (n) => sendSig(n, current(), true),
};
const ORDERS = ['', ...Object.keys(SIMPLE), 'sleep', 'msleep', 'wait', 'create'] as const;

/** Jiffies left of LONG, in state `n`; ms left of `n`; what an interruptible wait for nothing says; whether a thread could be made. */
const ASYNC: Readonly<Record<string, (n: number, at: number) => Promise<number>>> = {
  sleep: (n) => (setCurrentState(n), scheduleTimeout(LONG)),
  msleep: (n) => msleepInterruptible(n),
  wait: (n, at) => block('wait_for_completion_state', (task) => waitForCommon(task, at + NEVER, n, Infinity)),
  create: async (n, at) => (await kthreadCreate(n === 0 ? obedient.closure : n === 1 ? obedient.shared : obedient.plain, { at, value: 0 }, 'orphan')).pid,
};
const SYNC: Readonly<Record<string, (n: number, at: number) => number>> = {
  sleep: (n) => (setCurrentState(n), scheduleTimeoutSync(LONG)),
  msleep: (n) => msleepInterruptibleSync(n),
  wait: (n, at) => blockSync('wait_for_completion_state', 'waitForCompletionState', (task) => waitForCommon(task, at + NEVER, n, Infinity)),
  create: (n, at) => kthreadCreateSync(n === 1 ? obedient.shared : obedient.plain, { at, value: 0 }, 'orphan').pid,
};

const failed = (error: unknown): number => {
  if (error instanceof KernelError) return error.errno;
  throw error;
};

const puppet = behaviour<{ at: number }>(import.meta, 'puppet', async ({ at }) => {
  for (;;) {
    while (load(at + ORDER) === 0) {
      if (kthreadShouldStop()) return 0;
      await scheduleTimeoutUninterruptible(1);
    }
    const order = begin(at);
    try {
      finish(at, SIMPLE[order]?.(load(at + ARGUMENT)) ?? (await ASYNC[order](load(at + ARGUMENT), at)));
    } catch (error) {
      finish(at, failed(error));
    }
  }
}, ({ at }) => {
  for (;;) {
    while (load(at + ORDER) === 0) {
      if (kthreadShouldStop()) return 0;
      scheduleTimeoutUninterruptibleSync(1);
    }
    const order = begin(at);
    try {
      finish(at, SIMPLE[order]?.(load(at + ARGUMENT)) ?? SYNC[order](load(at + ARGUMENT), at));
    } catch (error) {
      finish(at, failed(error));
    }
  }
});

function begin(at: number): (typeof ORDERS)[number] {
  const order = ORDERS[load(at + ORDER)];
  store(at + ORDER, 0);
  fetchAdd(at + BEGUN, 1);
  return order;
}

function finish(at: number, result: number): void {
  store(at + RESULT, getCurrentState() === TASK_RUNNING ? result : 1e6);
  fetchAdd(at + DONE, 1);
}

/** A thread to be ordered about. */
export class Puppet {
  private constructor(
    readonly task: Task,
    private readonly at: number,
  ) {}

  static async start(kind: Kind): Promise<Puppet> {
    const at = words(WORDS);
    initCompletionAt(at + NEVER);
    const task = await kind.create(puppet, { at }, 'puppet');
    wakeUpProcess(task);
    return new Puppet(task, at);
  }

  /** Gives an order; its result. */
  async does(order: (typeof ORDERS)[number], argument = 0): Promise<number> {
    const done = load(this.at + DONE);
    store(this.at + ARGUMENT, argument);
    store(this.at + ORDER, ORDERS.indexOf(order));
    await until(() => load(this.at + DONE) > done, `it did "${order}"`);
    return load(this.at + RESULT);
  }

  /** Gives the order to sleep, and waits until it does, in `state`. */
  async sleeps(order: 'sleep' | 'msleep' | 'wait', argument: number, state = argument): Promise<{ readonly ended: Promise<number>; readonly isOver: () => boolean }> {
    let over = false;
    const begun = load(this.at + BEGUN);
    const ended = this.does(order, argument).finally(() => { over = true; });
    await until(() => over || (load(this.at + BEGUN) > begun && this.task.stateWord === state), 'it sleeps');
    return { ended, isOver: () => over };
  }

  /** What it waits for comes true. */
  completes(): void {
    completeAt(this.at + NEVER);
  }
}

/** Runs on an isolate of its own. */
export const farAway = threadfn(import.meta, 'farAway', async ({ at }: { at: number }) => void fetchAdd(at, 1), { isolate: 'own' });

/** Two words that go to and fro, and the other's task (address and pid). */
export interface Exchange {
  readonly mine: number;
  readonly yours: number;
  readonly peer: number;
  readonly rounds: number;
}

/** `rounds` times: sends SIGUSR1 to the other and sleeps until one came. What it sent last stands in `yours`. */
export const correspondent = behaviour<Exchange>(import.meta, 'correspondent', async ({ mine, yours, peer, rounds }) => {
  allowSignal(SIGUSR1);
  store(yours, -1);
  while (load(peer) === 0 || load(mine) === 0) await schedule();
  const other = new Task(load(peer), load(peer + 4));
  for (let round = 1; round <= rounds; round++) {
    store(yours, round);
    sendSig(SIGUSR1, other, true);
    while (load(mine) < round) {
      for (setCurrentState(TASK_INTERRUPTIBLE); !signalPending(); setCurrentState(TASK_INTERRUPTIBLE)) await schedule();
      setCurrentState(TASK_RUNNING);
      if (kernelDequeueSignal() !== SIGUSR1) return -1;
    }
  }
  return rounds;
}, ({ mine, yours, peer, rounds }) => {
  allowSignal(SIGUSR1);
  store(yours, -1);
  while (load(peer) === 0 || load(mine) === 0) scheduleTimeoutUninterruptibleSync(1);
  const other = new Task(load(peer), load(peer + 4));
  for (let round = 1; round <= rounds; round++) {
    store(yours, round);
    sendSig(SIGUSR1, other, true);
    while (load(mine) < round) {
      for (setCurrentState(TASK_INTERRUPTIBLE); !signalPending(); setCurrentState(TASK_INTERRUPTIBLE)) scheduleSync();
      setCurrentState(TASK_RUNNING);
      if (kernelDequeueSignal() !== SIGUSR1) return -1;
    }
  }
  return rounds;
});

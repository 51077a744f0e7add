/**
 * The storm: threads of both kinds that create, wake, park and stop other threads at random, and wake those of others too.
 * What each of them did is checked at once; whatever does not fit counts as a violation. One algorithm, two drivers.
 */
import { cas, fetchAdd, load, store } from '../lib/atomic.js';
import { EINTR } from '../lib/errno.js';
import { behaviour } from './kinds.fixture.js';
import {
  getTaskStruct, kthreadCreate, kthreadCreateOnCpu, kthreadCreateSync, kthreadPark, kthreadParkSync, kthreadParkme, kthreadParkmeSync, kthreadShouldPark, kthreadShouldStop, kthreadStopPut, kthreadStopSignal,
  kthreadStopSync, kthreadUnpark, putTaskStruct, threadfn, wakeUpProcess, type ThreadFn,
} from './kthread.js';
import { Task, current } from './sched/handle.js';
import { condResched, condReschedSync } from './sched/core.js';
import { scheduleTimeoutInterruptible, scheduleTimeoutInterruptibleSync, scheduleTimeoutUninterruptible, scheduleTimeoutUninterruptibleSync } from './time/sleep.js';

/** Words at the start of the storm's memory; after them one word of rounds for each rioter, the victims, the pids. */
export const OVER = 0, VIOLATIONS = 4, CREATED = 8, RAN = 12, WHAT = 16, ROUNDS = 64;
const VICTIMS = 256, NR_VICTIMS = 64;
const PIDS = VICTIMS + NR_VICTIMS * 8, NR_PIDS = 1 << 16;
export const STORM_WORDS = (PIDS + NR_PIDS * 4) / 4;
/** What went wrong first, by number, in WHAT. */
export const VIOLATION = Object.freeze({ twice: 1, pid: 2, value: 3, calls: 4, threw: 5, park: 6 });

interface Order {
  readonly at: number;
  /** Its own word: how often its function was called. */
  readonly calls: number;
  readonly value: number;
}

function violate(at: number, what: number): void {
  fetchAdd(at + VIOLATIONS, 1);
  cas(at + WHAT, 0, what);
}

/** Every thread of the storm says that it began, under a pid that nobody else has meanwhile. */
function begin({ at, calls }: Order): number {
  if (fetchAdd(calls, 1) !== 0) violate(at, VIOLATION.twice);
  fetchAdd(at + RAN, 1);
  const { pid } = current();
  const slot = at + PIDS + (pid % NR_PIDS) * 4;
  if (cas(slot, 0, pid) !== 0) violate(at, VIOLATION.pid);
  return slot;
}

/** Sleeps, parks, sleeps, until it is asked to stop. */
const patient = behaviour<Order>(import.meta, 'patient', async (order) => {
  const slot = begin(order);
  for (let n = order.value; !kthreadShouldStop(); n = (n * 5 + 1) & 0xff) {
    if (kthreadShouldPark()) await kthreadParkme();
    if (n % 3 === 0) await scheduleTimeoutUninterruptible(n % 7);
    else if (n % 3 === 1) await scheduleTimeoutInterruptible(n);
    else await condResched();
  }
  store(slot, 0);
  return order.value;
}, (order) => {
  const slot = begin(order);
  for (let n = order.value; !kthreadShouldStop(); n = (n * 5 + 1) & 0xff) {
    if (kthreadShouldPark()) kthreadParkmeSync();
    if (n % 3 === 0) scheduleTimeoutUninterruptibleSync(n % 7);
    else if (n % 3 === 1) scheduleTimeoutInterruptibleSync(n);
    else condReschedSync();
  }
  store(slot, 0);
  return order.value;
});

/** Ends by itself. */
const brief = behaviour<Order>(import.meta, 'brief', async (order) => {
  store(begin(order), 0);
  return order.value;
}, (order) => {
  store(begin(order), 0);
  return order.value;
});

/** Hears of the stop by its AbortSignal only. */
const signalled = threadfn(import.meta, 'signalled', async (order: Order) => {
  const slot = begin(order);
  const signal = kthreadStopSignal();
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  store(slot, 0);
  return order.value;
});

/** What a rioter does to others, in its own spelling. */
interface Spelling {
  create(fn: ThreadFn<Order>, order: Order, cpu: number): Task | Promise<Task>;
  stopPut(task: Task): number | Promise<number>;
  park(task: Task): number | Promise<number>;
  sleep(jiffies: number): number | Promise<number>;
}

const AWAITED: Spelling = {
  create: (fn, order, cpu) => (cpu < 0 ? kthreadCreate(fn, order, 'riot/%d', order.value) : kthreadCreateOnCpu(fn, order, cpu, 'riot%u')),
  stopPut: kthreadStopPut,
  park: kthreadPark,
  sleep: scheduleTimeoutInterruptible,
};
const BLOCKING: Spelling = {
  create: (fn, order) => kthreadCreateSync(fn, order, 'riot/%d', order.value),
  stopPut(task) {
    const value = kthreadStopSync(task);
    putTaskStruct(task);
    return value;
  },
  park: kthreadParkSync,
  sleep: scheduleTimeoutInterruptibleSync,
};

interface Mine {
  readonly task: Task;
  readonly order: Order;
  /** It parks when asked: parking another would wait for ever. */
  readonly parks: boolean;
}

export interface Riot {
  readonly at: number;
  /** Which rioter it is. */
  readonly index: number;
  readonly seed: number;
  /** 16 words for the calls of a batch. */
  readonly calls: number;
}

const BATCH_MAX = 12;
const PLAIN_MAX = 2;

/** Rounds of creating a batch, meddling with it and with others, and stopping it, until the storm is over. */
function* riot({ at, index, seed, calls }: Riot, say: Spelling): Generator<unknown, number, never> {
  const random = randomFrom(seed);
  let rounds = 0;
  for (; load(at + OVER) === 0; rounds++) {
    const batch: Mine[] = [];
    const size = 1 + random(BATCH_MAX);
    for (let i = 0, plain = 0; i < size; i++) {
      const order: Order = { at, calls: calls + i * 4, value: random(256) };
      store(order.calls, 0);
      const dice = random(10);
      const isPlain = dice < 2 && plain++ < PLAIN_MAX;
      const what = dice === 9 ? signalled : (dice % 3 === 0 ? brief : patient)[isPlain ? 'plain' : 'shared'];
      const task: Task = yield say.create(what, order, isPlain ? -1 : random(3) - 1);
      getTaskStruct(task);
      fetchAdd(at + CREATED, 1);
      batch.push({ task, order, parks: what === patient.shared || what === patient.plain });
      if (random(2) === 0) wakeUpProcess(task);
      showVictim(at, random(NR_VICTIMS), task);
    }
    for (let n = random(20); n > 0; n--) yield* meddle(at, batch[random(size)], random, say);
    while (batch.length > 0) yield* settle(at, batch.splice(random(batch.length), 1)[0], say);
    store(at + ROUNDS + index * 4, rounds + 1);
  }
  return rounds;
}

function* meddle(at: number, { task, parks }: Mine, random: (below: number) => number, say: Spelling): Generator<unknown, void, never> {
  switch (random(6)) {
    case 0:
      wakeUpProcess(task);
      break;
    case 1:
      kthreadUnpark(task);
      break;
    case 2: {
      if (!parks) break;
      const result: number = yield say.park(task);
      if (result !== 0) violate(at, VIOLATION.park);
      else if (task.state !== 'P') violate(at, VIOLATION.park);
      kthreadUnpark(task);
      break;
    }
    case 3:
      yield say.sleep(random(2));
      break;
    default:
      wakeUpProcess(victim(at, random(NR_VICTIMS)));
  }
}

/** Stops one and checks: it ran once and gave its value, or never and gave -EINTR. */
function* settle(at: number, { task, order }: Mine, say: Spelling): Generator<unknown, void, never> {
  let value: number;
  try {
    value = yield say.stopPut(task);
  } catch {
    return violate(at, VIOLATION.threw);
  }
  const ran = load(order.calls);
  if (value === -EINTR && ran === 0) return;
  if (value !== order.value) violate(at, VIOLATION.value);
  if (ran !== 1) violate(at, VIOLATION.calls);
}

/** Handles that anybody may wake, also long after the thread is gone. Address and pid need not belong together: a handle looks. */
function showVictim(at: number, n: number, { addr, pid }: Task): void {
  store(at + VICTIMS + n * 8, addr);
  store(at + VICTIMS + n * 8 + 4, pid);
}

const victim = (at: number, n: number): Task => new Task(load(at + VICTIMS + n * 8) || at, load(at + VICTIMS + n * 8 + 4) || -1);

/** A rioter, for a thread of either kind. */
export const rioter = behaviour<Riot>(import.meta, 'rioter', riotAwaiting, (order) => {
  const course = riot(order, BLOCKING);
  let step = course.next();
  while (!step.done) step = course.next(step.value as never);
  return step.value;
});

export async function riotAwaiting(order: Riot): Promise<number> {
  const course = riot(order, AWAITED);
  let step = course.next();
  while (!step.done) {
    try {
      step = course.next((await step.value) as never);
    } catch (error) {
      step = course.throw(error);
    }
  }
  return step.value;
}

/** The same numbers for the same seed (xorshift). */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/**
 * Every way of waiting as one thing: sleep until there is a token, and take it; and of waking: put one, and tell. With
 * threads that do either and stop, or die, before one of their accesses to shared memory. For the tests of orders and of
 * deaths. It asserts nothing by itself.
 */
import { cas, fetchAdd, futexWait, load, store, witnessAccesses } from '../../lib/atomic.js';
import { behaviour, words } from '../kinds.fixture.js';
import { SEMAPHORE, downInterruptible, downInterruptibleSync, newSemaphore, up, type Semaphore } from '../locking/semaphore.js';
import { signalPending } from '../signal.js';
import { complete, newCompletion, waitForCompletionInterruptible, waitForCompletionInterruptibleSync, type Completion } from './completion.js';
import { schedule, scheduleSync } from './core.js';
import { newSwaitQueueHead, swaitEventInterruptibleExclusive, swaitEventInterruptibleExclusiveSync, swakeUpOne, type SwaitQueueHead } from './swait.js';
import { TASK_INTERRUPTIBLE } from './task.js';
import {
  addWaitQueueExclusive, autoremoveWakeFunction, defineWait, defineWaitFunc, finishWait, newWaitQueueHead, prepareToWaitEvent, removeWaitQueue, waitWoken, waitWokenSync, waitqueueActive, wakeUp, wokenWakeFunction, type WaitEntry,
  type WaitQueueHead,
} from './wait.js';
import { clearAndWakeUpBit, waitOnBitLock, waitOnBitLockSync, waitVarEventInterruptible, waitVarEventInterruptibleSync, wakeUpVar } from './wait_bit.js';
import { waitEventInterruptible, waitEventInterruptibleExclusive, waitEventInterruptibleExclusiveSync, waitEventInterruptibleSync } from './wait_event.js';
import { WQ_FLAG_EXCLUSIVE } from './wait_queue.js';

/** Tokens, and as a bit: clear while there is one. */
const TOKENS = 0, LOCKED = 4, PLACE_WORDS = 2;

/** Where one waits: a queue or the like, and the tokens. */
export interface Place<Q = never> {
  readonly q: Q;
  readonly at: number;
}

/** A way of waiting for a token: 0, or less if a signal ended it. Each wakes one waiter for one token, if it can. */
export interface Way<Q = never> {
  make(): Q;
  wait(place: Place<Q>): Promise<number>;
  waitSync(place: Place<Q>): number;
  wake(place: Place<Q>): void;
  left(place: Place<Q>): number;
}

const way = <Q>(table: Partial<Way<Q>> & Pick<Way<Q>, 'make' | 'wait' | 'waitSync' | 'wake'>): Way => ({ left: ({ at }) => load(at + TOKENS), ...table }) as Way<unknown> as Way;

const put = (at: number): void => void fetchAdd(at + TOKENS, 1);

function take(at: number): boolean {
  for (let tokens = load(at + TOKENS); tokens > 0; tokens = load(at + TOKENS)) if (cas(at + TOKENS, tokens, tokens - 1) === tokens) return true;
  return false;
}

/** By hand; ends a round with each yield, when its caller shall sleep. */
function* byHand({ q, at }: Place<WaitQueueHead>, entry: WaitEntry): Generator<void, number> {
  entry.flags |= WQ_FLAG_EXCLUSIVE;
  for (;;) {
    const signalled = prepareToWaitEvent(q, entry, TASK_INTERRUPTIBLE);
    if (take(at)) break;
    if (signalled !== 0) return -512;
    yield;
  }
  return 0;
}

const hand = (make: () => WaitEntry): Way => way<WaitQueueHead>({
  make: newWaitQueueHead,
  async wait(place) {
    const entry = make();
    const rounds = byHand(place, entry);
    let round = rounds.next();
    for (; !round.done; round = rounds.next()) await schedule();
    finishWait(place.q, entry);
    return round.value;
  },
  waitSync(place) {
    const entry = make();
    const rounds = byHand(place, entry);
    let round = rounds.next();
    for (; !round.done; round = rounds.next()) scheduleSync();
    finishWait(place.q, entry);
    return round.value;
  },
  wake: ({ q, at }) => (put(at), wakeUp(q)),
});

const LONG = 1_000_000;

export const WAYS = {
  wait_event: way<WaitQueueHead>({
    make: newWaitQueueHead,
    wait: ({ q, at }) => waitEventInterruptible(q, () => take(at)),
    waitSync: ({ q, at }) => waitEventInterruptibleSync(q, () => take(at)),
    wake: ({ q, at }) => (put(at), wakeUp(q)),
  }),
  'wait_event, exclusive': way<WaitQueueHead>({
    make: newWaitQueueHead,
    wait: ({ q, at }) => waitEventInterruptibleExclusive(q, () => take(at)),
    waitSync: ({ q, at }) => waitEventInterruptibleExclusiveSync(q, () => take(at)),
    wake: ({ q, at }) => (put(at), wakeUp(q)),
  }),
  'wait_event, woken if waitqueue_active': way<WaitQueueHead>({
    make: newWaitQueueHead,
    wait: ({ q, at }) => waitEventInterruptible(q, () => take(at)),
    waitSync: ({ q, at }) => waitEventInterruptibleSync(q, () => take(at)),
    wake({ q, at }) {
      put(at);
      if (waitqueueActive(q)) wakeUp(q);
    },
  }),
  swait_event: way<SwaitQueueHead>({
    make: newSwaitQueueHead,
    wait: ({ q, at }) => swaitEventInterruptibleExclusive(q, () => take(at)),
    waitSync: ({ q, at }) => swaitEventInterruptibleExclusiveSync(q, () => take(at)),
    wake: ({ q, at }) => (put(at), swakeUpOne(q)),
  }),
  wait_var_event: way<null>({
    make: () => null,
    wait: ({ at }) => waitVarEventInterruptible(at, () => take(at)),
    waitSync: ({ at }) => waitVarEventInterruptibleSync(at, () => take(at)),
    wake: ({ at }) => (put(at), wakeUpVar(at)),
  }),
  wait_on_bit_lock: way<null>({
    make: () => null,
    wait: ({ at }) => waitOnBitLock(at + LOCKED, 0, TASK_INTERRUPTIBLE),
    waitSync: ({ at }) => waitOnBitLockSync(at + LOCKED, 0, TASK_INTERRUPTIBLE),
    wake: ({ at }) => clearAndWakeUpBit(0, at + LOCKED),
    left: ({ at }) => 1 - (load(at + LOCKED) & 1),
  }),
  wait_woken: way<WaitQueueHead>({
    make: newWaitQueueHead,
    async wait({ q, at }) {
      const entry = defineWaitFunc(wokenWakeFunction);
      addWaitQueueExclusive(q, entry);
      let took = take(at);
      for (; !took && !signalPending(); took = take(at)) await waitWoken(entry, TASK_INTERRUPTIBLE, LONG);
      removeWaitQueue(q, entry);
      return took ? 0 : -512;
    },
    waitSync({ q, at }) {
      const entry = defineWaitFunc(wokenWakeFunction);
      addWaitQueueExclusive(q, entry);
      let took = take(at);
      for (; !took && !signalPending(); took = take(at)) waitWokenSync(entry, TASK_INTERRUPTIBLE, LONG);
      removeWaitQueue(q, entry);
      return took ? 0 : -512;
    },
    wake: ({ q, at }) => (put(at), wakeUp(q)),
  }),
  prepare_to_wait: hand(defineWait),
  'a wake function of the waiter': hand(() => defineWaitFunc((entry, mode, flags, key) => autoremoveWakeFunction(entry, mode, flags, key))),
  completion: way<Completion>({
    make: newCompletion,
    wait: ({ q }) => waitForCompletionInterruptible(q),
    waitSync: ({ q }) => waitForCompletionInterruptibleSync(q),
    wake: ({ q }) => complete(q),
    left: ({ q }) => q.done,
  }),
  semaphore: way<Semaphore>({
    make: () => newSemaphore(0),
    wait: ({ q }) => downInterruptible(q),
    waitSync: ({ q }) => downInterruptibleSync(q),
    wake: ({ q }) => up(q),
    left: ({ q }) => load(q.addr + SEMAPHORE.count),
  }),
};
export type WayName = keyof typeof WAYS;
export const WAY_NAMES = Object.keys(WAYS) as WayName[];

/** A place with nothing to be had. */
export function newPlace(of: WayName): Place {
  const at = words(PLACE_WORDS);
  store(at + LOCKED, 1);
  return { q: WAYS[of].make(), at };
}

/** Words of a subject: whether it has begun, and whether it stands before its step (1) or may go on (2). */
export const BEGUN = 0, STOPPED = 4, SEEN_WORDS = 2;

export interface Subject {
  readonly of: WayName;
  readonly does: 'wait' | 'wake';
  readonly place: Place;
  /** It stops, or dies, right before this access of its isolate, counted from 1; 0: never. */
  readonly step: number;
  readonly how: 'stop' | 'die';
  /** Words: see above. */
  readonly seen: number;
}

/** From here on accesses count. To look again at what it looked at last is none; nor, for one that dies, is a load. */
function begin({ step, how, seen }: Subject): void {
  let last = '';
  let accesses = 0;
  store(seen + BEGUN, 1);
  witnessAccesses((op, addr) => {
    if (`${op} ${addr}` === last || (how === 'die' && op === 'load')) return;
    last = `${op} ${addr}`;
    if (++accesses !== step) return;
    witnessAccesses(undefined);
    cas(seen + STOPPED, 0, 1);
    if (how === 'die') die();
    while (load(seen + STOPPED) === 1) futexWait(seen + STOPPED, 1, 1);
  });
}

function die(): never {
  process.exit(0);
  for (;;) continue; // It ends a moment later.
}

function end(result: number): number {
  witnessAccesses(undefined);
  return result;
}

/** Waits or wakes, once. Returns what that gave. */
export const subject = behaviour<Subject>(import.meta, 'subject', async (data) => {
  const { wait, wake } = WAYS[data.of];
  begin(data);
  if (data.does === 'wait') return end(await wait(data.place));
  wake(data.place);
  return end(0);
}, (data) => {
  const { waitSync, wake } = WAYS[data.of];
  begin(data);
  if (data.does === 'wait') return end(waitSync(data.place));
  wake(data.place);
  return end(0);
});

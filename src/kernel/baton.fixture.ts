/**
 * A baton for litmus tests on the real machine: holds an isolate right before one access to shared memory until the test says
 * go, so that an order of events which needs luck otherwise comes about every time.
 */
import { futexWait, futexWake, load, store, witnessAccesses } from '../lib/atomic.js';

/** Words of a baton: whether the isolate stands there, and whether it may go on. */
const REACHED = 0, GO = 4;
export const BATON_WORDS = 2;

/** From now on this isolate stops before its `nth` access `op` (a name of lib/atomic: 'cas', 'store', ...) to the word at `addr`. Once. */
export function holdAt(baton: number, op: string, addr: number, nth = 1): void {
  let left = nth;
  witnessAccesses((did, where) => {
    if (did !== op || where !== addr || --left > 0) return;
    witnessAccesses(undefined);
    store(baton + REACHED, 1);
    while (load(baton + GO) === 0) futexWait(baton + GO, 0, 1000);
  });
}

/** The same before its `step`-th access, whatever that is; 0: never. Returns how to end it and learn the number of accesses so far. */
export function holdBefore(baton: number, step: number): () => number {
  let accesses = 0;
  witnessAccesses(() => {
    if (++accesses !== step) return;
    witnessAccesses(undefined);
    store(baton + REACHED, 1);
    while (load(baton + GO) === 0) futexWait(baton + GO, 0, 1000);
  });
  return () => {
    witnessAccesses(undefined);
    return accesses;
  };
}

/** Whether the isolate stands before its access. */
export const isHeld = (baton: number): boolean => load(baton + REACHED) === 1;

/** Lets it go on, now or when it comes there. */
export function release(baton: number): void {
  store(baton + GO, 1);
  futexWake(baton + GO, 1);
}

/** From now on the isolate's OS thread ends before its `nth` access that is no mere load, whatever it is in the middle of: a crash that can be repeated. It lives if an access comes first that `survives`. */
export function dieAt(nth: number, survives: (op: string, addr: number) => boolean = () => false): void {
  let left = nth;
  witnessAccesses((op, addr) => {
    if (op === 'load') return;
    if (survives(op, addr)) return witnessAccesses(undefined);
    if (--left > 0) return;
    witnessAccesses(undefined);
    process.exit(13);
    for (;;) continue; // It is noticed a moment later.
  });
}

/**
 * The one door to memory that several CPUs touch at once: every access here is sequentially consistent, so a store
 * before a load stays before it on every CPU. No other file names `Atomics`.
 *
 * All addresses are bytes, 4-aligned; all values are signed 32-bit words.
 */
import { i32 } from './memory.js';

/** Told of every access before it happens. Tests hand out a baton here, one access at a time, to drive an interleaving. */
let witness: ((op: string, addr: number) => void) | undefined;

/** Installs (or with undefined removes) the listener of every access. It costs one predictable branch an access. */
export function witnessAccesses(listener: typeof witness): void {
  witness = listener;
}

export function load(addr: number): number {
  if (witness) witness('load', addr);
  return Atomics.load(i32, addr >> 2);
}

export function store(addr: number, value: number): void {
  if (witness) witness('store', addr);
  Atomics.store(i32, addr >> 2, value);
}

/** Compare and exchange: stores `next` if the word is `seen`. Returns the word as it was: `seen` means it was done. */
export function cas(addr: number, seen: number, next: number): number {
  if (witness) witness('cas', addr);
  return Atomics.compareExchange(i32, addr >> 2, seen, next);
}

/** Stores `next`, returns the word as it was. */
export function xchg(addr: number, next: number): number {
  if (witness) witness('xchg', addr);
  return Atomics.exchange(i32, addr >> 2, next);
}

/** Adds, returns the word as it was before. */
export function fetchAdd(addr: number, by: number): number {
  if (witness) witness('add', addr);
  return Atomics.add(i32, addr >> 2, by);
}

/** Sets bits, returns the word as it was before. */
export function fetchOr(addr: number, bits: number): number {
  if (witness) witness('or', addr);
  return Atomics.or(i32, addr >> 2, bits);
}

/** Keeps only `bits`, returns the word as it was before. */
export function fetchAnd(addr: number, bits: number): number {
  if (witness) witness('and', addr);
  return Atomics.and(i32, addr >> 2, bits);
}

/** Blocks this OS thread while the word is `seen`, at most `ms`. May return early for no reason: look again. */
export function futexWait(addr: number, seen: number, ms: number): void {
  if (witness) witness('wait', addr);
  Atomics.wait(i32, addr >> 2, seen, ms);
}

/** Wakes up to `count` OS threads that wait on the word, and resolves as many `futexWaitAsync`. Returns how many. */
export function futexWake(addr: number, count: number): number {
  if (witness) witness('wake', addr);
  return Atomics.notify(i32, addr >> 2, count);
}

/** A promise for the next wake of the word, or undefined if it is not `seen` any more. Never given a timeout: that leaks until it ends. */
export function futexWaitAsync(addr: number, seen: number): Promise<unknown> | undefined {
  if (witness) witness('waitAsync', addr);
  const wait = Atomics.waitAsync(i32, addr >> 2, seen);
  return wait.async ? wait.value : undefined;
}

const pause = (Atomics as { pause?: () => void }).pause; // Node 24 and later.

/** A breath between two looks in a spin loop. */
export function cpuRelax(): void {
  if (pause) pause();
}

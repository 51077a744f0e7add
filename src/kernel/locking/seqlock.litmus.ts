/**
 * A writer comes between any two accesses of a reader, and a reader between any two of a writer: what was read is whole, or
 * the reader is told to do it over. The drawing is in seqlock.ts.
 */
import { expect, test } from 'vitest';
import { load, store, witnessAccesses } from '../../lib/atomic.js';
import { words } from '../kinds.fixture.js';
import { oneMachine } from '../machine.fixture.js';
import { SEQLOCK, newSeqlock, readSeqbegin, readSeqretry, writeSeqlock, writeSequnlock, type SeqLock } from './seqlock.js';

oneMachine();

/** Two words that are right if they are opposites. */
interface Pair {
  readonly lock: SeqLock;
  readonly at: number;
}

function write({ lock, at }: Pair): void {
  writeSeqlock(lock);
  const n = load(at) + 1;
  store(at, n);
  store(at + 4, -n);
  writeSequnlock(lock);
}

/** What both words add up to; undefined if it is to be done over. */
function read({ lock, at }: Pair): number | undefined {
  const start = readSeqbegin(lock);
  const sum = load(at) + load(at + 4);
  return readSeqretry(lock, start) ? undefined : sum;
}

/** Does `one`, and `other` before its `step`-th access. Returns the accesses of the one. */
function between(step: number, one: () => void, other: () => void): number {
  let accesses = 0;
  witnessAccesses(() => {
    if (++accesses !== step) return;
    witnessAccesses(undefined);
    other();
    witnessAccesses(() => accesses++);
  });
  one();
  witnessAccesses(undefined);
  return accesses;
}

test('a writer comes between any two accesses of a reader', () => {
  using lock = newSeqlock();
  const pair = { lock, at: words(2) };
  const results: Array<number | undefined> = [];
  for (let step = 1, steps = 4; step <= steps; step++) steps = between(step, () => results.push(read(pair)), () => write(pair));
  expect(results).toEqual([0, undefined, undefined, undefined]); // Before its first access, and after it.
});

test('a reader comes between any two accesses of a writer', () => {
  using lock = newSeqlock();
  const pair = { lock, at: words(2) };
  const seen: Array<number | undefined | 'waits'> = [];
  const look = (): void => void seen.push((load(lock.addr + SEQLOCK.sequence) & 1) === 1 ? 'waits' : read(pair));
  for (let step = 1, steps = 4; step <= steps; step++) steps = between(step, () => write(pair), look);
  expect(seen.filter((sum) => sum !== 'waits').every((sum) => sum === 0)).toBe(true);
  expect(seen.filter((sum) => sum === 'waits').length).toBeGreaterThanOrEqual(4);
});

test('a reader begins before any access of a writer and ends after any later one: it never takes halves for whole', () => {
  using lock = newSeqlock();
  const pair = { lock, at: words(2) };
  let told = 0;
  for (let first = 1, steps = 4; first <= steps; first++) {
    for (let second = first; second <= steps; second++) {
      let start = -1;
      let sum = 0;
      let accesses = 0;
      const stop = (): void => {
        accesses++;
        if (accesses !== first && accesses !== second + 1) return;
        witnessAccesses(undefined);
        if (accesses === first && (load(lock.addr + SEQLOCK.sequence) & 1) === 0) {
          start = readSeqbegin(lock);
          sum = load(pair.at);
        }
        if (accesses === second + 1 && start >= 0) {
          sum += load(pair.at + 4);
          if (readSeqretry(lock, start)) told++;
          else expect(sum).toBe(0);
        }
        witnessAccesses(stop);
      };
      witnessAccesses(stop);
      write(pair);
      witnessAccesses(undefined);
      steps = accesses;
    }
  }
  expect(told).toBeGreaterThan(0);
});

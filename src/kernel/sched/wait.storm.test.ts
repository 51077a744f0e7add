/**
 * The storm over wait queues: 100,000 rounds for each pairing of thread kinds, in which one missed wake-up would leave
 * everybody asleep for ever.
 */
import { expect, test } from 'vitest';
import { load } from '../../lib/atomic.js';
import { until, words } from '../kinds.fixture.js';
import { kthreadStopPut } from '../kthread.js';
import { oneMachine } from '../machine.fixture.js';
import type { Task } from './handle.js';
import { PASSED, WORDS, consumer, producer } from './wait.fixture.js';
import { newWaitQueueHead } from './wait.js';
import { PAIRS, start } from './waiting.fixture.js';

oneMachine();

const ROUNDS = 100_000, CONSUMERS = 4, PATIENCE_MS = 300_000;

test.each(PAIRS)('T136 the producer sets the flag, then wakes; none of four consumers ever misses it: $pair', async ({ by, who }) => {
  const [q, back, at] = [newWaitQueueHead(), newWaitQueueHead(), words(WORDS)];
  const consumers: Task[] = [];
  for (let i = 0; i < CONSUMERS; i++) consumers.push(await start(who, consumer, { q, back, at }, `consumer/${i}`));
  const source = await start(by, producer, { q, back, at, rounds: ROUNDS }, 'producer');
  await until(() => source.state === 'X', 'the producer has seen everything consumed', PATIENCE_MS);
  expect(load(at + PASSED)).toBe(ROUNDS);
  let taken = 0;
  for (const task of [source, ...consumers]) taken += await kthreadStopPut(task);
  expect(taken).toBe(ROUNDS);
}, PATIENCE_MS);

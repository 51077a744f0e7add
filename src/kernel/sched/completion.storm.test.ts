/**
 * The storm over completions: 100,000 rounds for each pairing of thread kinds, in which a lost completion would leave both
 * asleep for ever, and a store that is seen too late would be counted.
 */
import { expect, test } from 'vitest';
import { words } from '../kinds.fixture.js';
import { oneMachine } from '../machine.fixture.js';
import { newCompletion } from './completion.js';
import { WORDS, sink, source, trader } from './wait_more.fixture.js';
import { PAIRS, end, start } from './waiting.fixture.js';

oneMachine();

const ROUNDS = 50_000, PATIENCE_MS = 300_000; // Each round is one completion there and one back.

test.each(PAIRS)('T165 what was written before complete() is seen after the wait: $pair', async ({ by, who }) => {
  const [ping, pong, at] = [newCompletion(), newCompletion(), words(WORDS)];
  const second = await start(who, trader, { mine: pong, other: ping, at, rounds: ROUNDS, first: false }, 'second');
  const first = await start(by, trader, { mine: ping, other: pong, at, rounds: ROUNDS, first: true }, 'first');
  expect([await end(first, PATIENCE_MS), await end(second, PATIENCE_MS)]).toEqual([0, 0]);
  expect([ping.done, pong.done]).toEqual([1, 0]);
}, PATIENCE_MS);

const MILLION = 1_000_000;
test.each(PAIRS)('T259 a million completions for a million waits: all pass, and none is left over: $pair', async ({ by, who }) => {
  const done = newCompletion();
  const taker = await start(who, sink, { done, rounds: MILLION }, 'sink');
  const giver = await start(by, source, { done, rounds: MILLION }, 'source');
  expect([await end(giver, PATIENCE_MS), await end(taker, PATIENCE_MS), done.done]).toEqual([MILLION, MILLION, 0]);
}, PATIENCE_MS);

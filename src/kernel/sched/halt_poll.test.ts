// Looking before sleeping: it ends at once when the word is as wanted, costs a bounded time when not, and is given up.
import { beforeEach, expect, test } from 'vitest';
import { store } from '../../lib/atomic.js';
import { bareMachine, clock } from '../bare.fixture.js';
import { kzalloc } from '../mm/slab.js';
import { sysctlWord } from '../sysctl.js';
import { HaltPoll } from './halt_poll.js';

let word = 0;
let asked = 0;
beforeEach(() => {
  bareMachine();
  Object.defineProperty(clock, 'now', { get: () => (asked += 1) / 1024, set: () => {}, configurable: true }); // About a microsecond later each time.
  store(sysctlWord('kernel.halt_poll_us'), 50);
  word = kzalloc(16);
});

test('a word that is as wanted is seen at the first look, whatever its other bits are', () => {
  store(word, 0b101);
  expect([new HaltPoll().until(word, 0b11, 0b01), new HaltPoll().until(word, -1, 0b101)]).toEqual([true, true]);
});

test('after three looks in vain only one wait in 64 looks, until one pays', () => {
  const poll = new HaltPoll();
  store(word, 0);
  for (let i = 0; i < 3; i++) {
    const before = asked;
    expect(poll.until(word, 1, 1)).toBe(false);
    expect(asked - before).toBe([12, 42, 53][i]); // After a look in vain comes a longer one.
  }
  store(word, 1);
  const tries = Array.from({ length: 64 }, () => poll.until(word, 1, 1));
  expect([tries.indexOf(true), tries.slice(tries.indexOf(true)).every(Boolean)]).toEqual([60, true]);
});

test('kernel.halt_poll_us 0 forbids it', () => {
  store(word, 1);
  store(sysctlWord('kernel.halt_poll_us'), 0);
  expect(new HaltPoll().until(word, 1, 1)).toBe(false);
});

/**
 * The timer wheel alone, against a list that keeps everything in order: what fires when, for delays of a tick up to days, with
 * timers cancelled and armed in between, also by those that fire.
 */
import { expect, test } from 'vitest';
import { TimerWheel, type Timer } from './timer.js';

/** A timer that notes when it fired. */
class Noted implements Timer {
  due = 0;
  prev: Timer | null = null;
  next: Timer | null = null;
  fired = 0;
  constructor(private readonly onFire: (timer: Noted) => void) {}

  expire(): void {
    this.fired++;
    this.onFire(this);
  }
}

/** Numbers that look random and are the same each time. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) >> 4; // The low bits repeat soon.
}

const SPANS = [1, 255, 256, 257, 16_383, 16_384, 16_385, 1 << 20, (1 << 20) + 1, 1 << 26, (1 << 26) + 1, 2 ** 31, 2 ** 32, 2 ** 33];

test.each(SPANS)('a timer %d ticks ahead fires at its tick, not before', (span) => {
  for (const base of [0, 1, 255, 12_345, 2 ** 32 - 7]) {
    const wheel = new TimerWheel(base);
    let at = -1;
    let now = base;
    const timer = new Noted(() => { at = now; });
    wheel.add(timer, base + span);
    for (let looks = 0; at < 0; looks++) {
      now = wheel.nextEvent();
      expect([now <= base + span, looks < 40]).toEqual([true, true]);
      wheel.run(now - 0.5);
      expect(at).toBe(-1);
      wheel.run(now);
    }
    expect([at, wheel.count, wheel.nextEvent()]).toEqual([base + span, 0, Infinity]);
  }
});

test.each([1, 2, 3, 4, 5])('a thousand timers, armed, cancelled and moved at random, fire in order: seed %d', (seed) => {
  const random = numbers(seed);
  let now = random();
  const wheel = new TimerWheel(now);
  const fired: Noted[] = [];
  const armed = new Set<Noted>();
  const timers = Array.from({ length: 1000 }, () => new Noted((timer) => {
    expect([timer.due <= now, armed.delete(timer)]).toEqual([true, true]);
    fired.push(timer);
    if (random() % 5 === 0) arm(timer);
  }));
  const delay = (): number => random() % [10, 300, 20_000, 2_000_000][random() % 4];
  const arm = (timer: Noted): void => {
    wheel.add(timer, now + delay());
    armed.add(timer);
  };
  for (let round = 0; round < 3000; round++) {
    const timer = timers[random() % timers.length];
    if (!armed.has(timer)) arm(timer);
    else if (random() % 3 === 0) expect([wheel.cancel(timer), armed.delete(timer), wheel.cancel(timer)]).toEqual([true, true, false]);
    if (random() % 4 === 0) {
      now += delay();
      const over = [...armed].filter(({ due }) => due <= now);
      fired.length = 0;
      wheel.run(now);
      expect(over.filter((other) => !fired.includes(other)).length).toBe(0);
    }
    expect(wheel.count).toBe(armed.size);
  }
  expect([wheel.clear(), wheel.count, timers.every(({ next }) => next === null)]).toEqual([armed.size, 0, true]);
});

test('a timer armed by one that fires, for a time that is over, fires in the same run and not in the same round', () => {
  const wheel = new TimerWheel(100);
  const order: string[] = [];
  const second = new Noted(() => order.push('second'));
  wheel.add(new Noted(() => {
    order.push('first');
    wheel.add(second, 50);
  }), 105);
  wheel.add(new Noted(() => order.push('beside')), 105);
  wheel.run(110);
  expect([order, wheel.count]).toEqual([['first', 'beside', 'second'], 0]);
});

test('what is left when time is over stays armed, in its order, before what is armed meanwhile, and can be cancelled', () => {
  const wheel = new TimerWheel(250);
  const order: number[] = [];
  const timers = [1, 2, 3, 4, 5].map((name) => new Noted(() => void order.push(name)));
  for (const timer of timers.slice(0, 4)) wheel.add(timer, 256); // Where the wheel also looks at the level above.
  const firing = (times: number) => () => times-- === 0;
  wheel.run(300, firing(2));
  expect([order, wheel.count, wheel.nextEvent()]).toEqual([[1, 2], 2, 256]);
  wheel.add(timers[4], 100);
  wheel.cancel(timers[2]);
  wheel.run(300, firing(0));
  wheel.run(300);
  expect([order, wheel.count, wheel.nextEvent()]).toEqual([[1, 2, 4, 5], 0, Infinity]);
});

test('a million timers at a time: each is armed, moved and cancelled by itself, and the rest fire, none early', { timeout: 120_000 }, () => {
  const random = numbers(7);
  const wheel = new TimerWheel(0);
  let now = 0;
  let late = 0;
  let fired = 0;
  const timers = Array.from({ length: 1_000_000 }, () => new Noted(({ due }) => {
    fired++;
    if (due > now) late++;
  }));
  for (const timer of timers) wheel.add(timer, 1 + (random() % 3_600_000)); // Within an hour.
  expect(wheel.count).toBe(1_000_000);
  for (let i = 0; i < timers.length; i += 2) wheel.cancel(timers[i]);
  for (let i = 0; i < timers.length; i += 4) wheel.add(timers[i], 1 + (random() % 3_600_000));
  expect(wheel.count).toBe(750_000);
  for (now = 600_000; now <= 3_600_000; now += 600_000) wheel.run(now);
  expect([fired, late, wheel.count, timers.filter((timer) => timer.fired > 1).length]).toEqual([750_000, 0, 0, 0]);
});

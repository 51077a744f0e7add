/**
 * The timer wheel of one isolate: arming and cancelling cost the same however many timers there are. It keeps time in
 * ticks of 1 ms since boot and is driven by whoever runs the isolate: its event loop, or its blocked thread.
 *
 * Five levels: 256 slots of one tick, then 64 slots each of 2^8, 2^14, 2^20 and 2^26 ticks. A timer lies on the lowest
 * level that reaches it; when the wheel arrives at a slot of a higher level, its timers move down. So a timer moves at
 * most four times and never fires early. A bitmap of used slots tells where the next event is: nothing ticks in between.
 */

/** Something that happens at tick `due`. In a circular list of its slot while it is armed. */
export interface Timer {
  due: number;
  prev: Timer | null;
  next: Timer | null;
  expire(): void;
}

const LEVELS = 5;
const SHIFT = [0, 8, 14, 20, 26];
const UNIT = SHIFT.map((shift) => 2 ** shift);
const SLOTS = [256, 64, 64, 64, 64];
const MAX_DELTA = 2 ** 32 - 1;

class Slot implements Timer {
  due = 0;
  prev: Timer = this;
  next: Timer = this;
  expire(): void {}
}

export class TimerWheel {
  private base: number;
  private readonly slots = SLOTS.map((n) => Array.from({ length: n }, () => new Slot()));
  private readonly used = SLOTS.map((n) => new Int32Array(n / 32));
  /** Armed timers. */
  count = 0;

  constructor(now: number) {
    this.base = Math.floor(now);
  }

  /** Arms `timer` for the first tick at or after `when` (ms since boot). It must not be armed. */
  add(timer: Timer, when: number): void {
    timer.due = Math.ceil(when);
    this.place(timer);
    this.count++;
  }

  /** Disarms `timer`. Returns whether it was armed. */
  cancel(timer: Timer): boolean {
    if (timer.next === null) return false;
    unlink(timer);
    this.count--;
    return true; // Its slot's bit may stay: nextEvent() then visits an empty slot once.
  }

  /** Disarms all timers. Returns how many there were. Where there are any, a walk of all slots. */
  clear(): number {
    const { count } = this;
    if (count > 0) for (const slot of this.slots.flat()) while (slot.next !== slot) this.cancel(slot.next);
    return count;
  }

  /**
   * Fires everything due at `now` (ms since boot), or what it can until `stop` says so, which is asked before each; the rest stays
   * armed. A timer armed meanwhile for the past fires in the same call, behind those of this tick.
   */
  run(now: number, stop: () => boolean = () => false): void {
    const tick = Math.floor(now);
    for (let event = this.nextEvent(); event <= tick; event = this.nextEvent()) {
      this.base = event;
      if ((event & 255) === 0) for (let level = LEVELS - 1; level > 0; level--) if (event % UNIT[level] === 0) this.cascade(level);
      if (!this.expireSlot(event & 255, stop)) return;
    }
    this.base = Math.max(this.base, tick);
  }

  /** The tick at which something may be due, Infinity when nothing is armed. Early for a moved or cancelled timer, never late. */
  nextEvent(): number {
    if (this.count === 0) return Infinity;
    const cascade = (Math.floor(this.base / UNIT[1]) + 1) * UNIT[1]; // No higher level has an event before.
    let best = Infinity;
    for (let level = 0; level < LEVELS && best > cascade; level++) {
      const current = Math.floor(this.base / UNIT[level]);
      const from = level === 0 ? current : current + 1;
      const ahead = distanceToBit(this.used[level], from & (SLOTS[level] - 1), SLOTS[level]);
      if (ahead >= 0) best = Math.min(best, (from + ahead) * UNIT[level]);
    }
    return best;
  }

  private place(timer: Timer): void {
    const at = Math.min(Math.max(timer.due, this.base), this.base + MAX_DELTA);
    let level = 0;
    while (level < LEVELS - 1 && Math.floor(at / UNIT[level]) - Math.floor(this.base / UNIT[level]) >= SLOTS[level]) level++;
    const index = Math.floor(at / UNIT[level]) & (SLOTS[level] - 1);
    const slot = this.slots[level][index];
    this.used[level][index >> 5] |= 1 << (index & 31);
    timer.prev = slot.prev;
    timer.next = slot;
    slot.prev.next = timer;
    slot.prev = timer;
  }

  /** Moves the timers of the slot that begins at base down: each to another slot. */
  private cascade(level: number): void {
    const index = Math.floor(this.base / UNIT[level]) & (SLOTS[level] - 1);
    const slot = this.slots[level][index];
    for (let timer = slot.next; timer !== slot; timer = slot.next) {
      unlink(timer);
      this.place(timer);
    }
    this.used[level][index >> 5] &= ~(1 << (index & 31));
  }

  /** Whether all of them fired. */
  private expireSlot(index: number, stop: () => boolean): boolean {
    const slot = this.slots[0][index];
    for (let timer = slot.next; timer !== slot; timer = slot.next) {
      if (stop()) return false;
      this.cancel(timer);
      timer.expire();
    }
    this.used[0][index >> 5] &= ~(1 << (index & 31));
    return true;
  }
}

/** Takes an armed timer out of its list. */
function unlink(timer: Timer): void {
  timer.prev!.next = timer.next;
  timer.next!.prev = timer.prev;
  timer.prev = timer.next = null;
}

/** Slots from `from` on, around, to the first whose bit is set: 0 for `from` itself, -1 when none is. */
function distanceToBit(words: Int32Array, from: number, size: number): number {
  for (let step = 0; step <= words.length; step++) {
    const word = ((from >> 5) + step) & (words.length - 1);
    let bits = words[word];
    if (step === 0) bits &= -1 << (from & 31);
    else if (step === words.length) bits &= ~(-1 << (from & 31));
    if (bits !== 0) return (word * 32 + 31 - Math.clz32(bits & -bits) - from + size) & (size - 1);
  }
  return -1;
}

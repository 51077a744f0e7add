/**
 * What readers of the ring find while others write, overwrite and die in the middle of it. Levels and formats are tested
 * in printk.test.ts.
 */
import { Worker } from 'node:worker_threads';
import { beforeEach, expect, test } from 'vitest';
import { load, store, futexWake, witnessAccesses } from '../../lib/atomic.js';
import { bareMachine, clock, joinBare, killIsolate } from '../bare.fixture.js';
import { LOG_TEXT_AT, MACHINE, machineWord } from '../memlayout.js';
import { LOG_BUF_LEN, LOG_LINE_MAX, LOG_RECORDS } from '../param.js';
import { LOG_CONT, logClose, logFirst, logNext, logRead, logStore, type LogRecord } from './ringbuffer.js';
import { LogReader } from './syslog.js';
import { DONE, GO, READY, textOf } from './writer.fixture.js';

let memory: SharedArrayBuffer;
beforeEach(() => { memory = bareMachine(); });

const put = (text: string, flags = 0, caller = 1): number => logStore(text, 0, 6, flags, caller);
const all = (): LogRecord[] => Array.from({ length: logNext() - logFirst() }, (_, i) => logRead(logFirst() + i)!);
const texts = (): string[] => all().map((r) => r.text);

test('zeroed memory is an empty log', () => {
  expect([logFirst(), logNext(), logRead(0), new LogReader().next()]).toEqual([0, 0, undefined, undefined]);
});

test('a record is what was written: number, time, level, caller and text', () => {
  clock.now = 1234.567;
  logStore('\x013grüß ☃ 𝄞\n', 2, 1 << 3 | 3, LOG_CONT, 0x80000001);
  expect(logRead(0)).toEqual({ seq: 0, ts: 1234.567, level: 3, facility: 1, flags: LOG_CONT, caller: 0x80000001, text: 'grüß ☃ 𝄞' });
});

test('T223 stamps follow the numbers even when the clock goes back', () => {
  for (const now of [5, 3, 3, 8]) {
    clock.now = now;
    put('x\n');
  }
  expect(all().map((r) => r.ts)).toEqual([5, 5, 5, 8]);
});

test('T229 the oldest records give way: to more records, and to long texts', () => {
  for (let i = 0; i < LOG_RECORDS + 10; i++) put(`${i}\n`);
  expect([logFirst(), logNext(), logRead(9), logRead(10)?.text]).toEqual([10, LOG_RECORDS + 10, undefined, '10']);
  const long = 'y'.repeat(LOG_LINE_MAX);
  for (let i = 0; i < 3 * LOG_RECORDS; i++) put(`${long}\n`);
  const kept = logNext() - logFirst();
  expect(kept).toBeGreaterThan(LOG_BUF_LEN / (LOG_LINE_MAX + 3) - 3);
  expect(kept * LOG_LINE_MAX).toBeLessThanOrEqual(LOG_BUF_LEN);
  expect(all().every((r) => r.text === long)).toBe(true);
});

test('T229 text of every length is whole after the ring has wrapped many times', () => {
  const expected: string[] = [];
  for (let i = 0; i < 20_000; i++) {
    const text = String.fromCharCode(97 + i % 26).repeat((i * 37) % LOG_LINE_MAX);
    expected.push(text);
    put(`${text}\n`);
  }
  expect(texts()).toEqual(expected.slice(logFirst()));
  const end = LOG_TEXT_AT + LOG_BUF_LEN;
  expect(new Uint8Array(memory, end, 4096).every((byte) => byte === 0)).toBe(true);
});

test('T229 a record that grows pushes out the oldest as it needs their room', () => {
  const old = 'o'.repeat(300);
  for (let i = 0; i < 5000; i++) put(`${old}
`);
  put('grows');
  for (let i = 0; i < 9; i++) put('g'.repeat(100), LOG_CONT);
  logClose();
  const [grown, ...others] = texts().toReversed();
  expect(grown).toBe(`grows${'g'.repeat(900)}`);
  expect(new Set(others)).toEqual(new Set([old]));
});

test('the byte count of the text may pass 2^32', () => {
  store(machineWord(MACHINE.log_head), -5000);
  for (let i = 0; i < 5000; i++) put(`${i}\n`);
  expect(texts()).toEqual(Array.from({ length: 5000 }, (_, i) => `${i}`));
});

test('numbers may pass 2^32', () => {
  const far = 2 ** 32 - 3;
  const view = new Float64Array(memory);
  for (const field of [MACHINE.log_first, MACHINE.log_next]) view[machineWord(field) >> 3] = far;
  store(machineWord(MACHINE.log_bell), far | 0);
  const reader = new LogReader();
  for (let i = 0; i < 6; i++) put(`${i}\n`);
  expect(Array.from({ length: 7 }, () => reader.next()).map((r) => r && [r.seq - far, r.text])).toEqual(
    [...Array.from({ length: 6 }, (_, i) => [i, `${i}`]), undefined]);
  expect(reader.lost).toBe(0);
});

test('a record without newline is unseen until the next begins, or until the log is closed', () => {
  const reader = new LogReader();
  put('one');
  expect(reader.next()).toBeUndefined();
  put('two');
  expect(reader.next()?.text).toBe('one');
  expect(reader.next()).toBeUndefined();
  logClose();
  logClose();
  expect(reader.next()?.text).toBe('two');
  put(' too late\n', LOG_CONT);
  expect([reader.next()?.text, reader.lost]).toEqual([' too late', 0]);
});

test('text is cut where the kernel cuts it, and not within a character', () => {
  put(`${'a'.repeat(2000)}\n`);
  put(`${'b'.repeat(LOG_LINE_MAX + 1)}☃\n`);
  logClose();
  expect(texts()).toEqual(['a'.repeat(LOG_LINE_MAX + 2), 'b'.repeat(LOG_LINE_MAX + 1)]);
  logStore(`\x016${'c'.repeat(2000)}\n`, 2, 6, 0, 1);
  put(' lost its newline, so this goes on, but in a record of its own: the first is full\n', LOG_CONT);
  expect(texts().slice(2).map((t) => t.length)).toEqual([LOG_LINE_MAX, 81]);
});

test('a reader that was overtaken counts what it missed and goes on with the oldest', () => {
  const reader = new LogReader();
  put('a\n');
  expect(reader.next()?.text).toBe('a');
  for (let i = 0; i < LOG_RECORDS + 7; i++) put(`${i}\n`);
  expect([reader.next()?.text, reader.lost]).toEqual(['7', 7]);
});

test('a record is overwritten while a reader copies it: the reader sees nothing of it', () => {
  put('the record that is read\n');
  let looks = 0;
  witnessAccesses((op) => {
    if (op !== 'load' || ++looks !== 12) return;
    witnessAccesses(undefined);
    for (let i = 0; i < LOG_RECORDS; i++) put('something else entirely\n');
  });
  expect(logRead(0)).toBeUndefined();
  expect(looks).toBe(12);
});

// A writer is stopped at each of its accesses to shared words in turn, as if its OS thread had ended there.
for (const [situation, before, text, flags] of [
  ['a whole record', ['first\n'], 'mine\n', 0],
  ['a continuation that ends the record', ['first\n', 'open'], ' and mine\n', LOG_CONT],
  ['a continuation that leaves it open', ['first\n', 'open'], ' and mine', LOG_CONT],
  ['a record that ends another', ['first\n', 'open'], 'mine\n', 0],
  ['a record into a full ring', Array.from({ length: LOG_RECORDS }, () => 'first\n'), 'mine\n', 0],
] as const) {
  test(`the writer of ${situation} dies at any moment: the lock is taken over and the log is whole`, () => {
    for (let death = 1; ; death++) {
      memory = bareMachine();
      for (const line of before) put(line);
      const readers = [new LogReader(), new LogReader(logNext())];
      let access = 0;
      witnessAccesses(() => { if (++access === death) throw new Error('dies here'); });
      let died = false;
      try { put(text, flags); } catch { died = true; }
      witnessAccesses(undefined);
      killIsolate(1);
      const half = readers[1].next();
      const last = logNext();
      const visible = logRead(last);
      joinBare(memory, 2, () => clock.now);
      put('next\n', 0, 2);
      if (visible) expect(logRead(last)).toEqual(visible);
      const seen = [];
      for (const r of readers) for (let record = r.next(); record; record = r.next()) seen.push(record);
      const tail = [half, ...seen.filter((r) => r.seq >= before.length - 1)].map((r) => r?.text);
      expect(tail.filter((t) => t !== undefined && !['first', 'open', 'mine', 'open and mine', 'next'].includes(t))).toEqual([]);
      expect(seen.at(-1)?.text).toBe('next');
      expect(texts().filter((t) => t === 'next')).toHaveLength(1);
      expect(texts().filter((t) => t.includes('mine')).length).toBeLessThanOrEqual(1);
      expect(readers[1].lost).toBe(0);
      expect(all().map((r) => r.seq)).toEqual(Array.from({ length: logNext() - logFirst() }, (_, i) => logFirst() + i));
      if (!died) return expect(death).toBeGreaterThan(2);
    }
  });
}

async function race(writers: number, count: number): Promise<{ records: number; lost: number; bad: string[] }> {
  const workers = Array.from({ length: writers }, (_, i) =>
    new Worker(new URL('./writer.fixture.js', import.meta.url), { workerData: { memory, writer: i + 2, count } }));
  while (load(READY) < writers) await new Promise((resolve) => { setTimeout(resolve, 5); });
  store(GO, 1);
  futexWake(GO, Infinity);
  const reader = new LogReader();
  const next = new Map<number, number>();
  const bad: string[] = [];
  let records = 0, lastSeq = -1, lastTs = 0;
  for (;;) {
    const over = load(DONE) === writers;
    for (let r = reader.next(); r; r = reader.next()) {
      records++;
      const n = Number(r.text.split(' ')[1]);
      if (r.text !== textOf(r.caller, n)) bad.push(`torn: ${r.text}`);
      if (r.seq <= lastSeq || r.ts < lastTs) bad.push(`${r.seq} at ${r.ts} after ${lastSeq} at ${lastTs}`);
      if (records % 50_000 === 0) for (const until = performance.now() + 20; performance.now() < until;); // Is overtaken.
      if (n < (next.get(r.caller) ?? 0)) bad.push(`writer ${r.caller}: ${n} after ${next.get(r.caller)}`);
      next.set(r.caller, n + 1);
      lastSeq = r.seq;
      lastTs = r.ts;
    }
    if (over) break;
  }
  await Promise.all(workers.map((w) => w.terminate()));
  return { records, lost: reader.lost, bad: bad.slice(0, 5) };
}

test('T222 two isolates print at full speed and one reads: no text is torn, and each record is read or counted as lost', async () => {
  const { records, lost, bad } = await race(2, 100_000);
  expect(bad).toEqual([]);
  expect(records + lost).toBe(200_000);
  expect(lost).toBeGreaterThan(0);
});

test('T257 O8: records of four isolates have one order, in which each one keeps its own', async () => {
  const { records, lost, bad } = await race(4, 50_000);
  expect(bad).toEqual([]);
  expect(records + lost).toBe(200_000);
  expect(records).toBeGreaterThan(1000);
});

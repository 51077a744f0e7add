/**
 * The log ring: records that every isolate may append and every isolate may read, in kernel memory, so that what a
 * thread said is still there when it is stuck or gone. It knows neither formats nor levels (printk.ts) and shows
 * nothing to anybody (syslog.ts). Zeroed memory is an empty log.
 *
 * Writers take turns under log_lock. Readers take no lock and write nothing: a record's `commit` word says whether it
 * is there, and a reader looks at it before and after it copied the record:
 *
 *     writer                                        reader
 *     oldest record: commit = 0   [printk:evict]    commit is that of seq?      [printk:read]
 *     write text and descriptor                     copy descriptor and text
 *     commit = that of seq        [printk:publish]  commit still that of seq?   [printk:check]
 *
 * A record is published by that one store. Whoever dies before it leaves nothing to be seen; whoever dies after it left
 * counters behind, which the next writer puts right (settle). So a stolen lock needs no further care.
 */
import { futexWake, load, store, xchg } from '../../lib/atomic.js';
import { r32, rf64, u8, w32, wf64 } from '../../lib/memory.js';
import { alignUp, f64Field, struct, u32 } from '../../lib/struct.js';
import { rawSpinLock, rawSpinUnlock } from '../locking/raw_spinlock.js';
import { LOG_DESC_AT, LOG_DESC_STRIDE, LOG_TEXT_AT, MACHINE, machineWord } from '../memlayout.js';
import { LOG_BUF_LEN, LOG_LINE_MAX, LOG_RECORDS } from '../param.js';
import { uptime } from '../time/time.js';

const LOG_DESC = struct('printk_info', {
  commit: u32('a'), //  commitOf(seq) while the record is there, else 0
  length: u32('l'), //  bytes of text
  prio: u32('l'), //    level, facility << 3, flags << 16
  pos: u32('l'), //     where the text begins, as log_head counts; a multiple of 4
  ts: f64Field('l'), // ms since boot
  caller: u32('l'), //  pid, or 0x80000000 | cpu where no task ran
});
if (LOG_DESC.sizeof > LOG_DESC_STRIDE) throw new Error('ringbuffer: the descriptor outgrew its stride');

/** One message, as it was when it was read. */
export interface LogRecord {
  readonly seq: number;
  /** ms since boot. */
  readonly ts: number;
  readonly level: number;
  readonly facility: number;
  /** LOG_* bits. */
  readonly flags: number;
  /** pid of who said it, or 0x80000000 | cpu where no task ran. */
  readonly caller: number;
  readonly text: string;
}

/** A continuation; on a record: of something that could not be continued any more. */
export const LOG_CONT = 8;

/** A message counts its level prefix and its NUL too: the kernel's buffer has 992 bytes, 989 of them for text. */
const BUFFER = LOG_LINE_MAX + 3;

const LOCK = machineWord(MACHINE.log_lock);
const BELL = machineWord(MACHINE.log_bell);
const FOLLOWERS = machineWord(MACHINE.log_followers);
const OPEN = machineWord(MACHINE.log_open);
const FIRST = machineWord(MACHINE.log_first);
const NEXT = machineWord(MACHINE.log_next);
const HEAD = machineWord(MACHINE.log_head);
const STAMP = machineWord(MACHINE.log_stamp);

const descAt = (seq: number): number => LOG_DESC_AT + (seq & (LOG_RECORDS - 1)) * LOG_DESC_STRIDE;
const textAt = (pos: number): number => LOG_TEXT_AT + (pos & (LOG_BUF_LEN - 1));
/** Odd, so never 0; tells 2^31 records apart, of which 2^14 are there. */
const commitOf = (seq: number): number => (seq * 2 + 1) | 0;

/** Sequence number of the oldest record there is, and of the one that comes next: hints, others are writing. */
export const logFirst = (): number => rf64(FIRST);
export const logNext = (): number => rf64(NEXT);

/**
 * Appends `text` without its first `from` characters, which are prefixes. Without a newline at its end the record stays
 * open and unseen until the next one begins, so that LOG_CONT of the same `caller` can go on in it. Text beyond
 * LOG_LINE_MAX bytes is cut. Returns the bytes kept. Never sleeps. C: vprintk_store.
 */
export function logStore(text: string, from: number, prio: number, flags: number, caller: number): number {
  let size = stage(text, from, BUFFER - 1 - from);
  const room = size + from + 1;
  const ended = size > 0 && staged[size - 1] === 10;
  if (ended) size--;
  rawSpinLock(LOCK);
  const seq = settle();
  let news = ended;
  if ((flags & LOG_CONT) !== 0 && mayContinue(seq, caller, room)) {
    append(seq, size);
    if (ended) publish(seq);
  } else {
    news = closeOpen(seq) || ended;
    const mine = rf64(NEXT);
    begin(mine, size, prio | flags << 16, caller);
    if (ended) publish(mine);
    else w32(OPEN, 1);
  }
  rawSpinUnlock(LOCK);
  if (news) ringFollowers();
  return size;
}

/** Ends a record that is still open, so that readers see it: before the machine halts, or to show a report in whole. */
export function logClose(): void {
  rawSpinLock(LOCK);
  const news = closeOpen(settle());
  rawSpinUnlock(LOCK);
  if (news) ringFollowers();
}

/** Record `seq`, or undefined if it is overwritten (also while it was copied) or not there yet. Takes no lock. */
export function logRead(seq: number): LogRecord | undefined {
  const at = descAt(seq);
  const commit = commitOf(seq);
  if (load(at + LOG_DESC.commit) !== commit) return undefined; // [printk:read] pairs with printk:publish
  copyWords(desc, at, LOG_DESC.sizeof);
  const length = Math.min(desc[LOG_DESC.length >> 2], BUFFER);
  const prio = desc[LOG_DESC.prio >> 2];
  copyWords(copy, textAt(desc[LOG_DESC.pos >> 2]), length);
  if (load(at + LOG_DESC.commit) !== commit) return undefined; // [printk:check] pairs with printk:evict
  return {
    seq, ts: descFloats[LOG_DESC.ts >> 3], caller: desc[LOG_DESC.caller >> 2] >>> 0,
    level: prio & 7, facility: (prio & 0xffff) >> 3, flags: prio >> 16,
    text: decoder.decode(copyBytes.subarray(0, length)),
  };
}

// --- Under the lock -----------------------------------------------------------------------------------------------

/** The next sequence number, after finishing what a writer that died had published already. */
function settle(): number {
  const seq = rf64(NEXT);
  if (r32(descAt(seq) + LOG_DESC.commit) !== commitOf(seq)) return seq;
  advance(seq);
  return seq + 1;
}

function begin(seq: number, size: number, prioAndFlags: number, caller: number): void {
  const at = descAt(seq);
  const pos = place(r32(HEAD));
  if (seq - rf64(FIRST) >= LOG_RECORDS) evict();
  makeRoom(seq, pos + size);
  const now = Math.max(uptime(), rf64(STAMP));
  wf64(STAMP, now);
  w32(at + LOG_DESC.length, size);
  w32(at + LOG_DESC.prio, prioAndFlags);
  w32(at + LOG_DESC.pos, pos);
  wf64(at + LOG_DESC.ts, now);
  w32(at + LOG_DESC.caller, caller);
  writeText(textAt(pos), size);
}

/** Where a record's text begins: on a word, and where it can grow to its full length in one piece. */
function place(head: number): number {
  const pos = (head + 3) & ~3;
  const left = LOG_BUF_LEN - (pos & (LOG_BUF_LEN - 1));
  return left < BUFFER ? pos + left : pos;
}

function append(seq: number, size: number): void {
  const at = descAt(seq);
  const length = r32(at + LOG_DESC.length);
  const pos = r32(at + LOG_DESC.pos);
  makeRoom(seq, pos + length + size);
  writeText(textAt(pos) + length, size);
  w32(at + LOG_DESC.length, length + size);
}

function mayContinue(seq: number, caller: number, room: number): boolean {
  if (r32(OPEN) === 0) return false;
  const at = descAt(seq);
  return r32(at + LOG_DESC.caller) === (caller | 0) && r32(at + LOG_DESC.length) + room <= BUFFER;
}

/** Whether there was an open record; it is published now. */
function closeOpen(seq: number): boolean {
  if (r32(OPEN) === 0) return false;
  publish(seq);
  return true;
}

function publish(seq: number): void {
  store(descAt(seq) + LOG_DESC.commit, commitOf(seq)); // [printk:publish] pairs with printk:read
  advance(seq);
}

/** The counters after record `seq` was published. log_next comes last: until it is written, settle does all of it again. */
function advance(seq: number): void {
  const at = descAt(seq);
  w32(OPEN, 0);
  w32(HEAD, r32(at + LOG_DESC.pos) + r32(at + LOG_DESC.length));
  store(BELL, (seq + 1) | 0);
  wf64(NEXT, seq + 1);
}

/** Drops the oldest records until text may be written up to `end`. Record `seq`, being written, is not among them. */
function makeRoom(seq: number, end: number): void {
  while (rf64(FIRST) < seq && ((end - r32(descAt(rf64(FIRST)) + LOG_DESC.pos)) >>> 0) > LOG_BUF_LEN) evict();
}

/** An exchange and not a store: no later write to the record may be seen before it. */
function evict(): void {
  const seq = rf64(FIRST);
  xchg(descAt(seq) + LOG_DESC.commit, 0); // [printk:evict] pairs with printk:check
  wf64(FIRST, seq + 1);
}

function ringFollowers(): void {
  if (load(FOLLOWERS) > 0) futexWake(BELL, Infinity); // [printk:ring] pairs with printk:follow
}

// --- Text ---------------------------------------------------------------------------------------------------------

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const staged = new Uint8Array(BUFFER);
const descFloats = new Float64Array(LOG_DESC.sizeof / 8);
const desc = new Int32Array(descFloats.buffer);
const copy = new Int32Array(alignUp(BUFFER, 4) / 4);
const copyBytes = new Uint8Array(copy.buffer);

/** Puts what stands after `from` into `staged` as UTF-8, `max` bytes at most and no half character; returns how many. */
function stage(text: string, from: number, max: number): number {
  const size = Math.min(text.length - from, max);
  for (let i = 0; i < size; i++) {
    const code = text.charCodeAt(from + i);
    if (code > 0x7f) return encoder.encodeInto(text.slice(from, from + max), staged.subarray(0, max)).written;
    staged[i] = code;
  }
  return size;
}

function writeText(at: number, size: number): void {
  for (let i = 0; i < size; i++) u8[at + i] = staged[i];
}

/** Word by word with ordered loads: a plain load could still be on its way when the reader looks at `commit` again. */
function copyWords(into: Int32Array, at: number, bytes: number): void {
  for (let i = 0; i < bytes; i += 4) into[i >> 2] = load(at + i);
}

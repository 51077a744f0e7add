/**
 * Files whose text is made while it is read: the module shows one item after the other, and what a read has no room for waits
 * in a buffer for the next one. Not for files that are written, nor for data that lies somewhere already.
 *
 * A record belongs to one open file, and its mutex to whoever reads there. An item is shown whole or not at all: if the
 * buffer is too small for the first one of a read, it is shown again with twice the room.
 */
import { EFAULT, EINVAL, ENOMEM } from '../../lib/errno.js';
import { r32, u8, w32 } from '../../lib/memory.js';
import { Mutex, mutexLockSync, mutexUnlockAt } from '../../kernel/locking/mutex.js';
import { initQueue } from '../../kernel/locking/waiter.js';
import { kasanKfree, kasanKmalloc } from '../../kernel/mm/kasan.js';
import { KERN_INFO, printk } from '../../kernel/printk/printk.js';
import { currentThread } from '../../kernel/sched/core.js';
import { isolateModule } from '../../kernel/isolate.js';
import { callC } from '../run.js';
import { functionName } from '../trace.js';
import { FILE, SEQ_FILE } from './records.js';
import { userBytes } from './uaccess.js';

/** struct seq_operations of linux/seq_file.h. */
const OP = { start: 0, stop: 4, next: 8, show: 12, sizeof: 16 } as const;
/** In place of start: there is one item, and it has no address. No function has so low a number. */
const SINGLE = 1;

const PAGE_SIZE = 4096;
/** A buffer does not grow beyond this: an item of that size is a mistake. */
const BUFFER_MAX = 4 << 20;
const ERRORS = 4095;

const pid = (): number => currentThread()?.pid ?? 0;
const alloc = (size: number): number => kasanKmalloc(size, true, isolateModule(), pid());
const free = (at: number): void => void (at !== 0 && kasanKfree(at, pid()));
const isError = (at: number): boolean => at < 0 && at >= -ERRORS;

/** A 64-bit word that is no negative number and below 2^53. */
export const read64 = (at: number): number => r32(at + 4) * 2 ** 32 + (r32(at) >>> 0);
export function write64(at: number, value: number): void {
  w32(at, value % 2 ** 32 | 0);
  w32(at + 4, Math.floor(value / 2 ** 32));
}

// --- Opening and releasing ----------------------------------------------------------------------------------------

/** Makes the record of an open file. 0 or -ENOMEM. C: seq_open. */
export function seqOpen(file: number, op: number): number {
  const m = alloc(SEQ_FILE.sizeof);
  if (m === 0) return -ENOMEM;
  initQueue(m + SEQ_FILE.lock);
  w32(m + SEQ_FILE.op, op);
  w32(m + SEQ_FILE.file, file);
  w32(file + FILE.private_data, m);
  return 0;
}

/** As seqOpen, with `size` bytes of zeros for the module, whose address it gives; 0 when memory is out. C: __seq_open_private. */
export function seqOpenPrivate(file: number, op: number, size: number): number {
  const data = alloc(size);
  if (data === 0) return 0;
  if (seqOpen(file, op) === 0) {
    w32(seqOf(file) + SEQ_FILE.private, data);
    return data;
  }
  free(data);
  return 0;
}

/** For a file that is one item: `show` makes all of it. C: single_open, with the size that its buffer begins with. */
export function singleOpen(file: number, show: number, data: number, size = 0): number {
  const op = alloc(OP.sizeof);
  const error = op === 0 ? -ENOMEM : seqOpen(file, op);
  if (error !== 0 || (size > 0 && !makeRoom(seqOf(file), size))) {
    free(op);
    return error || -ENOMEM;
  }
  w32(op + OP.start, SINGLE);
  w32(op + OP.show, show);
  w32(seqOf(file) + SEQ_FILE.private, data);
  return 0;
}

export const seqOf = (file: number): number => r32(file + FILE.private_data);

/** Frees the record of an open file. C: seq_release. */
export function seqRelease(file: number): number {
  const m = seqOf(file);
  w32(file + FILE.private_data, 0);
  if (m === 0) return 0;
  free(r32(m + SEQ_FILE.buf));
  free(m);
  return 0;
}

/** C: seq_release_private. */
export function seqReleasePrivate(file: number): number {
  if (seqOf(file) !== 0) free(r32(seqOf(file) + SEQ_FILE.private));
  return seqRelease(file);
}

/** C: single_release. */
export function singleRelease(file: number): number {
  if (seqOf(file) !== 0) free(r32(seqOf(file) + SEQ_FILE.op));
  return seqRelease(file);
}

// --- Reading ------------------------------------------------------------------------------------------------------

function locked(m: number, fn: () => number): number {
  mutexLockSync(new Mutex(m + SEQ_FILE.lock));
  try {
    return fn();
  } finally {
    mutexUnlockAt(m + SEQ_FILE.lock);
  }
}

/** Reads up to `size` bytes of the file's text to the user's `to`, from the place at `ppos` on. The bytes, 0 at the end, or an errno of show or start. Sleeps. C: seq_read. */
export function seqRead(file: number, to: number, size: number, ppos: number): number {
  const m = seqOf(file);
  return size === 0 ? 0 : locked(m, () => {
    const done = readFrom(m, read64(ppos), to, size);
    if (done > 0) for (const at of [ppos, m + SEQ_FILE.read_pos]) write64(at, read64(at) + done);
    return done;
  });
}

function readFrom(m: number, pos: number, to: number, size: number): number {
  const error = moveTo(m, pos);
  if (error !== 0) return error;
  const left = r32(m + SEQ_FILE.count) > 0 ? handOut(m, to, size) : 0;
  if (left < 0 || r32(m + SEQ_FILE.count) > 0) return left;
  const failed = fill(m, size - left);
  if (failed !== 0) return left || failed;
  const fresh = handOut(m, to + left, size - left);
  return left > 0 ? left + Math.max(0, fresh) : fresh;
}

/** Copies what was made to the user, as far as there is room. */
function handOut(m: number, to: number, size: number): number {
  const [from, count] = [r32(m + SEQ_FILE.from), r32(m + SEQ_FILE.count)];
  const n = Math.min(count, size);
  if (userBytes(to, n, true) !== n) return -EFAULT;
  const start = r32(m + SEQ_FILE.buf) + from;
  u8.copyWithin(to, start, start + n);
  w32(m + SEQ_FILE.count, count - n);
  w32(m + SEQ_FILE.from, count === n ? 0 : from + n);
  return n;
}

/** Makes text of the next items until there are `room` bytes of it, or no more. 0, or why there is none. */
function fill(m: number, room: number): number {
  if (r32(m + SEQ_FILE.buf) === 0 && !makeRoom(m, PAGE_SIZE)) return -ENOMEM;
  setCount(m, 0);
  for (let item = start(m); ; ) {
    const shown = item === 0 || isError(item) ? item : show(m, item);
    if (item === 0 || shown < 0) {
      stop(m, item);
      setCount(m, 0);
      return shown;
    }
    if (shown > 0) setCount(m, 0);
    if (r32(m + SEQ_FILE.count) === 0) item = next(m, item);
    else if (overflowed(m)) {
      stop(m, item);
      if (!makeRoom(m, r32(m + SEQ_FILE.size) * 2)) return -ENOMEM;
      item = start(m);
    } else return fillMore(m, item, room);
  }
}

/** `item` is in the buffer: adds those behind it that fit in whole. */
function fillMore(m: number, first: number, room: number): number {
  let item = first;
  for (;;) {
    const kept = r32(m + SEQ_FILE.count);
    item = next(m, item);
    if (item === 0 || isError(item) || kept >= room) break;
    const shown = show(m, item);
    if (shown === 0 && !overflowed(m)) continue;
    w32(m + SEQ_FILE.count, kept);
    if (shown <= 0) break; // It comes again with the next read, which begins with it.
  }
  stop(m, item);
  return 0;
}

/** Brings the record to the byte `pos` of the text, by showing everything before it if that is not where the last read ended. */
function moveTo(m: number, pos: number): number {
  if (pos === 0) {
    write64(m + SEQ_FILE.index, 0);
    setCount(m, 0);
  }
  if (pos === read64(m + SEQ_FILE.read_pos)) return 0;
  const error = traverse(m, pos);
  write64(m + SEQ_FILE.read_pos, error === 0 ? pos : 0);
  if (error === 0) return 0;
  write64(m + SEQ_FILE.index, 0);
  setCount(m, 0);
  return error;
}

function traverse(m: number, to: number): number {
  for (;;) {
    write64(m + SEQ_FILE.index, 0);
    setCount(m, 0);
    if (to === 0) return 0;
    if (r32(m + SEQ_FILE.buf) === 0 && !makeRoom(m, PAGE_SIZE)) return -ENOMEM;
    const error = walk(m, to);
    if (error !== TOO_SMALL) return error;
    if (!makeRoom(m, r32(m + SEQ_FILE.size) * 2)) return -ENOMEM;
  }
}

/** No errno: the buffer has to grow. */
const TOO_SMALL = 1;

function walk(m: number, to: number): number {
  let [item, pos, error] = [start(m), 0, 0];
  while (item !== 0 && error === 0 && pos < to) {
    const shown = isError(item) ? item : show(m, item);
    if (shown < 0) error = shown;
    else if (shown > 0) setCount(m, 0);
    else if (overflowed(m)) error = TOO_SMALL;
    if (error !== 0) break;
    item = next(m, item);
    const count = r32(m + SEQ_FILE.count);
    const skip = Math.min(count, to - pos);
    w32(m + SEQ_FILE.from, skip);
    w32(m + SEQ_FILE.count, count - skip);
    pos += skip;
    if (count === skip) setCount(m, 0);
  }
  stop(m, item);
  return error;
}

const SEEK_SET = 0, SEEK_CUR = 1;

/** C: seq_lseek. */
export function seqLseek(file: number, offset: bigint, whence: number): bigint {
  const m = seqOf(file);
  const to = Number(offset) + (whence === SEEK_CUR ? read64(file + FILE.f_pos) : 0);
  if ((whence !== SEEK_SET && whence !== SEEK_CUR) || to < 0) return BigInt(-EINVAL);
  return BigInt(locked(m, () => {
    const error = to === read64(m + SEQ_FILE.read_pos) ? 0 : moveTo(m, to);
    write64(file + FILE.f_pos, error === 0 ? to : 0);
    return error === 0 ? to : error;
  }));
}

// --- The module's four functions ----------------------------------------------------------------------------------

const opOf = (m: number, which: number): number => r32(r32(m + SEQ_FILE.op) + which);
const isSingle = (m: number): boolean => opOf(m, OP.start) === SINGLE;

const start = (m: number): number => (isSingle(m) ? Number(read64(m + SEQ_FILE.index) === 0) : callC(opOf(m, OP.start), m, m + SEQ_FILE.index));
const show = (m: number, item: number): number => natives.get(opOf(m, OP.show))?.(m) ?? callC(opOf(m, OP.show), m, item);

/** Functions of the kernel's own that show a file of one item, by the numbers of kinds.ts. */
const natives = new Map<number, (m: number) => number>();

export function setShow(number: number, fn: (m: number) => number): void {
  natives.set(number, fn);
}

function stop(m: number, item: number): void {
  if (!isSingle(m)) callC(opOf(m, OP.stop), m, item);
}

function next(m: number, item: number): number {
  const at = m + SEQ_FILE.index;
  const before = read64(at);
  const found = isSingle(m) ? 0 : callC(opOf(m, OP.next), m, item, at);
  if (read64(at) !== before) return found;
  write64(at, before + 1);
  if (!isSingle(m)) printk('%sbuggy .next function %s did not update position index\n', KERN_INFO, functionName(opOf(m, OP.next)));
  return found;
}

// --- The buffer ---------------------------------------------------------------------------------------------------

const overflowed = (m: number): boolean => r32(m + SEQ_FILE.count) === r32(m + SEQ_FILE.size);

function setCount(m: number, count: number): void {
  w32(m + SEQ_FILE.count, count);
  w32(m + SEQ_FILE.from, 0);
}

/** Another buffer, of `size` bytes and empty. */
function makeRoom(m: number, size: number): boolean {
  free(r32(m + SEQ_FILE.buf));
  const buf = size > BUFFER_MAX ? 0 : alloc(size);
  w32(m + SEQ_FILE.buf, buf);
  w32(m + SEQ_FILE.size, buf === 0 ? 0 : size);
  setCount(m, 0);
  return buf !== 0;
}

/** Adds to the text of the item that is being shown. False, and the buffer counts as too small, if there is no room. */
export function seqAppend(m: number, text: Uint8Array): boolean {
  const [count, size] = [r32(m + SEQ_FILE.count), r32(m + SEQ_FILE.size)];
  const fits = count + text.length < size;
  if (fits) u8.set(text, r32(m + SEQ_FILE.buf) + count);
  w32(m + SEQ_FILE.count, fits ? count + text.length : size);
  return fits;
}

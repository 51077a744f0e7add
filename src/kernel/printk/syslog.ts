/**
 * The reading side of the log: readers with a position of their own, the lines of dmesg, the records of /dev/kmsg, and
 * the console. It writes no records, parses no command line and colours nothing. Reading disturbs no writer.
 */
import { host } from '../../arch/host.js';
import { fetchAdd, futexWaitAsync, futexWake, load } from '../../lib/atomic.js';
import { rf64, wf64 } from '../../lib/memory.js';
import { rawSpinLock, rawSpinUnlock } from '../locking/raw_spinlock.js';
import { MACHINE, machineWord } from '../memlayout.js';
import { sysctlGet } from '../sysctl.js';
import { uptime } from '../time/time.js';
import { LOG_CONT, logClose, logFirst, logNext, logRead, type LogRecord } from './ringbuffer.js';

const BELL = machineWord(MACHINE.log_bell);
const FOLLOWERS = machineWord(MACHINE.log_followers);
const CLEARED = machineWord(MACHINE.log_cleared);
const CONSOLE = machineWord(MACHINE.log_console);

/** Reads the log in order, each record once, and counts those that were overwritten before it came to them. */
export class LogReader {
  /** The record to read next. */
  seq: number;
  /** Records overwritten before they were read. */
  lost = 0;
  #follows = false;

  /** `from`: the oldest record there is, the first since the log was cleared, the next to come, or a sequence number. */
  constructor(from: 'oldest' | 'cleared' | 'next' | number = 'oldest') {
    if (typeof from === 'number') this.seq = from;
    else if (from === 'next') this.seq = logNext();
    else this.seq = Math.max(logFirst(), from === 'cleared' ? rf64(CLEARED) : 0);
  }

  /** The next record, or undefined when there is none yet. Does not sleep. */
  next(): LogRecord | undefined {
    while (this.#isBehind(load(BELL))) {
      const record = logRead(this.seq);
      if (record !== undefined) {
        this.seq++;
        return record;
      }
      // It had been published, so now it is overwritten, or about to be.
      const first = Math.max(logFirst(), this.seq + 1);
      this.lost += first - this.seq;
      this.seq = first;
    }
    return undefined;
  }

  /** A promise for more records, or undefined when there are some: read all, then ask again. Writers pay for each follower: close(). */
  more(): Promise<unknown> | undefined {
    if (!this.#follows) fetchAdd(FOLLOWERS, 1); // [printk:follow] pairs with printk:ring
    this.#follows = true;
    const seen = load(BELL);
    return this.#isBehind(seen) ? undefined : futexWaitAsync(BELL, seen);
  }

  /** Stops following; what more() promised is kept. */
  close(): void {
    if (this.#follows) fetchAdd(FOLLOWERS, -1);
    this.#follows = false;
    futexWake(BELL, Infinity); // Others look once for nothing; a promise left pending would never be freed.
  }

  /** The bell is the low word of the next sequence number. */
  #isBehind(bell: number): boolean {
    return ((bell - this.seq) | 0) > 0;
  }
}

/** What dmesg shows and how; the letters are those of dmesg(1). */
export interface DmesgOptions {
  /** Goes on where this reader is (-w), instead of from the last clear. */
  readonly reader?: LogReader;
  /** Only these levels, 0..7 (-l). */
  readonly levels?: readonly number[];
  /** Only from here on, ms since boot. */
  readonly since?: number;
  /** 'stamp' is seconds since boot, 'ctime' the time of day (-T), 'none' nothing (-t). */
  readonly time?: 'stamp' | 'ctime' | 'none';
  /** For 'ctime': when the machine that logged booted, ms since 1970, if that is not the one here. */
  readonly bootWallTime?: number;
  /** Facility and level in words (-x). */
  readonly decode?: boolean;
  /** Facility and level as `<6>` (-r). */
  readonly raw?: boolean;
  /** The next dmesg begins after what this one read (-c). */
  readonly clear?: boolean;
}

/** The log as lines without newline. Losses while it reads are said in a line of their own. */
export function dmesg(options: DmesgOptions = {}): string[] {
  const { reader = new LogReader('cleared'), levels, since = 0 } = options;
  const lines = linesFrom(reader, (r) => r.ts >= since && (levels === undefined || levels.includes(r.level)), options);
  if (options.clear) clearLog(reader.seq);
  return lines;
}

/** The next dmesg begins with record `seq`, by default the next one (dmesg -C). Nothing is erased. */
export function clearLog(seq = logNext()): void {
  const lock = machineWord(MACHINE.log_lock);
  rawSpinLock(lock);
  wf64(CLEARED, Math.max(seq, rf64(CLEARED)));
  rawSpinUnlock(lock);
}

/** The lines of one record, each with the record's stamp; control characters as \x1b, tabs as they are. */
export function formatRecord(record: LogRecord, { time = 'stamp', bootWallTime, decode, raw }: DmesgOptions = {}): string[] {
  const { facility, level, ts } = record;
  let head = time === 'none' ? '' : `[${time === 'ctime' ? ctime((bootWallTime ?? host.wallClock() - uptime()) + ts) : stamp(ts)}] `;
  if (decode) head = `${FACILITIES[facility] ?? facility}:${LEVEL_NAMES[level].padEnd(6)}: ${head}`;
  else if (raw) head = `<${facility << 3 | level}>${head}`;
  return record.text.split('\n').map((line) => head + line.replace(/\p{Cc}/gu, (c) => (c === '\t' ? c : hexBytes(c))));
}

/** A record as reading /dev/kmsg gives it: `prio,seq,usec,flags;text\n`, bytes that are not printable ASCII as \x0a. */
export function formatKmsg({ facility, level, seq, ts, flags, text }: LogRecord): string {
  const safe = text.replace(/[^ -[\]-~]/gu, hexBytes);
  return `${facility << 3 | level},${seq},${Math.round(ts * 1000)},${(flags & LOG_CONT) !== 0 ? 'c' : '-'};${safe}\n`;
}

/**
 * Prints new records as they come, those below sysctl kernel.printk's first number. Whoever makes it drives it:
 * flush() after each LogReader.more(). There is one at a time; the next goes on where it was.
 */
export class Console {
  readonly reader = new LogReader(rf64(CONSOLE));

  constructor(readonly write: (text: string) => void) {}

  /** Prints what came since last time, in one write; returns how many lines. */
  flush(): number {
    const shown = sysctlGet('kernel.printk');
    const lines = linesFrom(this.reader, (r) => r.level < shown, {});
    if (lines.length > 0) this.write(`${lines.join('\n')}\n`);
    wf64(CONSOLE, this.reader.seq);
    return lines.length;
  }

  /** The last flush before the machine halts: also shows a message that was left without newline. */
  close(): number {
    logClose();
    this.reader.close();
    return this.flush();
  }
}

/** Whether the console has printed all there was: a shutdown waits for this. */
export const consoleIsDone = (): boolean => rf64(CONSOLE) >= logNext();

const FACILITIES: readonly string[] = ['kern  ', 'user  '];
const LEVEL_NAMES: readonly string[] = ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug'];

/** The lines of what `reader` has not read yet, up to the end that the log has now: writers may be faster than we are. */
function linesFrom(reader: LogReader, wanted: (record: LogRecord) => boolean, options: DmesgOptions): string[] {
  const lines: string[] = [];
  for (const end = logNext(); reader.seq < end;) {
    const { lost } = reader;
    const record = reader.next();
    if (reader.lost > lost) lines.push(`** ${reader.lost - lost} printk messages dropped **`);
    if (record === undefined) break;
    if (wanted(record)) lines.push(...formatRecord(record, options));
  }
  return lines;
}

/** `[%5lu.%06lu]` of printk, without brackets. */
function stamp(ts: number): string {
  const us = Math.round(ts * 1000);
  return `${String(Math.floor(us / 1e6)).padStart(5)}.${String(us % 1e6).padStart(6, '0')}`;
}

let calendar: Intl.DateTimeFormat | undefined;

/** `Thu Jan  1 00:00:00 1970`, local time, from ms since 1970. */
function ctime(ms: number): string {
  calendar ??= new Intl.DateTimeFormat('en-US', {
    weekday: 'short', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', year: 'numeric', hourCycle: 'h23',
  });
  const part = Object.fromEntries(calendar.formatToParts(ms).map(({ type, value }) => [type, value]));
  return `${part.weekday} ${part.month} ${part.day.padStart(2)} ${part.hour}:${part.minute}:${part.second} ${part.year}`;
}

const encoder = new TextEncoder();

function hexBytes(text: string): string {
  return Array.from(encoder.encode(text), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

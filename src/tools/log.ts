/**
 * The log of the machine in this process as it grows, for a person or, line by line as JSON, for a program.
 */
import { LogReader, formatRecord, sysctl, type DmesgOptions } from '../index.js';

export type LogRecord = NonNullable<ReturnType<LogReader['next']>>;

export interface LogSink {
  record(record: LogRecord): void;
  /** `n` records were overwritten before they could be read. */
  lost(n: number): void;
}

/** Follows the log from its first record on. */
export class LogFollower {
  readonly #reader = new LogReader('oldest');
  readonly #sink: LogSink;
  #open = true;

  constructor(sink: LogSink) {
    this.#sink = sink;
    void this.#follow();
  }

  async #follow(): Promise<void> {
    while (this.#open) {
      this.drain();
      await this.#reader.more();
    }
  }

  /** Hands over what is there now, so that what is said next comes after it. Records below the console's level only. */
  drain(): void {
    const [shown] = sysctl('kernel.printk');
    const reader = this.#reader;
    for (let { lost } = reader, record = reader.next(); record; record = reader.next()) {
      if (reader.lost > lost) this.#sink.lost(reader.lost - lost);
      ({ lost } = reader);
      if (record.level < shown) this.#sink.record(record);
    }
  }

  /** After one last look, also at a machine that has halted. */
  close(): void {
    this.#open = false;
    this.#reader.close();
    this.drain();
  }
}

const GREEN = '\x1b[32m', BROWN = '\x1b[33m', PLAIN = '\x1b[0m';
/** By level, as dmesg(1) paints them: what is worse than an error stands out more, and notices and below not at all. */
const TONES: readonly string[] = ['\x1b[7m\x1b[31m', '\x1b[7m\x1b[31m', '\x1b[1m\x1b[31m', '\x1b[31m', '\x1b[1m'];

/** The lines of a record as the console or dmesg shows them, each with its newline. */
export function logLines(record: LogRecord, colour: boolean, how: DmesgOptions = {}): string {
  return formatRecord(record, how).map((line) => `${colour ? paint(line, record.level, how.time !== 'none') : line}\n`).join('');
}

/** The stamp green, who speaks (up to the first ": ") brown, the rest by its level. */
function paint(line: string, level: number, stamped: boolean): string {
  const [, prefix, stamp] = (stamped && /^((?:\w+ *:\w+ *: |<\d+>)?)(\[[^\]]*\] )/.exec(line)) || ['', '', ''];
  const text = line.slice(prefix.length + stamp.length);
  const speaker = /^[^:]*(?::[^: ][^:]*)*: /.exec(text)?.[0] ?? '';
  const tone = TONES[level] ?? '';
  const rest = text.slice(speaker.length);
  return `${prefix}${stamp && GREEN + stamp + PLAIN}${speaker && BROWN + speaker + PLAIN}${tone && rest ? tone + rest + PLAIN : rest}`;
}

/** The record for a program. `caller` is T and a pid, or C and a CPU where no task ran. */
export function logObject({ seq, ts, level, facility, caller, text }: LogRecord): object {
  return { type: 'log', seq, ms: ts, level, facility, caller: (caller & 0x80000000) === 0 ? `T${caller}` : `C${caller & 0x7fffffff}`, text };
}

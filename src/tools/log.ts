/**
 * The log of the machine in this process as it grows, for a person or, line by line as JSON, for a program.
 */
import { LogReader, formatRecord, sysctl } from '../index.js';

type LogRecord = NonNullable<ReturnType<LogReader['next']>>;

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

const GREEN = '\x1b[32m', RED = '\x1b[31m', BOLD = '\x1b[1m', PLAIN = '\x1b[0m';
const KERN_ERR = 3, KERN_WARNING = 4;

/** The lines of a record as the console shows them, each with its newline. */
export function logLines(record: LogRecord, colour: boolean): string {
  return formatRecord(record).map((line) => `${colour ? paint(line, record.level) : line}\n`).join('');
}

/** The stamp green, as dmesg(1) has it; warnings bold, and what is worse red. */
function paint(line: string, level: number): string {
  const end = line.indexOf(']') + 1;
  const tone = level <= KERN_ERR ? RED : level === KERN_WARNING ? BOLD : '';
  return `${GREEN}${line.slice(0, end)}${PLAIN}${tone}${line.slice(end)}${tone && PLAIN}`;
}

/** The record for a program. `caller` is T and a pid, or C and a CPU where no task ran. */
export function logObject({ seq, ts, level, facility, caller, text }: LogRecord): object {
  return { type: 'log', seq, ms: ts, level, facility, caller: (caller & 0x80000000) === 0 ? `T${caller}` : `C${caller & 0x7fffffff}`, text };
}

/** Reads the log for reports of khungtaskd and the watchdog. For the tests of both. */
import { LogReader } from './printk/syslog.js';

/** One report: its lines, each after its level. */
export interface Report {
  readonly pid: number;
  readonly seconds: number;
  /** Stamp of its first line, ms since boot. */
  readonly ts: number;
  readonly lines: string[];
}

export const blockedLine = /^3 INFO: task (.*):(\d+) blocked for more than (\d+) seconds\.$/;
export const stuckLine = /^0 watchdog: BUG: soft lockup - CPU#(\d+) stuck for (\d+)s! \[(.*):(\d+)\]$/;

/** What `reader` has not read yet, as "level text". */
export function linesOf(reader: LogReader): string[] {
  const lines: string[] = [];
  for (let record = reader.next(); record; record = reader.next()) lines.push(`${record.level} ${record.text}`);
  return lines;
}

/** All hung-task reports in the log that end, whatever follows them. */
export const reports = (): Report[] => parse(blockedLine, (match) => ({ pid: Number(match[2]), seconds: Number(match[3]) }));
export const reportsOf = ({ pid }: { readonly pid: number }): Report[] => reports().filter((report) => report.pid === pid);

/** The same of soft lockups. */
export const lockups = (): Report[] => parse(stuckLine, (match) => ({ pid: Number(match[4]), seconds: Number(match[2]) }));
export const lockupsOf = ({ pid }: { readonly pid: number }): Report[] => lockups().filter((report) => report.pid === pid);

function parse(first: RegExp, read: (match: RegExpExecArray) => Pick<Report, 'pid' | 'seconds'>): Report[] {
  const found: Report[] = [];
  const reader = new LogReader('oldest');
  for (let record = reader.next(); record; record = reader.next()) {
    const line = `${record.level} ${record.text}`;
    const match = first.exec(line);
    if (match) found.push({ ...read(match), ts: record.ts, lines: [] });
    found.at(-1)?.lines.push(line);
  }
  return found.filter(({ lines }) => lines.some((line) => line.endsWith(' </TASK>')));
}

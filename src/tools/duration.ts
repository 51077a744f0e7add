/**
 * Times as people write them on a command line: 500ms, 5s, 2m. Not for showing times.
 */
import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = Object.freeze({ ms: 1, s: 1000, m: 60_000, h: 3_600_000 });
/** Node's timers go no further, ms: 24 days. */
const LONGEST = 2 ** 31 - 1;

/** `text` as milliseconds. Throws InvalidArgumentError, which says what would be right. */
export function parseDuration(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(number) * (UNITS[unit] ?? NaN);
  if (!(ms <= LONGEST)) throw new InvalidArgumentError('It takes a time such as 500ms, 5s or 2m, at most 24 days.');
  return ms;
}

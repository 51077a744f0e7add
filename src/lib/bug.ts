/**
 * What must never happen: bugOn says it with its values and throws; nothing that can happen in life (a signal, a full
 * table) belongs here. The reporter is set by kernel/panic.ts, so that the message reaches the log with task and CPU.
 */
import { sprintf } from './printf.js';

let report: (message: string) => void = () => {};

/** Where messages of broken promises go before they are thrown. */
export function setBugReporter(reporter: (message: string) => void): void {
  report = reporter;
}

/** A promise of the machine itself was broken. */
export class Bug extends Error {
  override readonly name = 'BUG';
}

/** Stops whoever runs if `condition` holds: something that must never happen has happened. */
export function bugOn(condition: boolean, fmt: string, ...values: readonly unknown[]): asserts condition is false {
  if (condition) bug(fmt, values);
}

function bug(fmt: string, values: readonly unknown[]): never {
  const message = sprintf(fmt, ...values);
  report(message);
  throw new Bug(message);
}

/**
 * Being told to stop: Ctrl-C and SIGTERM, counted. The first asks, the second wants to know what takes so long, the third
 * ends the process at once, whatever its threads do. Signals are heard between listen and close only.
 */

/** The terminal sends Ctrl-C to everybody, and npm passes its own on: signals this close together are one key press, ms. */
const ONE_PRESS_MS = 250;

export interface StopRequests {
  /** Resolves at the first signal. */
  readonly first: Promise<void>;
  readonly asked: boolean;
  /** Does what the first signal does. */
  ask(): void;
  close(): void;
}

/** `impatient` is called at the second signal. */
export function listenForStop(impatient: () => void): StopRequests {
  let presses = 0;
  let last = -Infinity;
  let resolveFirst!: () => void;
  const first = new Promise<void>((resolve) => { resolveFirst = resolve; });
  const ask = (): void => {
    presses = Math.max(presses, 1);
    resolveFirst();
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    if (now - last < ONE_PRESS_MS) return;
    last = now;
    if (presses === 0) return ask();
    presses++;
    if (presses === 2) impatient();
    else die(signal);
  };
  const close = (): void => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
  /** By the signal itself: exit() would wait for isolates that are in a blocking system call. */
  const die = (signal: NodeJS.Signals): void => {
    close();
    process.kill(process.pid, signal);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return { first, ask, close, get asked() { return presses > 0; } };
}

// A plain thread that notes when it began and then sleeps until it is stopped.
import { threadfn } from 'kthread';
import { sleepUntilStopped } from './sleeper.mjs';

/** Returns the nanoseconds from `asked` to its first line. */
export const plainStarter = threadfn(import.meta, 'plainStarter', (asked) => {
  const took = Number(process.hrtime.bigint() - asked);
  sleepUntilStopped();
  return took;
});

// A plain thread that writes records into the log as fast as it can, from an agreed moment on.
import { printk, threadfn } from 'kthread';

/** Returns the nanoseconds that a record takes. */
export const printer = threadfn(import.meta, 'printer', ({ records, begin }) => {
  while (process.hrtime.bigint() < begin) continue;
  for (let i = 0; i < records; i++) printk('request %d took %d us\n', i, 17);
  return Math.round(Number(process.hrtime.bigint() - begin) / records);
});

/**
 * kernel/workqueue.c for C modules; the queues and their threads are ../workqueue.ts's.
 */
import { checked, formatted, type Imports } from '../abi.js';
import { TIMER, WORK } from '../../kernel/callbacks.js';
import { allocWq, cancelWork, currentWork, destroyWq, flushDelayed, flushWork, flushWq, modDelayed, queueDelayed, queueWork, systemWq, workBusy } from '../workqueue.js';

const of = (at: number): number => checked(at, WORK.sizeof, true);
const late = (at: number): number => checked(at, WORK.sizeof + TIMER.sizeof, true);
const queue = (at: number): number => (at === 0 ? checked(at, 4) : at); // NULL is what a module has that did not look.

export const workqueue: Imports = {
  alloc_workqueue: (format: number, flags: number, max: number, args: number) => allocWq(formatted(format, args), flags, max),
  destroy_workqueue: (wq: number) => destroyWq(queue(wq)),
  kthread_system_wq: (kind: number) => systemWq(kind),
  queue_work: (wq: number, work: number) => queueWork(queue(wq), of(work)),
  queue_delayed_work: (wq: number, work: number, delay: number) => queueDelayed(queue(wq), late(work), delay >>> 0),
  mod_delayed_work: (wq: number, work: number, delay: number) => modDelayed(queue(wq), late(work), delay >>> 0),
  flush_work: (work: number) => flushWork(of(work)),
  flush_delayed_work: (work: number) => flushDelayed(late(work)),
  __flush_workqueue: (wq: number) => flushWq(queue(wq), false),
  drain_workqueue: (wq: number) => flushWq(queue(wq), true),
  cancel_work: (work: number) => cancelWork(of(work), false, false),
  cancel_work_sync: (work: number) => cancelWork(of(work), false, true),
  cancel_delayed_work: (work: number) => cancelWork(late(work), true, false),
  cancel_delayed_work_sync: (work: number) => cancelWork(late(work), true, true),
  work_busy: (work: number) => workBusy(of(work)),
  current_work: () => currentWork(),
};

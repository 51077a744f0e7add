/**
 * The records of what modules in C ask to be called later: timers, tasklets, works, and what the machine keeps for them.
 * They are here, and not beside the code that uses them in cc/, because all isolates have to know all records. TypeScript's
 * timers, tasklets and works are objects of an isolate, and have nothing to do with these.
 */
import { f64Field, ptr, struct, u32 } from '../lib/struct.js';
import { WAIT_QUEUE_HEAD } from './sched/wait_queue.js';

/** All timers begin like this. */
const head = { entry: ptr('l', 2, 'struct list_head'), moment: f64Field('l'), kind: u32('c') };
export const TIMER = struct('timer_list', { ...head, function: ptr('l', 1, 'timer_func_t'), expires: u32('l', 1, 'unsigned long'), flags: u32('c'), data: u32('c', 1, 'unsigned long') });
export const HRTIMER = struct('hrtimer', { ...head, function: ptr('l', 1, 'hrtimer_func_t'), expires: f64Field('l', 1, 's64'), base: ptr('c', 1, 'struct hrtimer_clock_base *') });
export const TASKLET = struct('tasklet_struct', {
  entry: ptr('l', 2, 'struct list_head'), state: u32('l'), count: u32('a', 1, 'atomic_t'), // 1: it shall run; times it was disabled
  callback: ptr('c', 1, 'tasklet_func_t'), old: ptr('c', 1, 'void *'), data: u32('c', 1, 'unsigned long'), // old: a function that takes `data`, as before Linux 5.9
});

export const SOFTIRQ = struct('c_softirq', {
  lock: u32('a'), task: ptr('a'), starting: u32('a'), //               the thread, 0: not started
  running: ptr('a'), timers: ptr('l', 2), tasklets: ptr('l', 2), //    what is being called, and what will be
  rcu_next: ptr('l'), rcu_wait: ptr('l'), rcu_gp: u32('l'), //         callbacks that wait for the next grace period, the last one first; for the present one; which that is
  rcu_queued: u32('l'), rcu_done: u32('a'), func: u32('o'), pool: ptr('a'), // func: number of the function of `running`; pool: of the works, see cc/workqueue.ts
});

export const WORK = struct('work_struct', {
  entry: ptr('l', 2, 'struct list_head'), func: ptr('c', 1, 'work_func_t'),
  state: u32('a'), // PENDING, and CANCEL for each that cancels it
  wq: ptr('l', 1, 'struct workqueue_struct *'), seq: u32('l'), // the last one it was queued to, and the number under which it was
});
export const WQ = struct('workqueue_struct', { flags: u32('c'), max_active: u32('c'), nr_active: u32('l'), name: ptr('c', 6) });

export const WORKER = struct('c_worker', {
  link: ptr('l', 2), task: ptr('c'), idle: u32('l'), current_work: ptr('l'), func: u32('l'), seq: u32('l'), wq: ptr('l'), // what it runs, 0: nothing, and the number of its function; queued under this number, and to this queue
});

export const POOL = struct('c_worker_pool', {
  lock: u32('a'), works: ptr('l', 2), workers: ptr('l', 2),
  nr_workers: u32('l'), starting: u32('l'), named: u32('l'), seq: u32('l'), // starting: have not taken a work yet; seq: number of the last work
  system: ptr('l', 4), waiters: ptr('l', WAIT_QUEUE_HEAD.sizeof / 4), // the queues for everybody; who flushes: woken after each work
});

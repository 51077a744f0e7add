/**
 * The task: its record, its state word, and the few transitions of that word. Nobody writes the word anywhere else.
 * This file decides whether a wake-up counts; putting the task on a run queue is core.ts.
 *
 * A task sleeps by its own state word: it stores the state, tests what it waits for, and leaves the CPU. A waker makes
 * its news visible and then exchanges the word for RUNNING. Whoever comes second sees the other:
 *
 *     sleeper                                waker
 *     state = INTERRUPTIBLE  [task:sleep]    flag = 1
 *     flag? -> no sleep                      state INTERRUPTIBLE -> RUNNING  [task:wake]
 *     leave the CPU if still INTERRUPTIBLE   won? make it runnable, once
 */
import { cas, fetchAnd, load, store } from '../../lib/atomic.js';
import { r32 } from '../../lib/memory.js';
import { bytes, f64Field, ptr, s32, struct, u32 } from '../../lib/struct.js';
import { HELD_MAX, TASK_COMM_LEN } from '../param.js';

/** Words of a completion and of an entry of a wait queue. Declared here because a task holds them. */
export const COMPLETION_WORDS = 4;
export const WAIT_ENTRY_WORDS = 12;

export const TASK = struct('task_struct', {
  free_link: ptr('l'), //       the allocator's, while the record is free
  __state: u32('a'), //         TASK_*, by the transitions below only
  pid: u32('a'), //             0 once the record is free: tells a stale handle
  on_wake_list: u32('a'), //    number of the isolate that put it on its own isolate's wake list, and owns wake_next; 0: on none
  wake_next: ptr('l'),
  isolate: u32('a'), //         number of the isolate it lives on
  local: u32('o'), //           its place in that isolate's table of threads, 0: not met yet
  usage: s32('a'), //           references; the last one frees the record
  kflags: u32('a'), //          KTHREAD_*
  flags: u32('a'), //           PF_*
  cpu: u32('a'),
  module: u32('c'), //          instance number of the module that its code is from
  tgid: u32('c'),
  ppid: u32('c'),
  lock: u32('a'), //            guards changes of the five below and of the signal sets. C: alloc_lock
  static_prio: s32('a'), //     120 + nice
  prio: s32('a'), //            what counts: 99 - rt_priority, or static_prio
  policy: u32('a'),
  rt_priority: u32('a'),
  cpus_allowed: u32('a', 2, 'cpumask_t'), // one bit a CPU, low word first
  nr_cpus_allowed: u32('a'), // how many of the machine's those are
  wake_cpu: u32('a'), //        where it goes when it next can
  exit_code: s32('a'), //       valid once exited is complete
  exit_state: u32('a'), //      EXIT_*, 0 while it lives
  rcu_reader: u32('a'), //      in an RCU read-side section: when that began, see cc/rcu.ts; else 0
  rcu_depth: u32('o'), //       and how many there are in one another
  real_parent: ptr('c', 1, 'struct task_struct *'),
  mm: ptr('c', 1, 'struct mm_struct *'), // 0 for a kernel thread; of a process, not to be followed
  preempt_count: s32('o'), //   spinlocks held, preempt_disable() included
  wchan: u32('o'), //           why it waits: an entry of wchan.ts
  blocked_on: u32('o'), //      the lock it waits for and of which kind: see locking/held.ts
  worker: ptr('a'), //          the kthread_worker whose works it runs
  exit_done: ptr('o'), //       a completion that happens last of all when it ends, 0: none
  create: ptr('o'), //          the request it was made for
  asks: ptr('o'), //            the request to kthreadd whose answer it waits for; while it is NEW, the one that it was made for
  oops: ptr('a'), //            what killed it, as text
  name: ptr('c'), //            the whole name, as /proc shows it; 0: it is comm
  threadfn: ptr('c'), //        of a thread of C: the number of its function
  data: ptr('c'), //            and what that gets
  nvcsw: u32('o'), //           times it slept
  nivcsw: u32('o'), //          times it yielded
  sig_pending: u32('a', 2), //  signal n is bit n-1
  blocked: u32('c', 2, 'sigset_t'), // none: a kernel thread ignores, and blocks nothing
  sig_shared: u32('a', 2),
  sig_allowed: u32('a', 2), //  from anybody
  sig_kernel: u32('a', 2), //   from the kernel only
  hung_switches: u32('o'), //   khungtaskd's: switches at its last look
  exited: u32('l', COMPLETION_WORDS, 'struct completion'),
  parked: u32('l', COMPLETION_WORDS, 'struct completion'),
  wait: u32('l', WAIT_ENTRY_WORDS, 'struct wait_queue_entry'), // what it waits with; it sleeps in one place only
  lock_wait: u32('l', 6), // the same for a lock: while it has an entry elsewhere it may have to take one
  held: u32('a', HELD_MAX), //  locks it takes, holds or gives back: see locking/held.ts
  start_time: f64Field('c'), // ms since boot
  run_time: f64Field('o'), //   ms on a CPU
  hung_since: f64Field('o'), // khungtaskd's: when it saw that number first
  last_switch: f64Field('o'), // ms since boot, when it last left the CPU
  comm: bytes('a', TASK_COMM_LEN),
});

// Numbers of Linux 6.12, include/linux/sched.h.
export const TASK_RUNNING = 0;
export const TASK_INTERRUPTIBLE = 1;
export const TASK_UNINTERRUPTIBLE = 2;
export const TASK_PARKED = 0x40;
export const TASK_DEAD = 0x80;
export const TASK_WAKEKILL = 0x100;
export const TASK_NOLOAD = 0x400;
export const TASK_NEW = 0x800;
export const TASK_FREEZABLE = 0x2000;
export const TASK_FROZEN = 0x8000;
/** Not Linux's: a sleeper that owns its isolate should look for mail and sleep on. */
const TASK_POKED = 0x100000;
export const TASK_KILLABLE = TASK_WAKEKILL | TASK_UNINTERRUPTIBLE;
export const TASK_IDLE = TASK_UNINTERRUPTIBLE | TASK_NOLOAD;
export const TASK_NORMAL = TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE;

export const PF_EXITING = 4;
export const PF_WQ_WORKER = 0x20;
export const PF_FORKNOEXEC = 0x40;
export const PF_NOFREEZE = 0x8000;
export const PF_KTHREAD = 0x200000;
export const PF_NO_SETAFFINITY = 0x4000000;
/** It freezes the machine: it must go on itself. */
export const PF_SUSPEND_TASK = 0x80000000 | 0;
/** A blocking call's own task, gone when the call is over. */
export const PF_BORROWED = 0x10000000;

export const KTHREAD_IS_PER_CPU = 1;
export const KTHREAD_SHOULD_STOP = 2;
export const KTHREAD_SHOULD_PARK = 4;
/** signal_pending() is true although no signal is: raised by kthread_stop. */
export const KTHREAD_NOTIFY = 8;
/** Its function was called. */
export const KTHREAD_STARTED = 0x10;
/** It owns its isolate and sleeps in a futex on its state word. */
export const KTHREAD_BLOCKING = 0x20;
/** It must hear of a stop or a signal also while it runs: it made an AbortSignal, or sleeps in several tasks. */
export const KTHREAD_LISTENS = 0x40;
/** Served by whichever isolate wakes it: kthreadd. */
export const KTHREAD_MIGRATES = 0x80;
/** It does not keep the process alive. */
export const KTHREAD_UNREF = 0x100;
/** It is in its exit path: parking and stopping it is over. */
export const KTHREAD_EXITING = 0x200;
/** It belongs to the machine: a shutdown does not ask it to stop, and it keeps no process alive. */
export const KTHREAD_SYSTEM = 0x800;
/** Its function is a closure: it lives on the isolate that made it. */
export const KTHREAD_CLOSURE = 0x1000;
/** An exception ended it. */
export const KTHREAD_OOPSED = 0x400;

/** C: EXIT_DEAD | EXIT_ZOMBIE. */
export const EXIT_TRACE = 0x30;

export const SCHED_NORMAL = 0;
export const SCHED_FIFO = 1;
export const SCHED_RR = 2;
export const MAX_RT_PRIO = 100;
export const DEFAULT_PRIO = 120;

/** The state word of `task`. */
export const taskState = (task: number): number => load(task + TASK.__state);

/**
 * The same for its own isolate, which misses nothing if it sees a wake-up from elsewhere late: that puts the task on the wake list.
 * An ordered look is a call of a dozen nanoseconds on Node 20; a switch had thirteen that needed no order, a quarter of its time.
 */
export const seenState = (task: number): number => r32(task + TASK.__state);

/** Owner: says that it will sleep. Ordered before everything it reads afterwards. C: set_current_state. */
export function setTaskState(task: number, state: number): void {
  store(task + TASK.__state, state); // [task:sleep] pairs with task:wake
}

/**
 * Waker: makes a sleeper in one of the states of `mask` RUNNING. True for the one caller that did it and must now
 * make it runnable; false if it runs, sleeps otherwise or is gone. Ordered after everything the waker wrote before.
 */
export function tryToWake(task: number, mask: number): boolean {
  const word = task + TASK.__state;
  for (;;) {
    const state = load(word);
    if ((state & mask) === 0) return false;
    if (cas(word, state, TASK_RUNNING) === state) return true; // [task:wake] pairs with task:sleep
  }
}

/**
 * Makes a plain thread that sleeps look for mail and sleep on: the word changes, so its futex wait ends, but the state
 * does not. True if its OS thread must be told.
 */
export function pokeSleeper(task: number): boolean {
  const word = task + TASK.__state;
  for (;;) {
    const state = load(word);
    if (state === TASK_RUNNING || (state & (TASK_DEAD | TASK_NEW)) !== 0) return false;
    if (cas(word, state, state | TASK_POKED) === state) return true; // [task:poke] pairs with task:look
  }
}

/** Sleeper: its state word, with a poke taken from it; it looks for mail after this. A poke that comes later changes the word. */
export function takePoke(task: number): number {
  const word = task + TASK.__state;
  const state = load(word);
  return (state & TASK_POKED) === 0 ? state : fetchAnd(word, ~TASK_POKED) & ~TASK_POKED; // [task:look] pairs with task:poke
}

/** The letter of ps for a state word. C: task_state_to_char. */
export function stateLetter(state: number): string {
  if ((state & TASK_IDLE) === TASK_IDLE) return 'I';
  if ((state & TASK_FROZEN) !== 0) return 'D';
  if ((state & TASK_DEAD) !== 0) return 'X';
  const report = state & 0x7f;
  return 'RSDTtXZP'[32 - Math.clz32(report)] ?? 'X';
}

/** The word of /proc/<pid>/status beside the letter. */
export const STATE_WORDS: Readonly<Record<string, string>> = Object.freeze({
  R: 'running', S: 'sleeping', D: 'disk sleep', T: 'stopped', t: 'tracing stop', X: 'dead', Z: 'zombie', P: 'parked', I: 'idle',
});

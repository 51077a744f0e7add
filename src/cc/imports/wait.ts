/**
 * kernel/sched/wait.c for C modules. The loop of wait_event and its forms is in linux/wait.h, since the condition is C; each
 * of its steps is here, with the entry that the task has for this. Entries of a module's own are C's memory.
 */
import { fetchAnd, load } from '../../lib/atomic.js';
import { ERESTARTSYS } from '../../lib/errno.js';
import { listAddTail, listDelInit, listEmpty, listInit } from '../../lib/list.js';
import { r32, w32 } from '../../lib/memory.js';
import { mightSleep, needPlain, needThread, sleepUntilSync } from '../../kernel/sched/core.js';
import { SPARE_AT, WAIT_TABLE_AT } from '../../kernel/memlayout.js';
import { signalPendingState } from '../../kernel/sched/signal.js';
import { KTHREAD_SHOULD_PARK, KTHREAD_SHOULD_STOP, TASK, TASK_INTERRUPTIBLE, TASK_NORMAL, TASK_RUNNING, setTaskState } from '../../kernel/sched/task.js';
import {
  WAIT_QUEUE_ENTRY, WAIT_QUEUE_HEAD, WQ_FLAG_EXCLUSIVE, WQ_FLAG_PRIORITY, WQ_FLAG_WOKEN, addEntry, finishEntry, initQueue, lockQueue, ownEntry, prepareEntry, prepareLocked, queueActive, onWakeByNumber, unlockQueue, wakeAndRemember, wakeAndUnlink, wakeQueue, wakeTask,
} from '../../kernel/sched/wait_queue.js';
import { deadlineIn, jiffiesUntil } from '../../kernel/time/time.js';
import { checked, type Imports } from '../abi.js';
import { callC } from '../run.js';

/** As a flag of wait_event's: it gives a lock back before it sleeps. */
const UNLOCKS = 0x100;

/** A wait queue of C's, or one of those that __var_waitqueue() gives, which are no memory of C's. */
const queue = (at: number): number => (at >= WAIT_TABLE_AT && at < SPARE_AT ? at : checked(at, WAIT_QUEUE_HEAD.sizeof, true));
const entryAt = (at: number): number => checked(at, WAIT_QUEUE_ENTRY.sizeof, true);
const self = (call: string): number => needThread(call).addr;

function add(q: number, at: number, flags: number): void {
  const entry = entryAt(at);
  w32(entry + WAIT_QUEUE_ENTRY.flags, flags);
  lockQueue(queue(q));
  if (r32(entry) === 0) listInit(entry);
  if (listEmpty(entry)) addEntry(q, entry);
  unlockQueue(q);
}

/** Links the entry and says how the caller will sleep. */
function prepare(q: number, at: number, state: number, flags: number): number {
  const task = self('prepare_to_wait');
  const entry = entryAt(at);
  w32(entry + WAIT_QUEUE_ENTRY.flags, flags);
  lockQueue(queue(q));
  const empty = !queueActive(q);
  if (listEmpty(entry)) addEntry(q, entry);
  setTaskState(task, state);
  unlockQueue(q);
  return empty ? 1 : 0;
}

/** A wake function of C's own: it is called with the queue's lock held, wherever the waker is. */
onWakeByNumber((func, node, { mode, flags = 0, key = 0 }) => callC(func, node, mode, flags, key));

/** The sleep of wait_woken, for an entry with woken_wake_function. Returns the jiffies left. */
function waitWoken(at: number, mode: number, timeout: number): number {
  const thread = needPlain('wait_woken');
  const flags = entryAt(at) + WAIT_QUEUE_ENTRY.flags;
  const deadline = deadlineIn(timeout);
  mightSleep('wait_woken');
  setTaskState(thread.addr, mode);
  const called = (load(thread.addr + TASK.kflags) & (KTHREAD_SHOULD_STOP | KTHREAD_SHOULD_PARK)) !== 0;
  if ((load(flags) & WQ_FLAG_WOKEN) === 0 && !called && !signalPendingState(mode, thread.addr)) sleepUntilSync(thread, deadline, 'wait_woken'); // [wait:wokenc] pairs with wait:remember
  setTaskState(thread.addr, TASK_RUNNING);
  fetchAnd(flags, ~WQ_FLAG_WOKEN); // Before the caller looks: a wake-up after this is for the next call.
  return jiffiesUntil(deadline);
}

export const wait: Imports = {
  init_waitqueue_head: (q: number) => {
    initQueue(queue(q));
    w32(q + WAIT_QUEUE_HEAD.own, 0);
  },
  waitqueue_active: (q: number) => queueActive(queue(q)),
  __wake_up: (q: number, mode: number, nr: number, key: number) => wakeQueue(queue(q), { mode, nr, key }),
  wake_up: (q: number) => wakeQueue(queue(q), { mode: TASK_NORMAL, nr: 1, key: 0 }),
  wake_up_interruptible: (q: number) => wakeQueue(queue(q), { mode: TASK_INTERRUPTIBLE, nr: 1, key: 0 }),

  kthread_add_wait_queue_tail: (q: number, at: number) => {
    lockQueue(queue(q));
    w32(entryAt(at) + WAIT_QUEUE_ENTRY.queue, q);
    listAddTail(at, q + WAIT_QUEUE_HEAD.head);
    unlockQueue(q);
  },
  default_wake_function: (at: number, mode: number) => wakeTask(entryAt(at), mode),
  autoremove_wake_function: (at: number, mode: number) => wakeAndUnlink(entryAt(at), mode),
  woken_wake_function: (at: number, mode: number) => wakeAndRemember(entryAt(at), mode),
  wait_woken: (at: number, mode: number, timeout: number) => waitWoken(at, mode, timeout),

  // The steps of wait_event, for the entry of the task.
  kthread_wait_enter: (flags: number) => {
    if ((flags & UNLOCKS) === 0) mightSleep('wait_event');
    ownEntry(self('wait_event'), flags & ~UNLOCKS);
  },
  kthread_wait_prepare: (q: number, state: number) => {
    const task = self('wait_event');
    return prepareEntry(queue(q), task + TASK.wait, task, state);
  },
  kthread_wait_sleep: (left: number) => {
    const thread = needPlain('wait_event');
    const deadline = deadlineIn(left);
    sleepUntilSync(thread, deadline, 'wait_event');
    return jiffiesUntil(deadline);
  },
  kthread_wait_leave: () => {
    const task = self('wait_event');
    setTaskState(task, TASK_RUNNING);
    finishEntry(task + TASK.wait);
  },

  // Waiting by hand.
  add_wait_queue: (q: number, entry: number) => add(q, entry, 0),
  add_wait_queue_exclusive: (q: number, entry: number) => add(q, entry, WQ_FLAG_EXCLUSIVE),
  add_wait_queue_priority: (q: number, entry: number) => add(q, entry, WQ_FLAG_EXCLUSIVE | WQ_FLAG_PRIORITY),
  remove_wait_queue: (q: number, entry: number) => {
    lockQueue(queue(q));
    listDelInit(entryAt(entry));
    unlockQueue(q);
  },
  prepare_to_wait: (q: number, entry: number, state: number) => void prepare(q, entry, state, 0),
  prepare_to_wait_exclusive: (q: number, entry: number, state: number) => prepare(q, entry, state, WQ_FLAG_EXCLUSIVE),
  prepare_to_wait_event: (q: number, at: number, state: number) => {
    lockQueue(queue(q));
    const signalled = prepareLocked(q, entryAt(at), self('prepare_to_wait_event'), state);
    unlockQueue(q);
    return signalled ? -ERESTARTSYS : 0;
  },
  finish_wait: (q: number, at: number) => {
    const entry = entryAt(at);
    setTaskState(self('finish_wait'), TASK_RUNNING);
    lockQueue(queue(q));
    listDelInit(entry);
    w32(entry + WAIT_QUEUE_ENTRY.queue, 0);
    unlockQueue(q);
  },
};

/**
 * Waiting until a file is ready: poll(2). The driver's poll names the queues on which it wakes who waits; the process has an
 * entry on each of them for as long as it looks. C: fs/select.c.
 */
import { fetchAnd, load } from '../../lib/atomic.js';
import { listDelInit, listInit } from '../../lib/list.js';
import { r32, w32 } from '../../lib/memory.js';
import { kfree, kzalloc } from '../../kernel/mm/slab.js';
import { needPlain, sleepUntilSync } from '../../kernel/sched/core.js';
import { taskSignalPending } from '../../kernel/sched/signal.js';
import { TASK_INTERRUPTIBLE, TASK_RUNNING, setTaskState } from '../../kernel/sched/task.js';
import { WAIT_QUEUE_ENTRY, WOKEN_WAKE, WQ_FLAG_WOKEN, addEntry, lockQueue, unlockQueue } from '../../kernel/sched/wait_queue.js';
import { me } from '../../kernel/smp.js';
import { uptime } from '../../kernel/time/time.js';
import { vfsPoll } from './file.js';
import { PROCESS } from './records.js';

const POLLERR = 8, POLLHUP = 16;
const ERESTARTNOHAND = 514;

/** The entries of the process that polls on this isolate. */
let entries: number[] = [];

/** A driver's poll says that it wakes the queue at `queue`. C: poll_wait. */
export function pollWait(queue: number): void {
  const { addr: task, pid } = needPlain('poll_wait');
  const entry = kzalloc(WAIT_QUEUE_ENTRY.sizeof);
  if (entry === 0) return; // As in Linux: it looks again when it is woken for another reason.
  listInit(entry);
  // Should its isolate be ended meanwhile, who wakes the queue next frees the entry.
  for (const [field, value] of [[WAIT_QUEUE_ENTRY.func, WOKEN_WAKE], [WAIT_QUEUE_ENTRY.private, task], [WAIT_QUEUE_ENTRY.pid, pid], [WAIT_QUEUE_ENTRY.owner, me]] as const) w32(entry + field, value);
  lockQueue(queue);
  addEntry(queue, entry);
  unlockQueue(queue);
  entries.push(entry);
}

/** Sleeps until the file is ready for one of `events`, `timeout` ms at most. Returns what it is ready for, 0 when time ran out, or a negative number. */
export function poll(file: number, process: number, events: number, timeout: number): number {
  const table = process + PROCESS.table;
  const wanted = events | POLLERR | POLLHUP;
  const deadline = timeout < 0 ? Infinity : uptime() + timeout;
  w32(table, timeout === 0 ? 0 : 1);
  w32(table + 4, wanted);
  entries = [];
  try {
    for (;;) {
      const ready = vfsPoll(file, table) & wanted;
      w32(table, 0); // It is on all queues.
      if (ready !== 0) return ready;
      if (uptime() >= deadline) return 0;
      if (!sleepOnce(deadline)) return -ERESTARTNOHAND;
    }
  } finally {
    leaveQueues();
  }
}

/** Sleeps unless one of the queues was woken since the last look. False when a signal came. */
function sleepOnce(deadline: number): boolean {
  const thread = needPlain('poll');
  setTaskState(thread.addr, TASK_INTERRUPTIBLE);
  if (!entries.some((entry) => (load(entry + WAIT_QUEUE_ENTRY.flags) & WQ_FLAG_WOKEN) !== 0)) sleepUntilSync(thread, deadline, 'do_sys_poll'); // [wait:wokenp] pairs with wait:remember
  setTaskState(thread.addr, TASK_RUNNING);
  for (const entry of entries) fetchAnd(entry + WAIT_QUEUE_ENTRY.flags, ~WQ_FLAG_WOKEN); // Before it looks: what comes after this is for the next time.
  return !taskSignalPending(thread.addr);
}

function leaveQueues(): void {
  for (const entry of entries) {
    const queue = r32(entry + WAIT_QUEUE_ENTRY.queue);
    lockQueue(queue);
    listDelInit(entry);
    unlockQueue(queue);
    kfree(entry);
  }
  entries = [];
}

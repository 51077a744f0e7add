/**
 * The life of a process: a plain thread with one file, which it opens, does what it is asked for with, one thing after the
 * other, and closes. What a driver sleeps in, it sleeps in; a signal ends it as it would any process that catches none. Who
 * asks is process.ts.
 */
import { load, store } from '../../lib/atomic.js';
import { EBADF, EFAULT, EINTR, EIO, ERESTARTSYS } from '../../lib/errno.js';
import { listDelInit, listEmpty, listNext } from '../../lib/list.js';
import { r32, readString, rf64, w32, wf64 } from '../../lib/memory.js';
import { KthreadExit, oops } from '../../kernel/exit.js';
import { completeAt } from '../../kernel/sched/completion.js';
import { needPlain, sleepUntilSync, type Thread } from '../../kernel/sched/core.js';
import { taskFatalSignalPending, taskSignalPending } from '../../kernel/sched/signal.js';
import { KTHREAD_SHOULD_STOP, TASK, TASK_INTERRUPTIBLE, TASK_RUNNING, setTaskState } from '../../kernel/sched/task.js';
import { isolateAlive } from '../../kernel/smp.js';
import { HELD_MAX } from '../../kernel/param.js';
import { warnTask } from '../../kernel/panic.js';
import { SEM, addressOf, kindOf, lockName } from '../../kernel/locking/held.js';
import { PREEMPT_COUNT } from '../../kernel/locking/preempt.js';
import { taskAt } from '../../kernel/sched/handle.js';
import { uptime } from '../../kernel/time/time.js';
import { listImages } from '../images.js';
import { vfsClose, vfsIoctl, vfsLlseek, vfsOpen, vfsRead, vfsWrite } from './file.js';
import { poll } from './select.js';
import { PROCESS, REQUEST } from './records.js';
import { OP_CLOSE, OP_IOCTL, OP_OPEN, OP_POLL, OP_READ, OP_WRITE, freeRequest, lockProcess, putProcess, unlockProcess } from './request.js';
import { withUserMemory } from './uaccess.js';

const PATH_MAX = 4096;
/** How often a process that nobody asks for anything looks whether its user lives, ms. */
const USER_MS = 1000;

/** The numbers by which code says that a signal ended its sleep. */
const isRestart = (result: number): boolean => result <= -ERESTARTSYS && result >= -516 && result !== -515;

/** Returns what its exit code is: 0, or the signal that ended it. */
export function runProcess(process: number): number {
  const thread = needPlain('process');
  let last = 0;
  try {
    for (;;) {
      const request = next(thread, process);
      if (request === 0) break;
      last = request;
      const result = serve(process, request);
      const ends = r32(request + REQUEST.op) === OP_CLOSE || (r32(request + REQUEST.op) === OP_OPEN && result < 0);
      const killed = isKilled(thread.addr);
      leaveKernel(thread);
      if (ends || killed) {
        const closed = close(thread, process); // Before the answer: who hears it finds the file closed.
        answer(request, killed && isRestart(result) ? -EINTR : result || closed);
        last = 0;
        break;
      }
      answer(request, isRestart(result) && taskSignalPending(thread.addr) ? -EINTR : result);
      last = 0;
    }
  } catch (error) {
    if (!(error instanceof KthreadExit)) oops(thread.addr, error as Error);
    close(thread, process);
    if (last !== 0) answer(last, -EFAULT); // It has not been: what threw is what it asked for.
  }
  close(thread, process);
  const sig = load(process + PROCESS.sig); // The record may be gone the next moment.
  leave(process);
  return sig;
}

const isKilled = (task: number): boolean => taskFatalSignalPending(task) || (load(task + TASK.kflags) & KTHREAD_SHOULD_STOP) !== 0;

/** The oldest request; sleeps until there is one. 0: the process shall end. */
function next(thread: Thread, process: number): number {
  for (;;) {
    if (isKilled(thread.addr)) return 0;
    setTaskState(thread.addr, TASK_INTERRUPTIBLE); // [files:sleep] pairs with files:ask
    const request = takeRequest(process);
    if (request === 0) sleepUntilSync(thread, uptime() + USER_MS, 'pipe_read');
    setTaskState(thread.addr, TASK_RUNNING);
    if (request !== 0) return request;
    if (!isolateAlive(r32(process + PROCESS.user))) return 0;
  }
}

function takeRequest(process: number): number {
  lockProcess(process);
  const first = listEmpty(process + PROCESS.requests) ? 0 : listNext(process + PROCESS.requests);
  if (first !== 0) listDelInit(first);
  unlockProcess(process);
  return first;
}

function serve(process: number, request: number): number {
  const [op, a, buf, size] = [REQUEST.op, REQUEST.a, REQUEST.buf, REQUEST.size].map((field) => r32(request + field));
  const file = r32(process + PROCESS.file);
  const pos = request + REQUEST.offset;
  store(process + PROCESS.inside, 1);
  try {
    return withUserMemory(buf === 0 ? [] : [[buf, size]], () => {
      if (op === OP_OPEN) {
        const opened = vfsOpen(readString(buf, PATH_MAX), a, process, rf64(pos));
        if (opened > 0) w32(process + PROCESS.file, opened);
        return Math.min(opened, 0);
      }
      if (op === OP_CLOSE) return 0;
      if (file === 0) return -EBADF;
      if (op === OP_READ) return vfsRead(file, buf, size, pos);
      if (op === OP_WRITE) return vfsWrite(file, buf, size, pos);
      if (op === OP_IOCTL) return vfsIoctl(file, a, buf !== 0 ? buf : size);
      if (op === OP_POLL) return poll(file, process, a, rf64(pos));
      const at = vfsLlseek(file, rf64(pos), a);
      wf64(pos, at);
      return Math.min(at, 0);
    });
  } finally {
    store(process + PROCESS.inside, 0);
  }
}

/** Says what a driver should not have kept when it goes back to its process. C: lockdep_sys_exit. */
function leaveKernel({ addr: task, pid }: Thread): void {
  const held = Array.from({ length: HELD_MAX }, (_, i) => r32(task + TASK.held + i * 4)).filter((word) => word !== 0 && kindOf(word) !== SEM); // A semaphore may be another's to give back.
  const spinning = r32(task + TASK.preempt_count) & PREEMPT_COUNT;
  if (held.length === 0 && spinning === 0) return;
  const what = [...held.map((word) => placeOf(addressOf(word))), ...(spinning > 0 ? [`preempt_count ${spinning}`] : [])];
  warnTask(task, '', 'lock held when returning to user space! %s[%d] leaves the kernel with %s still held', taskAt(task).comm, pid, what.join(', '));
}

/** A lock, by the module whose variable it is. */
function placeOf(at: number): string {
  const image = listImages().find(({ base, size }) => at >= base && at < base + size);
  return `${lockName(at)}${image ? ` [${image.about.name}]` : ''}`;
}

/** Closes its file, if it is open; what release does wrong is told. */
function close(thread: Thread, process: number): number {
  const file = r32(process + PROCESS.file);
  if (file === 0) return 0;
  w32(process + PROCESS.file, 0);
  store(process + PROCESS.inside, 1);
  try {
    return vfsClose(file);
  } catch (error) {
    if (!(error instanceof KthreadExit)) oops(thread.addr, error as Error);
    return -EFAULT;
  } finally {
    store(process + PROCESS.inside, 0);
  }
}

function answer(request: number, result: number): void {
  w32(request + REQUEST.result, result);
  completeAt(request + REQUEST.done);
}

/** Answers what was asked and never done. If its user is no more, nobody reads that. */
function leave(process: number): void {
  const alive = isolateAlive(r32(process + PROCESS.user));
  lockProcess(process);
  store(process + PROCESS.task, 0); // Nothing is asked from here on.
  unlockProcess(process);
  for (let request = takeRequest(process); request !== 0; request = takeRequest(process)) {
    if (alive) answer(request, r32(request + REQUEST.op) === OP_CLOSE ? 0 : load(process + PROCESS.sig) === 0 ? -EIO : -EINTR); // It is closed by now.
    else freeRequest(request);
  }
  putProcess(process);
  if (!alive) putProcess(process);
}

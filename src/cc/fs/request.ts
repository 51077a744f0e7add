/**
 * What a process is asked for, between who asks (process.ts) and the process itself (task.ts): requests in kernel memory, one
 * list for each process.
 */
import { fetchAdd } from '../../lib/atomic.js';
import { listDelInit, listRepair } from '../../lib/list.js';
import { r32 } from '../../lib/memory.js';
import { rawSpinLock, rawSpinUnlock } from '../../kernel/locking/raw_spinlock.js';
import { kasanKfree, kasanKmalloc } from '../../kernel/mm/kasan.js';
import { kfree } from '../../kernel/mm/slab.js';
import { fsLocked } from './dcache.js';
import { PROCESS, REQUEST } from './records.js';

/** How a file is opened. */
export const O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0o100, O_EXCL = 0o200, O_TRUNC = 0o1000, O_APPEND = 0o2000, O_NONBLOCK = 0o4000;

export const OP_OPEN = 1, OP_READ = 2, OP_WRITE = 3, OP_LLSEEK = 4, OP_IOCTL = 5, OP_POLL = 6, OP_CLOSE = 7;

export function lockProcess(process: number): void {
  if (rawSpinLock(process + PROCESS.lock)) listRepair(process + PROCESS.requests);
}
export const unlockProcess = (process: number): void => rawSpinUnlock(process + PROCESS.lock);

/** Its user and itself each keep the record. */
export function putProcess(process: number): void {
  if (fetchAdd(process + PROCESS.refs, -1) !== 1) return;
  fsLocked(() => listDelInit(process + PROCESS.link));
  kfree(process);
}

/** Frees a request and the memory that came with it. */
export function freeRequest(request: number): void {
  if (r32(request + REQUEST.buf) !== 0) kasanKfree(r32(request + REQUEST.buf), 0);
  kfree(request);
}

/** Memory of the process `pid`, zeroed, with a guard behind it; 0 when memory is out. */
export const allocUser = (size: number, pid: number): number => kasanKmalloc(size, true, 0, pid);

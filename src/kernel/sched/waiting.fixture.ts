/**
 * What the tests of waiting do to threads: start them, see them asleep, send them a signal, and get what they returned.
 * Imported by tests only.
 */
import { fetchOr, load } from '../../lib/atomic.js';
import { CLOSURE, CPU1, PLAIN, until, type Behaviour, type Kind } from '../kinds.fixture.js';
import { getTaskStruct, kthreadStopPut, wakeUpProcess } from '../kthread.js';
import { isolateSlotAt } from '../memlayout.js';
import { ISOLATE } from '../smp.js';
import { wakeUpState } from './core.js';
import type { Task } from './handle.js';
import { TASK, TASK_INTERRUPTIBLE, TASK_WAKEKILL } from './task.js';

/** Creates and wakes a thread that may end by itself. */
export async function start<D>({ create }: Kind, what: Behaviour<D>, data: D, name?: string): Promise<Task> {
  const task = getTaskStruct(await create(what, data, name));
  wakeUpProcess(task);
  return task;
}

/** What a thread returned that ends by itself. */
export async function end(task: Task, ms?: number): Promise<number> {
  await until(() => task.state === 'X', `${task.comm} ends`, ms);
  return kthreadStopPut(task);
}

/** It sleeps in the state that ps shows as `letter`. */
export const sleeps = (task: Task, letter: string): Promise<void> => until(() => task.state === letter && load(task.addr + TASK.wchan) !== 0 && !isOnCpu(task), `${task.comm} sleeps in ${letter}`);

/** Whether it has a turn: it may have said that it will sleep, and be looking once more. */
const isOnCpu = ({ addr }: Task): boolean => load(isolateSlotAt(load(addr + TASK.isolate)) + ISOLATE.curr) === addr;

export const SIGKILL = 1 << 8, SIGTERM = 1 << 14;

/** A signal that the thread allowed comes: it is pending, and whoever sleeps for it wakes. */
export function signal(task: Task, bit: number): void {
  fetchOr(task.addr + TASK.sig_pending, bit);
  wakeUpState(task.addr, bit === SIGKILL ? TASK_INTERRUPTIBLE | TASK_WAKEKILL : TASK_INTERRUPTIBLE);
}

const KINDS = [CLOSURE, CPU1, PLAIN];
/** Every kind of waiter with every kind of waker. */
export const PAIRS = KINDS.flatMap((by) => KINDS.map((who) => ({ by, who, pair: `${who.kind} by ${by.kind}` })));

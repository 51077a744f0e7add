/**
 * The ways in which a thread function can live, so that one test proves a behaviour for all of them: a closure, a declared
 * async function here and on another CPU, and a plain function on an isolate of its own. It asserts nothing by itself.
 */
import { kzalloc } from './mm/slab.js';
import { getTaskStruct, kthreadCreate, kthreadCreateOnCpu, threadfn, wakeUpProcess, type Closure, type Exit, type ThreadFn } from './kthread.js';
import type { Task } from './sched/handle.js';

/** One thing that a thread does, written for both kinds of threads. */
export interface Behaviour<D> {
  readonly closure: Closure<D>;
  readonly shared: ThreadFn<D>;
  readonly plain: ThreadFn<D>;
}

/** Declares a behaviour at the top of a fixture; `name` must be the fixture's only one of that name. */
export function behaviour<D>(meta: ImportMeta, name: string, closure: Closure<D>, plain: (data: D) => Exit): Behaviour<D> {
  return { closure, shared: threadfn(meta, `${name}, async`, closure), plain: threadfn(meta, `${name}, plain`, plain) };
}

export interface Kind {
  readonly kind: string;
  /** kthread_create for this kind. */
  create<D>(what: Behaviour<D>, data: D, name?: string): Promise<Task>;
}

export const CLOSURE: Kind = { kind: 'an async closure', create: ({ closure }, data, name = 'closure') => kthreadCreate(closure, data, '%s', name) };
export const HERE: Kind = { kind: 'an async threadfn', create: ({ shared }, data, name = 'here') => kthreadCreate(shared, data, '%s', name) };
export const CPU1: Kind = { kind: 'an async threadfn on CPU 1', create: ({ shared }, data, name = 'cpu/%u') => kthreadCreateOnCpu(shared, data, 1, name) };
export const PLAIN: Kind = { kind: 'a plain threadfn', create: ({ plain }, data, name = 'plain') => kthreadCreate(plain, data, '%s', name) };
export const KINDS: readonly Kind[] = [CLOSURE, HERE, CPU1, PLAIN];

/** `n` zeroed words of kernel memory that the threads of a test share. Freed with the machine. */
export const words = (n: number): number => kzalloc(n * 4);

/** Waits until `condition` holds, by looking again and again, later every millisecond; throws after `ms`. For the test itself, outside of any thread. */
export async function until(condition: () => boolean, what = String(condition), ms = 15_000): Promise<void> {
  const end = performance.now() + ms;
  for (let looks = 0; !condition(); looks++) {
    if (performance.now() > end) throw new Error(`waited ${ms} ms in vain for: ${what}`);
    await new Promise((resolve) => (looks < 100 ? setImmediate(resolve) : setTimeout(resolve, 1)));
  }
}

/** Real time goes by. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts `fn` as kthreadRun does, with a reference taken before it runs: it may be gone the next moment. Give it back with kthreadStopPut. */
export async function runHeld<D>(fn: ThreadFn<D>, data: D, name: string): Promise<Task> {
  const task = getTaskStruct(await kthreadCreate(fn, data, '%s', name));
  wakeUpProcess(task);
  return task;
}

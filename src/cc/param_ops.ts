/**
 * Parameters with functions of their own: what their module does when one is set or shown.
 */
import { ENOMEM, EPERM } from '../lib/errno.js';
import { r32, readString, stringSize, u8, writeString } from '../lib/memory.js';
import { isolateModule } from '../kernel/isolate.js';
import { kasanKfree, kasanKmalloc } from '../kernel/mm/kasan.js';
import { KERN_ERR, printk } from '../kernel/printk/printk.js';
import { currentThread } from '../kernel/sched/core.js';
import type { ParamSet } from './params.js';
import { callC } from './run.js';

/** struct kernel_param_ops of linux/moduleparam.h, and where a struct kernel_param has it. */
const OPS = 24, SET = 4, GET = 8;
const PAGE_SIZE = 4096;

/** Has the parameter at `at` set to `text`. What its function returns, or -EPERM where it has none. */
export function setByFunction(at: number, text: string): number {
  const set = r32(r32(at + OPS) + SET);
  if (set === 0) return -EPERM;
  const pid = currentThread()?.pid ?? 0;
  const copy = kasanKmalloc(stringSize(text), true, isolateModule(), pid);
  if (copy === 0) return -ENOMEM;
  writeString(copy, stringSize(text), text);
  try {
    return callC(set, copy, at);
  } finally {
    kasanKfree(copy, pid);
  }
}

/** Sets what insmod was given, before init. 0, or what kept the module out, which is told. */
export function setAll(sets: readonly ParamSet[], module: string): number {
  for (const { at, text } of sets) {
    const failed = setByFunction(at, text);
    if (failed >= 0) continue;
    printk('%s%s: `%s\' invalid for parameter `%s\'\n', KERN_ERR, module, text, readString(r32(at), 256));
    return failed;
  }
  return 0;
}

/** The text that its function makes in `page`; a negative number where it fails, -EPERM where it has none. */
export function showByFunction(at: number, page: number): Uint8Array | number {
  const get = r32(r32(at + OPS) + GET);
  if (get === 0) return -EPERM;
  const size = callC(get, page, at);
  return size < 0 ? size : u8.slice(page, page + Math.min(size, PAGE_SIZE - 1));
}

/**
 * What modules in C export, for TypeScript: functions to call and records to share. The other way round, what TypeScript
 * exports for C, is kernel/symbols.ts.
 */
import { EINVAL, ENOENT, KernelError } from '../lib/errno.js';
import { countUser } from '../kernel/module.js';
import { forgetUse, noteUse, type NumberFunction } from '../kernel/symbols.js';
import { isFunctionNumber, listImages } from './images.js';

/**
 * What a module in C exports as `name`: a function, which is called on this isolate, as the thread that calls, and may sleep
 * only where a plain thread calls it; or, with the class of a handle (Completion, WaitQueueHead, ...), the variable as that.
 * The module stays loaded until symbolPut(), or until the calling module is removed. Throws KernelError ENOENT when no module
 * exports it, EINVAL for the one when it is the other. C: symbol_get.
 */
export async function symbolGet(name: string): Promise<NumberFunction>;
export async function symbolGet<H>(name: string, kind: new (addr: number) => H): Promise<H>;
export async function symbolGet<H>(name: string, kind?: new (addr: number) => H): Promise<H | NumberFunction> {
  const { value, record } = lookUp(name);
  const isFunction = isFunctionNumber(value);
  if (isFunction && kind) throw new KernelError(-EINVAL, `symbolGet: ${name} is a function, not a ${kind.name}`);
  if (!isFunction && !kind) throw new KernelError(-EINVAL, `symbolGet: ${name} is a variable; say of which kind, such as symbolGet('${name}', Completion)`);
  noteUse(record);
  countUser(record, 1);
  if (kind) return new kind(value);
  const { callC } = await import('./run.js');
  return (...args) => callC(value, ...args);
}

/** Gives back what symbolGet() gave. Throws KernelError ENOENT when no module exports it, EINVAL when the caller has not got it. C: symbol_put. */
export function symbolPut(name: string): void {
  const { record } = lookUp(name);
  if (!forgetUse(record)) throw new KernelError(-EINVAL, `symbolPut: ${name} was not got by symbolGet()`);
  countUser(record, -1);
}

function lookUp(name: string): { value: number; record: number } {
  const image = listImages().find(({ about }) => name in about.exports);
  if (!image) throw new KernelError(-ENOENT, `symbolGet: no module in C exports ${name}`);
  return { value: image.about.exports[name], record: image.about.record };
}

/**
 * What modules in TypeScript let modules in other languages use: records by their address, and functions of numbers, by the
 * file that declares them and a name, so that any isolate finds them; and what they use of others, which stay loaded so
 * long. What modules in C export, and who resolves names, is not here.
 */
import { EEXIST, EINVAL, ENOMEM, KernelError } from '../lib/errno.js';
import { LIST_HEAD, listAddTail, listDelInit, listNext } from '../lib/list.js';
import { buffer, r32, readString, w32 } from '../lib/memory.js';
import { ptr, struct, u32 } from '../lib/struct.js';
import { keepText } from './fork.js';
import { isolateModule, plainUrl } from './isolate.js';
import { isAsync } from './kthread.js';
import { rawSpinLock, rawSpinUnlock } from './locking/raw_spinlock.js';
import { MACHINE, machineWord } from './memlayout.js';
import { kfree, kzalloc } from './mm/slab.js';
import { me } from './smp.js';
import { moduleOfFile } from './statics.js';

const SYMBOL = struct('kernel_symbol', {
  list: ptr('l', LIST_HEAD / 4),
  module: u32('c'), // instance number of the module that exports or uses it, 0: the program
  addr: ptr('c'), //   of a record; 0: it is a function. In use: the record of the module that is used
  name: ptr('c'), //   0: it is in use, not exported
  url: ptr('c'), //    the file that declares it
});
const NAME_MAX = 256, URL_MAX = 4096;

/** A function that code in another language may call: it takes and returns 32-bit numbers. */
export type NumberFunction = (...args: number[]) => number | void;

/** A record by its address, elements of kernel memory, or a function. */
export type Exportable = { readonly addr: number } | Int32Array | Uint32Array | NumberFunction;

export interface ExportedSymbol {
  readonly name: string;
  readonly module: number;
  /** 0: it is a function. */
  readonly addr: number;
  readonly url: string;
}

/** Functions that files imported on this isolate export, by file and name. */
const functions = new Map<string, NumberFunction>();

/**
 * Lets modules in C use `what` by `name`: a handle, such as a Completion, or a declareShared() array, as a variable; a plain
 * function of numbers as a function. Called at the top of a file, as threadfn() is, since C may call the function on any
 * isolate, as the thread that calls. It may use the Sync spellings. Gone with the module, which stays loaded while it is
 * used. Before the machine is booted it takes effect when it is. Throws KernelError EEXIST when another module exports that
 * name, EINVAL for what cannot be exported, ENOMEM. C: EXPORT_SYMBOL.
 */
export function exportSymbol(meta: ImportMeta, name: string, what: Exportable): void {
  const url = plainUrl(meta.url);
  if (typeof what === 'function') functions.set(`${url}#${name}`, what);
  if (me === 0) pending.push(() => publish(url, name, what));
  else publish(url, name, what);
}

/** What was exported before the machine was booted. */
const pending: Array<() => void> = [];

/** The machine is booted. */
export function publishSymbols(): void {
  for (const now of pending) now();
}

function publish(url: string, name: string, what: Exportable): void {
  const module = moduleOfFile(url) ?? isolateModule();
  const addr = addressOf(name, what);
  const lock = machineWord(MACHINE.symbols_lock);
  rawSpinLock(lock);
  try {
    const known = find(name);
    if (known === undefined) return add(module, addr, name, url);
    if (known.module !== module || known.url !== url) throw new KernelError(-EEXIST, `exportSymbol: ${name} is exported already, by ${known.url}`);
  } finally {
    rawSpinUnlock(lock);
  }
}

function addressOf(name: string, what: Exportable): number {
  if (typeof what === 'function') {
    if (isAsync(what)) throw new KernelError(-EINVAL, `exportSymbol: ${name} is async; C cannot await it, export a plain function that uses the Sync spellings`);
    return 0;
  }
  if (!ArrayBuffer.isView(what)) return what.addr;
  if (what.buffer !== buffer) throw new KernelError(-EINVAL, `exportSymbol: ${name} is not in kernel memory; make it with declareShared()`);
  return what.byteOffset;
}

/** The lock is held. Without a name it is in use. */
function add(module: number, addr: number, name = '', url = ''): void {
  const at = kzalloc(SYMBOL.sizeof);
  if (at === 0) throw new KernelError(-ENOMEM, `kernel memory is out: no room for a symbol ${name}`);
  w32(at + SYMBOL.module, module);
  w32(at + SYMBOL.addr, addr);
  if (name !== '') w32(at + SYMBOL.name, keepText(name, NAME_MAX));
  if (name !== '') w32(at + SYMBOL.url, keepText(url, URL_MAX));
  listAddTail(at, machineWord(MACHINE.symbols));
}

/** The lock is held. */
function find(name: string): ExportedSymbol | undefined {
  const head = machineWord(MACHINE.symbols);
  for (let at = listNext(head); at !== head; at = listNext(at)) {
    if (r32(at + SYMBOL.name) !== 0 && readString(r32(at + SYMBOL.name), NAME_MAX) === name) return { name, module: r32(at + SYMBOL.module), addr: r32(at + SYMBOL.addr), url: readString(r32(at + SYMBOL.url), URL_MAX) };
  }
  return undefined;
}

/** What is exported as `name`, if anything is. */
export function findSymbol(name: string): ExportedSymbol | undefined {
  const lock = machineWord(MACHINE.symbols_lock);
  rawSpinLock(lock);
  try {
    return find(name);
  } finally {
    rawSpinUnlock(lock);
  }
}

/** The exported function `name` of the file `url`, if that was imported on this isolate. */
export const exportedFunction = (url: string, name: string): NumberFunction | undefined => functions.get(`${url}#${name}`);

/** This isolate's module uses something of the one whose record is at `record`. Throws KernelError ENOMEM. */
export function noteUse(record: number): void {
  const lock = machineWord(MACHINE.symbols_lock);
  rawSpinLock(lock);
  try {
    add(isolateModule(), record);
  } finally {
    rawSpinUnlock(lock);
  }
}

/** It uses it once less; false if it did not. */
export function forgetUse(record: number): boolean {
  return drop(isolateModule(), (at) => r32(at + SYMBOL.name) === 0 && r32(at + SYMBOL.addr) === record, 1).length > 0;
}

/** The module is gone, and with it what it exports. Returns the records of modules that it used, one for each use. */
export const dropSymbols = (module: number): number[] => drop(module, () => true, Infinity);

function drop(module: number, which: (at: number) => boolean, most: number): number[] {
  const used: number[] = [];
  let dropped = 0;
  const lock = machineWord(MACHINE.symbols_lock);
  const head = machineWord(MACHINE.symbols);
  rawSpinLock(lock);
  for (let at = listNext(head); at !== head; ) {
    const next = listNext(at);
    if (r32(at + SYMBOL.module) === module && dropped < most && which(at)) {
      dropped++;
      if (r32(at + SYMBOL.name) === 0) used.push(r32(at + SYMBOL.addr));
      listDelInit(at);
      for (const part of [r32(at + SYMBOL.name), r32(at + SYMBOL.url), at]) kfree(part);
    }
    at = next;
  }
  rawSpinUnlock(lock);
  return used;
}

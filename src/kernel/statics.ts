/**
 * What C declares `static`: records in kernel memory that are found by the file that declares them and a name, so that
 * every isolate that imports the file gets the same one. A module's records are freed when it is removed.
 */
import { EINVAL, ENODEV, ENOMEM, KernelError } from '../lib/errno.js';
import { LIST_HEAD, listAddTail, listDelInit, listNext } from '../lib/list.js';
import { r32, readString, stringSize, w32, writeString, zero } from '../lib/memory.js';
import { ptr, struct, u32 } from '../lib/struct.js';
import { isolateModule, plainUrl } from './isolate.js';
import { rawSpinLock, rawSpinUnlock } from './locking/raw_spinlock.js';
import { MACHINE, machineWord } from './memlayout.js';
import { kfree, kmalloc, kzalloc } from './mm/slab.js';
import { me } from './smp.js';

const STATIC = struct('static', {
  list: ptr('l', LIST_HEAD / 4),
  module: u32('c'), // instance number, so that two instances of one file have their own
  kind: u32('c'),
  size: u32('c'), //   bytes of the record
  at: ptr('c'), //     the record
  key: ptr('c'), //    "file#name"
});

/** Kinds of records, so that a name is not declared as two things. */
export const STATIC_KINDS = Object.freeze({ wait_queue_head: 1, completion: 2, spinlock: 3, shared: 4, param: 5, mutex: 6, semaphore: 7, rwsem: 8, rwlock: 9, seqlock: 10, refcount: 11, swait_queue_head: 12 });
export type StaticKind = keyof typeof STATIC_KINDS;

/** Longest key looked at, bytes. */
const KEY_MAX = 4096;

/**
 * The address of the record `name` of the calling file, `size` bytes, zeroed and then given to `init` when it is new.
 * Throws KernelError ENODEV where no machine is, ENOMEM, and EINVAL when the name was declared as something else.
 */
export function declareStatic(meta: ImportMeta, name: string, kind: StaticKind, size: number, init: (at: number) => void = () => {}): number {
  const key = `${plainUrl(meta.url)}#${name}`;
  if (me === 0) throw new KernelError(-ENODEV, `${name}: no machine is booted; import the file that declares it after boot()`);
  const lock = machineWord(MACHINE.statics_lock);
  rawSpinLock(lock);
  try {
    return find(key, kind, size) || make(key, kind, size, init);
  } finally {
    rawSpinUnlock(lock);
  }
}

function find(key: string, kind: StaticKind, size: number): number {
  const module = isolateModule();
  const head = machineWord(MACHINE.statics);
  for (let at = listNext(head); at !== head; at = listNext(at)) {
    if (r32(at + STATIC.module) !== module || readString(r32(at + STATIC.key), KEY_MAX) !== key) continue;
    if (r32(at + STATIC.kind) !== STATIC_KINDS[kind] || r32(at + STATIC.size) !== size) throw new KernelError(-EINVAL, `${key} is declared twice, as different things`);
    return r32(at + STATIC.at);
  }
  return 0;
}

function make(key: string, kind: StaticKind, size: number, init: (at: number) => void): number {
  const keySize = stringSize(key);
  const entry = kzalloc(STATIC.sizeof);
  const record = kmalloc(Math.max(size, 8));
  const text = kmalloc(keySize);
  if (entry === 0 || record === 0 || text === 0) {
    for (const at of [entry, record, text]) kfree(at);
    throw new KernelError(-ENOMEM, `kernel memory is out: no room for ${key}, ${size} bytes`);
  }
  zero(record, Math.ceil(size / 4) * 4);
  init(record);
  writeString(text, keySize, key);
  w32(entry + STATIC.module, isolateModule());
  w32(entry + STATIC.kind, STATIC_KINDS[kind]);
  w32(entry + STATIC.size, size);
  w32(entry + STATIC.at, record);
  w32(entry + STATIC.key, text);
  listAddTail(entry, machineWord(MACHINE.statics));
  return record;
}

/** "file#name" of the record at `at`, without folders; '' if it was not declared. For reports: a scan under the lock. */
export function staticName(record: number): string {
  const lock = machineWord(MACHINE.statics_lock);
  const head = machineWord(MACHINE.statics);
  let name = '';
  rawSpinLock(lock);
  for (let at = listNext(head); at !== head; at = listNext(at)) if (r32(at + STATIC.at) === record) name = readString(r32(at + STATIC.key), KEY_MAX);
  rawSpinUnlock(lock);
  return name.slice(name.lastIndexOf('/') + 1);
}

/** Frees all records of module instance `module`; its code is gone. */
export function freeStatics(module: number): void {
  const lock = machineWord(MACHINE.statics_lock);
  const head = machineWord(MACHINE.statics);
  rawSpinLock(lock);
  for (let at = listNext(head); at !== head; ) {
    const next = listNext(at);
    if (r32(at + STATIC.module) === module) {
      listDelInit(at);
      for (const part of [r32(at + STATIC.at), r32(at + STATIC.key), at]) kfree(part);
    }
    at = next;
  }
  rawSpinUnlock(lock);
}

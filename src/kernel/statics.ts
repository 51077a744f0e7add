/**
 * What C declares `static`: records in kernel memory that are found by the file that declares them and a name, so that
 * every isolate that imports the file gets the same one. Beside them records without a name, which whoever made them
 * passes around. Both belong to a module and are freed when it is removed.
 */
import { bugOn } from '../lib/bug.js';
import { EINVAL, ENODEV, ENOMEM, KernelError } from '../lib/errno.js';
import { LIST_HEAD, listAddTail, listDelInit, listNext, listRepair } from '../lib/list.js';
import { r32, readString, stringSize, w32, writeString } from '../lib/memory.js';
import { ptr, struct, u32 } from '../lib/struct.js';
import { registerHandle, type Handle } from './handle.js';
import { isolateModule, plainUrl } from './isolate.js';
import { rawSpinLock, rawSpinUnlock } from './locking/raw_spinlock.js';
import { MACHINE, machineWord } from './memlayout.js';
import { kfree, kmalloc, kzalloc } from './mm/slab.js';
import { me } from './smp.js';

/** Stands before the record itself. */
const STATIC = struct('static', {
  list: ptr('l', LIST_HEAD / 4),
  module: u32('c'), // instance number, so that two instances of one file have their own
  kind: u32('c'),
  size: u32('c'), //   bytes of the record
  key: ptr('c'), //    "file#name", 0 for a record without a name
});

/** Kinds of records, so that a name is not declared as two things. */
export const STATIC_KINDS = Object.freeze({ wait_queue_head: 1, completion: 2, spinlock: 3, shared: 4, param: 5, mutex: 6, semaphore: 7, rwsem: 8, rwlock: 9, seqlock: 10, refcount: 11, swait_queue_head: 12, kthread_work: 13, percpu_thread: 14 });
export type StaticKind = keyof typeof STATIC_KINDS;

/** Longest key looked at, bytes. */
const KEY_MAX = 4096;

/** What has to be done before a record of a kind is freed, such as sending its waiters away. */
const releases = new Map<number, (at: number) => void>();

/** Says what has to be done before a record of `kind` is freed. */
export function onRelease(kind: StaticKind, release: (at: number) => void): void {
  releases.set(STATIC_KINDS[kind], release);
}

/**
 * The address of the record `name` of the calling file, `size` bytes, zeroed and then given to `init` when it is new.
 * Throws KernelError ENODEV where no machine is, ENOMEM, and EINVAL when the name was declared as something else.
 */
export function declareStatic(meta: ImportMeta, name: string, kind: StaticKind, size: number, init: (at: number) => void = () => {}): number {
  if (me === 0) throw new KernelError(-ENODEV, `${name}: no machine is booted; declare it after boot() was called, or in a module`);
  return locked(() => findOrMake(keyOf(meta, name), kind, size, init));
}

/** Files of modules whose code is called here although this isolate holds another's, by URL. */
const lentFiles = new Map<string, number>();

/** What the file at `url` declares is module instance `module`'s on this isolate too. */
export function lendFile(url: string, module: number): void {
  lentFiles.set(url, module);
}

/** The module instance that the file at `url` belongs to, where that is not this isolate's own. */
export const moduleOfFile = (url: string): number | undefined => lentFiles.get(url);

const keyOf = (meta: ImportMeta, name: string): string => `${plainUrl(meta.url)}#${name}`;

/** Handles of records with a name, by key: one each, and how to find its record on the machine that runs. */
const handles = new Map<string, { readonly handle: { readonly addr: number }; readonly find: () => number }>();

/**
 * A handle of the record `name` of the calling file, as declareStatic; `make` makes it for an address. Declared before the
 * machine boots, it gets its address when it does. Throws as declareStatic.
 */
export function declareHandle<H extends { readonly addr: number }>(meta: ImportMeta, name: string, kind: StaticKind, size: number, init: (at: number) => void, make: (addr: number) => H): H {
  const key = keyOf(meta, name);
  const find = (): number => locked(() => findOrMake(key, kind, size, init));
  const addr = me === 0 ? 0 : find();
  const known = handles.get(key);
  if (known) return known.handle as H; // Of this kind, or find() had thrown: before boot, resolveHandles() does.
  const handle = make(addr);
  handles.set(key, { handle, find });
  return handle;
}

/** A machine has booted: the handles of this isolate that were declared before now stand for its records. */
export function resolveHandles(): void {
  for (const { handle, find } of handles.values()) (handle as { addr: number }).addr = find();
}

/**
 * A new record without a name, `size` bytes, zeroed and then given to `init`. It is freed by freeRecord, or with the module
 * whose code made it. Throws KernelError ENODEV where no machine is, and ENOMEM.
 */
export function newRecord(kind: StaticKind, size: number, init: (at: number) => void = () => {}): number {
  if (me === 0) throw new KernelError(-ENODEV, `no machine is booted: there is no memory for a ${kind}`);
  const at = makeRecord(kind, size, 0, init);
  locked(() => listAddTail(at - STATIC.sizeof, machineWord(MACHINE.statics)));
  return at;
}

/** A handle that is nothing but the address of a record, of the kind it says. */
export abstract class RecordHandle implements Handle, Disposable {
  abstract readonly kthread: StaticKind;

  /** Not for users: the declare and new functions of a kind make handles. */
  constructor(readonly addr: number) {}

  /** Frees a record that was made without a name; nobody may use it any more. One that a module made is freed with the module at the latest. */
  [Symbol.dispose](): void {
    freeRecord(this.addr);
  }
}

/** How records of a kind come about: declared by name, made without one, or found behind the clone of a handle. */
export function recordKind<H extends RecordHandle>(kind: StaticKind, size: number, make: new (addr: number) => H, init: (at: number) => void = () => {}) {
  registerHandle(kind, ({ addr }: Handle) => new make(addr));
  return {
    declare: (meta: ImportMeta, name: string, start = init): H => declareHandle(meta, name, kind, size, start, (addr) => new make(addr)),
    create: (start = init): H => new make(newRecord(kind, size, start)),
  };
}

/** Frees a record that newRecord made. Throws KernelError EINVAL for one with a name, which lives as long as its module. */
export function freeRecord(at: number): void {
  const entry = at - STATIC.sizeof;
  if (r32(entry + STATIC.key) !== 0) throw new KernelError(-EINVAL, `${readString(r32(entry + STATIC.key), KEY_MAX)} is declared by name and lives as long as its module`);
  locked(() => release(entry));
}

/** Frees all records of module instance `module`; its code is gone. */
export function freeStatics(module: number): void {
  const head = machineWord(MACHINE.statics);
  locked(() => {
    for (let entry = listNext(head); entry !== head; ) {
      const next = listNext(entry);
      if (r32(entry + STATIC.module) === module) release(entry);
      entry = next;
    }
  });
}

/** "file#name" of the record at `record`, without folders; '' if it was not declared. For reports: a scan under the lock. */
export function staticName(record: number): string {
  const head = machineWord(MACHINE.statics);
  const name = locked(() => {
    for (let entry = listNext(head); entry !== head; entry = listNext(entry)) {
      if (entry + STATIC.sizeof === record && r32(entry + STATIC.key) !== 0) return readString(r32(entry + STATIC.key), KEY_MAX);
    }
    return '';
  });
  return name.slice(name.lastIndexOf('/') + 1);
}

function release(entry: number): void {
  const kind = r32(entry + STATIC.kind);
  bugOn(kind === 0, 'the record at 0x%x is freed twice', entry + STATIC.sizeof);
  releases.get(kind)?.(entry + STATIC.sizeof);
  w32(entry + STATIC.kind, 0);
  listDelInit(entry);
  kfree(r32(entry + STATIC.key));
  kfree(entry);
}

function locked<T>(fn: () => T): T {
  const lock = machineWord(MACHINE.statics_lock);
  if (rawSpinLock(lock)) listRepair(machineWord(MACHINE.statics));
  try {
    return fn();
  } finally {
    rawSpinUnlock(lock);
  }
}

function findOrMake(key: string, kind: StaticKind, size: number, init: (at: number) => void): number {
  const module = moduleOfFile(key.slice(0, key.lastIndexOf('#'))) ?? isolateModule();
  const head = machineWord(MACHINE.statics);
  for (let entry = listNext(head); entry !== head; entry = listNext(entry)) {
    if (r32(entry + STATIC.module) !== module || r32(entry + STATIC.key) === 0 || readString(r32(entry + STATIC.key), KEY_MAX) !== key) continue;
    if (r32(entry + STATIC.kind) !== STATIC_KINDS[kind] || r32(entry + STATIC.size) !== size) throw new KernelError(-EINVAL, `${key} is declared twice, as different things`);
    return entry + STATIC.sizeof;
  }
  const keySize = stringSize(key);
  const text = kmalloc(keySize);
  if (text === 0) throw new KernelError(-ENOMEM, `kernel memory is out: no room for ${key}`);
  writeString(text, keySize, key);
  const at = makeRecord(kind, size, text, init, module);
  listAddTail(at - STATIC.sizeof, head);
  return at;
}

/** A record that is on no list yet; `key` goes over to it. */
function makeRecord(kind: StaticKind, size: number, key: number, init: (at: number) => void, module = isolateModule()): number {
  const entry = kzalloc(STATIC.sizeof + size);
  if (entry === 0) {
    kfree(key);
    throw new KernelError(-ENOMEM, `kernel memory is out: no room for a ${kind}, ${size} bytes`);
  }
  w32(entry + STATIC.module, module);
  w32(entry + STATIC.kind, STATIC_KINDS[kind]);
  w32(entry + STATIC.size, size);
  w32(entry + STATIC.key, key);
  const at = entry + STATIC.sizeof;
  init(at);
  return at;
}

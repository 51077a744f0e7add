/**
 * The modules of C that are loaded, as records in kernel memory that every isolate reads: their code, which each isolate
 * makes an instance of for itself, and what is known about it. Putting one there is load.ts, running it run.ts.
 */
import { ENOMEM, KernelError } from '../lib/errno.js';
import { listAddTail, listDelInit, listNext } from '../lib/list.js';
import { r32, u8, w32 } from '../lib/memory.js';
import { alignUp } from '../lib/struct.js';
import { rawSpinLock, rawSpinUnlock } from '../kernel/locking/raw_spinlock.js';
import { MACHINE, MACHINE_AT, machineWord } from '../kernel/memlayout.js';
import { unpoison } from '../kernel/mm/kasan.js';
import { kfree, kmalloc, kzalloc } from '../kernel/mm/slab.js';
import { IMAGE } from '../kernel/module.js';
import { me } from '../kernel/smp.js';
import type { CodeRange } from './image.js';

/** What is known about a loaded module besides its bytes. */
export interface About {
  readonly name: string;
  /** The name it was built under, which engines show. */
  readonly built: string;
  /** The record of kernel/module.ts. */
  readonly record: number;
  /** Numbers of its functions, 0: none. */
  readonly init: number;
  readonly exit: number;
  readonly kasan: boolean;
  /** Functions that it wants, and of those the ones that other modules export, by those modules' numbers. */
  readonly imports: readonly string[];
  readonly uses: readonly number[];
  /** Functions of modules in TypeScript that it calls, by their names: the file, and the module that it belongs to. */
  readonly lent: Readonly<Record<string, { readonly url: string; readonly module: number }>>;
  /** Records of the modules in TypeScript that it uses. */
  readonly lenders: readonly number[];
  /** What it exports: a function by its number in the table, a variable by its address. */
  readonly exports: Readonly<Record<string, number>>;
  readonly functions: readonly CodeRange[];
  /** Names of the functions that have a number in the table, in its order. */
  readonly elements: readonly string[];
  readonly stackCheck: number;
  readonly codeStart: number;
}

/** A loaded module of C. */
export interface Image {
  readonly at: number;
  readonly id: number;
  readonly base: number;
  readonly size: number;
  readonly tableBase: number;
  readonly tableSize: number;
  readonly about: About;
}

export interface NewImage extends Omit<Image, 'at'> {
  readonly code: Uint8Array;
  readonly lines: Uint8Array;
}

/** Whether an exported number is a function's in the table: no variable has so low an address. */
export const isFunctionNumber = (value: number): boolean => value < MACHINE_AT;

const decoder = new TextDecoder();
/** What this isolate has read already, by the image's number: on one machine it is never used twice. */
const known = new Map<number, Image>();
let machine = 0;

function keep(bytes: Uint8Array): number {
  const at = kmalloc(Math.max(1, bytes.length));
  if (at === 0) throw new KernelError(-ENOMEM, 'kernel memory is out: no room for the code of a module');
  u8.set(bytes, at);
  return at;
}

/** Enters a module in the list, the latest last; from here on every isolate can run it. Throws KernelError ENOMEM. */
export function addImage({ id, base, size, tableBase, tableSize, about, code, lines }: NewImage): void {
  const at = kzalloc(IMAGE.sizeof);
  if (at === 0) throw new KernelError(-ENOMEM, 'kernel memory is out: no room for the record of a module');
  const text = new TextEncoder().encode(JSON.stringify(about));
  const values: ReadonlyArray<readonly [number, number]> = [
    [IMAGE.module, id], [IMAGE.base, base], [IMAGE.size, size], [IMAGE.table_base, tableBase], [IMAGE.table_size, tableSize],
    [IMAGE.code, keep(code)], [IMAGE.code_size, code.length], [IMAGE.lines, keep(lines)], [IMAGE.lines_size, lines.length], [IMAGE.about, keep(text)], [IMAGE.about_size, text.length],
  ];
  for (const [field, value] of values) w32(at + field, value);
  locked(() => listAddTail(at, machineWord(MACHINE.images)));
}

/** Its code, table of lines and what is known about it: addresses and sizes. */
export const imageParts = (at: number): Array<[at: number, size: number]> => [[IMAGE.code, IMAGE.code_size], [IMAGE.lines, IMAGE.lines_size], [IMAGE.about, IMAGE.about_size]].map(([from, size]) => [r32(at + from), r32(at + size)]);

/** Takes a module out of the list and frees its record; its memory is the caller's. */
export function dropImage({ at, id }: Image): void {
  locked(() => listDelInit(at));
  known.delete(id);
  for (const [part, size] of [...imageParts(at), [at, IMAGE.sizeof]]) {
    unpoison(part, alignUp(size, 8)); // cc/guard.ts
    kfree(part);
  }
}

function locked<T>(fn: () => T): T {
  const lock = machineWord(MACHINE.images_lock);
  rawSpinLock(lock);
  try {
    return fn();
  } finally {
    rawSpinUnlock(lock);
  }
}

/** The loaded modules of C, the first one first. */
export function listImages(): Image[] {
  if (me === 0) return [];
  if (machine !== r32(machineWord(MACHINE.serial))) known.clear();
  machine = r32(machineWord(MACHINE.serial));
  return locked(() => {
    const images: Image[] = [];
    const head = machineWord(MACHINE.images);
    for (let at = listNext(head); at !== head; at = listNext(at)) images.push(read(at));
    return images;
  });
}

function read(at: number): Image {
  const id = r32(at + IMAGE.module);
  const old = known.get(id);
  if (old) return old;
  const from = r32(at + IMAGE.about);
  const about = JSON.parse(decoder.decode(u8.slice(from, from + r32(at + IMAGE.about_size)))) as About;
  const image: Image = { at, id, base: r32(at + IMAGE.base), size: r32(at + IMAGE.size), tableBase: r32(at + IMAGE.table_base), tableSize: r32(at + IMAGE.table_size), about };
  known.set(id, image);
  return image;
}

const bytesAt = (image: Image, at: number, size: number): Uint8Array => u8.slice(r32(image.at + at), r32(image.at + at) + r32(image.at + size));
export const codeOf = (image: Image): Uint8Array => bytesAt(image, IMAGE.code, IMAGE.code_size);
export const linesOf = (image: Image): Uint8Array => bytesAt(image, IMAGE.lines, IMAGE.lines_size);

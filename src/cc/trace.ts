/**
 * Names of places in C: a frame of a call trace, an address of a variable, the number of a function, as a kernel prints
 * them, with the source's file and line where the compiler told.
 */
import { setSymbolLookup } from '../lib/printf.js';
import { setFrameReader } from '../kernel/panic.js';
import { lineAt } from './dwarf.js';
import './fs/records.js';
import { linesOf, listImages, type Image } from './images.js';

/** Tables of lines; a few hundred bytes a function. */
const tables = new WeakMap<Image, Uint8Array>();
/** Functions of this folder: the name of one that C called stands for it, the others are how a call gets there. */
const OURS = [new URL('.', import.meta.url).href, new URL('../../src/cc/', import.meta.url).pathname];
const FRAME = /^(?:.+ \()?wasm:\/\/wasm\/(.*)-[0-9a-f]+:wasm-function\[(\d+)\]:0x([0-9a-f]+)\)?$/;

/** A frame of an engine's stack that is in C: `name+0x10/0x40 [module] file.c:12`. Undefined for any other. */
function readFrame(frame: string): string | undefined {
  const [, file, number, offset] = FRAME.exec(frame) ?? [];
  if (file === undefined) return ours(frame);
  const image = listImages().find(({ about }) => `${about.built}.ko` === file || `${about.name}.ko` === file);
  return image ? place(image, Number(number), parseInt(offset, 16)) : frame;
}

/** '' for a frame that says nothing to who reads C. */
function ours(frame: string): string | undefined {
  if (!OURS.some((folder) => frame.includes(folder))) return undefined;
  const [, name] = /^(?:Object\.)?(\w+) \(/.exec(frame) ?? [];
  return name !== undefined && name in imports() && !/^__u?b?a?san_/.test(name) ? name : '';
}

let imports = (): object => ({});

/** Where the names of the kernel's functions are. */
export function setImportNames(names: typeof imports): void {
  imports = names;
}

function place(image: Image, number: number, offset: number): string {
  const { about } = image;
  if (number === about.stackCheck) return `stack check [${about.name}]`;
  const range = about.functions[number - about.imports.length];
  if (!range) return `function${number} [${about.name}]`;
  const line = lineOf(image, offset);
  return `${range.name}+0x${(offset - range.start).toString(16)}/0x${(range.end - range.start).toString(16)} [${about.name}]${line && ` ${line}`}`;
}

/** file:line of an offset in the code. */
function lineOf(image: Image, offset: number): string {
  let table = tables.get(image);
  if (!table) tables.set(image, (table = linesOf(image)));
  const found = lineAt(table, offset - image.about.codeStart);
  return found ? `${found.file}:${found.line}` : '';
}

/** Whether a frame is the trap of a stack that ran over. */
export function isStackCheck(frame: string): boolean {
  const [, file, number] = FRAME.exec(frame) ?? [];
  return file !== undefined && listImages().some(({ about }) => `${about.built}.ko` === file && Number(number) === about.stackCheck);
}

/** The name of the function with the number `number`, and its module; '' if there is none. */
export function functionName(number: number): string {
  for (const { tableBase, tableSize, about } of listImages()) {
    if (number >= tableBase && number < tableBase + tableSize) return `${about.elements[number - tableBase]} [${about.name}]`;
  }
  return '';
}

setFrameReader(readFrame);
setSymbolLookup((address, withOffset) => {
  const found = functionName(address);
  return found === '' ? undefined : withOffset ? found.replace(' [', '+0x0 [') : found.replace(/ \[.*/, '');
});

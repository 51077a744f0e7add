/**
 * A module of C as a file (.ko) and as what it becomes at its place: the linker puts it at address 0 and says what depends
 * on that, so that loading needs no linker. Placing it changes addresses and function numbers, takes its data out, and makes
 * two changes to its code:
 *
 *   - The stack pointer, of which the linker gives each module its own, is imported: all modules that run on one isolate
 *     share one stack, so a call from one into another goes on where the caller's frame ends.
 *   - Whatever sets the stack pointer calls a function instead, which traps below the stack's end. A C stack is memory like
 *     any other, and a recursion without end would run through everything below it.
 *
 * Nothing here touches kernel memory; load.ts does.
 */
import { ENOEXEC, KernelError } from '../lib/errno.js';
import {
  RELOC, Reader, SECTION, isWasm, readElements, readImports, readLinking, readNames, readRelocs, readSections, readSegments, uleb, writeLeb5, writeU32, type Reloc, type Section, type Segment, type WasmImport, type WasmSymbol,
} from './wasm.js';

/** What the builder writes into a .ko about it, in a custom section of that name. */
const INFO_SECTION = 'kthread';
/** Increased when a .ko of before cannot be loaded any more. */
const KO_VERSION = 2;

export interface KoInfo {
  readonly version: number;
  readonly name: string;
  /** layoutVersion() of who built it: its code knows the offsets of that version. */
  readonly layout: number;
  /** Its code has this number for HZ. */
  readonly hz: number;
  readonly kasan: boolean;
}

/** A .ko, taken apart. */
export interface Ko {
  readonly info: KoInfo;
  readonly bytes: Uint8Array;
  readonly sections: readonly Section[];
  /** Functions that it wants from elsewhere. */
  readonly wanted: readonly string[];
  /** Variables that it wants from elsewhere. */
  readonly wantedData: readonly string[];
  readonly imports: readonly WasmImport[];
  readonly symbols: readonly WasmSymbol[];
  readonly segments: readonly Segment[];
  /** Bytes of its variables. */
  readonly dataSize: number;
  /** Functions that have a number in the table. */
  readonly tableSize: number;
}

/** Where a module goes. */
export interface Place {
  /** Address of its variables, a multiple of 64. */
  readonly base: number;
  /** Number in the table of its first function there. */
  readonly tableBase: number;
  /** Size of the memory, in wasm's pages. */
  readonly pages: number;
  /** The address of a variable of somebody else's. */
  readonly addressOf: (name: string) => number;
}

/** A function's bytes in the placed code. */
export interface CodeRange {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

export interface Placed {
  /** What an engine compiles; without the data. */
  readonly code: Uint8Array;
  readonly data: Uint8Array;
  readonly functions: readonly CodeRange[];
  /** Names of the functions in the table, in its order. */
  readonly elements: readonly string[];
  /** Number of the function that checks the stack, -1: none. */
  readonly stackCheck: number;
  /** What to take from an offset in `code` for one that the debug information means. */
  readonly codeStart: number;
  /** The table of lines, DWARF's .debug_line; empty without it. */
  readonly lines: Uint8Array;
  /** Address and size of the parts of its data with a name of their own, such as __param. */
  readonly parts: ReadonlyMap<string, { readonly at: number; readonly size: number }>;
}

/** `linked`, as the linker wrote it, with `info` in it. */
export function sealKo(linked: Uint8Array, info: Omit<KoInfo, 'version'>): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify({ version: KO_VERSION, ...info } satisfies KoInfo));
  const name = new TextEncoder().encode(INFO_SECTION);
  const body = [...uleb(name.length), ...name, ...text];
  return Uint8Array.from([...linked, SECTION.custom, ...uleb(body.length), ...body]);
}

/** Takes a .ko apart. Throws KernelError ENOEXEC for what is none, or of another version. */
export function openKo(bytes: Uint8Array): Ko {
  if (!isWasm(bytes)) throw new KernelError(-ENOEXEC, 'it is no .ko that kthread build has made');
  const sections = readSections(bytes);
  const seal = custom(sections, INFO_SECTION);
  const info = seal && (JSON.parse(new TextDecoder().decode(bytes.subarray(seal.start, seal.end))) as KoInfo);
  const linking = custom(sections, 'linking');
  if (!info || !linking || info.version !== KO_VERSION) throw new KernelError(-ENOEXEC, 'it was built by another version of kthread; build it again');
  const { symbols, segments: names } = readLinking(bytes, linking);
  const imported = section(sections, SECTION.import);
  const data = section(sections, SECTION.data);
  const elements = section(sections, SECTION.element);
  const imports = imported ? readImports(bytes, imported) : [];
  const segments = data ? readSegments(bytes, data, names) : [];
  return {
    info, bytes, sections, imports, symbols, segments,
    wanted: imports.filter((wanted) => wanted.kind === 'function').map((wanted) => wanted.name),
    wantedData: symbols.filter((symbol) => symbol.kind === 'data' && symbol.undefined).map((symbol) => symbol.name),
    dataSize: segments.reduce((end, segment) => Math.max(end, segment.offset + segment.size), 0),
    tableSize: elements ? readElements(bytes, elements).count : 0,
  };
}

const section = (sections: readonly Section[], id: number): Section | undefined => sections.find((found) => found.id === id);
const custom = (sections: readonly Section[], name: string): Section | undefined => sections.find((found) => found.id === SECTION.custom && found.name === name);

/** Makes the module what it is at its place. */
export function placeKo(ko: Ko, place: Place): Placed {
  const bytes = ko.bytes.slice();
  const elements = section(ko.sections, SECTION.element);
  const first = elements ? readElements(bytes, elements) : undefined;
  const moves: Moves = { ...place, tableDelta: place.tableBase - (first?.first ?? 0) };
  const relocs = relocsOf(ko, 'reloc.CODE');
  const codeAt = section(ko.sections, SECTION.code)!;
  for (const reloc of relocs) relocate(bytes, codeAt.start, reloc, ko.symbols, moves);
  const dataAt = section(ko.sections, SECTION.data);
  if (dataAt) for (const reloc of relocsOf(ko, 'reloc.DATA')) relocate(bytes, dataAt.start, reloc, ko.symbols, moves);
  const { code, functions, stackCheck, codeStart } = rewrite(ko, bytes, relocs, place.pages, place.tableBase);
  const data = new Uint8Array(ko.dataSize);
  for (const { offset, start, size } of ko.segments) data.set(bytes.subarray(start, start + size), offset);
  const lines = custom(ko.sections, '.debug_line');
  return {
    code, data, functions, stackCheck, codeStart, elements: elementNames(ko, functions),
    lines: lines ? bytes.slice(lines.start, lines.end) : new Uint8Array(),
    parts: new Map(ko.segments.map(({ name, offset, size }) => [name, { at: place.base + offset, size }])),
  };
}

const relocsOf = (ko: Ko, name: string): Reloc[] => {
  const found = custom(ko.sections, name);
  return found ? readRelocs(ko.bytes, found) : [];
};

// --- Addresses ----------------------------------------------------------------------------------------------------

interface Moves extends Place {
  readonly tableDelta: number;
}

/** Changes one place in the file that holds an address or the number of a function. */
function relocate(bytes: Uint8Array, from: number, { type, offset, symbol, addend }: Reloc, symbols: readonly WasmSymbol[], moves: Moves): void {
  const at = from + offset;
  const { name, undefined: isForeign } = symbols[symbol] ?? { name: '', undefined: false };
  const moved = (old: number): number => (isForeign ? moves.addressOf(name) + addend : old + moves.base);
  // A function that is wanted weakly and is nowhere has the number 0, and keeps it.
  const renumbered = (old: number): number => (old === 0 && isForeign ? 0 : old + moves.tableDelta);
  switch (type) {
    case RELOC.memoryAddrLeb: return writeLeb5(bytes, at, moved(new Reader(bytes, at).uleb()));
    case RELOC.memoryAddrSleb: return writeLeb5(bytes, at, moved(new Reader(bytes, at).sleb()));
    case RELOC.memoryAddrI32: return writeU32(bytes, at, moved(new Reader(bytes, at).u32()));
    case RELOC.tableIndexSleb: return writeLeb5(bytes, at, renumbered(new Reader(bytes, at).sleb()));
    case RELOC.tableIndexI32: return writeU32(bytes, at, renumbered(new Reader(bytes, at).u32()));
    default: // Numbers of functions, types and globals stay what they are.
  }
}

// --- Code ---------------------------------------------------------------------------------------------------------

const GLOBAL_SET = 0x24, CALL = 0x10;
const STACK_POINTER = '__stack_pointer', STACK_LIMIT = '__stack_limit';

/** The module that an engine gets: no data, shared memory, the stack pointer from outside and checked. */
function rewrite(ko: Ko, bytes: Uint8Array, relocs: readonly Reloc[], pages: number, tableBase: number): Pick<Placed, 'code' | 'functions' | 'stackCheck' | 'codeStart'> {
  const { sections } = ko;
  const sp = ko.symbols.find((symbol) => symbol.name === STACK_POINTER && symbol.kind === 'global');
  const ownFunctions = new Reader(bytes, section(sections, SECTION.function)!.start).uleb();
  const newFunction = ko.wanted.length + ownFunctions;
  const codeAt = section(sections, SECTION.code)!;
  const globals = section(sections, SECTION.global);
  const usesStack = sp !== undefined && globals !== undefined;
  if (usesStack) checkOnlyGlobal(bytes, globals, ko.info.name);
  if (usesStack) {
    for (const { type, offset, symbol } of relocs) {
      const at = codeAt.start + offset;
      if (type !== RELOC.globalIndexLeb || ko.symbols[symbol] !== sp || bytes[at - 1] !== GLOBAL_SET) continue;
      bytes[at - 1] = CALL;
      writeLeb5(bytes, at, newFunction);
    }
  }
  const out: number[][] = [];
  const head = bytes.subarray(0, 8);
  let length = head.length;
  let codeStart = 0;
  let shift = 0;
  const put = (id: number, body: number[]): void => {
    const whole = [id, ...uleb(body.length), ...body];
    if (id === SECTION.code) codeStart = length + whole.length - body.length;
    length += whole.length;
    out.push(whole);
  };
  for (const { id, name, at, start, end } of sections) {
    const body = (): number[] => [...bytes.subarray(start, end)];
    if (id === SECTION.data || id === SECTION.dataCount || (id === SECTION.global && usesStack)) continue;
    if (id === SECTION.custom) {
      if (name !== 'name') continue;
      const whole = [...bytes.subarray(at, end)];
      length += whole.length;
      out.push(whole);
    } else if (id === SECTION.import) put(id, importSection(ko, bytes, start, end, pages, usesStack));
    else if (id === SECTION.type && usesStack) put(id, oneMore(bytes, start, end, [0x60, 1, 0x7f, 0])); // A type (i32) -> ().
    else if (id === SECTION.function && usesStack) put(id, oneMore(bytes, start, end, uleb(countOf(bytes, section(sections, SECTION.type)!))));
    else if (id === SECTION.element) put(id, elementSection(bytes, start, end, tableBase));
    else if (id === SECTION.code) {
      const wasCount = uleb(countOf(bytes, codeAt)).length;
      const limit = sp === undefined ? 0 : sp.index + 1;
      put(id, usesStack ? oneMore(bytes, start, end, stackCheckBody(sp.index, limit)) : body());
      shift = usesStack ? uleb(countOf(bytes, codeAt) + 1).length - wasCount : 0;
    } else put(id, body());
  }
  const code = new Uint8Array(length);
  code.set(head);
  let at = head.length;
  for (const part of out) {
    code.set(part, at);
    at += part.length;
  }
  return { code, functions: functionRanges(ko, code, codeStart, ownFunctions), stackCheck: usesStack ? newFunction : -1, codeStart: codeStart + shift };
}

function checkOnlyGlobal(bytes: Uint8Array, globals: Section, name: string): void {
  if (countOf(bytes, globals) !== 1) throw new KernelError(-ENOEXEC, `${name} has globals besides the stack pointer, such as thread-local variables, which a kernel has not`);
}

const countOf = (bytes: Uint8Array, { start }: Section): number => new Reader(bytes, start).uleb();

/** A section that is a list, with one more at its end. */
function oneMore(bytes: Uint8Array, start: number, end: number, item: readonly number[]): number[] {
  const reader = new Reader(bytes, start);
  const count = reader.uleb();
  return [...uleb(count + 1), ...bytes.subarray(reader.at, end), ...item];
}

/** The imports with a memory of exactly ours, and behind them the stack's two words: the first own global was the next in number. */
function importSection(ko: Ko, bytes: Uint8Array, start: number, end: number, pages: number, usesStack: boolean): number[] {
  const memory = ko.imports.find((wanted) => wanted.kind === 'memory');
  const reader = new Reader(bytes, start);
  const count = reader.uleb();
  let body: number[];
  if (memory) {
    const after = new Reader(bytes, memory.limits);
    const flags = after.u8();
    after.uleb();
    if ((flags & 1) !== 0) after.uleb();
    body = [...bytes.subarray(reader.at, memory.limits), 3, ...uleb(pages), ...uleb(pages), ...bytes.subarray(after.at, end)];
  } else body = [...bytes.subarray(reader.at, end)];
  const stack = usesStack ? [...importGlobal(STACK_POINTER), ...importGlobal(STACK_LIMIT)] : [];
  return [...uleb(count + (usesStack ? 2 : 0)), ...body, ...stack];
}

function importGlobal(name: string): number[] {
  const text = (word: string): number[] => [...uleb(word.length), ...new TextEncoder().encode(word)];
  return [...text('env'), ...text(name), 3, 0x7f, 1]; // A global, i32, that changes.
}

/** The table's elements, from our number on. */
function elementSection(bytes: Uint8Array, start: number, end: number, first: number): number[] {
  const elements = readElements(bytes, { id: SECTION.element, name: '', at: start, start, end });
  const number = new Uint8Array(5);
  writeLeb5(number, 0, first);
  return [...bytes.subarray(start, elements.at), ...number, ...bytes.subarray(elements.end, end)];
}

/** (sp) => { if (sp < limit) trap; stack_pointer = sp }, both unsigned. */
function stackCheckBody(sp: number, limit: number): number[] {
  const body = [0, 0x20, 0, 0x23, ...uleb(limit), 0x49, 0x04, 0x40, 0x00, 0x0b, 0x20, 0, GLOBAL_SET, ...uleb(sp), 0x0b];
  return [...uleb(body.length), ...body];
}

/** What the functions in the table are called. */
function elementNames(ko: Ko, functions: readonly CodeRange[]): string[] {
  const elements = section(ko.sections, SECTION.element);
  if (!elements) return [];
  return readElements(ko.bytes, elements).functions.map((number) => ko.wanted[number] ?? functions[number - ko.wanted.length]?.name ?? '');
}

/** Where in the code each function is. */
function functionRanges(ko: Ko, code: Uint8Array, codeStart: number, count: number): CodeRange[] {
  const named = custom(ko.sections, 'name');
  const names = named ? readNames(ko.bytes, named) : new Map<number, string>();
  const reader = new Reader(code, codeStart);
  reader.uleb();
  return Array.from({ length: count }, (_, i) => {
    const size = reader.uleb();
    const start = reader.at;
    reader.at += size;
    // A function that the compiler made a second one of, for some arguments, is still what was written.
    const name = names.get(ko.wanted.length + i)?.replace(/\.(specialized|llvm|part|cold)\.?\d*$/, '');
    return { name: name ?? `function${i}`, start, end: reader.at };
  });
}

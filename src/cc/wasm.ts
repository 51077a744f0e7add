/**
 * Reading a module in wasm that the linker wrote with its relocations: sections, symbols, what has to be changed when the
 * module gets its place in memory. It changes nothing and knows nothing of the kernel; image.ts does.
 */

export const SECTION = Object.freeze({ custom: 0, type: 1, import: 2, function: 3, global: 6, export: 7, element: 9, code: 10, data: 11, dataCount: 12 });
/** Relocation types, of LLVM's tool conventions. */
export const RELOC = Object.freeze({
  tableIndexSleb: 1, tableIndexI32: 2, memoryAddrLeb: 3, memoryAddrSleb: 4, memoryAddrI32: 5, globalIndexLeb: 7, functionOffsetI32: 8, sectionOffsetI32: 9,
});
const WITH_ADDEND = new Set([3, 4, 5, 8, 9, 11, 14, 15, 16, 17, 21, 22, 23, 25]);
const UNDEFINED = 0x10, EXPLICIT_NAME = 0x40;

export interface Section {
  readonly id: number;
  /** Of a custom section. */
  readonly name: string;
  /** First byte of the section, with its id; of what it holds, after a custom section's name; and the byte behind it. */
  readonly at: number;
  readonly start: number;
  readonly end: number;
}

export interface WasmSymbol {
  readonly kind: 'function' | 'data' | 'global' | 'other';
  readonly name: string;
  readonly undefined: boolean;
  /** Of a function or global: its number in the module. */
  readonly index: number;
}

export interface Reloc {
  readonly type: number;
  /** From the start of the section that it is for. */
  readonly offset: number;
  readonly symbol: number;
  readonly addend: number;
}

/** A part of the module's data: its name, such as .data, where the linker put it in memory, and where its bytes are in the file. */
export interface Segment {
  readonly name: string;
  readonly offset: number;
  readonly start: number;
  readonly size: number;
}

/** A cursor over bytes. */
export class Reader {
  constructor(
    readonly bytes: Uint8Array,
    public at = 0,
  ) {}

  u8(): number {
    return this.bytes[this.at++];
  }

  uleb(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.u8();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  sleb(): number {
    let value = 0;
    for (let shift = 0; ; ) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      shift += 7;
      if (byte < 0x80) return shift < 32 && (byte & 0x40) !== 0 ? value | (-1 << shift) : value;
    }
  }

  u32(): number {
    this.at += 4;
    return (this.bytes[this.at - 4] | (this.bytes[this.at - 3] << 8) | (this.bytes[this.at - 2] << 16) | (this.bytes[this.at - 1] << 24)) >>> 0;
  }

  text(length = this.uleb()): string {
    this.at += length;
    return decoder.decode(this.bytes.subarray(this.at - length, this.at));
  }

  cstring(): string {
    const end = this.bytes.indexOf(0, this.at);
    const text = decoder.decode(this.bytes.subarray(this.at, end));
    this.at = end + 1;
    return text;
  }
}
const decoder = new TextDecoder();

export const isWasm = (bytes: Uint8Array): boolean => bytes.length >= 8 && [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0].every((byte, i) => bytes[i] === byte);

export function readSections(bytes: Uint8Array): Section[] {
  const sections: Section[] = [];
  for (const reader = new Reader(bytes, 8); reader.at < bytes.length; ) {
    const at = reader.at;
    const id = reader.u8();
    const size = reader.uleb();
    const end = reader.at + size;
    const name = id === SECTION.custom ? reader.text() : '';
    sections.push({ id, name, at, start: reader.at, end });
    reader.at = end;
  }
  return sections;
}

/** What an import section asks for. The last field of a memory's is where its limits begin in the file. */
export interface WasmImport {
  readonly module: string;
  readonly name: string;
  readonly kind: 'function' | 'table' | 'memory' | 'global' | 'tag';
  readonly limits: number;
}

const KINDS = ['function', 'table', 'memory', 'global', 'tag'] as const;

export function readImports(bytes: Uint8Array, section: Section): WasmImport[] {
  const reader = new Reader(bytes, section.start);
  return Array.from({ length: reader.uleb() }, () => {
    const module = reader.text();
    const name = reader.text();
    const kind = KINDS[reader.u8()];
    if (kind === 'table') reader.u8();
    const limits = reader.at;
    if (kind === 'function') reader.uleb();
    else if (kind === 'global' || kind === 'tag') reader.at += 2;
    else skipLimits(reader);
    return { module, name, kind, limits };
  });
}

export function skipLimits(reader: Reader): void {
  const flags = reader.u8();
  reader.uleb();
  if ((flags & 1) !== 0) reader.uleb();
}

/** The symbols and the names of the data's parts, out of the section "linking". */
export function readLinking(bytes: Uint8Array, section: Section): { symbols: WasmSymbol[]; segments: string[] } {
  const reader = new Reader(bytes, section.start);
  const found: { symbols: WasmSymbol[]; segments: string[] } = { symbols: [], segments: [] };
  reader.uleb(); // Its version.
  while (reader.at < section.end) {
    const part = reader.u8();
    const end = reader.uleb() + reader.at;
    if (part === 5) found.segments = Array.from({ length: reader.uleb() }, () => {
      const name = reader.text();
      reader.uleb();
      reader.uleb();
      return name;
    });
    if (part === 8) found.symbols = Array.from({ length: reader.uleb() }, () => readSymbol(reader));
    reader.at = end;
  }
  return found;
}

const SYMBOL_KINDS = ['function', 'data', 'global', 'section', 'tag', 'table'] as const;

function readSymbol(reader: Reader): WasmSymbol {
  const kind = SYMBOL_KINDS[reader.u8()];
  const flags = reader.uleb();
  const isUndefined = (flags & UNDEFINED) !== 0;
  let index = 0;
  let name = '';
  if (kind === 'data') {
    name = reader.text();
    if (!isUndefined) for (let i = 0; i < 3; i++) reader.uleb();
  } else {
    index = reader.uleb();
    if (kind !== 'section' && (!isUndefined || (flags & EXPLICIT_NAME) !== 0)) name = reader.text();
  }
  return { kind: kind === 'function' || kind === 'data' || kind === 'global' ? kind : 'other', name, undefined: isUndefined, index };
}

export function readRelocs(bytes: Uint8Array, section: Section): Reloc[] {
  const reader = new Reader(bytes, section.start);
  reader.uleb(); // The number of the section that it is for; its name tells that too.
  return Array.from({ length: reader.uleb() }, () => {
    const type = reader.u8();
    return { type, offset: reader.uleb(), symbol: reader.uleb(), addend: WITH_ADDEND.has(type) ? reader.sleb() : 0 };
  });
}

/** An expression that is a constant: returns it, and where in the file it stands. */
function readConstant(reader: Reader): { value: number; at: number } {
  reader.u8(); // i32.const
  const at = reader.at;
  const value = reader.sleb();
  reader.u8(); // end
  return { value, at };
}

export function readSegments(bytes: Uint8Array, section: Section, names: readonly string[]): Segment[] {
  const reader = new Reader(bytes, section.start);
  return Array.from({ length: reader.uleb() }, (_, i) => {
    reader.uleb(); // Active, memory 0: what the linker writes for a memory that is not shared.
    const { value } = readConstant(reader);
    const size = reader.uleb();
    reader.at += size;
    return { name: names[i] ?? '', offset: value, start: reader.at - size, size };
  });
}

/** The table elements: where they begin by the linker, how many there are, and the whole expression's place in the file. */
export function readElements(bytes: Uint8Array, section: Section): { first: number; count: number; at: number; end: number; functions: number[] } {
  const reader = new Reader(bytes, section.start);
  if (reader.uleb() !== 1) throw new Error('more than one run of table elements');
  const flags = reader.uleb();
  if ((flags & 2) !== 0) reader.uleb();
  const { value, at } = readConstant(reader);
  const end = reader.at - 1;
  if ((flags & 2) !== 0) reader.u8();
  const count = reader.uleb();
  return { first: value, count, at, end, functions: Array.from({ length: count }, () => reader.uleb()) };
}

/** Names of functions by their numbers, out of the section "name". */
export function readNames(bytes: Uint8Array, section: Section): Map<number, string> {
  const reader = new Reader(bytes, section.start);
  const names = new Map<number, string>();
  while (reader.at < section.end) {
    const part = reader.u8();
    const end = reader.uleb() + reader.at;
    if (part === 1) for (let n = reader.uleb(); n > 0; n--) names.set(reader.uleb(), reader.text());
    reader.at = end;
  }
  return names;
}

export function uleb(value: number): number[] {
  const bytes: number[] = [];
  do {
    bytes.push((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    value = Math.floor(value / 128);
  } while (value > 0);
  return bytes;
}

/** As many bytes as a relocation leaves room for. */
export function writeLeb5(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 5; i++) {
    bytes[at + i] = (value & 0x7f) | (i < 4 ? 0x80 : 0);
    value >>= 7;
  }
  bytes[at + 4] &= 0x7f;
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = value >>> (i * 8);
}

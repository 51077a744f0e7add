/**
 * Lines of sources by addresses of code: reads the table that a compiler writes into .debug_line (DWARF 4, as asked for).
 * Nothing else of DWARF is known here.
 */
import { Reader } from './wasm.js';

/** Where code is from. */
export interface Line {
  readonly file: string;
  readonly line: number;
}

/** Sees whether `address` lies between two rows of the table; undefined where nothing is known. */
export function lineAt(table: Uint8Array, address: number): Line | undefined {
  const reader = new Reader(table);
  while (reader.at + 4 < table.length) {
    const end = reader.u32() + reader.at;
    const found = lookInUnit(reader, end, address);
    if (found) return found;
    reader.at = end;
  }
  return undefined;
}

interface Header {
  readonly minimum: number;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  readonly lengths: readonly number[];
  readonly files: readonly string[];
}

function readHeader(reader: Reader): Header | undefined {
  const version = reader.u8() | (reader.u8() << 8);
  if (version < 2 || version > 4) return undefined;
  const program = reader.u32() + reader.at;
  const minimum = reader.u8();
  if (version >= 4) reader.u8(); // Operations in an instruction.
  reader.u8(); // Whether rows begin statements.
  const lineBase = (reader.u8() << 24) >> 24;
  const lineRange = reader.u8();
  const opcodeBase = reader.u8();
  const lengths = Array.from({ length: opcodeBase - 1 }, () => reader.u8());
  const folders = ['.'];
  for (let name = reader.cstring(); name !== ''; name = reader.cstring()) folders.push(name);
  const files = [''];
  for (let name = reader.cstring(); name !== ''; name = reader.cstring()) {
    const folder = reader.uleb();
    reader.uleb();
    reader.uleb();
    files.push(folder === 0 || name.startsWith('/') ? name : `${folders[folder]}/${name}`);
  }
  reader.at = program;
  return { minimum, lineBase, lineRange, opcodeBase, lengths, files };
}

const COPY = 1, ADVANCE_PC = 2, ADVANCE_LINE = 3, SET_FILE = 4, SET_COLUMN = 5, CONST_ADD_PC = 8, FIXED_ADVANCE_PC = 9;
const END_SEQUENCE = 1, SET_ADDRESS = 2;

/** Runs the unit's line program until the row in which the address lies. */
function lookInUnit(reader: Reader, end: number, wanted: number): Line | undefined {
  const header = readHeader(reader);
  if (!header) return undefined;
  const { minimum, lineBase, lineRange, opcodeBase, lengths, files } = header;
  let [address, file, line] = [0, 1, 1];
  let before: { address: number; file: number; line: number } | undefined;
  /** A new row: whether the row before reaches over the address. */
  const row = (): Line | undefined => {
    if (before && before.address <= wanted && wanted < address && before.line > 0) return { file: files[before.file] ?? '', line: before.line };
    before = { address, file, line };
    return undefined;
  };
  while (reader.at < end) {
    const op = reader.u8();
    let found: Line | undefined;
    if (op >= opcodeBase) {
      address += Math.floor((op - opcodeBase) / lineRange) * minimum;
      line += lineBase + ((op - opcodeBase) % lineRange);
      found = row();
    } else if (op === 0) {
      const next = reader.uleb() + reader.at;
      const sub = reader.u8();
      if (sub === END_SEQUENCE) {
        found = row();
        [address, file, line, before] = [0, 1, 1, undefined];
      } else if (sub === SET_ADDRESS) address = reader.u32();
      reader.at = next;
    } else if (op === COPY) found = row();
    else if (op === ADVANCE_PC) address += reader.uleb() * minimum;
    else if (op === ADVANCE_LINE) line += reader.sleb();
    else if (op === SET_FILE) file = reader.uleb();
    else if (op === SET_COLUMN) reader.uleb();
    else if (op === CONST_ADD_PC) address += Math.floor((255 - opcodeBase) / lineRange) * minimum;
    else if (op === FIXED_ADVANCE_PC) address += reader.u8() | (reader.u8() << 8);
    else for (let n = lengths[op - 1]; n > 0; n--) reader.uleb();
    if (found) return found;
  }
  return undefined;
}

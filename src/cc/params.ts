/**
 * Parameters of C modules: the records that module_param() leaves in a module's data, and the values that insmod was given
 * for them. What a value may look like is kernel/params.ts's.
 */
import { EINVAL, KernelError } from '../lib/errno.js';
import { r32, readString, stringSize, u8, w32, writeString } from '../lib/memory.js';
import { kasanKmalloc } from '../kernel/mm/kasan.js';
import type { NewModule } from '../kernel/module.js';
import { parseParam, type ParamInfo, type ParamType } from '../kernel/params.js';
import { KERN_ERR, KERN_WARNING, printk } from '../kernel/printk/printk.js';

/** struct kernel_param of include/linux/moduleparam.h: name, type, variable, permissions, most elements, their count, functions of its own. */
const PARAM_WORDS = 7;
/** Types by their C names: bytes, and least and most. */
const INTEGERS: Readonly<Record<string, readonly [size: number, min: number, max: number]>> = {
  byte: [1, 0, 0xff], short: [2, -0x8000, 0x7fff], ushort: [2, 0, 0xffff], int: [4, -0x80000000, 0x7fffffff], uint: [4, 0, 0xffffffff], long: [4, -0x80000000, 0x7fffffff], ulong: [4, 0, 0xffffffff], hexint: [4, 0, 0xffffffff],
};

export interface Part {
  readonly at: number;
  readonly size: number;
}

/** A record of module_param(). */
export interface Param {
  /** Its address. */
  readonly at: number;
  readonly name: string;
  readonly type: string;
  readonly variable: number;
  /** Who may see and set it in /sys, 0: nobody. */
  readonly perm: number;
  readonly most: number;
  readonly count: number;
  /** struct kernel_param_ops, 0: none. */
  readonly ops: number;
}

/** A value for a parameter that has functions of its own: its record, and what insmod was given. */
export interface ParamSet {
  readonly at: number;
  readonly text: string;
}

/** Writes the values that insmod was given, and says which of them nobody wanted. Throws KernelError EINVAL for a bad one. */
export function setParams(records: Part | undefined, descriptions: Part | undefined, { id, name: module, params }: NewModule): ParamInfo[] {
  const declared = readRecords(records);
  const told = readDescriptions(descriptions);
  for (const [name, input] of Object.entries(params)) {
    const param = declared.find((known) => known.name === name.replaceAll('-', '_'));
    if (param?.ops) continue;
    if (param) setOne(param, String(input), id, module);
    else printk('%s%s: unknown parameter \'%s\' ignored\n', KERN_WARNING, module, name);
  }
  return declared.map(({ name, type, most }) => ({ name, type: shownType(type, most), desc: told.get(name) ?? '' }));
}

/** What insmod was given for parameters that have functions of their own, which run in its thread. */
export function paramSets(records: Part | undefined, { params }: NewModule): ParamSet[] {
  return readRecords(records).filter(({ ops }) => ops !== 0).flatMap(({ at, name }) => Object.entries(params).filter(([given]) => given.replaceAll('-', '_') === name).map(([, value]) => ({ at, text: String(value) })));
}

export function readRecords(part: Part | undefined): Param[] {
  return part ? Array.from({ length: Math.floor(part.size / (PARAM_WORDS * 4)) }, (_, i) => readRecord(part.at + i * PARAM_WORDS * 4)) : [];
}

export const readRecord = (at: number): Param =>
  ({ at, name: readString(r32(at), 256), type: readString(r32(at + 4), 64), variable: r32(at + 8), perm: r32(at + 12), most: r32(at + 16), count: r32(at + 20), ops: r32(at + 24) });

/** What MODULE_LICENSE() and its like leave: "tag=text". Authors of the same module are one text. */
export function readTags(part: Part | undefined): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const [tag, text] of pairs(part, '=')) tags[tag] = tag in tags ? `${tags[tag]}, ${text}` : text;
  return tags;
}

const readDescriptions = (part: Part | undefined): Map<string, string> => new Map(pairs(part, ':'));

/** Texts such as "name:text", one behind the other with a NUL each. */
function pairs(part: Part | undefined, between: string): Array<[string, string]> {
  const told: Array<[string, string]> = [];
  for (let at = part?.at ?? 0; part && at < part.at + part.size; ) {
    const text = readString(at, part.size);
    const end = text.indexOf(between);
    if (end > 0) told.push([text.slice(0, end), text.slice(end + 1)]);
    at += stringSize(text);
  }
  return told;
}

function shownType(type: string, most: number): ParamType {
  if (type === 'bool' || type === 'invbool') return 'bool';
  if (type === 'charp' || type === 'string' || type === 'cb' || most > 0) return 'charp';
  return type.startsWith('u') || type === 'byte' || type === 'hexint' ? 'uint' : 'int';
}

/** Sets a parameter to what insmod was given for it. Throws KernelError EINVAL, after a line in the log. */
function setOne(param: Param, text: string, id: number, module: string): void {
  try {
    setParam(param, text, id);
  } catch (error) {
    if (error instanceof KernelError) printk('%s%s: `%s\' invalid for parameter `%s\'\n', KERN_ERR, module, text, param.name);
    throw error;
  }
}

/** Sets a parameter of the module with the number `id`. Throws KernelError EINVAL. */
export function setParam(param: Param, text: string, id: number): void {
  if (param.most > 0 && param.type !== 'string') setArray(param, text, id);
  else setValue(param, param.variable, text, id);
}

/** The value as /sys shows it, without the newline. C: param_get_int and its like. */
export function showParam(param: Param): string {
  const { type, variable, most, count } = param;
  if (most === 0 || type === 'string') return showValue(type, variable);
  const size = sizeOf(type);
  return Array.from({ length: count === 0 ? most : Math.min(most, r32(count)) }, (_, i) => showValue(type, variable + i * size)).join(',');
}

const sizeOf = (type: string): number => INTEGERS[type]?.[0] ?? (type === 'bool' || type === 'invbool' ? 1 : 4);

export function showValue(type: string, at: number): string {
  if (type === 'bool' || type === 'invbool') return (u8[at] !== 0) === (type === 'bool') ? 'Y' : 'N';
  if (type === 'string') return readString(at, 4096);
  if (type === 'charp') return r32(at) === 0 ? '(null)' : readString(r32(at), 4096);
  const size = sizeOf(type);
  const raw = size === 4 ? r32(at) : size === 2 ? u8[at] | (u8[at + 1] << 8) : u8[at];
  if (type === 'short') return String((raw << 16) >> 16);
  if (type === 'hexint') return `0x${(raw >>> 0).toString(16).padStart(6, '0')}`;
  return String(INTEGERS[type][1] < 0 ? raw : raw >>> 0);
}

function setArray(param: Param, text: string, id: number): void {
  const values = text.split(',');
  if (values.length > param.most) throw new KernelError(-EINVAL, `parameter ${param.name} takes at most ${param.most} values, not ${values.length}`);
  const size = sizeOf(param.type);
  values.forEach((value, i) => setValue(param, param.variable + i * size, value, id));
  if (param.count !== 0) w32(param.count, values.length);
}

/** A number as C writes it: one with a 0 in front is octal. */
const decimal = (text: string): string => text.replace(/^([-+]?)0([0-7]+)$/, (_, sign: string, digits: string) => `${sign}${parseInt(digits, 8)}`);

export function setValue({ name, type, most }: Pick<Param, 'name' | 'type' | 'most'>, at: number, text: string, id: number): void {
  const integer = INTEGERS[type];
  if (integer) {
    const [size, min, max] = integer;
    const value = Number(parseParam(name, min < 0 ? 'int' : 'uint', decimal(text)));
    if (value < min || value > max) throw new KernelError(-EINVAL, `parameter ${name} takes a number from ${min} to ${max}, not "${text}"`);
    for (let i = 0; i < size; i++) u8[at + i] = value >> (i * 8);
  } else if (type === 'bool' || type === 'invbool') u8[at] = Number(Boolean(parseParam(name, 'bool', text === '' ? 'y' : text)) !== (type === 'invbool'));
  else if (type === 'string') {
    if (stringSize(text) > most) throw new KernelError(-EINVAL, `parameter ${name} takes at most ${most - 1} characters`);
    writeString(at, most, text);
  } else if (type === 'charp') {
    const copy = kasanKmalloc(stringSize(text), false, id, 0);
    if (copy !== 0) writeString(copy, stringSize(text), text);
    w32(at, copy);
  } else throw new KernelError(-EINVAL, `parameter ${name} has the type ${type}, which insmod cannot set`);
}

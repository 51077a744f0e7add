/**
 * Module parameters: declared by a module with type and default, set when it is loaded, read on every isolate from
 * kernel memory. Parsing is as strict as the kernel's: a value of the wrong type keeps the module out.
 */
import { EINVAL, ENOMEM, KernelError } from '../lib/errno.js';
import { r32, readString, stringSize, w32, writeString } from '../lib/memory.js';
import { ptr, struct, u32 } from '../lib/struct.js';
import { kfree, kmalloc } from './mm/slab.js';
import { declareHandle, onRelease } from './statics.js';

export type ParamType = 'int' | 'uint' | 'bool' | 'charp';
export type ParamValue<T extends ParamType> = T extends 'bool' ? boolean : T extends 'charp' ? string : number;
export type ParamInput = string | number | boolean;

export interface Param<T extends ParamType> {
  /** The value the module was loaded with, or its default. The same on every isolate. */
  readonly value: ParamValue<T>;
}

/** What a module says about one parameter, for modinfo and for error messages. */
export interface ParamInfo {
  readonly name: string;
  readonly type: ParamType;
  readonly desc: string;
}

/** Longest text of a charp, bytes: one page. */
const CHARP_MAX = 4096;
const PARAM = struct('param', {
  value: u32('c'),
  text: ptr('c'), // of a charp
});
onRelease('param', (at) => kfree(r32(at + PARAM.text)));

/** What insmod was told, while it loads a module on this isolate; undefined elsewhere. */
let given: Map<string, ParamInput> | undefined;
let declared: ParamInfo[] = [];

/** Loading begins: these values are for the parameters that the module will declare. */
export function beginParams(values: Readonly<Record<string, ParamInput>>): void {
  given = new Map(Object.entries(values));
  declared = [];
}

/** Loading is over: names of given values that no parameter took, and what was declared. */
export function endParams(): { unknown: string[]; declared: readonly ParamInfo[] } {
  const unknown = [...(given?.keys() ?? [])];
  given = undefined;
  return { unknown, declared };
}

/**
 * Declares the parameter `name` of the calling module. `.value` is what insmod was given, else `initial`. Throws EINVAL
 * when insmod was given something that is no `type`. In a program that has not booted yet it is `initial`. C: module_param, MODULE_PARM_DESC.
 */
export function moduleParam<T extends ParamType>(meta: ImportMeta, name: string, type: T, initial: ParamValue<T>, desc = ''): Param<T> {
  const param = declareHandle(meta, name, 'param', PARAM.sizeof, (at) => writeParam(at, type, initial), (addr) => ({ addr }));
  declared.push({ name, type, desc });
  if (given?.has(name)) {
    writeParam(param.addr, type, parseParam(name, type, given.get(name)!));
    given.delete(name);
  }
  return Object.freeze({
    get value(): ParamValue<T> {
      return param.addr === 0 ? initial : (readParam(param.addr, type) as ParamValue<T>);
    },
  });
}

function writeParam(at: number, type: ParamType, value: ParamInput): void {
  if (type !== 'charp') return w32(at + PARAM.value, Number(value));
  const size = Math.min(stringSize(String(value)), CHARP_MAX);
  const text = kmalloc(size);
  if (text === 0) throw new KernelError(-ENOMEM, 'kernel memory is out: no room for a parameter');
  writeString(text, size, String(value));
  kfree(r32(at + PARAM.text)); // Nobody has read it: the module is just being loaded.
  w32(at + PARAM.text, text);
}

function readParam(at: number, type: ParamType): ParamInput {
  if (type === 'charp') return readString(r32(at + PARAM.text), CHARP_MAX);
  const word = r32(at + PARAM.value);
  return type === 'bool' ? word !== 0 : type === 'uint' ? word >>> 0 : word;
}

/** `input` as a value of `type`; throws EINVAL naming the parameter. C: param_set_int and its like. */
export function parseParam(name: string, type: ParamType, input: ParamInput): ParamInput {
  const text = String(input).trim();
  const wrong = (what: string): never => {
    throw new KernelError(-EINVAL, `parameter ${name} takes ${what}, not "${text}"`);
  };
  if (type === 'charp') return String(input);
  if (type === 'bool') {
    if (/^(y|yes|1|on|true)$/i.test(text)) return true;
    return /^(n|no|0|off|false)$/i.test(text) ? false : wrong('y or n');
  }
  const number = wholeNumber(text);
  if (type === 'uint') return number >= 0 && number <= 0xffffffff ? number : wrong('a number from 0 to 4294967295');
  return number >= -0x80000000 && number <= 0x7fffffff ? number : wrong('a whole number of 32 bits');
}

/** A number as C writes it: decimal, 0x and hexadecimal, or 0 and octal, with a sign; NaN for what is none. */
function wholeNumber(text: string): number {
  const [, sign = '', digits = ''] = /^([-+]?)(0x[0-9a-f]+|0[0-7]*|[1-9]\d*)$/i.exec(text) ?? [];
  const value = digits === '' ? NaN : /^0[0-7]/.test(digits) ? parseInt(digits, 8) : Number(digits);
  return sign === '-' ? -value : value;
}

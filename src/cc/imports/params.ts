/**
 * kernel/params.c for C modules: what a parameter with functions of its own may call to be set and shown as one of a usual type.
 */
import { EINVAL } from '../../lib/errno.js';
import { r32, readString } from '../../lib/memory.js';
import { isolateModule } from '../../kernel/isolate.js';
import { checked, errnoOf, text, type Import, type Imports } from '../abi.js';
import { setValue, showValue } from '../params.js';
import { storeCut } from './printk.js';

const TYPES = ['byte', 'short', 'ushort', 'int', 'uint', 'long', 'ulong', 'hexint', 'bool', 'invbool', 'charp'];
const PAGE_SIZE = 4096;

function setAs(type: string, value: number, kp: number): number {
  if (value === 0) return -EINVAL;
  const given = type === 'charp' ? text(value) : text(value).replace(/\n$/, '');
  return errnoOf(() => setValue({ name: readString(r32(checked(kp, 28)), 256), type, most: 0 }, checked(r32(kp + 8), 1, true), given, isolateModule()));
}

export const params: Imports = Object.fromEntries(TYPES.flatMap((type): Array<[string, Import]> => [
  [`param_set_${type}`, (value: number, kp: number): number => setAs(type, value, kp)],
  [`param_get_${type}`, (buf: number, kp: number): number => storeCut(buf, PAGE_SIZE, `${showValue(type, checked(r32(checked(kp, 28) + 8), 1))}\n`)],
]));

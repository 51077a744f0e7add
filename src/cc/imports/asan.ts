/**
 * What a compiler's address checks call: reports of accesses that the shadow forbids, marks around a module's variables,
 * and the memory functions, which are checked here as a whole. The shadow is kernel/mm/kasan.ts.
 */
import { r32, u8 } from '../../lib/memory.js';
import { KASAN_GLOBAL, poison, unpoison } from '../../kernel/mm/kasan.js';
import { checked, type Import, type Imports } from '../abi.js';
import { badAccess } from '../fault.js';

/** struct __asan_global of the compiler, in words: address, size, size with what follows, names, and what is for C++. */
const GLOBAL_WORDS = 8;

function registerGlobals(at: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const entry = at + i * GLOBAL_WORDS * 4;
    const [start, size, whole] = [r32(entry), r32(entry + 4), r32(entry + 8)];
    poison(start, whole, KASAN_GLOBAL);
    unpoison(start, size);
  }
}

const reports = [1, 2, 4, 8, 16].flatMap((size): Array<[string, Import]> => [
  [`__asan_report_load${size}`, (at: number): void => badAccess(at >>> 0, size, false)],
  [`__asan_report_store${size}`, (at: number): void => badAccess(at >>> 0, size, true)],
  [`__asan_report_load${size}_noabort`, (at: number): void => badAccess(at >>> 0, size, false)],
  [`__asan_report_store${size}_noabort`, (at: number): void => badAccess(at >>> 0, size, true)],
]);

function memcpy(to: number, from: number, size: number): number {
  if (size >>> 0 > 0) u8.copyWithin(checked(to, size >>> 0, true), checked(from, size >>> 0), (from >>> 0) + (size >>> 0));
  return to;
}

function memset(at: number, value: number, size: number): number {
  if (size >>> 0 > 0) u8.fill(value, checked(at, size >>> 0, true), (at >>> 0) + (size >>> 0));
  return at;
}

export const asan: Imports = {
  ...Object.fromEntries(reports),
  __asan_report_load_n: (at: number, size: number) => badAccess(at >>> 0, size, false),
  __asan_report_store_n: (at: number, size: number) => badAccess(at >>> 0, size, true),
  __asan_report_load_n_noabort: (at: number, size: number) => badAccess(at >>> 0, size, false),
  __asan_report_store_n_noabort: (at: number, size: number) => badAccess(at >>> 0, size, true),
  __asan_register_globals: registerGlobals,
  __asan_unregister_globals: () => {},
  __asan_init: () => {},
  __asan_handle_no_return: () => {},
  __asan_before_dynamic_init: () => {},
  __asan_after_dynamic_init: () => {},
  __asan_version_mismatch_check_v8: () => {},
  __asan_poison_stack_memory: (at: number, size: number) => poison(at, size, 0xf8),
  __asan_unpoison_stack_memory: (at: number, size: number) => unpoison(at, size),
  __asan_alloca_poison: (at: number, size: number) => {
    poison(at - 32, 32, 0xca);
    unpoison(at, size);
    poison(at + Math.ceil(size / 32) * 32, 32, 0xcb);
  },
  __asan_allocas_unpoison: (top: number, bottom: number) => {
    if (top !== 0 && top < bottom) unpoison(top, bottom - top);
  },
  ...Object.fromEntries([0, 0xf1, 0xf2, 0xf3, 0xf5, 0xf8].map((mark): [string, Import] => [`__asan_set_shadow_${mark.toString(16).padStart(2, '0')}`, (at: number, size: number): void => void u8.fill(mark, at, at + size)])),
  // Without the shadow's checks: a pointer that is NULL where it is used. The fourth word of what is known begins with an alignment and the kind of use, 1: a store.
  __ubsan_handle_type_mismatch_v1: (about: number, at: number) => badAccess(at >>> 0, 1, u8[about + 17] === 1),
  __ubsan_handle_type_mismatch_v1_abort: (about: number, at: number) => badAccess(at >>> 0, 1, u8[about + 17] === 1),
  __cxa_atexit: () => 0,
  __asan_memcpy: memcpy,
  __asan_memmove: memcpy,
  __asan_memset: memset,
  memcpy,
  memmove: memcpy,
  memset,
};

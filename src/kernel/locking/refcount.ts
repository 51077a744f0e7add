/**
 * The reference count: how many still use something; who takes the last one away frees it. It does not wrap: a count
 * that leaves its range stays far outside of it (saturated), with a warning, so that a mistake leaks memory instead of
 * freeing it in somebody's hands. It orders what was done with the thing before its end, and guards nothing else.
 */
import { cas, fetchAdd, load, store } from '../../lib/atomic.js';
import { s32, struct } from '../../lib/struct.js';
import { warnOnce } from '../panic.js';
import { RecordHandle, recordKind } from '../statics.js';

export const REFCOUNT = struct('refcount', { refs: s32('a') });

/** C: REFCOUNT_SATURATED. */
const SATURATED = -0x40000000;

/** C: refcount_t. */
export class Refcount extends RecordHandle {
  readonly kthread = 'refcount';
}
const records = recordKind('refcount', REFCOUNT.sizeof, Refcount, (at) => store(at, 1));

/** The refcount `name` of the calling file, `n` when it is new. Throws KernelError ENOMEM, and EINVAL if the name is something else. C: refcount_t r = REFCOUNT_INIT(n). */
export const declareRefcount = (meta: ImportMeta, name: string, n = 1): Refcount => records.declare(meta, name, (at) => store(at, n));

/** A refcount of one's own, to be freed by `using` or with the calling module. KernelError ENODEV where no machine is, ENOMEM. C: refcount_set. */
export const newRefcount = (n = 1): Refcount => records.create((at) => store(at, n));

/** C: refcount_set. */
export const refcountSet = (r: Refcount, n: number): void => store(r.addr, n);
/** The count now; for reports and tests. C: refcount_read. */
export const refcountRead = (r: Refcount): number => load(r.addr);

function saturate(r: Refcount, what: string): void {
  store(r.addr, SATURATED);
  warnOnce(`refcount_t: ${what}`);
}

/** `n` more. The caller has one already, or this warns. C: refcount_add. */
export function refcountAdd(n: number, r: Refcount): void {
  const old = fetchAdd(r.addr, n);
  if (old === 0) saturate(r, 'addition on 0; use-after-free.');
  else if (old < 0 || old + n > 0x7fffffff) saturate(r, 'saturated; leaking memory.');
}

/** One more; as refcountAdd. C: refcount_inc. */
export const refcountInc = (r: Refcount): void => refcountAdd(1, r);

/** One more if there is any left; whether there was. C: refcount_inc_not_zero. */
export function refcountIncNotZero(r: Refcount): boolean {
  for (;;) {
    const old = load(r.addr);
    if (old === 0) return false;
    if (cas(r.addr, old, old + 1) !== old) continue;
    if (old < 0 || old === 0x7fffffff) saturate(r, 'saturated; leaking memory.');
    return true;
  }
}

/** `n` fewer. True for the one caller after whom there is none left, who frees the thing. C: refcount_sub_and_test. */
export function refcountSubAndTest(n: number, r: Refcount): boolean {
  const old = fetchAdd(r.addr, -n);
  if (old === n) return true;
  if (old < 0 || old < n) saturate(r, 'underflow; use-after-free.');
  return false;
}

/** One fewer; as refcountSubAndTest. C: refcount_dec_and_test. */
export const refcountDecAndTest = (r: Refcount): boolean => refcountSubAndTest(1, r);

/** One fewer, and not the last one, or this warns. C: refcount_dec. */
export function refcountDec(r: Refcount): void {
  if (fetchAdd(r.addr, -1) <= 1) saturate(r, 'decrement hit 0; leaking memory.');
}

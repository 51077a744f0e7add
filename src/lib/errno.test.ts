/**
 * The numbers a real kernel has and what its ERR_PTR family answers at the borders. How a KernelError crosses to another
 * isolate is not tested here.
 */
import { expect, expectTypeOf, test } from 'vitest';
import {
  EAGAIN, EBUSY, EEXIST, EINTR, EINVAL, ENOENT, ENOMEM, ENOSYS, EPERM, ERESTARTSYS, ESRCH, ETIME, ETIMEDOUT, KernelError,
  MAX_ERRNO, errCast, errPtr, errnoName, errnoTable, isErr, isErrOrNull, isErrValue, ptrErr, ptrErrOrZero, strerror,
} from './errno.js';

const NULL = 0;
const OBJECT = 0x1000;
/** The pointers of err_ptr.c, in its order. */
const asked = [
  NULL, OBJECT, errPtr(-1), errPtr(-ENOMEM), errPtr(-ERESTARTSYS), errPtr(-MAX_ERRNO), errPtr(-MAX_ERRNO - 1), 1,
];

test('the numbers are those a real kernel printed', () => {
  expect([EPERM, ENOENT, ESRCH, EINTR, EAGAIN, ENOMEM]).toEqual([1, 2, 3, 4, 11, 12]);
  expect([EBUSY, EEXIST, EINVAL, ENOSYS, ETIME, ETIMEDOUT]).toEqual([16, 17, 22, 38, 62, 110]);
  expect([ERESTARTSYS, MAX_ERRNO]).toEqual([512, 4095]);
});

test('the type of a constant is its number, so a result can be declared as 0 | -512', () => {
  expectTypeOf(ERESTARTSYS).toEqualTypeOf<512>();
  expectTypeOf(ENOMEM).toEqualTypeOf<12>();
});

test('no number is listed twice, all are below MAX_ERRNO, and nobody can change the table', () => {
  const numbers = Object.values(errnoTable).map(([errno]) => errno);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(Math.max(...numbers)).toBeLessThan(MAX_ERRNO);
  expect(Object.isFrozen(errnoTable)).toBe(true);
  expect(Object.values(errnoTable).every(Object.isFrozen)).toBe(true);
});

test('a name and a sentence are found for either sign', () => {
  expect([errnoName(1), errnoName(-1), errnoName(-512)]).toEqual(['EPERM', 'EPERM', 'ERESTARTSYS']);
  expect([strerror(1), strerror(-1)]).toEqual(['Operation not permitted', 'Operation not permitted']);
  expect(strerror(-ENOMEM)).toBe('Cannot allocate memory');
});

test('a number nobody named stays a number', () => {
  expect([errnoName(-4000), strerror(-4000)]).toEqual(['4000', 'Unknown error 4000']);
  expect([errnoName(0), strerror(0)]).toEqual(['0', 'Success']);
});

test('T240 the last 4095 addresses are errors; NULL, an object and -4096 are not', () => {
  expect(asked.map(isErr)).toEqual([false, false, true, true, true, true, false, false]);
  expect(ptrErr(errPtr(-12))).toBe(-12);
  expect([errPtr(-MAX_ERRNO), errPtr(-1)]).toEqual([0xfffff001, 0xffffffff]);
  expect([isErrValue(errPtr(-EBUSY)), isErrValue(0)]).toEqual([true, false]);
});

test('T241 IS_ERR_OR_NULL, ERR_CAST and PTR_ERR_OR_ZERO at their borders', () => {
  expect(asked.map(isErrOrNull)).toEqual([true, false, true, true, true, true, false, false]);
  expect(asked.map(ptrErrOrZero)).toEqual([0, 0, -1, -12, -512, -4095, 0, 0]);
  expect([ptrErr(errCast(errPtr(-EBUSY))), errCast(errPtr(-EBUSY)) === errPtr(-EBUSY)]).toEqual([-16, true]);
});

test('a pointer that WebAssembly handed out signed is understood', () => {
  expect([isErr(-12), isErr(-4096), ptrErrOrZero(-12), errCast(-12)]).toEqual([true, false, -12, 0xfffffff4]);
});

test('a KernelError says what failed, with which number, in which thread and why', () => {
  const cause = new RangeError('pid_max');
  const error = new KernelError(-ENOMEM, 'cannot create thread "poll/a": no free pid', { cause, thread: 'poll/a[17]' });
  expect(error).toBeInstanceOf(Error);
  expect(error.message).toBe('ENOMEM: cannot create thread "poll/a": no free pid');
  expect([error.name, error.errno, error.code, error.thread]).toEqual(['KernelError', -12, 'ENOMEM', 'poll/a[17]']);
  expect(error.cause).toBe(cause);
  expect(error.stack).toMatch(/^KernelError: ENOMEM: cannot create thread/);
});

test('a KernelError takes the positive constant too, and has no thread and no cause it was not given', () => {
  const error = new KernelError(EINVAL, 'no');
  expect([error.errno, 'thread' in error, 'cause' in error]).toEqual([-22, false, false]);
  expect(new KernelError(-4000, 'no').message).toBe('4000: no');
});

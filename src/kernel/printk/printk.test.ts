/**
 * What becomes of a call of printk or pr_*: level, text, continuation, how often. The cases named pk_* are conformance
 * cases, with what a real kernel printed. The ring under it is tested in ringbuffer.test.ts, its readers in syslog.test.ts.
 */
import { beforeEach, expect, expectTypeOf, test } from 'vitest';
import { errPtr } from '../../lib/errno.js';
import type { PrintfArgs } from '../../lib/printf.js';
import { bareMachine, clock } from '../bare.fixture.js';
import { LOG_LINE_MAX } from '../param.js';
import { leaveMachine } from '../smp.js';
import { sysctl } from '../sysctl.js';
import {
  KERN_ALERT, KERN_CONT, KERN_CRIT, KERN_DEBUG, KERN_DEFAULT, KERN_EMERG, KERN_ERR, KERN_INFO, KERN_NOTICE, KERN_WARNING,
  prCont, prDebug, prFmt, prInfo, prInfoOnce, prWarn, prWarnOnce, prWarnRatelimited, printk, printkOnce, printkRatelimit, printkRatelimited,
  setPrintkCaller,
} from './printk.js';
import { LOG_CONT, logClose } from './ringbuffer.js';
import { LogReader, dmesg } from './syslog.js';

beforeEach(() => {
  bareMachine();
  setPrintkCaller(() => 100);
});

/** As the conformance cases show a log: level and text. */
const lines = (): string[] => dmesg({ time: 'none', raw: true });
const records = (): Array<readonly [level: number, text: string]> => {
  const reader = new LogReader();
  return Array.from({ length: 1000 }, () => reader.next()).filter((r) => r !== undefined).map((r) => [r.level, r.text] as const);
};

test('T226 pk_cont: continued lines, missing and additional newlines', () => {
  prInfo('pk_cont: numbers');
  for (let i = 1; i <= 5; i++) prCont(' %d', i);
  prCont('\n');
  prInfo('pk_cont: no newline');
  prInfo('pk_cont: next message\n');
  prInfo('pk_cont: no newline again');
  prWarn('pk_cont: next message of another level');
  prCont(', continued\n');
  prInfo('pk_cont: first of two\npk_cont: second of two\n');
  prInfo('pk_cont: newline at the end twice\n\n');
  prInfo('pk_cont: complete\n');
  prCont('pk_cont: late continuation\n');
  prInfo('pk_cont: part one');
  prCont(', part two\n');
  prCont('pk_cont: part three\n');
  printk(`${KERN_INFO}pk_cont: old style`);
  printk(`${KERN_CONT} continued`);
  printk(`${KERN_CONT}\n`);
  prInfo('pk_cont: done\n');
  prInfo('pk_cont: the last line has no newline');
  expect(lines()).toEqual([
    '<6>pk_cont: numbers 1 2 3 4 5', '<6>pk_cont: no newline', '<6>pk_cont: next message', '<6>pk_cont: no newline again',
    '<4>pk_cont: next message of another level, continued', '<6>pk_cont: first of two', '<6>pk_cont: second of two',
    '<6>pk_cont: newline at the end twice', '<6>', '<6>pk_cont: complete', '<4>pk_cont: late continuation',
    '<6>pk_cont: part one, part two', '<4>pk_cont: part three', '<6>pk_cont: old style continued', '<6>pk_cont: done',
  ]);
});

test('T224 T227 pk_levels: all levels, pr_fmt, and what is said once', () => {
  const pr = prFmt('pk_levels: ');
  for (const [name, level] of Object.entries({ KERN_ALERT, KERN_CRIT, KERN_ERR, KERN_WARNING, KERN_NOTICE, KERN_INFO, KERN_DEBUG, KERN_DEFAULT })) {
    printk(`${level}pk_levels: ${name}\n`);
  }
  printk('pk_levels: no level\n');
  pr.prAlert('alert\n');
  pr.prCrit('crit\n');
  pr.prErr('err\n');
  pr.prWarn('warn\n');
  pr.prNotice('notice\n');
  pr.prInfo('info\n');
  pr.prDebug('debug is not built in\n');
  pr.prDevel('devel is not built in\n');
  for (let i = 0; i < 3; i++) {
    pr.prInfoOnce('info once, i=%d\n', i);
    pr.prWarnOnce('warn once, i=%d\n', i);
    printkOnce(`${KERN_NOTICE}pk_levels: printk once, i=%d\n`, i);
  }
  pr.prInfo('name=%s\n', 'pk_levels');
  pr.prInfo('done\n');
  pr.prNotice('exit\n');
  expect(lines()).toEqual([
    '<1>pk_levels: KERN_ALERT', '<2>pk_levels: KERN_CRIT', '<3>pk_levels: KERN_ERR', '<4>pk_levels: KERN_WARNING', '<5>pk_levels: KERN_NOTICE',
    '<6>pk_levels: KERN_INFO', '<7>pk_levels: KERN_DEBUG', '<4>pk_levels: KERN_DEFAULT', '<4>pk_levels: no level', '<1>pk_levels: alert',
    '<2>pk_levels: crit', '<3>pk_levels: err', '<4>pk_levels: warn', '<5>pk_levels: notice', '<6>pk_levels: info',
    '<6>pk_levels: info once, i=0', '<4>pk_levels: warn once, i=0', '<5>pk_levels: printk once, i=0', '<6>pk_levels: name=pk_levels',
    '<6>pk_levels: done', '<5>pk_levels: exit',
  ]);
});

test('T230 pk_format: printk takes the conversions of the kernel', () => {
  printk('d=%d i=%i neg=%d u=%u ld=%ld lu=%lu lld=%lld\n', 42, -7, -2147483648, 4294967295, -100000, 4000000000, -(2n ** 63n));
  printk('x=%x X=%X alt=%#x pad=%08x lx=%08lx o=%o\n', 0xbeef, 0xbeef, 0xbeef, 0xbeef, 0xbeef, 8);
  printk('s=%s [%8s] [%-8s] [%.3s] [%.*s] c=%c pct=%% tab=[\t] null=[%s]\n', 'text', 'text', 'text', 'text', 2, 'text', 'A', null);
  printk('pe=%pe px=%px pS=%pS\n', errPtr(-12), 0xbeef, function myKthread() {});
  printk('p=%p\n', 0xbeef);
  expect(records().map(([, text]) => text)).toEqual([
    'd=42 i=-7 neg=-2147483648 u=4294967295 ld=-100000 lu=4000000000 lld=-9223372036854775808',
    'x=beef X=BEEF alt=0xbeef pad=0000beef lx=0000beef o=10',
    's=text [    text] [text    ] [tex] [te] c=A pct=% tab=[\t] null=[(null)]',
    'pe=-ENOMEM px=0000beef pS=myKthread',
    expect.not.stringContaining('beef'),
  ]);
});

test('T225 messages without newline at their end are a record each', () => {
  for (let i = 1; i <= 3; i++) printk(`${KERN_INFO}thread_function: %d times`, i);
  expect(lines()).toEqual(['<6>thread_function: 1 times', '<6>thread_function: 2 times']);
  logClose();
  expect(lines().at(-1)).toBe('<6>thread_function: 3 times');
});

test('T226 a continuation goes on in the message of its own thread only', () => {
  prInfo('by 100');
  setPrintkCaller(() => 200);
  prCont(' by 200\n');
  prInfo('200 begins');
  setPrintkCaller(() => 100);
  prInfo('100 interrupts\n');
  setPrintkCaller(() => 200);
  prCont(', 200 is too late\n');
  expect(records()).toEqual([[6, 'by 100'], [4, ' by 200'], [6, '200 begins'], [6, '100 interrupts'], [4, ', 200 is too late']]);
});

test('a continuation that does not fit any more begins a record, marked as a continuation', () => {
  prInfo('x'.repeat(LOG_LINE_MAX - 10));
  prCont('fits\n');
  prInfo('y'.repeat(LOG_LINE_MAX - 10));
  prCont('does not fit in\n');
  const reader = new LogReader();
  expect(Array.from({ length: 3 }, () => reader.next()!).map((r) => [r.text.length, r.flags & LOG_CONT])).toEqual(
    [[LOG_LINE_MAX - 6, 0], [LOG_LINE_MAX - 10, 0], [15, LOG_CONT]]);
});

test('T228 what looks like a level is text, and only the first prefix is a level', () => {
  printk('<0>panic?\n');
  printk(`${KERN_INFO}${KERN_EMERG}twice\n`);
  printk(`${KERN_INFO}a ${KERN_ERR}b\n`);
  printk('\x01x no level\n');
  printk('%s\n', `${KERN_ERR}in an argument`);
  expect(records()).toEqual([[4, '<0>panic?'], [6, 'twice'], [6, 'a \x013b'], [4, '\x01x no level'], [3, 'in an argument']]);
});

test('T224 a message without level gets the one of sysctl kernel.printk', () => {
  sysctl('kernel.printk', '7 5');
  printk('x\n');
  expect(records()).toEqual([[5, 'x']]);
});

test('a message is cut at 989 bytes', () => {
  prInfo(`${'z'.repeat(LOG_LINE_MAX + 10)}\n`);
  logClose();
  expect(records()[0][1]).toBe('z'.repeat(LOG_LINE_MAX));
});

test('printk returns the bytes of its text, and says who printed', () => {
  expect(printk(`${KERN_INFO}%s\n`, 'grün')).toBe(5);
  setPrintkCaller(() => 0);
  printk('idle\n');
  const reader = new LogReader();
  expect([reader.next()?.caller, reader.next()?.caller]).toEqual([100, 0x80000000]);
});

test('T227 pr_debug is silent by default and evaluates no format; a file with DEBUG speaks', () => {
  prDebug('%d\n', 'not a number' as never);
  const { prDebug: loud, prDevel } = prFmt('loud: ', { DEBUG: true });
  loud('%d\n', 1);
  prDevel('2\n');
  expect(records()).toEqual([[7, 'loud: 1'], [7, 'loud: 2']]);
});

test('T227 pr_info_once speaks once for each format, and each logger has its own', () => {
  const { prInfoOnce: other } = prFmt('other: ');
  for (let i = 0; i < 3; i++) {
    prInfoOnce('once %d\n', i);
    prWarnOnce('once %d\n', i);
    other('once %d\n', i);
  }
  expect(records()).toEqual([[6, 'once 0'], [4, 'once 0'], [6, 'other: once 0']]);
});

test('T227 ten ratelimited messages pass in five seconds, and the next one says how many did not', () => {
  for (let i = 0; i < 25; i++) prWarnRatelimited('cannot reach %s\n', 'a');
  prWarnRatelimited('another message\n');
  expect(records()).toHaveLength(11);
  clock.now = 5000.5;
  prWarnRatelimited('cannot reach %s\n', 'b');
  expect(records().slice(11)).toEqual([[4, 'cannot reach %s: 15 callbacks suppressed'], [4, 'cannot reach b']]);
});

test('T227 printk_ratelimit has one limit for all, set by sysctl; 0 seconds is none', () => {
  sysctl('kernel.printk_ratelimit_burst', 2);
  expect(Array.from({ length: 4 }, printkRatelimit)).toEqual([true, true, false, false]);
  clock.now = 5001;
  expect(printkRatelimit()).toBe(true);
  expect(records()).toEqual([[4, 'printk_ratelimit: 2 callbacks suppressed']]);
  for (let i = 0; i < 5; i++) printkRatelimited(`${KERN_ERR}limited %d\n`, i);
  expect(records().slice(1)).toEqual([[3, 'limited 0'], [3, 'limited 1']]);
  sysctl('kernel.printk_ratelimit', 0);
  expect(Array.from({ length: 4 }, printkRatelimit)).toEqual([true, true, true, true]);
});

test('a machine that booted later does not inherit the time of a limit', () => {
  clock.now = 60_000;
  for (let i = 0; i < 11; i++) printkRatelimited('again\n');
  bareMachine();
  for (let i = 0; i < 11; i++) printkRatelimited('again\n');
  expect(records()).toHaveLength(10);
});

test('printk before the machine is there throws ENODEV, with a wrong argument EINVAL, and logs nothing', () => {
  expect(() => printk('%d\n', 'x' as never)).toThrow(/EINVAL.*%d/);
  leaveMachine();
  expect(() => printk('too early\n')).toThrow(/ENODEV.*before boot/);
  bareMachine();
  expect(records()).toEqual([]);
});

test('the format says which arguments are needed, also behind a level', () => {
  expectTypeOf<PrintfArgs<`${typeof KERN_INFO}hello %d\n`>>().toEqualTypeOf<PrintfArgs<'%d'>>();
  expectTypeOf<typeof KERN_INFO>().toEqualTypeOf<'\x016'>();
  const wrong = (): void => {
    // @ts-expect-error the argument of %d is missing
    printk(`${KERN_INFO}hello %d\n`);
    // @ts-expect-error %s takes a string
    printk(`${KERN_WARNING}hello %s\n`, 1);
    // @ts-expect-error %d takes a number, in pr_* too
    prFmt('mod: ').prInfo('hello %d\n', 'x');
    // @ts-expect-error C has no pr_cont_ratelimited either
    void prFmt('').prContRatelimited;
  };
  expect(wrong).toThrow();
  printk(`${KERN_INFO}hello %d\n`, 1);
  printk(KERN_INFO + 'hello %d\n', 2);
  expect(records().slice(-2)).toEqual([[6, 'hello 1'], [6, 'hello 2']]);
});

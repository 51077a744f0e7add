/**
 * What a real kernel printed for these formats, then what C leaves open, then calls that are wrong: at run time and for the
 * type checker. Not about printk's levels and records.
 */
import { afterEach, expect, expectTypeOf, test } from 'vitest';
import { EINTR, ENOMEM, ERESTARTSYS, KernelError, errPtr } from './errno.js';
import { setPointerKey, setSymbolLookup, snprintf, sprintf, truncateUtf8, vsprintf, type PrintfArgs } from './printf.js';

const INT_MIN = -2147483648, UINT_MAX = 4294967295, LLONG_MIN = -(2n ** 63n), ULLONG_MAX = 2n ** 64n - 1n;

afterEach(() => {
  setPointerKey(undefined);
  setSymbolLookup(undefined);
});

// What a real kernel printed for these formats.

test('T230 integers in every base', () => {
  expect(sprintf('d=%d i=%i neg=%d u=%u', 42, -7, INT_MIN, UINT_MAX)).toBe('d=42 i=-7 neg=-2147483648 u=4294967295');
  expect(sprintf('x=%x X=%X alt=%#x pad=%08x o=%o alt=%#o', 0xbeef, 0xbeef, 0xbeef, 0xbeef, 8, 8))
    .toBe('x=beef X=BEEF alt=0xbeef pad=0000beef o=10 alt=010');
});

test('T230 width, precision and flags', () => {
  const all = '[%5d] [%-5d] [%05d] [%+d] [% d] [%.4d]';
  expect(sprintf(all, 42, 42, 42, 42, 42, 42)).toBe('[   42] [42   ] [00042] [+42] [ 42] [0042]');
  expect(sprintf(all, -42, -42, -42, -42, -42, -42)).toBe('[  -42] [-42  ] [-0042] [-42] [-42] [-0042]');
  expect(sprintf('[%*d] [%-*d] [%#10x] [%#010x]', 6, 42, 6, 42, 255, 255))
    .toBe('[    42] [42    ] [      0xff] [0x000000ff]');
});

test('T230 length modifiers', () => {
  expect(sprintf('ld=%ld lu=%lu lx=%lx', -100000, 4000000000, 0xfeed)).toBe('ld=-100000 lu=4000000000 lx=feed');
  expect(sprintf('lld=%lld llu=%llu llx=%llx', LLONG_MIN, ULLONG_MAX, 0x123456789abcdefn))
    .toBe('lld=-9223372036854775808 llu=18446744073709551615 llx=123456789abcdef');
  expect(sprintf('hd=%hd hu=%hu hhd=%hhd hhu=%hhu', -2, 65535, -3, 200)).toBe('hd=-2 hu=65535 hhd=-3 hhu=200');
  expect(sprintf('zu=%zu zd=%zd', 4, -9)).toBe('zu=4 zd=-9');
});

test('T230 text and characters', () => {
  expect(sprintf('s=%s [%8s] [%-8s] [%.3s] [%8.3s] [%.*s]', 'text', 'text', 'text', 'text', 'text', 2, 'text'))
    .toBe('s=text [    text] [text    ] [tex] [     tex] [te]');
  expect(sprintf('empty=[%s] null=[%s]', '', null)).toBe('empty=[] null=[(null)]');
  expect(sprintf('c=%c [%3c] [%-3c] pct=%% tab=[\t]', 'A', 'B', 'C')).toBe('c=A [  B] [C  ] pct=% tab=[\t]');
  expect(sprintf('%d-%c', 12, 120)).toBe('12-x');
});

test('T230 error pointers', () => {
  expect(sprintf('pe=%pe %pe %pe', errPtr(-ENOMEM), errPtr(-ERESTARTSYS), errPtr(-EINTR)))
    .toBe('pe=-ENOMEM -ERESTARTSYS -EINTR');
  expect(sprintf('pe of an unknown number=%pe', errPtr(-4000))).toBe('pe of an unknown number=-4000');
});

test('T230 bytes in hex', () => {
  const bytes = Uint8Array.of(0x01, 0xab, 0x7f);
  expect(sprintf('hex string=%*ph', 3, bytes)).toBe('hex string=01 ab 7f');
  expect(sprintf('%*phC %*phD %*phN %2ph', 3, bytes, 3, bytes, 3, bytes, bytes)).toBe('01:ab:7f 01-ab-7f 01ab7f 01 ab');
  expect(sprintf('[%*ph] [%9ph] [%ph]', 0, bytes, bytes, bytes)).toBe('[] [01 ab 7f] [01]');
});

test('T230 snprintf keeps what fits beside the NUL', () => {
  expect(snprintf(8, '%s', 'longer than that')).toBe('longer ');
  expect([snprintf(1, '%s', 'a'), snprintf(0, '%s', 'a'), snprintf(2, '%s', 'a')]).toEqual(['', '', 'a']);
});

test('T028 "100%%" gives "100%"', () => {
  expect(sprintf('100%%')).toBe('100%');
  expect(sprintf('%%d is %d%%', 5)).toBe('%d is 5%');
});

test('where the kernel differs from ISO C, it is the kernel that is followed', () => {
  expect(sprintf('%#x %#o %.0d', 0, 0, 0)).toBe('0x0 0 0');
  expect(sprintf('[%08.4d] [%#.3o]', 42, 8)).toBe('[00000042] [0010]');
  expect(sprintf('[%.s] [%.*s]', 'all', -1, 'none')).toBe('[all] []');
});

test('a negative width from an argument means left', () => {
  expect(sprintf('[%*d] [%*.*d]', -5, 42, 6, 4, 42)).toBe('[42   ] [  0042]');
});

test('a value that does not fit wraps as in C', () => {
  expect(sprintf('%d %d %u %ld', 2 ** 31, 2 ** 32 + 5, -1, 0xffffffffn)).toBe('-2147483648 5 4294967295 -1');
  expect(sprintf('%hhd %hd %hhu %hu', 200, 40000, -1, -1)).toBe('-56 -25536 255 65535');
  expect(sprintf('%lld %llu %lld', 2n ** 63n, -1n, -(2 ** 53)))
    .toBe('-9223372036854775808 18446744073709551615 -9007199254740992');
  expect(sprintf('%llu %jx %Lx', -1, -1, 2 ** 60)).toBe('18446744073709551615 ffffffffffffffff 1000000000000000');
});

test('jiffies may be fractions by mistake: they are cut off, as C would', () => {
  expect(sprintf('%d %u %ld %08d %lld', 2.9, 2.9, -2.9, -2.9, -2.9)).toBe('2 2 -2 -0000002 -2');
});

test('a letter nobody knows takes no argument and stays', () => {
  expect(vsprintf('%f %n %5.2f %d %', [7])).toBe('%f %n %5.2f 7 %');
  expect(vsprintf('%*f%d', [7])).toBe('%*f7');
});

test('a width counts bytes, and no character is cut in two', () => {
  expect(sprintf('[%5s] [%-5s] [%.3s] [%.4s]', 'äö', 'äö', 'äöü', 'äöü')).toBe('[ äö] [äö ] [ä] [äö]');
  expect(snprintf(16, 'läuft/%s', '😀😀😀')).toBe('läuft/😀😀');
  expect([truncateUtf8('a😀', 4), truncateUtf8('a😀', 5), truncateUtf8('a\ud83d', 3)]).toEqual(['a', 'a😀', 'a']);
  expect(sprintf('%c%.4s', '😀x', '😀y')).toBe('😀😀');
});

// Pointers

test('before the machine has a key, %p admits that it has nothing to show', () => {
  expect(sprintf('[%p] [%10p]', 0x1234, 0x1234)).toBe('[(ptrval)] [  (ptrval)]');
});

test('T230 %p never shows the address, and shows the same for the same address until the next boot', () => {
  setPointerKey(0x5eed);
  const first = sprintf('%p', 0xc0ffee);
  expect(first).toMatch(/^[0-9a-f]{8}$/);
  expect(first).not.toBe('00c0ffee');
  expect([sprintf('%p', 0xc0ffee), sprintf('%pK', 0xc0ffee), sprintf('%pe', 0xc0ffee)]).toEqual([first, first, first]);
  setPointerKey(0x5eee);
  expect(sprintf('%p', 0xc0ffee)).not.toBe(first);
});

test('two addresses never look alike in %p', () => {
  setPointerKey(1);
  const seen = new Set(Array.from({ length: 20000 }, (_, i) => sprintf('%p', 0x1000 + 4 * i)));
  expect(seen.size).toBe(20000);
});

test('NULL and error pointers are no addresses and need no hiding', () => {
  setPointerKey(1);
  expect(sprintf('%p %p %p', 0, null, errPtr(-ENOMEM))).toBe('00000000 00000000 fffffff4');
});

test('T230 %px shows the address, of a number or of a handle', () => {
  expect(sprintf('%px %px %#px [%10px] [%-10px]', 0xc0ffee, { addr: 0x40 }, 0x40, 0xc0ffee, 0xc0ffee))
    .toBe('00c0ffee 00000040 0x00000040 [    c0ffee] [c0ffee    ]');
  expect(sprintf('%px %px', -1, 0x1_0000_0010n)).toBe('ffffffff 00000010');
});

test('a caught KernelError is what C would have in ERR_PTR', () => {
  expect(sprintf('poll: giving up: %pe', new KernelError(-ENOMEM, 'no free pid'))).toBe('poll: giving up: -ENOMEM');
});

test('T230 %ps and %pS ask who knows the symbols', () => {
  expect(sprintf('%ps %pS', 0x1234, 0x1234)).toBe('0x00001234 0x00001234');
  setSymbolLookup((address, withOffset) => address === 0x1234 ? `my_kthread${withOffset ? '+0x0/0x40' : ''}` : undefined);
  expect(sprintf('%ps %pS %ps', 0x1234, 0x1234, 0x1235)).toBe('my_kthread my_kthread+0x0/0x40 0x00001235');
  function consumer() {}
  expect(sprintf('%ps', consumer)).toBe('consumer');
});

test('addresses of the network', () => {
  const mac = Uint8Array.of(0, 1, 2, 0xab, 4, 5);
  expect(sprintf('%pI4 %pM %pMF %pm', Uint8Array.of(192, 168, 0, 1), mac, mac, mac))
    .toBe('192.168.0.1 00:01:02:ab:04:05 00-01-02-ab-04-05 000102ab0405');
});

test('letters after %p belong to it, known or not', () => {
  expect(sprintf('%pxyz %pe2!', 0x10, errPtr(-EINTR))).toBe('00000010 -EINTR!');
});

// Wrong calls

test('a missing argument is named with its conversion and place', () => {
  expect(() => vsprintf('poll/%d %-8s', [1]))
    .toThrow('EINVAL: printf: there is no argument for %-8s, conversion 2 of "poll/%d %-8s"');
  expect(() => vsprintf('%*d', [1])).toThrow(KernelError);
});

test('a wrong argument is named with its conversion and place', () => {
  expect(() => vsprintf('pid %d', [{ pid: 3 }]))
    .toThrow('EINVAL: printf: %d, conversion 1 of "pid %d", wants an integer, got an object (Object)');
  const calls = [['%u', '7'], ['%5x', NaN], ['%lld', Infinity], ['%d', null], ['%d', true], ['%s', 7], ['%s', undefined],
    ['%c', null], ['%p', 'text'], ['%pI4', Uint8Array.of(1)], ['%ph', [1]]] as const;
  for (const [format, value] of calls) {
    expect(() => vsprintf(format, [value])).toThrow(/^EINVAL: printf: /);
  }
  expect(() => vsprintf('%.*s', ['2', 'text'])).toThrow('wants a number for *');
});

test('surplus arguments are ignored at run time, as a kernel would', () => {
  expect(vsprintf('%d', [1, 2])).toBe('1');
});

test('more formats than are remembered still come out right', () => {
  for (let i = 0; i < 3000; i++) expect(vsprintf(`${i}:%d`, [i])).toBe(`${i}:${i}`);
});

// Wrong calls that do not compile

type Integer = number | bigint;

test('the arguments follow from the format', () => {
  expectTypeOf<PrintfArgs<'kthread:%ld\n'>>().toEqualTypeOf<readonly [Integer]>();
  expectTypeOf<PrintfArgs<'param %s&%d'>>().toEqualTypeOf<readonly [string | null, Integer]>();
  expectTypeOf<PrintfArgs<'%-5u%#010x%+.3i%hhX%llo%zu%td%c'>>()
    .toEqualTypeOf<readonly [Integer, Integer, Integer, Integer, Integer, Integer, Integer, string | number]>();
  expectTypeOf<PrintfArgs<'100%%, %% and %5%'>>().toEqualTypeOf<readonly []>();
  expectTypeOf<PrintfArgs<''>>().toEqualTypeOf<readonly []>();
});

test('a star takes a number before the value', () => {
  expectTypeOf<PrintfArgs<'%*d'>>().toEqualTypeOf<readonly [number, Integer]>();
  expectTypeOf<PrintfArgs<'%-*.*s %.*s'>>().toEqualTypeOf<readonly [number, number, string | null, number, string | null]>();
  expectTypeOf<PrintfArgs<'%*ph %pS, %pe'>>().toEqualTypeOf<readonly [number, unknown, unknown, unknown]>();
});

test('floating point and %n take nothing, so passing something does not compile', () => {
  expectTypeOf<PrintfArgs<'%f %5.2f %n %*f %d %'>>().toEqualTypeOf<readonly [Integer]>();
  expectTypeOf<[number]>().not.toExtend<PrintfArgs<'%f'>>();
});

test('a wrong, a missing and a surplus argument do not compile', () => {
  expectTypeOf<[string]>().not.toExtend<PrintfArgs<'%d'>>();
  expectTypeOf<[number]>().not.toExtend<PrintfArgs<'%s'>>();
  expectTypeOf<[]>().not.toExtend<PrintfArgs<'%d'>>();
  expectTypeOf<[number, number]>().not.toExtend<PrintfArgs<'%d'>>();
  expectTypeOf<[number]>().toExtend<PrintfArgs<'%d'>>();
  expectTypeOf(sprintf<'%d'>).parameters.toEqualTypeOf<[format: '%d', Integer]>();
});

test('a format that is no literal is checked when it runs', () => {
  expectTypeOf<PrintfArgs<string>>().toEqualTypeOf<readonly unknown[]>();
  expectTypeOf<PrintfArgs<`poll/${string}`>>().toEqualTypeOf<readonly unknown[]>();
  expectTypeOf<PrintfArgs<'%d' | '%s'>>().toEqualTypeOf<readonly [Integer] | readonly [string | null]>();
  const site: string = '%s';
  expect(() => sprintf(`poll/${site}`)).toThrow('no argument for %s');
});

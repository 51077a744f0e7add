/**
 * The kernel's `vsnprintf`: formats as `printk`, thread names and seq files know them, on the 32-bit machine this project
 * is (int, long and pointers are 32 bits; `ll` is 64). It makes text and knows nothing of logs, levels or memory.
 *
 * It answers as the kernel does where that differs from ISO C: `%#x` of 0 is `0x0`, `%.0d` of 0 is `0`, a missing
 * precision as in `%.s` is no precision, and `0` pads even when there is a precision. There is no floating point and no
 * `%n`. An unknown conversion takes no argument and is printed as it stands; Linux would warn and drop the rest of the
 * line. Widths and precisions of `%s` count bytes of UTF-8, for that is what a 15-byte thread name counts.
 */
import { EINVAL, KernelError, errPtr, errnoName, isErr, isErrOrNull } from './errno.js';

/** How many parsed formats an isolate remembers. A program has a few hundred; a format glued together at run time is
 *  pushed out by the next ones. */
const FORMATS_MAX = 1024;
/** What the kernel's own fields hold. */
const WIDTH_MAX = 0x7fffff;
const PRECISION_MAX = 0x7fff;
/** `%*ph` shows no more bytes than this. */
const HEX_BYTES_MAX = 64;

type Integer = number | bigint;

interface Conversions {
  d: Integer; i: Integer; u: Integer; x: Integer; X: Integer; o: Integer;
  c: string | number;
  s: string | null;
  p: unknown;
}

/**
 * The arguments a format takes, as a tuple: `PrintfArgs<'%*d %s'>` is `readonly [number, Integer, string | null]`. A format
 * that is not a literal, or is a template with holes, takes anything and is checked when it runs.
 */
export type PrintfArgs<F extends string> = {} extends Record<F, 1> ? readonly unknown[] : Scan<F, readonly []>;

/** sprintf(): a missing or wrongly typed argument throws EINVAL and names the conversion; surplus ones are ignored. */
export function sprintf<const F extends string>(format: F, ...args: PrintfArgs<F>): string {
  return vsprintf(format, args);
}

/** snprintf(): what fits into a buffer of `size` bytes with its NUL, cut between characters. The C function's return
 *  value, the length there would have been, is not available here. */
export function snprintf<const F extends string>(size: number, format: F, ...args: PrintfArgs<F>): string {
  return truncateUtf8(vsprintf(format, args), size - 1);
}

/** vsprintf(): for those who pass a format and its arguments on. */
export function vsprintf(format: string, args: readonly unknown[]): string {
  const pieces = parsed.get(format) ?? remember(format, parse(format));
  let text = '';
  let next = 0;
  for (const piece of pieces) {
    if (typeof piece === 'string') {
      text += piece;
      continue;
    }
    if (next + piece.stars >= args.length) throw missing(piece);
    const spec = piece.stars === 0 ? piece : withStars(piece, args, next);
    next += piece.stars;
    text += spec.print(spec, args[next++]);
  }
  return text;
}

/** What a buffer of `max` bytes keeps of a text, as strscpy() would: no half characters. */
export function truncateUtf8(text: string, max: number): string {
  if (text.length * 3 <= max) return text;
  let bytes = 0;
  for (let i = 0; i < text.length;) {
    const code = text.codePointAt(i)!;
    bytes += utf8Width(code);
    if (bytes > max) return text.slice(0, i);
    i += code > 0xffff ? 2 : 1;
  }
  return text;
}

/** Sets what `%p` is hashed with: one key per boot, the same on every isolate, or one thread would have two addresses.
 *  Until then, and after undefined, `%p` prints `(ptrval)`. It hides addresses from readers of a log, not from somebody
 *  who wants them. */
export function setPointerKey(key: number | undefined): void {
  pointerKey = key;
}

/** `withOffset` is true for `%pS`: `name+0x10/0x40`. Undefined means no symbol is there. */
export type SymbolLookup = (address: number, withOffset: boolean) => string | undefined;

/** Tells `%ps` and `%pS` where symbols are found; without one, and for an unknown address, they print `0x0000abcd`. */
export function setSymbolLookup(lookup: SymbolLookup | undefined): void {
  symbolLookup = lookup;
}

/** What one conversion takes: its letter, what follows `%p`, the width of its integer, and how many `*` stand before it. */
export type Conversion = Pick<Spec, 'written' | 'letter' | 'kind' | 'bits' | 'signed' | 'stars' | 'width' | 'starWidth'>;

/** The conversions of `format` in order, for who has the arguments elsewhere than in a list. */
export function conversionsOf(format: string): readonly Conversion[] {
  return (parsed.get(format) ?? remember(format, parse(format))).filter((piece): piece is Spec => typeof piece !== 'string');
}

// Parsing

type Print = (spec: Spec, value: unknown) => string;

/** One conversion of a format, ready to print. */
interface Spec {
  readonly format: string;
  /** As written, and the how-manieth of its format: for messages. */
  readonly written: string;
  readonly place: number;
  readonly print: Print;
  readonly letter: string;
  /** What follows `%p`, shortened to what is known. */
  readonly kind: string;
  readonly bits: 8 | 16 | 32 | 64;
  readonly signed: boolean;
  readonly left: boolean;
  readonly plus: boolean;
  readonly space: boolean;
  readonly alt: boolean;
  readonly zero: boolean;
  /** -1: none. */
  readonly width: number;
  readonly precision: number;
  /** How many arguments come before the value: the `*` of width and of precision. */
  readonly stars: 0 | 1 | 2;
  readonly starWidth: boolean;
}

type Piece = string | Spec;

const parsed = new Map<string, readonly Piece[]>();

function remember(format: string, pieces: readonly Piece[]): readonly Piece[] {
  if (parsed.size >= FORMATS_MAX) parsed.delete(parsed.keys().next().value!);
  parsed.set(format, pieces);
  return pieces;
}

/** Flags, width, precision, length, conversion; all letters and digits after `%p` belong to it, as in the kernel. */
const CONVERSION = /%([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+)?)?(hh|h|ll|l|L|z|t|j)?(?:p([a-zA-Z0-9]*)|([diuxXocs%]))/g;

function parse(format: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let literal = '';
  let done = 0;
  let place = 1;
  for (const found of format.matchAll(CONVERSION)) {
    literal += format.slice(done, found.index);
    done = found.index + found[0].length;
    if (found[6] === '%') {
      literal += '%';
      continue;
    }
    if (literal) pieces.push(literal);
    literal = '';
    pieces.push(toSpec(format, place++, found));
  }
  literal += format.slice(done);
  if (literal) pieces.push(literal);
  return pieces;
}

function toSpec(format: string, place: number, found: RegExpExecArray): Spec {
  const [written, flags = '', width, precision, length = '', extension = '', letter = 'p'] = found;
  const kind = letter === 'p' ? knownKind(extension) : '';
  const bits = BITS[length] ?? INT;
  return {
    format, written, place, letter, kind, bits,
    print: letter === 'p' ? pointerKinds.get(kind)! : printer(written, letter, bits),
    signed: letter === 'd' || letter === 'i',
    left: flags.includes('-'),
    plus: flags.includes('+'),
    space: flags.includes(' '),
    alt: flags.includes('#'),
    zero: flags.includes('0'),
    width: fieldNumber(width, WIDTH_MAX),
    precision: fieldNumber(precision, PRECISION_MAX),
    stars: Number(width === '*') + Number(precision === '*') as 0 | 1 | 2,
    starWidth: width === '*',
  };
}

/** int, long, size_t and ptrdiff_t are all this wide. */
const INT = 32;
const BITS: Readonly<Record<string, 8 | 16 | 64>> = { hh: 8, h: 16, ll: 64, L: 64, j: 64 };

/** The two conversions nearly every message has get a short way. */
function printer(written: string, letter: string, bits: number): Print {
  if (letter === 's') return written === '%s' ? printPlainString : printString;
  if (letter === 'c') return printChar;
  const plain = bits === 32 && /^%[lzt]?[diu]$/.test(written);
  return plain ? (letter === 'u' ? printPlainUnsigned : printPlainSigned) : printInteger;
}

function fieldNumber(digits: string | undefined, max: number): number {
  return digits === undefined || digits === '*' ? -1 : Math.min(Number(digits), max);
}

/** Two opposites of C here, both the kernel's: a negative width means left, a negative precision means zero. */
function withStars(spec: Spec, args: readonly unknown[], next: number): Spec {
  let { left, width, precision } = spec;
  if (spec.starWidth) {
    const star = starNumber(spec, args[next]);
    left ||= star < 0;
    width = Math.min(Math.abs(star), WIDTH_MAX);
  }
  if (spec.stars === 2 || !spec.starWidth) {
    precision = Math.min(Math.max(starNumber(spec, args[next + spec.stars - 1]), 0), PRECISION_MAX);
  }
  return { ...spec, left, width, precision };
}

function starNumber(spec: Spec, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(spec, value, 'a number for *');
  return value | 0;
}

// Numbers

function printPlainSigned(spec: Spec, value: unknown): string {
  return typeof value === 'number' && Number.isFinite(value) ? `${value | 0}` : printInteger(spec, value);
}

function printPlainUnsigned(spec: Spec, value: unknown): string {
  return typeof value === 'number' && Number.isFinite(value) ? `${value >>> 0}` : printInteger(spec, value);
}

function printInteger(spec: Spec, value: unknown): string {
  const n = wrap(spec, value);
  const negative = n < 0;
  const digits = (negative ? -n : n).toString(BASE[spec.letter] ?? 10);
  const sign = negative ? '-' : !spec.signed ? '' : spec.plus ? '+' : spec.space ? ' ' : '';
  return layOut(spec, sign + prefix(spec, digits), spec.letter === 'X' ? digits.toUpperCase() : digits);
}

const BASE: Readonly<Record<string, number>> = { x: 16, X: 16, o: 8 };

function prefix(spec: Spec, digits: string): string {
  if (!spec.alt) return '';
  if (spec.letter === 'o') return digits === '0' ? '' : '0';
  return spec.letter === 'x' || spec.letter === 'X' ? `0${spec.letter}` : '';
}

/** What C's integer of that size makes of a value: the low bits, signed or not. Fractions are cut off. */
function wrap(spec: Spec, value: unknown): Integer {
  if (typeof value === 'bigint') return spec.signed ? BigInt.asIntN(spec.bits, value) : BigInt.asUintN(spec.bits, value);
  if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(spec, value, 'an integer');
  switch (spec.bits) {
    case 64: return fits(spec, value) ? value : wrap(spec, BigInt(Math.trunc(value)));
    case 32: return spec.signed ? value | 0 : value >>> 0;
    case 16: return spec.signed ? value << 16 >> 16 : value & 0xffff;
    case 8: return spec.signed ? value << 24 >> 24 : value & 0xff;
  }
}

/** Can 64 bits be printed without a bigint? */
function fits(spec: Spec, value: number): boolean {
  return Number.isSafeInteger(value) && (spec.signed || value >= 0);
}

/** Puts sign and prefix, digits and padding in order. */
function layOut(spec: Spec, head: string, digits: string): string {
  const body = digits.padStart(spec.precision, '0');
  if (spec.left) return (head + body).padEnd(spec.width);
  if (spec.zero) return head + body.padStart(spec.width - head.length, '0');
  return (head + body).padStart(spec.width);
}

// Text

function printPlainString(spec: Spec, value: unknown): string {
  return typeof value === 'string' ? value : printString(spec, value);
}

function printString(spec: Spec, value: unknown): string {
  const text = value === null ? '(null)' : value;
  if (typeof text !== 'string') throw wrong(spec, value, 'a string or null');
  return pad(spec, spec.precision < 0 ? text : truncateUtf8(text, spec.precision));
}

/** A number is an unsigned char; of a string the first character counts. */
function printChar(spec: Spec, value: unknown): string {
  if (typeof value === 'number') return pad(spec, String.fromCharCode(value & 0xff));
  if (typeof value !== 'string') throw wrong(spec, value, 'a character or its number');
  return pad(spec, value === '' ? '' : String.fromCodePoint(value.codePointAt(0)!));
}

function pad(spec: Spec, text: string): string {
  if (spec.width <= text.length) return text;
  const spaces = ' '.repeat(Math.max(0, spec.width - utf8Length(text)));
  return spec.left ? text + spaces : spaces + text;
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) bytes += utf8Width(character.codePointAt(0)!);
  return bytes;
}

/** Half a surrogate pair becomes U+FFFD when it is encoded: three bytes, like its neighbours. */
function utf8Width(code: number): 1 | 2 | 3 | 4 {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

// Pointers

const pointerKinds: ReadonlyMap<string, Print> = new Map<string, Print>([
  ['', printHashed],
  ['K', printHashed],
  ['x', (spec, value) => pointerText(spec, address(spec, value))],
  ['e', printError],
  ['s', printSymbol],
  ['S', printSymbol],
  ['h', (spec, value) => printHex(spec, value, ' ')],
  ['hC', (spec, value) => printHex(spec, value, ':')],
  ['hD', (spec, value) => printHex(spec, value, '-')],
  ['hN', (spec, value) => printHex(spec, value, '')],
  ['I4', (spec, value) => pad(spec, bytesOf(spec, value, 4).join('.'))],
  ['M', (spec, value) => pad(spec, hex(bytesOf(spec, value, 6), ':'))],
  ['MF', (spec, value) => pad(spec, hex(bytesOf(spec, value, 6), '-'))],
  ['m', (spec, value) => pad(spec, hex(bytesOf(spec, value, 6), ''))],
]);

/** The longest known beginning; the kernel, too, looks at the first letters and swallows the rest. */
function knownKind(extension: string): string {
  let kind = extension;
  while (!pointerKinds.has(kind)) kind = kind.slice(0, -1);
  return kind;
}

let pointerKey: number | undefined;

/** NULL and error pointers are no addresses, so they are shown as they are. */
function printHashed(spec: Spec, value: unknown): string {
  const pointer = address(spec, value);
  if (isErrOrNull(pointer)) return pointerText(spec, pointer);
  return pointerKey === undefined ? pad(spec, '(ptrval)') : pointerText(spec, hash(pointer, pointerKey));
}

/** Two rounds of a 32-bit mixer; each is one to one, so two addresses never look alike. */
function hash(pointer: number, key: number): number {
  return mix(mix(pointer ^ key) + key | 0) >>> 0;
}

function mix(n: number): number {
  n = Math.imul(n ^ n >>> 16, 0x85ebca6b);
  n = Math.imul(n ^ n >>> 13, 0xc2b2ae35);
  return n ^ n >>> 16;
}

function pointerText(spec: Spec, pointer: number): string {
  const head = spec.alt ? '0x' : '';
  const digits = pointer.toString(16);
  return spec.width < 0 ? head + digits.padStart(8, '0') : layOut(spec, head, digits);
}

/** `%pe` says `-ENOMEM`; what is no error is hashed like any pointer. */
function printError(spec: Spec, value: unknown): string {
  const pointer = address(spec, value);
  return isErr(pointer) ? pad(spec, `-${errnoName(pointer | 0)}`) : printHashed(spec, pointer);
}

let symbolLookup: SymbolLookup | undefined;

function printSymbol(spec: Spec, value: unknown): string {
  if (typeof value === 'function') return pad(spec, value.name || '<anonymous>');
  const pointer = address(spec, value);
  return pad(spec, symbolLookup?.(pointer, spec.kind === 'S') ?? `0x${pointer.toString(16).padStart(8, '0')}`);
}

/** An address: a number, null for NULL, a handle with its `addr`, or a caught KernelError for what C has in ERR_PTR. */
function address(spec: Spec, value: unknown): number {
  if (typeof value === 'number') return value >>> 0;
  if (typeof value === 'bigint') return Number(BigInt.asUintN(32, value));
  if (value === null || value === undefined) return 0;
  if (value instanceof KernelError) return errPtr(value.errno);
  if (typeof value === 'object' && 'addr' in value && typeof value.addr === 'number') return value.addr >>> 0;
  throw wrong(spec, value, 'an address or a handle');
}

/** `%*ph`: here the width is how many bytes to show; without one it is a single byte. */
function printHex(spec: Spec, value: unknown, separator: string): string {
  const length = spec.width < 0 ? 1 : Math.min(spec.width, HEX_BYTES_MAX);
  return hex(bytesOf(spec, value, 0).subarray(0, length), separator);
}

function hex(bytes: Uint8Array, separator: string): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join(separator);
}

function bytesOf(spec: Spec, value: unknown, length: number): Uint8Array {
  if (value instanceof Uint8Array && value.length >= length) return length ? value.subarray(0, length) : value;
  throw wrong(spec, value, length ? `a Uint8Array of ${length} bytes` : 'a Uint8Array');
}

// Trouble

function missing(spec: Spec): KernelError {
  return new KernelError(EINVAL, `printf: there is no argument for ${where(spec)}`);
}

function wrong(spec: Spec, value: unknown, wanted: string): KernelError {
  return new KernelError(EINVAL, `printf: ${where(spec)}, wants ${wanted}, got ${nameOf(value)}`);
}

function where(spec: Spec): string {
  return `${spec.written}, conversion ${spec.place} of ${JSON.stringify(spec.format)}`;
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'number') return String(value);
  if (typeof value === 'object') return `an object (${value.constructor?.name ?? 'no class'})`;
  return `a ${typeof value}`;
}

// The same grammar for the type checker. `Before` is what an unknown conversion, or %%, falls back to.

type Arguments = readonly unknown[];

type Scan<F extends string, A extends Arguments> = F extends `${string}%${infer R}` ? Width<SkipFlags<R>, A, A> : A;

type Width<S extends string, A extends Arguments, Before extends Arguments> =
  S extends `*${infer R}` ? Precision<R, readonly [...A, number], Before> : Precision<SkipDigits<S>, A, Before>;

type Precision<S extends string, A extends Arguments, Before extends Arguments> =
  S extends `.*${infer R}` ? Length<R, readonly [...A, number], Before>
  : S extends `.${infer R}` ? Length<SkipDigits<R>, A, Before>
  : Length<S, A, Before>;

type Length<S extends string, A extends Arguments, Before extends Arguments> =
  S extends `${'hh' | 'll'}${infer R}` ? Letter<R, A, Before>
  : S extends `${'h' | 'l' | 'L' | 'z' | 't' | 'j'}${infer R}` ? Letter<R, A, Before>
  : Letter<S, A, Before>;

type Letter<S extends string, A extends Arguments, Before extends Arguments> =
  S extends `${infer C}${infer R}`
    ? C extends keyof Conversions ? Scan<R, readonly [...A, Conversions[C]]> : Scan<R, Before>
    : Before;

type SkipFlags<S extends string> = S extends `${'-' | '+' | ' ' | '#' | '0'}${infer R}` ? SkipFlags<R> : S;
type SkipDigits<S extends string> =
  S extends `${'0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9'}${infer R}` ? SkipDigits<R> : S;

/**
 * Record tables: each record's fields stand once, with who may touch them, and become byte offsets for TypeScript
 * and a C struct for modules in C. Not a serializer: code adds an offset to an address and reads the word itself.
 */

/**
 * Who may touch a field: (a) anybody, atomically; (l) the holder of the record's lock; (o) only the isolate that runs
 * the task or owns the record; (c) nobody after the record was published.
 */
export type Who = 'a' | 'l' | 'o' | 'c';
type Kind = 's32' | 'u32' | 'f64' | 'u8' | 'ptr';

export interface Field {
  readonly kind: Kind;
  readonly who: Who;
  readonly count: number;
  /** The C type, where it is not the kind's own. */
  readonly ctype?: string;
}

const field = (kind: Kind) => (who: Who, count = 1, ctype?: string): Field => ({ kind, who, count, ...(ctype ? { ctype } : {}) });
export const s32 = field('s32');
export const u32 = field('u32');
export const f64Field = field('f64');
export const bytes = field('u8');
export const ptr = field('ptr');

export type Struct<F> = { readonly [K in keyof F]: number } & { readonly sizeof: number };

export interface Layout {
  readonly name: string;
  readonly size: number;
  readonly fields: ReadonlyArray<Field & { readonly name: string; readonly offset: number }>;
}

const SIZE: Readonly<Record<Kind, number>> = { s32: 4, u32: 4, f64: 8, u8: 1, ptr: 4 };
const layouts: Layout[] = [];

/** Declares the record `name`: the offset of each field (bytes, naturally aligned) and `sizeof`, a multiple of 8. */
export function struct<F extends Record<string, Field>>(name: string, fields: F): Struct<F> {
  const offsets: Record<string, number> = {};
  const laid: Array<Field & { name: string; offset: number }> = [];
  let at = 0;
  for (const [key, f] of Object.entries(fields)) {
    at = alignUp(at, SIZE[f.kind]);
    offsets[key] = at;
    laid.push({ ...f, name: key, offset: at });
    at += SIZE[f.kind] * f.count;
  }
  const size = alignUp(at, 8);
  layouts.push({ name, size, fields: laid });
  return Object.freeze({ ...offsets, sizeof: size }) as Struct<F>;
}

export const alignUp = (value: number, to: number): number => Math.ceil(value / to) * to;

/** All records that were declared so far, for who writes them down in another language. */
export const allLayouts = (): readonly Layout[] => layouts;

/** One number for all layouts, whatever the order of imports: isolates with another number must not touch the memory. */
export function layoutVersion(): number {
  return hashOf(layouts.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((l) => `${l.name}:${l.size}:${l.fields.map((f) => `${f.name}@${f.offset}*${f.count}${f.kind}`).join()}`).join(';'));
}

/** A number for a text, never 0 (FNV-1a). */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash | 1;
}

/**
 * Handles: small objects around an address in kernel memory, which may be passed as thread data and arrive as the same
 * thing on another isolate. Structured clone keeps a handle's own fields and drops its class; revive puts that back.
 */

/** What every handle carries so that it can be told after a clone. */
export interface Handle {
  /** The kind of record, such as 'task'. */
  readonly kthread: string;
  readonly addr: number;
}

/** How deep data may nest for handles in it to be found. */
const DEPTH_MAX = 64;
const makers = new Map<string, (plain: Handle) => object>();

/** Says how a handle of `kind` is made again from its cloned fields. */
export function registerHandle(kind: string, make: (plain: never) => object): void {
  makers.set(kind, make as (plain: Handle) => object);
}

const isHandle = (value: object): value is Handle => typeof (value as Partial<Handle>).kthread === 'string' && makers.has((value as Handle).kthread);

/** Returns freshly cloned `data` with all handles in it, in objects, arrays, maps and sets, made whole. Changes it in place. */
export function revive(data: unknown, depth = 0, seen = new Set<object>()): unknown {
  if (typeof data !== 'object' || data === null || depth > DEPTH_MAX || seen.has(data)) return data;
  if (isHandle(data)) return makers.get(data.kthread)!(data);
  seen.add(data);
  const inner = (value: unknown): unknown => revive(value, depth + 1, seen);
  if (Array.isArray(data)) data.forEach((value, i) => { data[i] = inner(value); });
  else if (data instanceof Map) for (const [key, value] of data) data.set(key, inner(value));
  else if (data instanceof Set) reviveSet(data, inner);
  else if (Object.getPrototypeOf(data) === Object.prototype) reviveObject(data as Record<string, unknown>, inner);
  return data;
}

function reviveSet(set: Set<unknown>, inner: (value: unknown) => unknown): void {
  const values = [...set].map(inner);
  set.clear();
  for (const value of values) set.add(value);
}

function reviveObject(object: Record<string, unknown>, inner: (value: unknown) => unknown): void {
  for (const key of Object.keys(object)) object[key] = inner(object[key]);
}

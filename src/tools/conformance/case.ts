/**
 * A conformance case: a module, what a real kernel printed for it, and the steps that go with it, as the files NAME.c (or
 * .ko, .ts), NAME.expected and NAME.json say. Doing the steps is play.ts.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** One thing that is done from user space. */
export type Step =
  | { readonly waitFor: string; readonly max?: number }
  | { readonly sleep: number }
  | { readonly kill: string; readonly comm: string }
  | { readonly ps: string; readonly fields: readonly string[] }
  | { readonly write: string; readonly value: string }
  | { readonly read: string }
  | { readonly count: string }
  | { readonly insmod: string }
  | { readonly rmmod: true };

/** A pattern and what takes its place. */
export type Replacement = readonly [pattern: RegExp, by: string];

export interface Case {
  readonly name: string;
  /** The module's file. */
  readonly file: string;
  readonly expected: readonly string[];
  readonly params: string;
  readonly before: readonly Step[];
  readonly steps: readonly Step[];
  readonly after: readonly Step[];
  /** Name of the errno with which insmod must fail. */
  readonly fail?: string;
  /** Whether each line of the kernel begins with its level. */
  readonly levels: boolean;
  /** Further lines that belong to the case. */
  readonly also: readonly RegExp[];
  readonly subst: readonly Replacement[];
  /** Where this machine differs from the recorded kernel, why, and what makes the lines alike. */
  readonly deviates?: { readonly why: string; readonly subst: readonly Replacement[] };
}

/** A directory or file that is not what it should be; the message names it. */
export class BadCase extends Error {}

const MODULES = ['.c', '.ko', '.ts', '.mts'];
const KEYS = ['about', 'insmod', 'before', 'steps', 'after', 'fail', 'levels', 'also', 'subst', 'warns', 'deviates'];
/** Of each step: its first key, and what else it must and may have. */
const STEPS: Readonly<Record<string, { must?: readonly string[]; may?: readonly string[] }>> = Object.freeze({
  waitFor: { may: ['max'] }, sleep: {}, kill: { must: ['comm'] }, ps: { must: ['fields'] }, write: { must: ['value'] }, read: {}, count: {}, insmod: {}, rmmod: {},
});

/** The cases of `dir` in the order of their names: those named, or all. Throws BadCase. */
export function readCases(dir: string, names: readonly string[] = []): Case[] {
  if (!existsSync(dir)) throw new BadCase(`there is no directory ${dir}`);
  const there = readdirSync(dir).filter((file) => file.endsWith('.expected')).map((file) => file.slice(0, -'.expected'.length)).toSorted();
  if (there.length === 0) throw new BadCase(`${dir} has no case: no file NAME.expected beside a NAME.c`);
  const missing = names.find((name) => !there.includes(name));
  if (missing !== undefined) throw new BadCase(`${dir} has no case ${missing}; it has ${there.join(', ')}`);
  return (names.length > 0 ? names : there).map((name) => readCase(dir, name));
}

function readCase(dir: string, name: string): Case {
  const file = MODULES.map((suffix) => join(dir, name + suffix)).find((path) => existsSync(path));
  if (file === undefined) throw new BadCase(`${join(dir, name)}.expected has no module beside it: ${name}.c, .ko or .ts`);
  const path = join(dir, `${name}.json`);
  const given = existsSync(path) ? readJson(path) : {};
  const unknown = Object.keys(given).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw new BadCase(`${path}: unknown key "${unknown}"; known: ${KEYS.join(', ')}`);
  const { insmod = '', before, steps, after, fail, levels = false, also = [], subst, deviates } = given as Record<string, never> & { insmod?: string; fail?: string; levels?: boolean; also?: string[] };
  return {
    name, file,
    expected: linesOf(readFileSync(join(dir, `${name}.expected`), 'utf8')),
    params: insmod,
    before: readSteps(path, before) ?? [], steps: readSteps(path, steps) ?? (fail === undefined ? [{ waitFor: 'done' }] : []), after: readSteps(path, after) ?? [],
    ...(fail !== undefined && { fail }), levels,
    also: also.map((source) => pattern(path, source)),
    subst: replacements(path, subst),
    ...(deviates !== undefined && { deviates: readDeviation(path, deviates) }),
  };
}

function readJson(path: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  } catch (cause) {
    throw new BadCase(`${path}: ${(cause as Error).message}`, { cause });
  }
}

function readSteps(path: string, given: unknown): Step[] | undefined {
  if (given === undefined) return undefined;
  if (!Array.isArray(given)) throw new BadCase(`${path}: steps are a list, not ${JSON.stringify(given)}`);
  for (const step of given as Array<Record<string, unknown>>) {
    const keys = Object.keys(step);
    const kind = keys.find((key) => Object.hasOwn(STEPS, key));
    if (kind === undefined) throw new BadCase(`${path}: ${JSON.stringify(step)} is no step; one of ${Object.keys(STEPS).join(', ')} says what is done`);
    const { must = [], may = [] } = STEPS[kind];
    const lacks = must.find((key) => !keys.includes(key));
    if (lacks !== undefined) throw new BadCase(`${path}: step ${JSON.stringify(step)} lacks "${lacks}"`);
    const strange = keys.find((key) => ![kind, ...must, ...may].includes(key));
    if (strange !== undefined) throw new BadCase(`${path}: step ${JSON.stringify(step)} has the unknown key "${strange}"`);
  }
  return given as Step[];
}

function readDeviation(path: string, given: unknown): NonNullable<Case['deviates']> {
  const { why, subst } = given as { why?: unknown; subst?: unknown };
  if (typeof why !== 'string' || why === '') throw new BadCase(`${path}: "deviates" needs a "why"`);
  return { why, subst: replacements(path, subst) };
}

function replacements(path: string, given: unknown): Replacement[] {
  return ((given ?? []) as Array<[string, string]>).map(([source, by]) => [pattern(path, source, 'g'), by.replaceAll('$', '$$$$').replace(/\\(\d)/g, '$$$1')]);
}

/** The patterns are Python's; of what differs from JavaScript's they use nothing. */
function pattern(path: string, source: string, flags = ''): RegExp {
  try {
    return new RegExp(source, flags);
  } catch (cause) {
    throw new BadCase(`${path}: ${(cause as Error).message}`, { cause });
  }
}

/** Lines of a text; what follows the last newline is one only if there is something. */
export const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

/**
 * What a person names when they want a module of C: a .c file, a .ko, a folder with a kbuild Makefile, or a folder of .c
 * files that are one module. Of the Makefile only assignments to the names that kbuild reads are looked at; nothing is run.
 */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EINVAL, ENOENT, KernelError } from '../../../lib/errno.js';

/** A module's sources, and what its Makefile adds to the command line. */
export interface Sources {
  readonly name: string;
  /** The folder in which they lie. */
  readonly folder: string;
  /** Paths within it. */
  readonly files: readonly string[];
  readonly flags: readonly string[];
  /** The finished module, instead of sources. */
  readonly ko?: string;
}

const underscored = (name: string): string => name.replaceAll('-', '_');
const stem = (file: string): string => basename(file).replace(/\.[^.]*$/, '');
export const pathOf = (path: string): string => (path.startsWith('file:') ? fileURLToPath(path) : path);

export function takes(path: string): boolean {
  const file = pathOf(path);
  return /\.(c|ko)$/.test(file) || (existsSync(file) && statSync(file).isDirectory());
}

/** Throws KernelError EINVAL for a folder of several modules, ENOENT for a folder or Makefile without any. */
export function sourcesOf(path: string): Sources {
  const file = pathOf(path);
  if (!existsSync(file)) throw new KernelError(-ENOENT, `looked for ${file}`);
  if (file.endsWith('.ko')) return { name: underscored(stem(file)), folder: dirname(file), files: [], flags: [], ko: file };
  if (file.endsWith('.c')) return { name: underscored(stem(file)), folder: dirname(file), files: [basename(file)], flags: makefileFlags(dirname(file)) };
  const makefile = ['Kbuild', 'Makefile'].map((name) => join(file, name)).find(existsSync);
  return makefile === undefined ? wholeFolder(file) : byMakefile(file, readFileSync(makefile, 'utf8'));
}

function wholeFolder(folder: string): Sources {
  const files = readdirSync(folder).filter((name) => name.endsWith('.c') && !name.endsWith('.mod.c')).toSorted();
  if (files.length === 0) throw new KernelError(-ENOENT, `${folder} has neither a Makefile nor .c files`);
  return { name: underscored(basename(folder)), folder, files, flags: [] };
}

function byMakefile(folder: string, text: string): Sources {
  const words = assignments(text);
  const modules = (words.get('obj-m') ?? []).filter((word) => word.endsWith('.o')).map(stem);
  if (modules.length === 0) throw new KernelError(-ENOENT, `the Makefile in ${folder} names no module: it has no obj-m`);
  if (modules.length > 1) throw new KernelError(-EINVAL, `the Makefile in ${folder} names several modules (${modules.join(', ')}): load them one by one, such as ${join(folder, `${modules[0]}.c`)}`);
  const [name] = modules;
  const parts = [...(words.get(`${name}-objs`) ?? []), ...(words.get(`${name}-y`) ?? []), ...(words.get(`${name}-m`) ?? [])].filter((word) => word.endsWith('.o'));
  const files = (parts.length > 0 ? parts : [`${name}.o`]).map((object) => object.replace(/\.o$/, '.c'));
  for (const source of files) if (!existsSync(join(folder, source))) throw new KernelError(-ENOENT, `the Makefile in ${folder} wants ${source}, which is not there`);
  return { name: underscored(name), folder, files, flags: flagsIn(words) };
}

const makefileFlags = (folder: string): string[] => {
  const makefile = ['Kbuild', 'Makefile'].map((name) => join(folder, name)).find(existsSync);
  return makefile === undefined ? [] : flagsIn(assignments(readFileSync(makefile, 'utf8')));
};

/** -D, -U and -I; what else a Makefile may want of its compiler is not for ours. */
function flagsIn(words: ReadonlyMap<string, readonly string[]>): string[] {
  const given = ['ccflags-y', 'ccflags-m', 'EXTRA_CFLAGS', 'CFLAGS_MODULE'].flatMap((name) => words.get(name) ?? []);
  return given.filter((flag) => /^-[DUI]\S/.test(flag)).map((flag) => flag.replace(/\$[({](src|PWD|M|obj|srctree)[)}]/g, '.').replace(/^-I\.\/?$/, '-I.'));
}

/** Words by the name that they are assigned to, over lines that go on behind a backslash. Later ones with += are added. */
function assignments(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of text.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/)) {
    const [, name = '', sign = '', value = ''] = /^\s*([\w.-]+)\s*([:+?]?=)\s*([^#]*)/.exec(line) ?? [];
    const words = value.split(/\s+/).filter(Boolean);
    if (name === '' || (sign === '?=' && found.has(name))) continue;
    found.set(name, sign === '+=' ? [...(found.get(name) ?? []), ...words] : words);
  }
  return found;
}

/** How a person would write the path of a file: from here if it lies below, else in full. */
export function shownPath(file: string): string {
  const here = relative('.', file);
  return here.startsWith('..') || isAbsolute(here) ? resolve(file) : here;
}

/**
 * From a module's sources to its .ko: which files and flags the compiler gets, what is built anew and what was built
 * before, and how it is told when something is wrong with them. The flags stand here and nowhere else.
 */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, posix, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ENOEXEC, ENOPKG, KernelError } from '../../../lib/errno.js';
import { sealKo } from '../../../cc/image.js';
import type { BuildOptions } from '../../../cc/toolchain.js';
import { SHADOW_AT } from '../../../kernel/memlayout.js';
import { cacheKey, fromCache, intoCache } from './cache.js';
import type { Compiler } from './compiler.js';
import { shownPath, sourcesOf, type Sources } from './kbuild.js';
import { native } from './native.js';
import { yowasp } from './yowasp.js';

/** Our headers, <linux/...> and <asm/...>. */
const HEADERS = fileURLToPath(new URL('../../../../include/', import.meta.url));
/** Where they are for the compiler. */
const INCLUDE = '/include', GENERATED = '/generated';

const FLAGS = [
  '--target=wasm32', '-std=gnu11', '-O2', '-gdwarf-4', '-gline-tables-only', '-matomics', '-mbulk-memory', '-mmutable-globals',
  // A kernel: no library, no assumption that a NULL was not meant, integers that wrap, types that alias.
  '-ffreestanding', '-nostdlib', '-nostdinc', '-fno-strict-aliasing', '-fwrapv', '-fno-delete-null-pointer-checks', '-fno-common',
  // Call traces show what was written.
  '-fno-inline-functions', '-fno-optimize-sibling-calls',
  // What GCC takes from older modules, clang would refuse.
  '-Wno-error=implicit-function-declaration', '-Wno-error=implicit-int', '-Wno-error=int-conversion', '-Wno-error=incompatible-pointer-types', '-Wno-error=incompatible-function-pointer-types', '-Wno-error=return-type',
  '-Wno-pointer-sign', '-Wno-format-security', '-Wno-gnu', '-Wno-unused-value', '-Wno-visibility',
  '-D__KERNEL__', '-DMODULE', '-include', 'linux/compiler_types.h', `-I${INCLUDE}`, `-I${GENERATED}`,
];

/** Checks inline, with the shadow at its fixed place. */
const KASAN_FLAGS = [
  '-D__SANITIZE_ADDRESS__', 'cc1:-fsanitize=kernel-address', 'cc1:-mllvm', `cc1:-asan-mapping-offset=${SHADOW_AT}`, 'cc1:-mllvm', 'cc1:-asan-globals=1', 'cc1:-mllvm', 'cc1:-asan-stack=1', 'cc1:-fsanitize-address-use-after-scope',
  'cc1:-mllvm', 'cc1:-asan-instrumentation-with-call-threshold=100000',
];

/** Without those checks a NULL would be an address like any other: it is looked for where a pointer is used, which costs little. */
const PLAIN_FLAGS = ['cc1:-fsanitize=null'];

const LINK_FLAGS = [
  '--no-entry', '--import-memory', '--import-table', '--growable-table', '--emit-relocs', '--no-gc-sections', '--allow-undefined', '--unresolved-symbols=import-dynamic',
  '--export-if-defined=__wasm_call_ctors', '--global-base=0', '-z', 'stack-size=0',
];

/** Local headers looked at for a module: files, and bytes of all together. */
const LOCAL_FILES_MAX = 1000;
const LOCAL_BYTES_MAX = 8 << 20;

let headers: Map<string, string> | undefined;
let compiler: Promise<Compiler | undefined> | undefined;

/** Toolchain.build, which says what it throws. */
export async function build(path: string, options: BuildOptions): Promise<Uint8Array> {
  const sources = located(sourcesOf(path));
  if (sources.ko !== undefined) return readFileSync(sources.ko);
  const using = await (compiler ??= native().then((found) => found ?? yowasp()));
  if (!using) throw new KernelError(-ENOPKG, 'a module of C needs a compiler: npm install --save-dev @yowasp/clang, or a clang and wasm-ld 17 or later on the PATH');
  const files = filesFor(sources, options);
  const flags = [...FLAGS, `-DCONFIG_HZ=${options.hz}`, `-DKBUILD_MODNAME="${sources.name}"`, ...(options.kasan ? KASAN_FLAGS : PLAIN_FLAGS), ...ownFlags(sources)];
  const key = cacheKey(using.id, flags.join('\0'), LINK_FLAGS.join('\0'), sources.files.join('\0'), JSON.stringify([...files].toSorted(([a], [b]) => (a < b ? -1 : 1))), String(options.layout));
  const known = fromCache(key);
  if (known) return known;
  if (using.cold) options.say?.(`starting the compiler (${using.id}), which takes a few seconds the first time\n`);
  const objects = new Map<string, Uint8Array>();
  for (const source of sources.files) objects.set(source.replaceAll('/', '-').replace(/\.c$/, '.o'), await compile(using, [...flags, ...namedFlags(files.get(virtual(sources, source)) ?? '')], virtual(sources, source), files, options));
  const { file, text } = await using.link(LINK_FLAGS, objects, `${sources.name}.ko`);
  if (!file) throw new KernelError(-ENOEXEC, `it does not link:\n${text.trim()}`);
  const ko = sealKo(file, { name: sources.name, layout: options.layout, hz: options.hz, kasan: options.kasan });
  intoCache(key, ko);
  return ko;
}

async function compile(using: Compiler, flags: readonly string[], source: string, files: ReadonlyMap<string, string>, { say }: BuildOptions): Promise<Uint8Array> {
  const { file, text } = await using.compile(flags, source, files);
  if (!file) throw new KernelError(-ENOEXEC, `it does not compile:\n${text.trim()}${missingHeader(text)}`);
  if (text) say?.(text);
  return file;
}

function missingHeader(text: string): string {
  const [, name] = /fatal error: '((?:linux|asm|uapi|net|trace)[^']*)' file not found/.exec(text) ?? [];
  return name === undefined ? '' : `\n<${name}> is none of the headers that kthread has; docs/c-modules.md lists them.`;
}

// --- Files --------------------------------------------------------------------------------------------------------

const slashes = (path: string): string => path.split(sep).join('/');
/** A source's path for the compiler, which is the one that its messages show: in full where a header from outside of this folder is wanted, or there were no path for that. */
const virtual = ({ folder, headers: outer }: Located, file: string): string => posix.join(slashes(outer.some((header) => isAbsolute(shownPath(join(folder, header)))) ? resolve(folder) : shownPath(folder)), file);

/** Sources, with the headers outside of their folder that they include, by their paths from it. */
interface Located extends Sources {
  readonly headers: readonly string[];
}

function located(sources: Sources): Located {
  const found = new Set<string>();
  const look = (file: string): void => {
    for (const [, wanted = ''] of readFileSync(join(sources.folder, file), 'utf8').matchAll(/^\s*#\s*include\s*"([^"]+)"/gm)) {
      const path = join(dirname(file), wanted);
      if (!path.startsWith('..') || found.has(path) || found.size >= LOCAL_FILES_MAX || !existsSync(join(sources.folder, path))) continue;
      found.add(path);
      look(path);
    }
  };
  for (const file of sources.files) look(file);
  return { ...sources, headers: [...found].toSorted() };
}

const ownFlags = (sources: Located): string[] => sources.flags.map((flag) => (flag.startsWith('-I') && !flag.startsWith('-I/') ? `-I${virtual(sources, flag.slice(2))}` : flag));

/** Whether a source has its init or exit by the names of before module_init: linux/module.h takes them then. */
const namedFlags = (text: string): string[] => [['init_module', 'module_init'], ['cleanup_module', 'module_exit']]
  .filter(([name, macro]) => new RegExp(`\\b${name}\\s*\\(\\s*(?:void)?\\s*\\)\\s*\\{`).test(text) && !new RegExp(`^\\s*${macro}\\s*\\(`, 'm').test(text))
  .map(([name]) => `-DKTHREAD_HAS_${name.toUpperCase()}`);

/** Everything that the compiler may read. */
function filesFor(sources: Located, { records }: BuildOptions): Map<string, string> {
  headers ??= new Map(walk(HEADERS, '.h').map((file) => [`${INCLUDE}/${slashes(file)}`, readFileSync(join(HEADERS, file), 'utf8')]));
  const files = new Map(headers);
  files.set(`${GENERATED}/generated/records.h`, records);
  let bytes = 0;
  for (const file of localFiles(sources)) {
    const text = readFileSync(join(sources.folder, file), 'utf8');
    bytes += text.length;
    if (bytes > LOCAL_BYTES_MAX) break;
    files.set(virtual(sources, slashes(file)), text);
  }
  return files;
}

/** The module's own sources, and whatever they could include. */
function localFiles(sources: Located): string[] {
  const texts = sources.files.map((file) => readFileSync(join(sources.folder, file), 'utf8'));
  const quoted = texts.some((text) => /^\s*#\s*include\s*"/m.test(text)) || sources.flags.some((flag) => flag.startsWith('-I'));
  return [...new Set([...sources.files, ...sources.headers, ...(quoted ? walk(sources.folder, '.h', '.c', '.inc') : [])])].toSorted();
}

function walk(folder: string, ...endings: readonly string[]): string[] {
  const found: string[] = [];
  const look = (under: string): void => {
    for (const name of readdirSync(join(folder, under)).toSorted()) {
      const path = join(under, name);
      if (found.length >= LOCAL_FILES_MAX || name === 'node_modules' || name.startsWith('.')) continue;
      if (statSync(join(folder, path), { throwIfNoEntry: false })?.isDirectory()) look(path);
      else if (endings.some((ending) => name.endsWith(ending))) found.push(path);
    }
  };
  look('');
  return found.filter((path) => dirname(path) !== '..');
}

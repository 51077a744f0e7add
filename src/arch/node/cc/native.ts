/**
 * clang and wasm-ld of the computer as a compiler, if both are there and can do what modules need; that is tried once.
 * KTHREAD_CC names a clang, or `none` for not looking; its wasm-ld is the one beside it, or the first on the PATH.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { INNER_FLAGS, type Compiler, type Files, type Output } from './compiler.js';

/** Versions that are looked for under their own names, latest first, after the plain one. */
const VERSIONS = ['', '-23', '-22', '-21', '-20', '-19', '-18', '-17'];
const EXE = process.platform === 'win32' ? '.exe' : '';
/** Text that a tool may print, bytes. */
const OUTPUT_MAX = 16 << 20;

function run(file: string, args: readonly string[]): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    execFile(file, args, { maxBuffer: OUTPUT_MAX, encoding: 'utf8' }, (error, stdout, stderr) => {
      resolve({ status: error ? (typeof error.code === 'number' ? error.code : 127) : 0, text: stdout + stderr });
    });
  });
}

function candidates(): Array<{ clang: string; ld: string }> {
  const named = process.env.KTHREAD_CC;
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const find = (name: string): string | undefined => folders.map((folder) => join(folder, name + EXE)).find(existsSync);
  const pairs = named ? [[named, join(dirname(named), `wasm-ld${EXE}`)], [named, find('wasm-ld')]] : VERSIONS.map((version) => [find(`clang${version}`), find(`wasm-ld${version}`)]);
  return pairs.flatMap(([clang, ld]) => (clang && ld && existsSync(ld) ? [{ clang, ld }] : []));
}

/** Tries what a module needs of the two: address checks, relocations kept, and a memory that is shared in the end. */
async function suits({ clang, ld }: { clang: string; ld: string }): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'kthread-cc-'));
  try {
    const [source, object, out] = ['probe.c', 'probe.o', 'probe.ko'].map((name) => join(folder, name));
    writeFileSync(source, 'int seven = 7; int probe(int *p) { return *p + seven; }\n');
    const { status, text } = await run(clang, ['--target=wasm32', '-O1', '-matomics', '-mbulk-memory', '-gline-tables-only', '-Xclang', '-fsanitize=kernel-address', '-c', source, '-o', object]);
    if (status !== 0) return undefined;
    const linked = await run(ld, ['--no-entry', '--import-memory', '--import-table', '--growable-table', '--emit-relocs', '--export-if-defined=probe', '--table-base=1', '--allow-undefined', object, '-o', out]);
    const version = await run(clang, ['--version']);
    return linked.status === 0 && existsSync(out) && text === '' ? version.text.split('\n', 1)[0] : undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The first suitable pair, or undefined. */
export async function native(): Promise<Compiler | undefined> {
  if (process.env.KTHREAD_CC === 'none') return undefined;
  for (const pair of candidates()) {
    const id = await suits(pair);
    if (id !== undefined) return compilerOf(pair, id);
  }
  return undefined;
}

function compilerOf({ clang, ld }: { clang: string; ld: string }, id: string): Compiler {
  return {
    id,
    cold: false,
    compile: (flags, main, files) => inFolder(files, async (folder, at) => {
      const { outer, inner } = INNER_FLAGS(flags);
      const out = join(folder, 'out.o');
      const shown = `-ffile-prefix-map=${folder}/=${main.startsWith('/') ? '/' : ''}`; // Traces and __FILE__ are to say what a person knows.
      const { text } = await run(clang, [shown, ...outer.map((flag) => flag.replace(/^-I\/(include|generated)/, (_, name: string) => `-I${at(`/${name}`)}`)), ...inner.flatMap((flag) => ['-Xclang', flag]), '-c', at(main), '-o', out]);
      return { file: existsSync(out) ? readFileSync(out) : undefined, text: text.replaceAll(`${folder}/`, '') };
    }),
    link: (flags, objects, name) => inFolder(objects, async (folder, at) => {
      const out = join(folder, name);
      const { text } = await run(ld, [...flags, ...[...objects.keys()].map(at), '-o', out]);
      return { file: existsSync(out) ? readFileSync(out) : undefined, text: text.replaceAll(`${folder}/`, '') };
    }),
  };
}

/** Writes `files` into a folder for as long as `work` takes. */
async function inFolder(files: Files | ReadonlyMap<string, Uint8Array>, work: (folder: string, at: (path: string) => string) => Promise<Output>): Promise<Output> {
  const folder = mkdtempSync(join(tmpdir(), 'kthread-cc-'));
  const at = (path: string): string => join(folder, path);
  try {
    for (const [path, text] of files) {
      mkdirSync(dirname(at(path)), { recursive: true });
      writeFileSync(at(path), text);
    }
    return await work(folder, at);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

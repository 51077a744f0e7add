/**
 * @yowasp/clang as a compiler. It runs in a child process, since it needs a flag of the engine that holds for a whole
 * process and 300 MB: the child starts with the first thing to compile, and ends with this process or when it was idle for
 * a while.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { EIO, KernelError } from '../../../lib/errno.js';
import { INNER_FLAGS, type Compiler, type Files, type Output } from './compiler.js';
import type { Answer, Order } from './ccd.js';

/** How long an idle child stays, ms. */
const IDLE_MS = 60_000;

interface Package {
  readonly url: string;
  readonly version: string;
}

/** The package, as this library finds it or else the program in the working directory. */
function findPackage(): Package | undefined {
  for (const from of [import.meta.url, pathToFileURL(join(process.cwd(), 'package.json')).href]) {
    try {
      const main = createRequire(from).resolve('@yowasp/clang');
      const manifest = JSON.parse(readFileSync(join(dirname(dirname(main)), 'package.json'), 'utf8')) as { version: string };
      return { url: pathToFileURL(main).href, version: manifest.version };
    } catch {
      continue;
    }
  }
  return undefined;
}

let child: ChildProcess | undefined;
let idle: NodeJS.Timeout | undefined;
let nextId = 1;
const waiting = new Map<number, { resolve(answer: Answer): void; reject(error: Error): void }>();

function start(url: string): ChildProcess {
  const made = fork(fileURLToPath(new URL('./ccd.js', import.meta.url)), [url], {
    execArgv: ['--liftoff-only'], serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  made.stderr?.setEncoding('utf8').on('data', (text: string) => { said = (said + text).slice(-4000); });
  const gone = (why: string): void => {
    if (child === made) child = undefined;
    for (const { reject } of waiting.values()) reject(new KernelError(-EIO, `the compiler's process ended: ${said.trim() || why}`));
    waiting.clear();
  };
  made.on('error', (error) => gone(error.message));
  made.on('exit', (code, signal) => gone(signal ?? `status ${code}`));
  made.on('message', (answer: Answer) => {
    waiting.get(answer.id)?.resolve(answer);
    waiting.delete(answer.id);
    if (waiting.size === 0) rest(made);
  });
  return made;
}

/** Nothing to do: it keeps no process alive. */
function rest(made: ChildProcess): void {
  made.unref();
  made.channel?.unref();
  (made.stderr as unknown as { unref(): void } | null)?.unref();
  clearTimeout(idle);
  idle = setTimeout(() => made.kill(), IDLE_MS).unref();
}

function ask(url: string, order: Omit<Order, 'id'>): Promise<Answer> {
  child ??= start(url);
  clearTimeout(idle);
  child.ref();
  child.channel?.ref();
  const id = nextId++;
  child.send({ id, ...order } satisfies Order);
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
}

const output = ({ file, text }: Answer): Output => ({ file, text });

/**
 * Its folders know no parent: "a/../b.h" is "a/b.h" there. So each file that is included by such a path, from `main` on, is there
 * a second time, where it is looked for, unless another one has that place.
 */
function withoutParents(main: string, files: Files): Array<[path: string, text: string | Uint8Array]> {
  const more = new Map<string, string | Uint8Array>();
  const seen = new Set<string>();
  const look = (file: string, place: string): void => {
    for (const [, wanted = ''] of String(files.get(file) ?? '').matchAll(/^\s*#\s*include\s*"([^"]+)"/gm)) {
      const included = posix.join(posix.dirname(file), wanted);
      const at = posix.join(posix.dirname(place), wanted.split('/').filter((name) => name !== '..').join('/'));
      const text = files.get(included);
      if (text === undefined || seen.has(at)) continue;
      seen.add(at);
      if (!files.has(at)) more.set(at, text);
      look(included, at);
    }
  };
  look(main, main);
  return [...more];
}

/** The compiler, if the package is installed. */
export function yowasp(): Compiler | undefined {
  const found = findPackage();
  if (!found) return undefined;
  return {
    id: `@yowasp/clang ${found.version}`,
    get cold() {
      return child === undefined;
    },
    async compile(flags: readonly string[], main: string, files: Files): Promise<Output> {
      const { outer, inner } = INNER_FLAGS(flags);
      return output(await ask(found.url, { tool: 'clang', flags: outer, inner, main, files: [...files, ...withoutParents(main, files)], out: 'out.o' }));
    },
    async link(flags: readonly string[], objects: ReadonlyMap<string, Uint8Array>, out: string): Promise<Output> {
      return output(await ask(found.url, { tool: 'wasm-ld', flags: [...flags, ...objects.keys()], inner: [], main: '', files: [...objects], out }));
    },
  };
}

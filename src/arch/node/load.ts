/**
 * Importing a module file on this isolate, TypeScript included, with one copy of this library: every file is imported
 * under its plain URL, tsx compiles those that need it on all versions of Node alike, and `kthread` means this package
 * from wherever the file lies.
 */
import { realpathSync } from 'node:fs';
import * as node from 'node:module';
import { fileURLToPath } from 'node:url';
import { resolveNow, type ResolveNow } from './hooks.js';
import { EINVAL, EISDIR, ENOENT, ENOEXEC, KernelError } from '../../lib/errno.js';

const LIBRARY = new URL('../../index.js', import.meta.url);
let compiler: Promise<void> | undefined;
let hooked = false;

/** What Node says about files that it cannot run, as error numbers. */
const TROUBLE: Readonly<Record<string, number>> = Object.freeze({
  ERR_MODULE_NOT_FOUND: ENOENT, ERR_UNKNOWN_FILE_EXTENSION: ENOEXEC, ERR_UNSUPPORTED_DIR_IMPORT: EISDIR,
});

/**
 * Imports the file at `url`. Rejects with what its top level throws; with KernelError ENOEXEC for what is no module, telling
 * file and line, and ENOENT for an import that is not found.
 */
export async function loadModule(url: string): Promise<void> {
  const isTypeScript = /\.[mc]?tsx?$/.test(url);
  if (isTypeScript) await (compiler ??= registerCompiler());
  if (isTypeScript || !findsLibrary(url)) addHooks();
  try {
    await import(url);
  } catch (error) {
    throw asRefusal(error as NodeJS.ErrnoException);
  }
}

/** An error of the file, not of its code, becomes one that says only what its reader needs. */
function asRefusal(cause: NodeJS.ErrnoException): unknown {
  if (!(cause instanceof Error)) return cause;
  const [text = cause.message, frame = ''] = (cause.stack ?? '').split(/\n {4}at /);
  const isSyntax = cause.name === 'TransformError' || (cause instanceof SyntaxError && frame.includes('node:internal'));
  const errno = isSyntax ? ENOEXEC : TROUBLE[cause.code ?? ''];
  return errno === undefined ? cause : new KernelError(-errno, isSyntax ? text : cause.message, { cause });
}

async function registerCompiler(): Promise<void> {
  try {
    const tsx = await import('tsx/esm/api');
    tsx.register();
  } catch (cause) {
    throw new KernelError(-EINVAL, 'a TypeScript module needs the package tsx: npm install tsx', { cause });
  }
}

/** Whether `import 'kthread'` in that file finds this very copy. */
function findsLibrary(url: string): boolean {
  try {
    return realpathSync(node.createRequire(url).resolve('kthread')) === realpathSync(fileURLToPath(LIBRARY));
  } catch {
    return false;
  }
}

/** After the compiler's own hooks, so that ours are asked first. */
function addHooks(): void {
  if (hooked) return;
  hooked = true;
  const { registerHooks } = node as { registerHooks?: (hooks: { resolve: ResolveNow }) => void };
  if (registerHooks) registerHooks({ resolve: resolveNow(LIBRARY.href) });
  else node.register('./hooks.js', import.meta.url, { data: { library: LIBRARY.href } });
}

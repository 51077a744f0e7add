/**
 * Importing a module file on this isolate, TypeScript included, with one copy of this library: every file is imported
 * under its plain URL, tsx compiles those that need it on all versions of Node alike, and `kthread` means this package
 * from wherever the file lies.
 */
import { realpathSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { EINVAL, KernelError } from '../../lib/errno.js';

const LIBRARY = new URL('../../index.js', import.meta.url);
let compiler: Promise<void> | undefined;
let hooks: { readonly library: string } | undefined;

/** Imports the file at `url`. Rejects with what its top level throws, or with what the compiler says. */
export async function loadModule(url: string): Promise<void> {
  const isTypeScript = /\.[mc]?tsx?$/.test(url);
  if (isTypeScript) await (compiler ??= registerCompiler());
  if (isTypeScript || !findsLibrary(url)) registerHooks();
  await import(url);
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
    return realpathSync(createRequire(url).resolve('kthread')) === realpathSync(fileURLToPath(LIBRARY));
  } catch {
    return false;
  }
}

/** After the compiler's own hooks, so that ours are asked first. */
function registerHooks(): void {
  if (hooks) return;
  hooks = { library: LIBRARY.href };
  register('./hooks.js', import.meta.url, { data: hooks });
}

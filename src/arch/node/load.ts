/**
 * Importing a module file on this isolate, TypeScript included, with one copy of this library: every file is imported
 * under its plain URL, and tsx compiles those that need it, on all versions of Node alike.
 */
import { EINVAL, KernelError } from '../../lib/errno.js';

let registered: Promise<void> | undefined;

/** Imports the file at `url`. Rejects with what its top level throws, or with what the compiler says. */
export async function loadModule(url: string): Promise<void> {
  if (/\.[mc]?tsx?$/.test(url)) await (registered ??= registerTypeScript());
  await import(url);
}

async function registerTypeScript(): Promise<void> {
  try {
    const { register } = await import('tsx/esm/api');
    register();
  } catch (cause) {
    throw new KernelError(-EINVAL, 'a TypeScript module needs the package tsx: npm install tsx', { cause });
  }
}

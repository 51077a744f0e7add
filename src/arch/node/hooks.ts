/**
 * How files of modules are found: `kthread` is this package's one copy, wherever the module lies, and a .ts file is an ES
 * module whatever the package.json near it says or does not say. Runs on Node's loader thread.
 */
import type { InitializeHook, ResolveHook } from 'node:module';

let library = '';

export const initialize: InitializeHook<{ library: string }> = (data) => {
  ({ library } = data);
};

export const resolve: ResolveHook = async (specifier, context, next) => {
  if (specifier === 'kthread') return { url: library, format: 'module', shortCircuit: true };
  const found = await next(specifier, context);
  return found.format === 'commonjs' && new URL(found.url).pathname.endsWith('.ts') ? { ...found, format: 'module' } : found;
};

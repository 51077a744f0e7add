/**
 * How files of modules are found: `kthread` is this package's one copy, wherever the module lies, and a .ts file is an ES
 * module whatever the package.json near it says or does not say. Older versions of Node run it on their loader thread, newer
 * ones on the isolate itself, where it has to answer at once: there tsx does so too, and asks nobody after it.
 */
import type { InitializeHook, ResolveFnOutput, ResolveHook, ResolveHookContext } from 'node:module';

let library = '';

export const initialize: InitializeHook<{ library: string }> = (data) => {
  ({ library } = data);
};

const ours = (url: string): ResolveFnOutput => ({ url, format: 'module', shortCircuit: true });

/** What was found, as an ES module if it is TypeScript. */
function asModule(found: ResolveFnOutput): ResolveFnOutput {
  return /^file:.*\.tsx?$/.test(found.url.replace(/[?#].*$/, '')) ? { ...found, format: 'module' } : found;
}

export const resolve: ResolveHook = async (specifier, context, next) => (specifier === 'kthread' ? ours(library) : asModule(await next(specifier, context)));

/** A hook for module.registerHooks(), of Node 22.15 and later. */
export type ResolveNow = (specifier: string, context: ResolveHookContext, next: (specifier: string, context: ResolveHookContext) => ResolveFnOutput) => ResolveFnOutput;

/** The same at once; `kthread` is the file at `url`. */
export const resolveNow = (url: string): ResolveNow => (specifier, context, next) => (specifier === 'kthread' ? ours(url) : asModule(next(specifier, context)));

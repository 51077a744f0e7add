/**
 * Node.js as what builds modules of C. Which path names one is known at once; the compilers and all that goes with them are
 * read when the first one is built.
 */
import type { Toolchain } from '../../../cc/toolchain.js';
import { sourcesOf, takes } from './kbuild.js';

export const nodeToolchain: Toolchain = {
  takes,
  nameOf: (path) => sourcesOf(path).name,
  build: async (path, options) => (await import('./build.js')).build(path, options),
};

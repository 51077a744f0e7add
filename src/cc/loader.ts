/**
 * Makes insmod load modules of C. Everything that this takes is read when the first such module is loaded: most programs
 * have none.
 */
import { load } from '../lib/atomic.js';
import { MACHINE, machineWord } from '../kernel/memlayout.js';
import { setModuleLoader } from '../kernel/module.js';
import { toolchain } from './toolchain.js';

const rest = () => import('./load.js').then(({ cLoader }) => cLoader);

setModuleLoader({
  takes: (path) => toolchain.takes(path),
  nameOf: (path) => toolchain.nameOf(path),
  load: async (path, module) => (await rest()).load(path, module),
  init: async (id) => (await rest()).init(id),
  exit: async (id) => (await rest()).exit(id),
  unload: async (id) => (await rest()).unload(id),
  halt: async () => (load(machineWord(MACHINE.files)) === 0 ? undefined : (await import('./fs/leave.js')).closeAll()),
});

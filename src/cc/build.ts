/**
 * Building a module of C without loading it: the .ko can be loaded where no compiler is, by machines of this version of
 * kthread that have the HZ it was built for.
 */
import { layoutVersion } from '../lib/struct.js';
import { HZ_DEFAULT } from '../kernel/param.js';
import { toolchain } from './toolchain.js';

export interface BuildModuleOptions {
  /** false: without address checks. Default: with them. */
  readonly kasan?: boolean;
  /** Jiffies a second of the machines that it is for. Default: 1000. */
  readonly hz?: number;
  /** Hears what is worth knowing while one waits, such as the compiler's warnings. */
  readonly say?: (text: string) => void;
}

/**
 * The module of C in `path`, a .c file or a folder as insmod takes them, as the bytes of a .ko, and its name. No machine need
 * be booted. Throws KernelError ENOEXEC with what the compiler says, ENOENT for what is missing, EINVAL for a folder of
 * several modules, ENOPKG where no compiler is to be had.
 */
export async function buildModule(path: string, { kasan = true, hz = HZ_DEFAULT, say }: BuildModuleOptions = {}): Promise<{ name: string; ko: Uint8Array }> {
  const name = toolchain.nameOf(path);
  const { recordsHeader } = await import('./records.js');
  return { name, ko: await toolchain.build(path, { kasan, hz, records: recordsHeader(), layout: layoutVersion(), ...(say && { say }) }) };
}

/**
 * What loading a module of C asks of the outside: to find its sources and to make a .ko of them. A platform answers
 * (arch/node/cc); nothing in cc/ names a compiler, a file system or a process.
 */

export interface BuildOptions {
  /** Checks before each access of memory. */
  readonly kasan: boolean;
  /** What the code has for HZ. */
  readonly hz: number;
  /** Text of the header generated/records.h, and the number of the layouts that it describes. */
  readonly records: string;
  readonly layout: number;
  /** Hears what a person who waits would like to know: that a compiler starts, its warnings. */
  readonly say?: (text: string) => void;
}

export interface Toolchain {
  /** Whether `path` names a module of C: a .c or .ko file, or a folder of sources. */
  takes(path: string): boolean;
  /** The name of the module that `path` names. Throws KernelError EINVAL for a folder of several modules, ENOENT for one of none. */
  nameOf(path: string): string;
  /**
   * The .ko of the module at `path`: read, or built, or taken from what was built before. Throws KernelError ENOEXEC with what
   * the compiler says, ENOENT for a source or header that is missing, ENOPKG where no compiler is to be had.
   */
  build(path: string, options: BuildOptions): Promise<Uint8Array>;
}

/** The platform's. */
export let toolchain: Toolchain;

export function setToolchain(platform: Toolchain): void {
  toolchain = platform;
}

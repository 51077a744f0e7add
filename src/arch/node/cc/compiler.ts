/**
 * The two compilers that can make modules of C, behind one interface: clang of the computer, which is fast, and the npm
 * package @yowasp/clang, which runs anywhere Node does. Which flags they get is build.ts's business.
 */

/** Text or bytes of files by their paths. */
export type Files = ReadonlyMap<string, string | Uint8Array>;

export interface Output {
  /** The file that was made; undefined where there were errors. */
  readonly file: Uint8Array | undefined;
  /** What the tool said. */
  readonly text: string;
}

export interface Compiler {
  /** Tells it from any other that makes other code. */
  readonly id: string;
  /** Whether the next call takes seconds, because it has to start first. */
  readonly cold: boolean;
  /** Compiles the file `main` with the flags of clang's driver. A path that is no name of `files` is looked for on the disk, where it has one. */
  compile(flags: readonly string[], main: string, files: Files): Promise<Output>;
  link(flags: readonly string[], objects: ReadonlyMap<string, Uint8Array>, out: string): Promise<Output>;
}

/** Flags that only clang's inner half takes: its driver refuses kernel address checks for wasm. */
export const INNER_FLAGS = (flags: readonly string[]): { outer: string[]; inner: string[] } => ({
  outer: flags.filter((flag) => !flag.startsWith('cc1:')),
  inner: flags.filter((flag) => flag.startsWith('cc1:')).map((flag) => flag.slice('cc1:'.length)),
});

/**
 * The child process in which @yowasp/clang works: does what it is told, one order after the other. Its folder tree is
 * virtual; nothing on the disk is read or written.
 */

/** What to run, on which files. */
export interface Order {
  readonly id: number;
  readonly tool: 'clang' | 'wasm-ld';
  readonly flags: readonly string[];
  /** clang: flags for its inner half. */
  readonly inner: readonly string[];
  /** clang: the file to compile. */
  readonly main: string;
  readonly files: ReadonlyArray<readonly [path: string, text: string | Uint8Array]>;
  readonly out: string;
}

export interface Answer {
  readonly id: number;
  readonly file: Uint8Array | undefined;
  readonly text: string;
}

/** The little of the package's interface that is used. */
interface Tree {
  [name: string]: Tree | string | Uint8Array;
}
interface Options {
  readonly stdout: (bytes: Uint8Array | null) => void;
  readonly stderr: (bytes: Uint8Array | null) => void;
  readonly fetchProgress?: () => void;
}
interface Package {
  runLLVM(args: readonly string[] | null, files: Tree, options: Options | { fetchProgress(): void }): Promise<Tree>;
  runClang(args: readonly string[], files: Tree, options: Options): Promise<Tree>;
}

const { runLLVM, runClang } = (await import(process.argv[2])) as Package;
await runLLVM(null, {}, { fetchProgress() {} }); // Without this the first run says on standard output how it gets on.

/** clang's driver only finds the command line of its inner half, which takes as long as compiling: asked once for each set of flags. */
const innerLines = new Map<string, readonly string[]>();
let last: Promise<void> = Promise.resolve();

process.on('disconnect', () => process.exit(0));
process.on('message', (order: Order) => {
  last = last.then(async () => void process.send?.(await run(order)));
});

async function run(order: Order): Promise<Answer> {
  let text = '';
  const decoder = new TextDecoder();
  const hear = (bytes: Uint8Array | null): void => {
    if (bytes) text += decoder.decode(bytes, { stream: true });
  };
  try {
    const args = order.tool === 'clang' ? [...(await innerLine(order)), ...order.inner, '-main-file-name', baseName(order.main), '-o', order.out, '-x', 'c', order.main] : ['wasm-ld', ...order.flags, '-o', order.out];
    const made = await runLLVM(args, treeOf(order.files), { stdout: hear, stderr: hear });
    const file = made[order.out];
    return { id: order.id, file: file instanceof Uint8Array ? file : undefined, text };
  } catch (error) {
    const failed = error as { code?: number; message?: string };
    return { id: order.id, file: undefined, text: text || String(failed.message) };
  }
}

const baseName = (path: string): string => path.replace(/^.*\//, '');

async function innerLine({ flags }: Order): Promise<readonly string[]> {
  const key = flags.join('\0');
  let line = innerLines.get(key);
  if (line) return line;
  let text = '';
  const decoder = new TextDecoder();
  const hear = (bytes: Uint8Array | null): void => {
    if (bytes) text += decoder.decode(bytes);
  };
  await runClang(['clang', '-###', ...flags, '-c', 'in.c', '-o', 'in.o'], { 'in.c': '' }, { stdout: hear, stderr: hear }).catch(() => undefined);
  const words = [...(/^.*"-cc1".*$/m.exec(text)?.[0] ?? '').matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word]) => word.replaceAll(/\\(.)/g, '$1'));
  const from = words.indexOf('-cc1');
  if (from < 0) throw new Error(`clang does not take these flags: ${text}`);
  line = ['clang', ...dropFiles(words.slice(from))];
  innerLines.set(key, line);
  return line;
}

/** The line without the names of the files it was asked about. */
function dropFiles(words: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < words.length; i++) {
    if (words[i] === '-main-file-name' || words[i] === '-o' || words[i] === '-x') i++;
    else if (words[i] !== 'in.c') kept.push(words[i]);
  }
  return kept;
}

function treeOf(files: Order['files']): Tree {
  const root: Tree = {};
  for (const [path, text] of files) {
    const names = path.split('/').filter(Boolean);
    let at = root;
    for (const name of names.slice(0, -1)) at = (at[name] ??= {}) as Tree;
    at[names.at(-1)!] = text;
  }
  return root;
}

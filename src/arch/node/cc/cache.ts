/**
 * What was built before, by a hash of everything that went into it. It lies in one folder of the user's cache, which
 * KTHREAD_CACHE names, or turns off: $XDG_CACHE_HOME/kthread or ~/.cache/kthread, on Windows in %LOCALAPPDATA%. Losing it
 * costs time only. What was not used for longest goes when there is too much.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Bytes kept, and how many writes pass between two looks at that. */
const CACHE_MAX = 128 << 20;
const PRUNE_EVERY = 32;
let writes = 0;

/** The folder; undefined where nothing is kept. */
function folder(): string | undefined {
  const { KTHREAD_CACHE: named, XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = process.env;
  if (named === 'off' || named === '') return undefined;
  if (named !== undefined) return named;
  return join(xdg || (process.platform === 'win32' && local) || join(homedir(), '.cache'), 'kthread');
}

/** A name for what is made of `parts`, in this order. */
export function cacheKey(...parts: ReadonlyArray<string | Uint8Array>): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex');
}

export function fromCache(key: string): Uint8Array | undefined {
  const at = folder();
  if (at === undefined) return undefined;
  try {
    const file = join(at, key);
    const bytes = readFileSync(file);
    utimesSync(file, new Date(), new Date());
    return bytes;
  } catch {
    return undefined;
  }
}

/** Several processes may write the same: each writes a file of its own and then gives it the name. */
export function intoCache(key: string, bytes: Uint8Array): void {
  const at = folder();
  if (at === undefined) return;
  try {
    mkdirSync(at, { recursive: true });
    const draft = join(at, `${key}.${randomBytes(6).toString('hex')}`);
    writeFileSync(draft, bytes);
    renameSync(draft, join(at, key));
    if (writes++ % PRUNE_EVERY === 0) prune(at);
  } catch {
    // A read-only home or a full disk: built again next time.
  }
}

function prune(at: string): void {
  const files = readdirSync(at).flatMap((name) => {
    const stat = statSync(join(at, name), { throwIfNoEntry: false });
    return stat ? [{ name, size: stat.size, used: stat.mtimeMs }] : [];
  });
  let size = files.reduce((sum, file) => sum + file.size, 0);
  for (const file of files.toSorted((a, b) => a.used - b.used)) {
    if (size <= CACHE_MAX) return;
    rmSync(join(at, file.name), { force: true });
    size -= file.size;
  }
}

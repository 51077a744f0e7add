/**
 * For tests of files of modules in C: what a shell does with them.
 */
import { O_WRONLY, openFile } from '../../index.js';

/** All of a file, read `size` bytes at a time. */
export async function cat(path: string, size = 4096): Promise<string> {
  const file = await openFile(path);
  try {
    const parts: Uint8Array[] = [];
    for (let part = await file.read(size); part.length > 0; part = await file.read(size)) parts.push(part);
    return Buffer.concat(parts).toString();
  } finally {
    await file.close();
  }
}

/** Writes `text` and a newline. */
export async function echo(text: string, path: string): Promise<void> {
  const file = await openFile(path, { flags: O_WRONLY, name: 'sh' });
  try {
    let left = Buffer.from(`${text}\n`);
    while (left.length > 0) left = left.subarray(await file.write(left));
  } finally {
    await file.close();
  }
}

/**
 * For tests of files of modules in C: a thread that opens one twice and ends, with its isolate, without closing either; one of
 * them is being read. Other isolates import it.
 */
import { openFile, threadfn } from '../../index.js';

export const careless = threadfn(import.meta, 'careless', async (path: string) => {
  await openFile(path, { name: 'forgotten' });
  const read = await openFile(path, { name: 'reading' });
  read.read(1).catch(() => {});
}, { isolate: 'own' });

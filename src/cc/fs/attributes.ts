/**
 * Files of /sys that the kernel itself gives: the number of a device, who uses a module and whether it is there.
 */
import { EIO, ENODEV } from '../../lib/errno.js';
import { load } from '../../lib/atomic.js';
import { r32 } from '../../lib/memory.js';
import { MODULE } from '../../kernel/module.js';
import { S_IFREG, addEntry } from './dcache.js';
import { isThere } from './drain.js';
import { setFileOps } from './file.js';
import { majorOf, minorOf } from './kdev_t.js';
import { KIND_KERNEL, SHOW_KERNEL } from './kinds.js';
import { DEVICE, ENTRY, FILE, SEQ_FILE } from './records.js';
import { seqAppend, seqLseek, seqRead, setShow, singleOpen, singleRelease } from './seq_file.js';
import { mayOpen } from './sysfs.js';

const STATES: readonly string[] = ['', 'coming', 'live', 'going'];

/** What they say of the record that they are about. */
const TEXTS: ReadonlyArray<readonly [name: string, text: (record: number) => string]> = [
  ['dev', (device) => `${majorOf(r32(device + DEVICE.devt))}:${minorOf(r32(device + DEVICE.devt))}`],
  ['refcnt', (module) => String(load(module + MODULE.refcnt))],
  ['initstate', (module) => STATES[load(module + MODULE.state)]],
];

/** Adds the file `name` about `record` to the directory `dir`. */
export const addKernelFile = (dir: number, name: 'dev' | 'refcnt' | 'initstate', record: number, module: number): number =>
  addEntry(dir, name, { mode: S_IFREG | 0o444, kind: KIND_KERNEL, ops: TEXTS.findIndex(([known]) => known === name), data: record, module });

setShow(SHOW_KERNEL, (m) => {
  const entry = r32(r32(m + SEQ_FILE.private) + FILE.entry);
  const [, text] = TEXTS[r32(entry + ENTRY.ops)];
  seqAppend(m, new TextEncoder().encode(`${text(r32(entry + ENTRY.data))}\n`));
  return 0;
});

setFileOps(KIND_KERNEL, {
  open: (inode, file) => mayOpen(inode, file) || singleOpen(file, SHOW_KERNEL, file),
  read: (file, buf, count, pos) => (isThere(file) ? seqRead(file, buf, count, pos) : -ENODEV),
  write: () => -EIO,
  llseek: (file, offset, whence) => Number(seqLseek(file, BigInt(offset), whence)),
  release: (_inode, file) => void singleRelease(file),
});

/**
 * /sys/module/NAME/parameters: the parameters of modules in C, for who may see or set them while the module runs. What a value
 * may look like is params.ts's.
 */
import { ENODEV } from '../../lib/errno.js';
import { r32, readString, w32 } from '../../lib/memory.js';
import { kasanKfree } from '../../kernel/mm/kasan.js';
import type { NewModule } from '../../kernel/module.js';
import { currentThread } from '../../kernel/sched/core.js';
import { errnoOf } from '../abi.js';
import { setByFunction, showByFunction } from '../param_ops.js';
import { readRecord, readRecords, setParam, showParam, type Part } from '../params.js';
import { addKernelFile } from './attributes.js';
import { KIND_DIR, S_IFDIR, S_IFREG, addEntry, entryIn, lookup } from './dcache.js';
import { isThere, removeAtOnce } from './drain.js';
import { setFileOps } from './file.js';
import { KIND_PARAM, SHOW_PARAM } from './kinds.js';
import { ENTRY, FILE, SEQ_FILE } from './records.js';
import { seqAppend, seqLseek, seqRead, setShow, singleOpen, singleRelease } from './seq_file.js';
import { mayOpen, takeText, withPage } from './sysfs.js';

const PAGE_SIZE = 4096;

/** Makes the module's directory in /sys/module, with what the kernel knows of it and the parameters that anybody may see. */
export function addParamFiles({ id, name, record }: NewModule, records: Part | undefined): void {
  const dir = addEntry(lookup('/sys/module'), name, { mode: S_IFDIR | 0o755, kind: KIND_DIR, module: id });
  if (dir >= 0) for (const file of ['refcnt', 'initstate'] as const) addKernelFile(dir, file, record, id);
  const shown = readRecords(records).filter(({ perm }) => perm !== 0);
  if (dir < 0 || shown.length === 0) return;
  const parameters = addEntry(dir, 'parameters', { mode: S_IFDIR | 0o755, kind: KIND_DIR, module: id });
  for (const { at, name: param, perm } of shown) addEntry(parameters, param, { mode: S_IFREG | (perm & 0o777), kind: KIND_PARAM, ops: at, module: id });
}

/** The module is gone. */
export function removeParamFiles(name: string): void {
  const dir = entryIn(lookup('/sys/module'), name);
  if (dir !== 0) removeAtOnce(dir);
}

const paramOf = (file: number): ReturnType<typeof readRecord> => readRecord(r32(r32(file + FILE.entry) + ENTRY.ops));

setShow(SHOW_PARAM, (m) => withPage((page) => {
  const param = paramOf(r32(m + SEQ_FILE.private));
  const text = param.ops === 0 ? new TextEncoder().encode(`${showParam(param)}\n`) : showByFunction(param.at, page);
  if (typeof text === 'number') return text;
  seqAppend(m, text.subarray(0, PAGE_SIZE - 1));
  return 0;
}));

/** Sets the parameter. Text that an earlier writer gave is freed. */
function setFrom(file: number, text: string): number {
  const entry = r32(file + FILE.entry);
  const param = paramOf(file);
  if (param.ops !== 0) return setByFunction(param.at, text);
  setParam(param, param.type === 'charp' || param.type === 'string' ? text : text.replace(/\n$/, ''), r32(entry + ENTRY.module));
  if (param.type !== 'charp' || param.most > 0) return 0;
  const before = r32(entry + ENTRY.data);
  w32(entry + ENTRY.data, r32(param.variable));
  if (before !== 0) kasanKfree(before, currentThread()?.pid ?? 0);
  return 0;
}

setFileOps(KIND_PARAM, {
  open: (inode, file) => mayOpen(inode, file) || singleOpen(file, SHOW_PARAM, file),
  read: (file, buf, count, pos) => (isThere(file) ? seqRead(file, buf, count, pos) : -ENODEV),
  write: (file, buf, count, pos) => (isThere(file) ? takeText(buf, count, pos, (text, size) => Math.min(0, errnoOf(() => setFrom(file, readString(text, size + 1)))) || size) : -ENODEV),
  llseek: (file, offset, whence) => Number(seqLseek(file, BigInt(offset), whence)),
  release: (_inode, file) => void singleRelease(file),
});

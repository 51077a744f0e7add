/**
 * fs/proc/generic.c for C modules. An entry is its address in the tree of names (fs/dcache.ts), and so is the inode in it.
 */
import { r32, w32 } from '../../lib/memory.js';
import { entryAt } from '../fs/drain.js';
import { KIND_PROC, KIND_PROC_FOPS, KIND_PROC_SEQ, KIND_PROC_SHOW } from '../fs/kinds.js';
import { procCreate, procMkdir, procRemove, procSymlink, removeProcEntry, removeProcSubtree } from '../fs/procfs.js';
import { DENTRY, ENTRY, INODE } from '../fs/records.js';
import { checked, text, type Imports } from '../abi.js';

const parentAt = (at: number): number => (at === 0 ? 0 : entryAt(at));
const entryOf = (inode: number): number => checked(inode, INODE.sizeof) - ENTRY.inode;

function setSize(at: number, size: bigint): void {
  w32(at, Number(BigInt.asIntN(32, size)));
  w32(at + 4, Number(size >> 32n));
}

export const procFs: Imports = {
  kthread_proc_create: (name: number, mode: number, parent: number, ops: number, data: number, old: number, owner: number) =>
    procCreate(text(name), mode, parentAt(parent), { kind: old === 0 ? KIND_PROC : KIND_PROC_FOPS, ops, data, owner }),
  kthread_proc_create_single: (name: number, mode: number, parent: number, show: number, data: number, owner: number) =>
    procCreate(text(name), mode, parentAt(parent), { kind: KIND_PROC_SHOW, ops: show, data, owner }),
  kthread_proc_create_seq: (name: number, mode: number, parent: number, ops: number, size: number, data: number, owner: number) =>
    procCreate(text(name), mode, parentAt(parent), { kind: KIND_PROC_SEQ, ops, data, size, owner }),
  kthread_proc_mkdir: (name: number, mode: number, parent: number, data: number, owner: number) => procMkdir(text(name), mode, parentAt(parent), data, owner),
  kthread_proc_symlink: (name: number, parent: number, target: number, owner: number) => procSymlink(text(name), parentAt(parent), text(target), owner),
  remove_proc_entry: (name: number, parent: number) => removeProcEntry(text(name), parentAt(parent)),
  remove_proc_subtree: (name: number, parent: number) => removeProcSubtree(text(name), parentAt(parent)),
  proc_remove: (entry: number) => procRemove(parentAt(entry)),
  proc_set_size: (entry: number, size: bigint) => setSize(entryAt(entry) + ENTRY.inode + INODE.i_size, size),
  kthread_proc_set_user: (entry: number, uid: number, gid: number) => {
    w32(entryAt(entry) + ENTRY.inode + INODE.i_uid, uid);
    w32(entry + ENTRY.inode + INODE.i_gid, gid);
  },
  pde_data: (inode: number) => r32(entryOf(inode) + ENTRY.data),
  proc_get_parent_data: (inode: number) => r32(r32(entryOf(inode) + ENTRY.dentry + DENTRY.d_parent) + ENTRY.data),
};

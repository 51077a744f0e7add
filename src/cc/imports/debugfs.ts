/**
 * fs/debugfs for C modules. A dentry is an entry's address; an error number in its place stays one.
 */
import { entryAt } from '../fs/drain.js';
import { debugfsDir, debugfsFile, debugfsLink, debugfsLookup, debugfsRemove, debugfsValue } from '../fs/debugfs.js';
import { FILE_OPERATIONS } from '../fs/records.js';
import { checked, text, type Imports } from '../abi.js';

const entry = (at: number): number => (at === 0 || (at < 0 && at >= -4095) ? at : entryAt(at));

export const debugfs: Imports = {
  kthread_debugfs_create_dir: (name: number, parent: number, owner: number) => debugfsDir(text(name), entry(parent), owner),
  kthread_debugfs_create_file: (name: number, mode: number, parent: number, data: number, fops: number, owner: number) =>
    debugfsFile(text(name), mode, entry(parent), data, fops === 0 ? 0 : checked(fops, FILE_OPERATIONS.sizeof), owner),
  kthread_debugfs_create_symlink: (name: number, parent: number, target: number, owner: number) => debugfsLink(text(name), entry(parent), text(target), owner),
  kthread_debugfs_create_value: (name: number, mode: number, parent: number, at: number, letter: number, owner: number) =>
    debugfsValue(text(name), mode, entry(parent), checked(at, 1), String.fromCharCode(letter), owner),
  debugfs_remove: (at: number) => debugfsRemove(entry(at)),
  debugfs_lookup: (name: number, parent: number) => debugfsLookup(text(name), entry(parent)),
  debugfs_lookup_and_remove: (name: number, parent: number) => debugfsRemove(debugfsLookup(text(name), entry(parent))),
};

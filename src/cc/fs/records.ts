/**
 * The records of the file layer. Every isolate knows them from its beginning, so cc/trace.ts imports this file: who joins a
 * machine compares all layouts. What C sees of them is made from these tables by cc/records.ts.
 */
import { bytes, f64Field, ptr, s32, struct, u32 } from '../../lib/struct.js';
import { MUTEX } from '../../kernel/locking/mutex.js';
import { REFCOUNT } from '../../kernel/locking/refcount.js';
import { SPINLOCK } from '../../kernel/locking/spinlock.js';
import { COMPLETION } from '../../kernel/sched/completion.js';
import { WAIT_QUEUE_HEAD } from '../../kernel/sched/wait_queue.js';

// --- What C sees --------------------------------------------------------------------------------------------------

export const FILE_OPERATIONS = struct('file_operations', {
  owner: ptr('c', 1, 'struct module *'),
  llseek: ptr('c', 1, 'fop_llseek_t'), read: ptr('c', 1, 'fop_read_t'), write: ptr('c', 1, 'fop_write_t'), poll: ptr('c', 1, 'fop_poll_t'),
  unlocked_ioctl: ptr('c', 1, 'fop_ioctl_t'), compat_ioctl: ptr('c', 1, 'fop_ioctl_t'), open: ptr('c', 1, 'fop_open_t'), flush: ptr('c', 1, 'fop_flush_t'),
  release: ptr('c', 1, 'fop_open_t'), fsync: ptr('c', 1, 'fop_fsync_t'), fasync: ptr('c', 1, 'fop_fasync_t'),
  ioctl: ptr('c', 1, 'fop_old_ioctl_t'), //                                                                    before Linux 2.6.36
  read_iter: ptr('c'), write_iter: ptr('c'), mmap: ptr('c'), iterate: ptr('c'), splice_read: ptr('c'), splice_write: ptr('c'), // never called
});

export const INODE = struct('inode', {
  i_mode: u32('a', 1, 'umode_t'), i_uid: u32('c', 1, 'kuid_t'), i_gid: u32('c', 1, 'kgid_t'), i_ino: u32('c', 1, 'unsigned long'),
  i_rdev: u32('c', 1, 'dev_t'), i_fop: ptr('c', 1, 'const struct file_operations *'),
  i_size: f64Field('l', 1, 'loff_t'), i_private: ptr('a', 1, 'void *'), i_cdev: ptr('a', 1, 'struct cdev *'),
});

export const DENTRY = struct('dentry', {
  d_inode: ptr('c', 1, 'struct inode *'), d_parent: ptr('c', 1, 'struct dentry *'), d_name: u32('c', 3, 'struct qstr'), d_iname: bytes('c', 36),
});

export const FILE = struct('file', {
  f_path: ptr('c', 2, 'struct path'), f_inode: ptr('c', 1, 'struct inode *'), f_op: ptr('a', 1, 'const struct file_operations *'),
  f_count: u32('a', 1, 'atomic_long_t'), f_flags: u32('a', 1, 'unsigned int'), f_mode: u32('a', 1, 'fmode_t'), f_pos: f64Field('o', 1, 'loff_t'),
  private_data: ptr('a', 1, 'void *'),
  entry: ptr('c'), kind: u32('c'), //  its name, and which functions its operations are: KIND_*
  owner: ptr('c'), //                  the module that stays while it is open, 0: none
  process: ptr('c'), link: ptr('l', 2), // who has it open; among the open files of the machine
});

export const CDEV = struct('cdev', {
  owner: ptr('c', 1, 'struct module *'), ops: ptr('c', 1, 'const struct file_operations *'), list: ptr('l', 2, 'struct list_head'), dev: u32('c', 1, 'dev_t'), count: u32('c', 1, 'unsigned int'),
  allocated: u32('c'), // 1: by cdev_alloc(), and freed with it
});

const KREF = struct('kref', { refcount: u32('a', REFCOUNT.sizeof / 4, 'struct refcount_struct') });

export const KOBJECT = struct('kobject', {
  name: ptr('l', 1, 'const char *'), entry: ptr('l', 2, 'struct list_head'), parent: ptr('l', 1, 'struct kobject *'), kset: ptr('l', 1, 'struct kset *'),
  ktype: ptr('c', 1, 'const struct kobj_type *'), sd: ptr('l', 1, 'struct dentry *'), kref: u32('a', KREF.sizeof / 4, 'struct kref'),
  flags: u32('l'), module: u32('c'), // what kobject.ts knows of it; number of the module whose directory it is
});

export const KSET = struct('kset', {
  list: ptr('l', 2, 'struct list_head'), list_lock: u32('a', SPINLOCK.sizeof / 4, 'struct spinlock'), kobj: u32('a', KOBJECT.sizeof / 4, 'struct kobject'), uevent_ops: ptr('c', 1, 'const void *'),
});

export const CLASS = struct('class', {
  name: ptr('c', 1, 'const char *'), owner: ptr('c', 1, 'struct module *'), dev_groups: ptr('c', 1, 'const struct attribute_group **'), class_groups: ptr('c', 1, 'const struct attribute_group **'),
  devices: ptr('l', 2, 'struct list_head'), entry: ptr('c'), allocated: u32('c'), // below it; its directory in /sys/class
});

export const DEVICE = struct('device', {
  kobj: u32('l', KOBJECT.sizeof / 4, 'struct kobject'), // first: what is known of one is known of the other
  parent: ptr('c', 1, 'struct device *'), class: ptr('c', 1, 'const struct class *'), driver_data: ptr('a', 1, 'void *'), devt: u32('c', 1, 'dev_t'), init_name: ptr('c', 1, 'const char *'),
  groups: ptr('c', 1, 'const struct attribute_group **'), release: ptr('c', 1, 'device_release_t'), platform_data: ptr('c', 1, 'void *'), of_node: ptr('c', 1, 'void *'),
  link: ptr('l', 2), name: ptr('c'), node: ptr('c'), entry: ptr('c'), allocated: u32('c'), // text; its names in /dev and in /sys/class
});

export const MISCDEVICE = struct('miscdevice', {
  minor: s32('c'), name: ptr('c', 1, 'const char *'), fops: ptr('c', 1, 'const struct file_operations *'), list: ptr('l', 2, 'struct list_head'), parent: ptr('c', 1, 'struct device *'),
  this_device: ptr('c', 1, 'struct device *'), groups: ptr('c', 1, 'const struct attribute_group **'), nodename: ptr('c', 1, 'const char *'), mode: u32('c', 1, 'umode_t'),
});

/** What a file whose text is made keeps between two reads. */
export const SEQ_FILE = struct('seq_file', {
  buf: ptr('l', 1, 'char *'), size: u32('l', 1, 'size_t'),
  from: u32('l', 1, 'size_t'), count: u32('l', 1, 'size_t'), // what was made and not read yet; count is size: what was to be written last did not fit
  pad_until: u32('l', 1, 'size_t'),
  index: f64Field('l', 1, 'loff_t'), read_pos: f64Field('l', 1, 'loff_t'), // the item that comes next; the byte at which a read in order goes on
  lock: u32('l', MUTEX.sizeof / 4, 'struct mutex'),
  op: ptr('c', 1, 'const struct seq_operations *'), poll_event: s32('l', 1, 'int'),
  file: ptr('c', 1, 'const struct file *'), private: ptr('c', 1, 'void *'),
});

// --- The tree -----------------------------------------------------------------------------------------------------

/** A name in the tree. C has its address as a struct dentry, and as a struct proc_dir_entry. */
export const ENTRY = struct('dir_entry', {
  dentry: u32('c', DENTRY.sizeof / 4), inode: f64Field('c', INODE.sizeof / 8),
  siblings: ptr('l', 2), children: ptr('l', 2), name: ptr('c'),
  kind: u32('c'), ops: ptr('c'), data: ptr('c'), // which functions, where they are, what they are told
  owner: ptr('c'), module: u32('c'), //            the module that stays while it is open; the number of the one that made it
  users: s32('l'), gone: u32('a'), //              open files, and 1 for the name itself; 1: it is removed
  target: ptr('c'), //                             of a symbolic link: text
  event: u32('a'), //                              of an attribute: how often its module said that it changed
});

/** What the machine has of files. */
export const FS = struct('c_fs', {
  lock: u32('a'), root: ptr('c'), next_ino: u32('a'),
  files: ptr('l', 2), processes: ptr('l', 2), regions: ptr('l', 2), cdevs: ptr('l', 2), miscs: ptr('l', 2), classes: ptr('l', 2),
  notify: u32('l', WAIT_QUEUE_HEAD.sizeof / 4), // who polls a file of /sys
});

/** A record that C has, and who made it. */
export const HELD = struct('c_fs_held', { link: ptr('l', 2), at: ptr('c'), module: u32('c') });
/** Device numbers that a driver has taken; and a cdev for some of them. */
export const REGION = struct('char_device_struct', { link: ptr('l', 2), major: u32('c'), minor: u32('c'), count: u32('c'), module: u32('c'), cdev: ptr('c'), name: bytes('c', 64) });
export const CDEV_MAP = struct('cdev_map', { link: ptr('l', 2), dev: u32('c'), count: u32('c'), cdev: ptr('c'), module: u32('c') });

// --- Processes ----------------------------------------------------------------------------------------------------

/** A process that has one file open. */
export const PROCESS = struct('c_process', {
  link: ptr('l', 2), lock: u32('a'), requests: ptr('l', 2), task: ptr('a'), refs: s32('a'),
  user: u32('c'), //  number of the isolate whose code uses it
  sig: u32('a'), //   the signal that it was sent
  file: ptr('o'), inside: u32('a'), // its file; 1: a driver runs for it
  table: u32('o', 2), //               its poll_table
});

/** What it is asked for. */
export const REQUEST = struct('c_request', {
  link: ptr('l', 2), op: u32('c'), a: s32('c'), buf: ptr('c'), size: u32('c'), result: s32('o'), offset: f64Field('o'),
  done: u32('l', COMPLETION.sizeof / 4),
});

/**
 * The records of kernel memory as C has them: one header made from the tables that TypeScript's offsets come from, so that
 * the two cannot disagree. What the records mean to C, and what else C knows, is in include/linux.
 */
import { allLayouts, type Layout } from '../lib/struct.js';
import '../kernel/records.js';
import './fs/records.js';

/** Records that modules see, those that others have in them first, by their names in the tables and in C; what C calls a field besides, and what instead. */
const RECORDS: Readonly<Record<string, { readonly tag?: string; readonly also?: Readonly<Record<string, string>>; readonly as?: Readonly<Record<string, string>> }>> = {
  completion: {},
  spinlock: {},
  wait_queue_head: { as: { lock: 'kthread_lock', own: 'lock' } }, // The kernel's is no spinlock_t; who takes wq.lock gets one.
  wait_queue_entry: {},
  mutex: {},
  semaphore: {},
  rw_semaphore: {},
  rwlock: {},
  seqlock: {},
  refcount: { tag: 'refcount_struct' },
  module: {},
  timer_list: {},
  hrtimer: {},
  tasklet_struct: {},
  work_struct: {},
  file_operations: {},
  inode: {},
  dentry: {},
  file: {},
  cdev: {},
  kref: {},
  kobject: {},
  kset: {},
  class: {},
  device: {},
  miscdevice: {},
  seq_file: {},
  task_struct: { also: { __state: 'unsigned int state', prio: 'int normal_prio', cpus_allowed: 'cpumask_t cpus_ptr[1]; cpumask_t cpus_mask', sig_pending: 'struct { sigset_t signal; } pending' } },
};

const TYPES = { s32: 'int', u32: 'unsigned int', f64: 'double', u8: 'char', ptr: 'void *' } as const;

/** What the types of fields stand on. */
const PROLOGUE = [
  'struct mm_struct;', 'struct task_struct;', 'struct workqueue_struct;', 'struct wait_queue_entry;', 'struct timer_list;', 'struct hrtimer;', 'struct hrtimer_clock_base;', 'struct work_struct;', 'struct tasklet_struct;',
  'typedef int (*wait_queue_func_t)(struct wait_queue_entry *wait, unsigned int mode, int flags, void *key);',
  'typedef void (*timer_func_t)(struct timer_list *timer);', 'enum hrtimer_restart { HRTIMER_NORESTART, HRTIMER_RESTART };', 'typedef enum hrtimer_restart (*hrtimer_func_t)(struct hrtimer *timer);',
  'struct kset;', 'struct kobj_type;', 'struct seq_operations;', 'struct file;', 'struct device;', 'struct class;', 'struct attribute_group;', 'typedef void (*device_release_t)(struct device *);', 'struct inode;', 'struct cdev;', 'struct dentry;', 'struct module;', 'struct poll_table_struct;',
  'struct qstr { unsigned int hash, len; const unsigned char *name; };', 'struct path { void *mnt; struct dentry *dentry; };', 'typedef void *fl_owner_t;',
  'typedef loff_t (*fop_llseek_t)(struct file *, loff_t, int);', 'typedef ssize_t (*fop_read_t)(struct file *, char *, size_t, loff_t *);', 'typedef ssize_t (*fop_write_t)(struct file *, const char *, size_t, loff_t *);',
  'typedef unsigned int (*fop_poll_t)(struct file *, struct poll_table_struct *);', 'typedef long (*fop_ioctl_t)(struct file *, unsigned int, unsigned long);', 'typedef int (*fop_old_ioctl_t)(struct inode *, struct file *, unsigned int, unsigned long);',
  'typedef int (*fop_open_t)(struct inode *, struct file *);', 'typedef int (*fop_flush_t)(struct file *, fl_owner_t);', 'typedef int (*fop_fsync_t)(struct file *, loff_t, loff_t, int);', 'typedef int (*fop_fasync_t)(int, struct file *, int);',
  'typedef void (*work_func_t)(struct work_struct *work);', 'typedef void (*tasklet_func_t)(struct tasklet_struct *tasklet);', '',
].join('\n');

/** The text of generated/records.h. */
export function recordsHeader(): string {
  const records = Object.keys(RECORDS).map((name) => declare(allLayouts().find((layout) => layout.name === name)!));
  return `/* Made from the record tables of this version of kthread. */\n#ifndef _GENERATED_RECORDS_H\n#define _GENERATED_RECORDS_H\n#include <linux/types.h>\n${PROLOGUE}\n${records.join('\n')}\n#endif\n`;
}

function declare({ name, size, fields }: Layout): string {
  const { tag = name, also = {}, as = {} } = RECORDS[name];
  const nameOf = (field: string): string => as[field] ?? field;
  const lines = fields.map((field) => {
    const [type, count] = field.ctype === undefined ? [TYPES[field.kind], field.count] : [field.ctype, 1];
    const member = (as: string): string => `${type} ${as}${count === 1 ? '' : `[${count}]`};`;
    const other = also[field.name];
    return other ? `\tunion { ${member(nameOf(field.name))} ${other}; };` : `\t${member(nameOf(field.name))}`;
  });
  const last = fields.at(-1)!;
  const rest = size - last.offset - last.count * (last.kind === 'u8' ? 1 : last.kind === 'f64' ? 8 : 4);
  if (rest > 0) lines.push(`\tchar __rest[${rest}];`); // Whole: the kernel may touch it to the end.
  const asserts = fields.map((field) => `_Static_assert(__builtin_offsetof(struct ${tag}, ${nameOf(field.name)}) == ${field.offset}, "${tag}.${field.name}");`);
  return `struct ${tag} {\n${lines.join('\n')}\n};\n_Static_assert(sizeof(struct ${tag}) == ${size}, "${tag}");\n${asserts.join('\n')}\n`;
}

/**
 * Kinds of entries besides those of dcache.ts: which functions an entry's operations are, and what is made for its reader.
 */

/** Of /proc: a struct proc_ops, a struct file_operations, a show function, a struct seq_operations. */
export const KIND_PROC = 16, KIND_PROC_FOPS = 17, KIND_PROC_SHOW = 18, KIND_PROC_SEQ = 19;
/** Of /sys: a struct attribute whose object's type shows it, one that shows itself, a struct bin_attribute, a parameter of a module. */
export const KIND_SYSFS = 24, KIND_ATTRIBUTE = 25, KIND_BINARY = 26, KIND_PARAM = 27;
/** Of /sys, by the kernel itself. */
export const KIND_KERNEL = 28;
/** Of debugfs: a struct file_operations, a variable. */
export const KIND_DEBUG = 32, KIND_VALUE = 33;
/** A file of the kernel's own: text. */
export const KIND_OWN = 39;
/** Its name was taken away, and its module has heard of it. */
export const KIND_GONE = 40;

/** Numbers for show functions of a seq_file that are the kernel's own: no function of a module has so low a one. */
export const SHOW_ATTRIBUTE = 8, SHOW_PARAM = 9, SHOW_VALUE = 10, SHOW_KERNEL = 11;

/* Files in /sys/kernel/debug, for who looks into a running module. */
#ifndef _LINUX_DEBUGFS_H
#define _LINUX_DEBUGFS_H
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/seq_file.h>
#include <linux/types.h>

struct dentry;
struct device;

struct debugfs_blob_wrapper {
	void *data;
	unsigned long size;
};
struct debugfs_u32_array {
	u32 *array;
	u32 n_elements;
};

extern struct dentry *kthread_debugfs_create_dir(const char *name, struct dentry *parent, struct module *owner);
#define debugfs_create_dir(name, parent) kthread_debugfs_create_dir(name, parent, THIS_MODULE)
extern struct dentry *kthread_debugfs_create_file(const char *name, umode_t mode, struct dentry *parent, void *data, const struct file_operations *fops, struct module *owner);
#define debugfs_create_file(name, mode, parent, data, fops) kthread_debugfs_create_file(name, mode, parent, data, fops, THIS_MODULE)
#define debugfs_create_file_unsafe debugfs_create_file
#define debugfs_create_file_size(name, mode, parent, data, fops, size) ((void)debugfs_create_file(name, mode, parent, data, fops))
extern struct dentry *kthread_debugfs_create_symlink(const char *name, struct dentry *parent, const char *target, struct module *owner);
#define debugfs_create_symlink(name, parent, target) kthread_debugfs_create_symlink(name, parent, target, THIS_MODULE)

/* Variables as files: what is shown of it, and how, is a letter. */
extern struct dentry *kthread_debugfs_create_value(const char *name, umode_t mode, struct dentry *parent, void *value, int kind, struct module *owner);
#define __debugfs_value(name, mode, parent, type, value, kind) \
	({ type *__value = (value); kthread_debugfs_create_value(name, mode, parent, __value, kind, THIS_MODULE); })
#define debugfs_create_u8(name, mode, parent, value)	__debugfs_value(name, mode, parent, u8, value, 'b')
#define debugfs_create_u16(name, mode, parent, value)	__debugfs_value(name, mode, parent, u16, value, 'h')
#define debugfs_create_u32(name, mode, parent, value)	__debugfs_value(name, mode, parent, u32, value, 'u')
#define debugfs_create_u64(name, mode, parent, value)	__debugfs_value(name, mode, parent, u64, value, 'q')
#define debugfs_create_ulong(name, mode, parent, value)	__debugfs_value(name, mode, parent, unsigned long, value, 'u')
#define debugfs_create_size_t(name, mode, parent, value) __debugfs_value(name, mode, parent, size_t, value, 'u')
#define debugfs_create_x8(name, mode, parent, value)	__debugfs_value(name, mode, parent, u8, value, 'B')
#define debugfs_create_x16(name, mode, parent, value)	__debugfs_value(name, mode, parent, u16, value, 'H')
#define debugfs_create_x32(name, mode, parent, value)	__debugfs_value(name, mode, parent, u32, value, 'U')
#define debugfs_create_x64(name, mode, parent, value)	__debugfs_value(name, mode, parent, u64, value, 'Q')
#define debugfs_create_atomic_t(name, mode, parent, value) __debugfs_value(name, mode, parent, atomic_t, value, 'a')
#define debugfs_create_bool(name, mode, parent, value)	__debugfs_value(name, mode, parent, bool, value, 't')
#define debugfs_create_str(name, mode, parent, value)	__debugfs_value(name, mode, parent, char *, value, 's')
#define debugfs_create_u32_array(name, mode, parent, value) __debugfs_value(name, mode, parent, struct debugfs_u32_array, value, 'v')
#define debugfs_create_blob(name, mode, parent, blob)	kthread_debugfs_create_value(name, mode, parent, blob, 'o', THIS_MODULE)

extern void debugfs_remove(struct dentry *entry);
#define debugfs_remove_recursive debugfs_remove
extern struct dentry *debugfs_lookup(const char *name, struct dentry *parent);
extern void debugfs_lookup_and_remove(const char *name, struct dentry *parent);
static __always_inline bool debugfs_initialized(void) { return true; }

/* A file of one number; the functions of the one are good for the other. */
#define DEFINE_DEBUGFS_ATTRIBUTE(fops, get, set, fmt) DEFINE_SIMPLE_ATTRIBUTE(fops, get, set, fmt)
#define DEFINE_DEBUGFS_ATTRIBUTE_SIGNED(fops, get, set, fmt) DEFINE_SIMPLE_ATTRIBUTE_SIGNED(fops, get, set, fmt)
#define debugfs_attr_read	simple_attr_read
#define debugfs_attr_write	simple_attr_write
#endif

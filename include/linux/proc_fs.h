/* Entries of /proc. */
#ifndef _LINUX_PROC_FS_H
#define _LINUX_PROC_FS_H
#include <linux/fs.h>
#include <linux/types.h>
#include <linux/uidgid.h>

struct proc_dir_entry;
struct seq_file;
struct seq_operations;
struct poll_table_struct;
struct vm_area_struct;

#define PROC_ENTRY_PERMANENT	1U

struct proc_ops {
	unsigned int proc_flags;
	int (*proc_open)(struct inode *inode, struct file *file);
	ssize_t (*proc_read)(struct file *file, char __user *buf, size_t size, loff_t *pos);
	ssize_t (*proc_write)(struct file *file, const char __user *buf, size_t size, loff_t *pos);
	loff_t (*proc_lseek)(struct file *file, loff_t offset, int whence);
	int (*proc_release)(struct inode *inode, struct file *file);
	__poll_t (*proc_poll)(struct file *file, struct poll_table_struct *table);
	long (*proc_ioctl)(struct file *file, unsigned int cmd, unsigned long arg);
	int (*proc_mmap)(struct file *file, struct vm_area_struct *area);
};

/* Before Linux 5.6 a file's operations were a struct file_operations; both work. */
#define __proc_ops_kind(ops)	_Generic((ops), struct file_operations *: 1, const struct file_operations *: 1, default: 0)
extern struct proc_dir_entry *kthread_proc_create(const char *name, umode_t mode, struct proc_dir_entry *parent, const void *ops, void *data, int kind, struct module *owner);
#define proc_create(name, mode, parent, ops) kthread_proc_create(name, mode, parent, ops, NULL, __proc_ops_kind(ops), THIS_MODULE)
#define proc_create_data(name, mode, parent, ops, data) kthread_proc_create(name, mode, parent, ops, data, __proc_ops_kind(ops), THIS_MODULE)
extern struct proc_dir_entry *kthread_proc_create_single(const char *name, umode_t mode, struct proc_dir_entry *parent, int (*show)(struct seq_file *m, void *unused), void *data, struct module *owner);
#define proc_create_single(name, mode, parent, show) kthread_proc_create_single(name, mode, parent, show, NULL, THIS_MODULE)
#define proc_create_single_data(name, mode, parent, show, data) kthread_proc_create_single(name, mode, parent, show, data, THIS_MODULE)
extern struct proc_dir_entry *kthread_proc_create_seq(const char *name, umode_t mode, struct proc_dir_entry *parent, const struct seq_operations *op, unsigned int size, void *data, struct module *owner);
#define proc_create_seq(name, mode, parent, op) kthread_proc_create_seq(name, mode, parent, op, 0, NULL, THIS_MODULE)
#define proc_create_seq_data(name, mode, parent, op, data) kthread_proc_create_seq(name, mode, parent, op, 0, data, THIS_MODULE)
#define proc_create_seq_private(name, mode, parent, op, size, data) kthread_proc_create_seq(name, mode, parent, op, size, data, THIS_MODULE)
extern struct proc_dir_entry *kthread_proc_mkdir(const char *name, umode_t mode, struct proc_dir_entry *parent, void *data, struct module *owner);
#define proc_mkdir(name, parent) kthread_proc_mkdir(name, 0, parent, NULL, THIS_MODULE)
#define proc_mkdir_mode(name, mode, parent) kthread_proc_mkdir(name, mode, parent, NULL, THIS_MODULE)
#define proc_mkdir_data(name, mode, parent, data) kthread_proc_mkdir(name, mode, parent, data, THIS_MODULE)
extern struct proc_dir_entry *kthread_proc_symlink(const char *name, struct proc_dir_entry *parent, const char *target, struct module *owner);
#define proc_symlink(name, parent, target) kthread_proc_symlink(name, parent, target, THIS_MODULE)

extern void remove_proc_entry(const char *name, struct proc_dir_entry *parent);
extern int remove_proc_subtree(const char *name, struct proc_dir_entry *parent);
extern void proc_remove(struct proc_dir_entry *entry);
extern void proc_set_size(struct proc_dir_entry *entry, loff_t size);
extern void kthread_proc_set_user(struct proc_dir_entry *entry, unsigned int uid, unsigned int gid);
static __always_inline void proc_set_user(struct proc_dir_entry *entry, kuid_t uid, kgid_t gid) { kthread_proc_set_user(entry, __kuid_val(uid), __kgid_val(gid)); }
extern void *pde_data(const struct inode *inode);
#define PDE_DATA(inode)		pde_data(inode)
extern void *proc_get_parent_data(const struct inode *inode);
#endif

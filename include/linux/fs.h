/* Files, as drivers of devices see them. */
#ifndef _LINUX_FS_H
#define _LINUX_FS_H
#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/fcntl.h>
#include <linux/ioctl.h>
#include <linux/kdev_t.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/stat.h>
#include <linux/wait.h>
#include <generated/records.h>

#define SEEK_SET	0
#define SEEK_CUR	1
#define SEEK_END	2
#define FMODE_READ	((fmode_t)0x1)
#define FMODE_WRITE	((fmode_t)0x2)
#define FMODE_LSEEK	((fmode_t)0x4)
#define FMODE_STREAM	((fmode_t)0x200000)

static __always_inline struct inode *file_inode(const struct file *file) { return file->f_inode; }
static __always_inline unsigned int iminor(const struct inode *inode) { return MINOR(inode->i_rdev); }
static __always_inline unsigned int imajor(const struct inode *inode) { return MAJOR(inode->i_rdev); }
static __always_inline loff_t i_size_read(const struct inode *inode) { return inode->i_size; }
static __always_inline void i_size_write(struct inode *inode, loff_t size) { inode->i_size = size; }
#define file_dentry(file)	((file)->f_path.dentry)
#define f_dentry		f_path.dentry
#define d_inode(dentry)		((dentry)->d_inode)

extern int __register_chrdev(unsigned int major, unsigned int baseminor, unsigned int count, const char *name, const struct file_operations *fops);
extern void __unregister_chrdev(unsigned int major, unsigned int baseminor, unsigned int count, const char *name);
static __always_inline int register_chrdev(unsigned int major, const char *name, const struct file_operations *fops) { return __register_chrdev(major, 0, 256, name, fops); }
static __always_inline void unregister_chrdev(unsigned int major, const char *name) { __unregister_chrdev(major, 0, 256, name); }
extern int kthread_register_region(dev_t dev, unsigned int count, const char *name, int dynamic);
static __maybe_unused int alloc_chrdev_region(dev_t *dev, unsigned int baseminor, unsigned int count, const char *name)
{
	int got = kthread_register_region(baseminor, count, name, 1);

	if (got < 0)
		return got;
	*dev = got;
	return 0;
}
static __always_inline int register_chrdev_region(dev_t from, unsigned int count, const char *name) { return kthread_register_region(from, count, name, 0); }
extern void unregister_chrdev_region(dev_t from, unsigned int count);

/* Moving the position. `whence` beyond these three is refused. */
static __maybe_unused loff_t fixed_size_llseek(struct file *file, loff_t offset, int whence, loff_t size)
{
	loff_t at = whence == SEEK_END ? size + offset : whence == SEEK_CUR ? file->f_pos + offset : offset;

	if (whence < SEEK_SET || whence > SEEK_END || at < 0 || at > size)
		return -EINVAL;
	file->f_pos = at;
	return at;
}
static __maybe_unused loff_t generic_file_llseek(struct file *file, loff_t offset, int whence)
{
	loff_t at = whence == SEEK_END ? i_size_read(file_inode(file)) + offset : whence == SEEK_CUR ? file->f_pos + offset : offset;

	if (whence < SEEK_SET || whence > SEEK_END || at < 0)
		return -EINVAL;
	file->f_pos = at;
	return at;
}
static __maybe_unused loff_t default_llseek(struct file *file, loff_t offset, int whence) { return generic_file_llseek(file, offset, whence); }
static __maybe_unused loff_t noop_llseek(struct file *file, loff_t offset, int whence) { return file->f_pos; }
static __maybe_unused loff_t no_seek_end_llseek(struct file *file, loff_t offset, int whence) { return whence == SEEK_END ? -EINVAL : generic_file_llseek(file, offset, whence); }
#define no_llseek	NULL
static __maybe_unused loff_t vfs_setpos(struct file *file, loff_t offset, loff_t max)
{
	if (offset < 0 || offset > max)
		return -EINVAL;
	file->f_pos = offset;
	return offset;
}

static __maybe_unused int simple_open(struct inode *inode, struct file *file)
{
	if (inode->i_private)
		file->private_data = inode->i_private;
	return 0;
}
static __maybe_unused int nonseekable_open(struct inode *inode, struct file *file)
{
	file->f_mode &= ~FMODE_LSEEK;
	return 0;
}
static __maybe_unused int stream_open(struct inode *inode, struct file *file)
{
	file->f_mode = (file->f_mode & ~FMODE_LSEEK) | FMODE_STREAM;
	return 0;
}
extern unsigned long _copy_to_user(void __user *to, const void *from, unsigned long size);
extern unsigned long _copy_from_user(void *to, const void __user *from, unsigned long size);
/* How many of `count` bytes there are from `pos` on. */
static __maybe_unused ssize_t __simple_span(loff_t pos, size_t count, size_t available)
{
	if (pos < 0)
		return -EINVAL;
	if (pos >= available)
		return 0;
	return count > available - pos ? available - pos : count;
}
static __maybe_unused ssize_t simple_read_from_buffer(void __user *to, size_t count, loff_t *ppos, const void *from, size_t available)
{
	loff_t pos = *ppos;
	ssize_t span = __simple_span(pos, count, available);
	size_t left;

	if (span <= 0)
		return span;
	left = _copy_to_user(to, (const char *)from + pos, span);
	if (left == span)
		return -EFAULT;
	*ppos = pos + span - left;
	return span - left;
}
static __maybe_unused ssize_t simple_write_to_buffer(void *to, size_t available, loff_t *ppos, const void __user *from, size_t count)
{
	loff_t pos = *ppos;
	ssize_t span = __simple_span(pos, count, available);
	size_t left;

	if (span <= 0)
		return span;
	left = _copy_from_user((char *)to + pos, from, span);
	if (left == span)
		return -EFAULT;
	*ppos = pos + span - left;
	return span - left;
}
static __maybe_unused ssize_t memory_read_from_buffer(void *to, size_t count, loff_t *ppos, const void *from, size_t available)
{
	loff_t pos = *ppos;

	if (pos < 0)
		return -EINVAL;
	if (pos >= available)
		return 0;
	if (count > available - pos)
		count = available - pos;
	memcpy(to, (const char *)from + pos, count);
	*ppos = pos + count;
	return count;
}
/* Who wants a signal when a file is ready. A process has to ask for it, and openFile() has no way to: the list is what a driver makes of it. */
struct fasync_struct {
	int fa_fd;
	struct fasync_struct *fa_next;
	struct file *fa_file;
};
#define POLL_IN		1
#define POLL_OUT	2
#define POLL_MSG	3
#define POLL_ERR	4
#define POLL_PRI	5
#define POLL_HUP	6
static __maybe_unused DEFINE_SPINLOCK(__fasync_lock);
extern void kthread_file_signal(struct file *file, int sig);
/* Returns 1 when it put the file on the list or took it off, 0 when there was nothing to do. */
static __maybe_unused int fasync_helper(int fd, struct file *file, int on, struct fasync_struct **list)
{
	struct fasync_struct *fresh = on ? kmalloc(sizeof(*fresh), GFP_KERNEL) : NULL, *old = NULL, **at;

	if (on && !fresh)
		return -ENOMEM;
	spin_lock(&__fasync_lock);
	for (at = list; *at && (*at)->fa_file != file; at = &(*at)->fa_next)
		;
	if (*at && !on) {
		old = *at;
		*at = old->fa_next;
	} else if (!*at && on) {
		*fresh = (struct fasync_struct){ fd, NULL, file };
		*at = fresh;
		fresh = NULL;
		on = 2; /* Done. */
	}
	spin_unlock(&__fasync_lock);
	kfree(fresh);
	kfree(old);
	return on == 2 || old ? 1 : 0;
}
static __maybe_unused void kill_fasync(struct fasync_struct **list, int sig, int band)
{
	struct fasync_struct *fa;

	spin_lock(&__fasync_lock);
	for (fa = *list; fa; fa = fa->fa_next)
		kthread_file_signal(fa->fa_file, sig);
	spin_unlock(&__fasync_lock);
}
/* Operations that open() puts in the place of those it was called by. */
static __always_inline const struct file_operations *fops_get(const struct file_operations *fops) { return fops; }
#define fops_put(fops)		do { } while (0)
#define replace_fops(file, fops) do { (file)->f_op = (fops); } while (0)

/* A file of one number, which `get` and `set` give and take. */
struct simple_attr {
	int (*get)(void *data, u64 *value);
	int (*set)(void *data, u64 value);
	char get_buf[24];
	char set_buf[24];
	void *data;
	const char *fmt;
	struct mutex mutex;
};
static __maybe_unused int simple_attr_open(struct inode *inode, struct file *file, int (*get)(void *, u64 *), int (*set)(void *, u64), const char *fmt)
{
	struct simple_attr *attr = kzalloc(sizeof(*attr), GFP_KERNEL);

	if (!attr)
		return -ENOMEM;
	attr->get = get;
	attr->set = set;
	attr->data = inode->i_private;
	attr->fmt = fmt;
	mutex_init(&attr->mutex);
	file->private_data = attr;
	return nonseekable_open(inode, file);
}
static __maybe_unused int simple_attr_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}
static __maybe_unused ssize_t simple_attr_read(struct file *file, char __user *buf, size_t size, loff_t *ppos)
{
	struct simple_attr *attr = file->private_data;
	u64 value = 0;
	ssize_t ret = 0;

	if (!attr->get)
		return -EACCES;
	ret = mutex_lock_interruptible(&attr->mutex);
	if (ret)
		return ret;
	if (!*ppos || !attr->get_buf[0]) {
		ret = attr->get(attr->data, &value);
		if (!ret)
			snprintf(attr->get_buf, sizeof(attr->get_buf), attr->fmt, (unsigned long long)value);
	}
	if (!ret)
		ret = simple_read_from_buffer(buf, size, ppos, attr->get_buf, strlen(attr->get_buf));
	mutex_unlock(&attr->mutex);
	return ret;
}
static __maybe_unused ssize_t __simple_attr_write(struct file *file, const char __user *buf, size_t size, bool is_signed)
{
	struct simple_attr *attr = file->private_data;
	size_t used = min_t(size_t, size, sizeof(attr->set_buf) - 1);
	u64 value = 0;
	ssize_t ret;

	if (!attr->set)
		return -EACCES;
	ret = mutex_lock_interruptible(&attr->mutex);
	if (ret)
		return ret;
	if (_copy_from_user(attr->set_buf, buf, used)) {
		ret = -EFAULT;
	} else {
		attr->set_buf[used] = 0;
		ret = is_signed ? kstrtoll(attr->set_buf, 0, (long long *)&value) : kstrtoull(attr->set_buf, 0, &value);
		if (!ret)
			ret = attr->set(attr->data, value);
	}
	mutex_unlock(&attr->mutex);
	return ret ? ret : size;
}
static __maybe_unused ssize_t simple_attr_write(struct file *file, const char __user *buf, size_t size, loff_t *ppos) { return __simple_attr_write(file, buf, size, false); }
static __maybe_unused ssize_t simple_attr_write_signed(struct file *file, const char __user *buf, size_t size, loff_t *ppos) { return __simple_attr_write(file, buf, size, true); }
#define __simple_attribute(fops, get, set, fmt, write_) \
static int fops##_open(struct inode *inode, struct file *file) { return simple_attr_open(inode, file, get, set, fmt); } \
static const struct file_operations fops = { .owner = THIS_MODULE, .open = fops##_open, .release = simple_attr_release, .read = simple_attr_read, .write = write_, .llseek = generic_file_llseek }
#define DEFINE_SIMPLE_ATTRIBUTE(fops, get, set, fmt) __simple_attribute(fops, get, set, fmt, simple_attr_write)
#define DEFINE_SIMPLE_ATTRIBUTE_SIGNED(fops, get, set, fmt) __simple_attribute(fops, get, set, fmt, simple_attr_write_signed)
#endif

/* Files of /sys: each shows one value, in one page. */
#ifndef _LINUX_SYSFS_H
#define _LINUX_SYSFS_H
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/stringify.h>
#include <linux/types.h>

struct kobject;
struct module;
struct bin_attribute;
struct file;

struct attribute {
	const char *name;
	umode_t mode;
};
struct attribute_group {
	const char *name;
	umode_t (*is_visible)(struct kobject *kobj, struct attribute *attr, int n);
	umode_t (*is_bin_visible)(struct kobject *kobj, const struct bin_attribute *attr, int n);
	struct attribute **attrs;
	struct bin_attribute **bin_attrs;
};
struct bin_attribute {
	struct attribute attr;
	size_t size;
	void *private;
	ssize_t (*read)(struct file *file, struct kobject *kobj, struct bin_attribute *attr, char *buf, loff_t pos, size_t size);
	ssize_t (*write)(struct file *file, struct kobject *kobj, struct bin_attribute *attr, char *buf, loff_t pos, size_t size);
};
struct sysfs_ops {
	ssize_t (*show)(struct kobject *kobj, struct attribute *attr, char *buf);
	ssize_t (*store)(struct kobject *kobj, struct attribute *attr, const char *buf, size_t size);
};

/* Is the mode one that a file of /sys may have? */
#define VERIFY_OCTAL_PERMISSIONS(mode) \
	((mode) + __builtin_choose_expr(__builtin_constant_p(mode), sizeof(char[1 - 2 * !!((mode) < 0 || (mode) > 0777 || ((mode) & 2))]) * 0, 0))
#define __ATTR(name_, mode_, show_, store_) { .attr = { .name = __stringify(name_), .mode = (mode_) }, .show = (show_), .store = (store_) }
#define __ATTR_PREALLOC		__ATTR
#define __ATTR_RO_MODE(name_, mode_) __ATTR(name_, mode_, name_##_show, NULL)
#define __ATTR_RW_MODE(name_, mode_) __ATTR(name_, mode_, name_##_show, name_##_store)
#define __ATTR_RO(name_)	__ATTR(name_, 0444, name_##_show, NULL)
#define __ATTR_WO(name_)	__ATTR(name_, 0200, NULL, name_##_store)
#define __ATTR_RW(name_)	__ATTR(name_, 0644, name_##_show, name_##_store)
#define __ATTR_NULL		{ .attr = { .name = NULL } }
#define ATTRIBUTE_GROUPS(name_) \
static const struct attribute_group name_##_group = { .attrs = name_##_attrs }; \
static const struct attribute_group *name_##_groups[] __maybe_unused = { &name_##_group, NULL }
#define __ATTRIBUTE_GROUPS(name_) static const struct attribute_group *name_##_groups[] __maybe_unused = { &name_##_group, NULL }
#define BIN_ATTRIBUTE_GROUPS(name_) \
static const struct attribute_group name_##_group = { .bin_attrs = name_##_attrs }; \
static const struct attribute_group *name_##_groups[] __maybe_unused = { &name_##_group, NULL }
#define __BIN_ATTR(name_, mode_, read_, write_, size_) { .attr = { .name = __stringify(name_), .mode = (mode_) }, .size = (size_), .read = (read_), .write = (write_) }
#define __BIN_ATTR_RO(name_, size_) __BIN_ATTR(name_, 0444, name_##_read, NULL, size_)
#define __BIN_ATTR_WO(name_, size_) __BIN_ATTR(name_, 0200, NULL, name_##_write, size_)
#define __BIN_ATTR_RW(name_, size_) __BIN_ATTR(name_, 0644, name_##_read, name_##_write, size_)
#define BIN_ATTR(name_, mode_, read_, write_, size_) struct bin_attribute bin_attr_##name_ = __BIN_ATTR(name_, mode_, read_, write_, size_)
#define BIN_ATTR_RO(name_, size_) struct bin_attribute bin_attr_##name_ = __BIN_ATTR_RO(name_, size_)
#define BIN_ATTR_WO(name_, size_) struct bin_attribute bin_attr_##name_ = __BIN_ATTR_WO(name_, size_)
#define BIN_ATTR_RW(name_, size_) struct bin_attribute bin_attr_##name_ = __BIN_ATTR_RW(name_, size_)
#define sysfs_attr_init(attr)	do { (void)(attr); } while (0)
#define sysfs_bin_attr_init(attr) do { (void)(attr); } while (0)

extern int sysfs_create_file(struct kobject *kobj, const struct attribute *attr);
extern int sysfs_create_files(struct kobject *kobj, const struct attribute *const *attrs);
extern void sysfs_remove_file(struct kobject *kobj, const struct attribute *attr);
extern void sysfs_remove_files(struct kobject *kobj, const struct attribute *const *attrs);
extern int sysfs_create_bin_file(struct kobject *kobj, const struct bin_attribute *attr);
extern void sysfs_remove_bin_file(struct kobject *kobj, const struct bin_attribute *attr);
extern int sysfs_create_group(struct kobject *kobj, const struct attribute_group *group);
extern int sysfs_create_groups(struct kobject *kobj, const struct attribute_group *const *groups);
extern void sysfs_remove_group(struct kobject *kobj, const struct attribute_group *group);
extern void sysfs_remove_groups(struct kobject *kobj, const struct attribute_group *const *groups);
extern int sysfs_create_link(struct kobject *kobj, struct kobject *target, const char *name);
extern void sysfs_remove_link(struct kobject *kobj, const char *name);
extern void sysfs_notify(struct kobject *kobj, const char *dir, const char *attr);
extern int sysfs_emit(char *buf, const char *fmt, ...) __printf(2, 3);
extern int sysfs_emit_at(char *buf, int at, const char *fmt, ...) __printf(3, 4);
#endif

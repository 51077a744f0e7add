/* Things that are counted and have a directory of /sys. */
#ifndef _LINUX_KOBJECT_H
#define _LINUX_KOBJECT_H
#include <linux/atomic.h>
#include <linux/export.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <generated/records.h>

enum kobject_action { KOBJ_ADD, KOBJ_REMOVE, KOBJ_CHANGE, KOBJ_MOVE, KOBJ_ONLINE, KOBJ_OFFLINE, KOBJ_BIND, KOBJ_UNBIND };

struct kobj_type {
	void (*release)(struct kobject *kobj);
	const struct sysfs_ops *sysfs_ops;
	const struct attribute_group **default_groups;
	struct attribute **default_attrs; /* before Linux 5.18 */
};
struct kobj_attribute {
	struct attribute attr;
	ssize_t (*show)(struct kobject *kobj, struct kobj_attribute *attr, char *buf);
	ssize_t (*store)(struct kobject *kobj, struct kobj_attribute *attr, const char *buf, size_t size);
};

extern void kobject_init(struct kobject *kobj, const struct kobj_type *type);
extern int kobject_add(struct kobject *kobj, struct kobject *parent, const char *fmt, ...) __printf(3, 4);
extern int kobject_init_and_add(struct kobject *kobj, const struct kobj_type *type, struct kobject *parent, const char *fmt, ...) __printf(4, 5);
extern struct kobject *kthread_kobject_create(const char *name, struct kobject *parent, struct module *owner);
#define kobject_create_and_add(name, parent) kthread_kobject_create(name, parent, THIS_MODULE)
extern void kobject_del(struct kobject *kobj);
extern struct kobject *kobject_get(struct kobject *kobj);
extern void kobject_put(struct kobject *kobj);
extern int kobject_set_name(struct kobject *kobj, const char *fmt, ...) __printf(2, 3);
static __always_inline const char *kobject_name(const struct kobject *kobj) { return kobj->name; }
static __always_inline const struct kobj_type *get_ktype(const struct kobject *kobj) { return kobj->ktype; }
static __always_inline struct kobject *kobject_get_unless_zero(struct kobject *kobj) { return kobj && kref_get_unless_zero((struct kref *)&kobj->kref) ? kobj : NULL; }
/* Nobody listens to events. */
static __always_inline int kobject_uevent(struct kobject *kobj, enum kobject_action action) { return 0; }
static __always_inline int kobject_uevent_env(struct kobject *kobj, enum kobject_action action, char *env[]) { return 0; }

/* For a type of one's own whose attributes are struct kobj_attribute. */
static __maybe_unused ssize_t kobj_attr_show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct kobj_attribute *own = container_of(attr, struct kobj_attribute, attr);

	return own->show ? own->show(kobj, own, buf) : -EIO;
}
static __maybe_unused ssize_t kobj_attr_store(struct kobject *kobj, struct attribute *attr, const char *buf, size_t size)
{
	struct kobj_attribute *own = container_of(attr, struct kobj_attribute, attr);

	return own->store ? own->store(kobj, own, buf, size) : -EIO;
}
static const struct sysfs_ops kobj_sysfs_ops __maybe_unused = { .show = kobj_attr_show, .store = kobj_attr_store };

extern void kset_init(struct kset *set);
extern int kset_register(struct kset *set);
extern void kset_unregister(struct kset *set);
extern struct kset *kthread_kset_create(const char *name, struct kobject *parent, struct module *owner);
#define kset_create_and_add(name, uevent_ops, parent) ({ (void)(uevent_ops); kthread_kset_create(name, parent, THIS_MODULE); })
static __always_inline struct kset *to_kset(struct kobject *kobj) { return kobj ? container_of(kobj, struct kset, kobj) : NULL; }
static __always_inline struct kset *kset_get(struct kset *set) { return set ? to_kset(kobject_get(&set->kobj)) : NULL; }
static __always_inline void kset_put(struct kset *set) { if (set) kobject_put(&set->kobj); }
extern struct kobject *kset_find_obj(struct kset *set, const char *name);

/* Directories that are always there. */
extern struct kobject *kthread_sys_kobject(const char *path);
#define kernel_kobj		kthread_sys_kobject("/sys/kernel")
#define firmware_kobj		kthread_sys_kobject("/sys/firmware")
#define fs_kobj			kthread_sys_kobject("/sys/fs")
#endif

/* Classes of devices, and devices: what makes the names in /dev. */
#ifndef _LINUX_DEVICE_H
#define _LINUX_DEVICE_H
#include <linux/err.h>
#include <linux/export.h>
#include <linux/kdev_t.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/types.h>
#include <generated/records.h>
extern struct class *kthread_class_create(const char *name, struct module *owner);
/* With the module before the name until Linux 6.4. */
#define __class_create2(owner, name)	kthread_class_create((name), (owner))
#define __class_create1(name)		kthread_class_create((name), THIS_MODULE)
#define __class_create_of(a, b, which, ...) which
#define class_create(args...)	(__class_create_of(args, __class_create2, __class_create1, 0)(args))
extern void class_destroy(const struct class *cls);
extern int class_register(const struct class *cls);
extern void class_unregister(const struct class *cls);
extern struct device *device_create(const struct class *cls, struct device *parent, dev_t dev, void *data, const char *fmt, ...) __attribute__((__format__(__printf__, 5, 6)));
extern struct device *device_create_with_groups(const struct class *cls, struct device *parent, dev_t dev, void *data, const struct attribute_group **groups, const char *fmt, ...) __attribute__((__format__(__printf__, 6, 7)));
extern void device_destroy(const struct class *cls, dev_t dev);
extern void device_unregister(struct device *dev);
static __always_inline void *dev_get_drvdata(const struct device *dev) { return dev->driver_data; }
static __always_inline void dev_set_drvdata(struct device *dev, void *data) { dev->driver_data = data; }
static __always_inline const char *dev_name(const struct device *dev) { return dev->name ? (const char *)dev->name : dev->init_name; }
static __always_inline const char *dev_driver_string(const struct device *dev) { return dev->class ? dev->class->name : ""; }
#define dev_printk(level, dev, fmt, args...) printk(level "%s %s: " fmt, dev_driver_string(dev), dev_name(dev), ##args)
#define dev_emerg(dev, fmt, args...)	dev_printk(KERN_EMERG, dev, fmt, ##args)
#define dev_alert(dev, fmt, args...)	dev_printk(KERN_ALERT, dev, fmt, ##args)
#define dev_crit(dev, fmt, args...)	dev_printk(KERN_CRIT, dev, fmt, ##args)
#define dev_err(dev, fmt, args...)	dev_printk(KERN_ERR, dev, fmt, ##args)
#define dev_warn(dev, fmt, args...)	dev_printk(KERN_WARNING, dev, fmt, ##args)
#define dev_notice(dev, fmt, args...)	dev_printk(KERN_NOTICE, dev, fmt, ##args)
#define dev_info(dev, fmt, args...)	dev_printk(KERN_INFO, dev, fmt, ##args)
#define dev_dbg(dev, fmt, args...)	do { if (0) dev_printk(KERN_DEBUG, dev, fmt, ##args); } while (0)

/* Attributes, in the directory that a device or a class has in /sys/class. */
struct device_attribute {
	struct attribute attr;
	ssize_t (*show)(struct device *dev, struct device_attribute *attr, char *buf);
	ssize_t (*store)(struct device *dev, struct device_attribute *attr, const char *buf, size_t size);
};
#define DEVICE_ATTR(name, mode, show, store) struct device_attribute dev_attr_##name = __ATTR(name, mode, show, store)
#define DEVICE_ATTR_RW(name)	struct device_attribute dev_attr_##name = __ATTR_RW(name)
#define DEVICE_ATTR_RO(name)	struct device_attribute dev_attr_##name = __ATTR_RO(name)
#define DEVICE_ATTR_WO(name)	struct device_attribute dev_attr_##name = __ATTR_WO(name)
#define DEVICE_ATTR_ADMIN_RW(name) struct device_attribute dev_attr_##name = __ATTR_RW_MODE(name, 0600)
#define DEVICE_ATTR_ADMIN_RO(name) struct device_attribute dev_attr_##name = __ATTR_RO_MODE(name, 0400)
static __always_inline int device_create_file(struct device *dev, const struct device_attribute *attr) { return sysfs_create_file(&dev->kobj, &attr->attr); }
static __always_inline void device_remove_file(struct device *dev, const struct device_attribute *attr) { sysfs_remove_file(&dev->kobj, &attr->attr); }
static __always_inline int device_create_bin_file(struct device *dev, const struct bin_attribute *attr) { return sysfs_create_bin_file(&dev->kobj, attr); }
static __always_inline void device_remove_bin_file(struct device *dev, const struct bin_attribute *attr) { sysfs_remove_bin_file(&dev->kobj, attr); }
static __always_inline int device_add_groups(struct device *dev, const struct attribute_group **groups) { return sysfs_create_groups(&dev->kobj, groups); }
static __always_inline void device_remove_groups(struct device *dev, const struct attribute_group **groups) { sysfs_remove_groups(&dev->kobj, groups); }
#define kobj_to_dev(at)		container_of(at, struct device, kobj)

struct class_attribute {
	struct attribute attr;
	ssize_t (*show)(const struct class *cls, const struct class_attribute *attr, char *buf);
	ssize_t (*store)(const struct class *cls, const struct class_attribute *attr, const char *buf, size_t size);
};
#define CLASS_ATTR_RW(name)	struct class_attribute class_attr_##name = __ATTR_RW(name)
#define CLASS_ATTR_RO(name)	struct class_attribute class_attr_##name = __ATTR_RO(name)
#define CLASS_ATTR_WO(name)	struct class_attribute class_attr_##name = __ATTR_WO(name)
extern int class_create_file(const struct class *cls, const struct class_attribute *attr);
extern void class_remove_file(const struct class *cls, const struct class_attribute *attr);
#endif

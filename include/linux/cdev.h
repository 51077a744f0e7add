/* Character devices. */
#ifndef _LINUX_CDEV_H
#define _LINUX_CDEV_H
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/list.h>
static __always_inline void cdev_init(struct cdev *cdev, const struct file_operations *fops)
{
	memset(cdev, 0, sizeof(*cdev));
	INIT_LIST_HEAD(&cdev->list);
	cdev->ops = fops;
}
extern struct cdev *cdev_alloc(void);
extern int cdev_add(struct cdev *cdev, dev_t dev, unsigned int count);
extern void cdev_del(struct cdev *cdev);
#define cdev_put(cdev)			do { } while (0)
#define cdev_set_parent(cdev, kobj)	do { } while (0)
#endif

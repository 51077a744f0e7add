/* Devices of no kind, which share one major number. */
#ifndef _LINUX_MISCDEVICE_H
#define _LINUX_MISCDEVICE_H
#include <linux/device.h>
#include <linux/list.h>
#include <linux/types.h>
#define MISC_MAJOR		10
#define MISC_DYNAMIC_MINOR	255
extern int misc_register(struct miscdevice *misc);
extern void misc_deregister(struct miscdevice *misc);
#define module_misc_device(misc) module_driver(misc, misc_register, misc_deregister)
#define builtin_misc_device(misc) module_misc_device(misc)
#endif

/* Modules. Brings along what Linux's does by way of kmod.h, kobject.h, srcu.h and percpu.h, and modules rely on. */
#ifndef _LINUX_MODULE_H
#define _LINUX_MODULE_H
#include <linux/bitmap.h>
#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/hrtimer.h>
#include <linux/idr.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/jump_label.h>
#include <linux/kernel.h>
#include <linux/kmod.h>
#include <linux/kobject.h>
#include <linux/kref.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/random.h>
#include <linux/rbtree.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/seqlock.h>
#include <linux/signal.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/stat.h>
#include <linux/string.h>
#include <linux/stringify.h>
#include <linux/time.h>
#include <linux/timekeeping.h>
#include <linux/timer.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <generated/records.h>

/* The names of a module's functions before there was module_init(). The build tells which of them a file has. */
#ifdef KTHREAD_HAS_INIT_MODULE
extern int init_module(void);
module_init(init_module);
#endif
#ifdef KTHREAD_HAS_CLEANUP_MODULE
extern void cleanup_module(void);
module_exit(cleanup_module);
#endif

#define MODULE_INFO(tag, info) \
	static const char __UNIQUE_ID(modinfo)[] __attribute__((__used__, __section__("modinfo"), __aligned__(1), no_sanitize("address"))) = #tag "=" info
#define MODULE_LICENSE(text)	MODULE_INFO(license, text)
#define MODULE_AUTHOR(text)	MODULE_INFO(author, text)
#define MODULE_DESCRIPTION(text) MODULE_INFO(description, text)
#define MODULE_VERSION(text)	MODULE_INFO(version, text)
#define MODULE_ALIAS(text)	MODULE_INFO(alias, text)
#define MODULE_SOFTDEP(text)	MODULE_INFO(softdep, text)
#define MODULE_SUPPORTED_DEVICE(text)
#define MODULE_DEVICE_TABLE(type, name)
#define MODULE_IMPORT_NS(ns)
#define module_name(module)	((module)->name)
static __always_inline bool try_module_get(struct module *module)
{
	if (!module)
		return true;
	__atomic_fetch_add(&module->refcnt, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&module->state, __ATOMIC_SEQ_CST) != 3) /* MODULE_GOING of kernel/module.ts */
		return true;
	__atomic_fetch_sub(&module->refcnt, 1, __ATOMIC_SEQ_CST);
	return false;
}
static __always_inline void __module_get(struct module *module) { try_module_get(module); }
static __always_inline void module_put(struct module *module) { if (module) __atomic_fetch_sub(&module->refcnt, 1, __ATOMIC_SEQ_CST); }
#define module_driver(driver, register, unregister, args...) \
	static int __init driver##_init(void) { return register(&(driver), ##args); } \
	module_init(driver##_init); \
	static void __exit driver##_exit(void) { unregister(&(driver), ##args); } \
	module_exit(driver##_exit)
static __always_inline int module_refcount(struct module *module) { return module->refcnt; }
#endif

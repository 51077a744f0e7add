/*
 * Variables of which each CPU has one: arrays with NR_CPUS elements, whose first is what their name means. Two threads of
 * one CPU may run at the same time here, so the this_cpu_ operations are atomic, and get_cpu_var() takes a lock.
 */
#ifndef _LINUX_PERCPU_H
#define _LINUX_PERCPU_H
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/percpu-defs.h>
#include <linux/slab.h>
#include <linux/smp.h>
#define alloc_percpu(type)		((type *)kcalloc(NR_CPUS, sizeof(type), GFP_KERNEL))
#define alloc_percpu_gfp(type, flags)	((type *)kcalloc(NR_CPUS, sizeof(type), flags))
#define free_percpu(p)			kfree(p)
#endif

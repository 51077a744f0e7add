/*
 * Variables of which each CPU has one, at the same distance for all of them; the first is what their name means. Two threads of
 * one CPU may run at the same time here, so the this_cpu_ operations are atomic, and get_cpu_var() takes a lock.
 */
#ifndef _LINUX_PERCPU_H
#define _LINUX_PERCPU_H
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/percpu-defs.h>
#include <linux/slab.h>
#include <linux/smp.h>
static __maybe_unused void *__alloc_percpu_gfp(size_t size, size_t align, gfp_t flags)
{
	if (WARN_ON_ONCE(size > __PERCPU_STRIDE))
		return NULL;
	return kzalloc((nr_cpu_ids - 1) * __PERCPU_STRIDE + size, flags);
}
#define __alloc_percpu(size, align)	__alloc_percpu_gfp(size, align, GFP_KERNEL)
#define alloc_percpu(type)		((type *)__alloc_percpu(sizeof(type), __alignof__(type)))
#define alloc_percpu_gfp(type, flags)	((type *)__alloc_percpu_gfp(sizeof(type), __alignof__(type), flags))
#define free_percpu(p)			kfree(p)
#endif

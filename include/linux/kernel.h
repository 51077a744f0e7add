/* What kernel code uses everywhere. */
#ifndef _LINUX_KERNEL_H
#define _LINUX_KERNEL_H
#include <linux/stdarg.h>
#include <linux/limits.h>
#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/bug.h>
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/bitops.h>
#include <linux/hex.h>
#include <linux/kstrtox.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/panic.h>
#include <linux/printk.h>
#include <linux/sprintf.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define sizeof_field(type, member) sizeof(((type *)0)->member)
#define ALIGN(x, to)		(((x) + ((__typeof__(x))(to) - 1)) & ~((__typeof__(x))(to) - 1))
#define PTR_ALIGN(p, to)	((__typeof__(p))ALIGN((unsigned long)(p), (to)))
#define IS_ALIGNED(x, to)	(((x) & ((__typeof__(x))(to) - 1)) == 0)
#define upper_32_bits(n)	((u32)(((n) >> 16) >> 16))
#define lower_32_bits(n)	((u32)(n))
#define IS_ENABLED(option)	0
#define typecheck(type, x)	1
#define typeof_member(type, member) __typeof__(((type *)0)->member)
#define __is_constexpr(x)	__builtin_constant_p(x)
#define u64_to_user_ptr(x)	((void *)(unsigned long)(x))
#define might_sleep()		kthread_might_sleep(__func__)
#define might_sleep_if(condition) do { if (condition) might_sleep(); } while (0)
#define cant_sleep()		do { } while (0)
#define might_resched()		do { } while (0)
extern void kthread_might_sleep(const char *why);
#endif

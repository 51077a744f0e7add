/*
 * What every source file has before its first line: attributes by the names that kernel code uses. Each header of this
 * folder has the name of the header of Linux that declares the same; it includes what that one brings along and code has
 * come to rely on. Functions without a body are in src/cc/imports, structs of the machine in generated/records.h.
 */
#ifndef _LINUX_COMPILER_TYPES_H
#define _LINUX_COMPILER_TYPES_H

#define __always_inline		inline __attribute__((__always_inline__))
#define noinline		__attribute__((__noinline__))
#define __noreturn		__attribute__((__noreturn__))
#define __printf(a, b)		__attribute__((__format__(printf, a, b)))
#define __scanf(a, b)		__attribute__((__format__(scanf, a, b)))
#define __maybe_unused		__attribute__((__unused__))
#define __always_unused		__attribute__((__unused__))
#define __used			__attribute__((__used__))
#define __must_check
#define __packed		__attribute__((__packed__))
#define __aligned(n)		__attribute__((__aligned__(n)))
#define __weak			__attribute__((__weak__))
#define __pure			__attribute__((__pure__))
#define __cold
#define __hot
#define __malloc
#define __user
#define __kernel
#define __iomem
#define __percpu
#define __rcu
#define __force
#define __bitwise
#define __private
#define __acquires(x)
#define __releases(x)
#define __acquire(x)		(void)0
#define __release(x)		(void)0
#define __must_hold(x)
#define __init
#define __exit
#define __initdata
#define __exitdata
#define __initconst
#define __devinit
#define __devexit
#define __read_mostly
#define __ro_after_init
#define __refdata
#define __ref
#define __sched
#define asmlinkage
#define fallthrough		__attribute__((__fallthrough__))
#define notrace
#define __visible
#define __no_sanitize_address	__attribute__((no_sanitize("address")))

/* A record of the module's own, in a part of its data that only such records are in. */
#define __module_record(part)	__attribute__((__used__, __section__(part), __aligned__(4), no_sanitize("address")))

#define __UNIQUE_NAME2(a, b)	a##b
#define __UNIQUE_NAME1(a, b)	__UNIQUE_NAME2(a, b)
#define __UNIQUE_ID(prefix)	__UNIQUE_NAME1(__unique_##prefix, __COUNTER__)
#define __stringify_1(x...)	#x
#define __stringify(x...)	__stringify_1(x)

#define CONFIG_HZ_DEFAULT	1000
#define CONFIG_MODULES		1
#define CONFIG_SMP		1
#define CONFIG_PRINTK		1
#define CONFIG_32BIT		1
#endif

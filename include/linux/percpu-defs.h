/* What <linux/percpu.h> says of variables and of access to them. */
#ifndef _LINUX_PERCPU_DEFS_H
#define _LINUX_PERCPU_DEFS_H
#include <linux/smp.h>
/* From a variable, or a member of it, to that of the next CPU, bytes; no variable is larger. */
#define __PERCPU_STRIDE				1024
/* What follows, such as an initial value, is for a variable from which each CPU's is filled before init. */
#define DEFINE_PER_CPU(type, name) \
	char __percpu_##name[NR_CPUS][__PERCPU_STRIDE] __attribute__((__aligned__(16))); \
	_Static_assert(sizeof(type) <= __PERCPU_STRIDE, "a per-CPU variable has 1024 bytes at most"); \
	extern __typeof__(type) name __attribute__((__alias__("__percpu_" #name))); \
	static __typeof__(type) __percpu_first_##name; \
	static __attribute__((__constructor__)) void __percpu_fill_##name(void) \
	{ \
		unsigned int cpu; \
		for (cpu = 0; cpu < NR_CPUS; cpu++) \
			__builtin_memcpy(__percpu_##name[cpu], &__percpu_first_##name, sizeof(type)); \
	} \
	static __typeof__(type) __percpu_first_##name
#define DECLARE_PER_CPU(type, name)		extern __typeof__(type) name
#define DEFINE_PER_CPU_ALIGNED(type, name)	DEFINE_PER_CPU(type, name)
#define DEFINE_PER_CPU_SHARED_ALIGNED(type, name) DEFINE_PER_CPU(type, name)
#define EXPORT_PER_CPU_SYMBOL(name)		EXPORT_SYMBOL(name)
#define per_cpu_ptr(p, cpu)			((__typeof__(p))((unsigned long)(p) + (cpu) * __PERCPU_STRIDE))
#define per_cpu(name, cpu)			(*per_cpu_ptr(&(name), cpu))
#define this_cpu_ptr(p)				per_cpu_ptr(p, smp_processor_id())
#define raw_cpu_ptr(p)				this_cpu_ptr(p)
#define __this_cpu_read(name)			this_cpu_read(name)
#define __this_cpu_write(name, value)		this_cpu_write(name, value)
#define __this_cpu_inc(name)			this_cpu_inc(name)
#define __this_cpu_dec(name)			this_cpu_dec(name)
#define __this_cpu_add(name, n)			this_cpu_add(name, n)
#define __this_cpu_sub(name, n)			this_cpu_sub(name, n)
#define __this_cpu_xchg(name, value)		this_cpu_xchg(name, value)
#define __this_cpu_cmpxchg(name, old, value)	this_cpu_cmpxchg(name, old, value)
#define __this_cpu_add_return(name, n)		this_cpu_add_return(name, n)
#define __this_cpu_sub_return(name, n)		this_cpu_sub_return(name, n)
#define __this_cpu_inc_return(name)		this_cpu_inc_return(name)
#define __this_cpu_dec_return(name)		this_cpu_dec_return(name)
#define raw_cpu_read(name)			this_cpu_read(name)
#define raw_cpu_write(name, value)		this_cpu_write(name, value)
#define raw_cpu_add(name, n)			this_cpu_add(name, n)
#define raw_cpu_inc(name)			this_cpu_inc(name)
#define this_cpu_read(name)			READ_ONCE(*this_cpu_ptr(&(name)))
#define this_cpu_write(name, value)		WRITE_ONCE(*this_cpu_ptr(&(name)), value)
#define this_cpu_add(name, n)			((void)__atomic_fetch_add(this_cpu_ptr(&(name)), (n), __ATOMIC_SEQ_CST))
#define this_cpu_sub(name, n)			((void)__atomic_fetch_sub(this_cpu_ptr(&(name)), (n), __ATOMIC_SEQ_CST))
#define this_cpu_inc(name)			this_cpu_add(name, 1)
#define this_cpu_dec(name)			this_cpu_sub(name, 1)
#define this_cpu_add_return(name, n)		__atomic_add_fetch(this_cpu_ptr(&(name)), (n), __ATOMIC_SEQ_CST)
#define this_cpu_sub_return(name, n)		__atomic_sub_fetch(this_cpu_ptr(&(name)), (n), __ATOMIC_SEQ_CST)
#define this_cpu_or(name, bits)			((void)__atomic_fetch_or(this_cpu_ptr(&(name)), (bits), __ATOMIC_SEQ_CST))
#define this_cpu_and(name, bits)		((void)__atomic_fetch_and(this_cpu_ptr(&(name)), (bits), __ATOMIC_SEQ_CST))
#define this_cpu_cmpxchg(name, old, value)	cmpxchg(this_cpu_ptr(&(name)), old, value)
#define this_cpu_inc_return(name)		this_cpu_add_return(name, 1)
#define this_cpu_dec_return(name)		this_cpu_add_return(name, -1)
#define this_cpu_xchg(name, value)		__atomic_exchange_n(this_cpu_ptr(&(name)), (value), __ATOMIC_SEQ_CST)
#define get_cpu_var(name)			(*({ int __cpu = get_cpu(); per_cpu_ptr(&(name), __cpu); }))
#define put_cpu_var(name)			put_cpu()
#define get_cpu_ptr(p)				({ int __cpu = get_cpu(); per_cpu_ptr(p, __cpu); })
#define put_cpu_ptr(p)				put_cpu()
#endif

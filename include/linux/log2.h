/* Powers of two. Constants stay constants. */
#ifndef _LINUX_LOG2_H
#define _LINUX_LOG2_H
#include <linux/bitops.h>
#include <linux/types.h>
#define __log2_of(n)		(sizeof(n) <= 4 ? 31 - __builtin_clz((u32)(n)) : 63 - __builtin_clzll((u64)(n)))
#define const_ilog2(n)		__log2_of(n)
#define ilog2(n)		__log2_of(n)
/* For `n` above 1. */
#define __log2_above(n)		(__log2_of((n) - 1) + 1)
static __always_inline unsigned long __roundup_pow_of_two(unsigned long n) { return n <= 1 ? 1 : 1UL << __log2_above(n); }
static __always_inline unsigned long __rounddown_pow_of_two(unsigned long n) { return 1UL << ilog2(n); }
static __always_inline int __order_base_2(unsigned long n) { return n <= 1 ? 0 : __log2_above(n); }
static __always_inline int __bits_per(unsigned long n) { return n <= 1 ? 1 : ilog2(n) + 1; }
#define __log2_choose(n, constant, variable) __builtin_choose_expr(__builtin_constant_p(n), constant, variable)
#define roundup_pow_of_two(n)	__log2_choose(n, (n) <= 1 ? 1UL : 1UL << __log2_above((n) | 2), __roundup_pow_of_two(n))
#define rounddown_pow_of_two(n)	__log2_choose(n, 1UL << ilog2(n), __rounddown_pow_of_two(n))
#define order_base_2(n)		__log2_choose(n, (n) <= 1 ? 0 : __log2_above((n) | 2), __order_base_2(n))
#define bits_per(n)		__log2_choose(n, (n) <= 1 ? 1 : ilog2((n) | 1) + 1, __bits_per(n))
#define is_power_of_2(n)	({ __typeof__(n) __n = (n); __n != 0 && (__n & (__n - 1)) == 0; })
#endif

/* Words that several CPUs change at once. */
#ifndef _LINUX_ATOMIC_H
#define _LINUX_ATOMIC_H
#include <linux/compiler.h>
#include <linux/types.h>

#define ATOMIC_INIT(value)	{ (value) }
#define ATOMIC64_INIT(value)	{ (value) }
#define ATOMIC_LONG_INIT(value)	{ (value) }
#define xchg(ptr, value)	__atomic_exchange_n(ptr, value, __ATOMIC_SEQ_CST)
#define cmpxchg(ptr, old, new)	({ __typeof__(*(ptr)) __old = (old); __atomic_compare_exchange_n(ptr, &__old, new, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); __old; })
#define try_cmpxchg(ptr, oldp, new) __atomic_compare_exchange_n(ptr, oldp, new, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#define cmpxchg_relaxed(ptr, old, new) cmpxchg(ptr, old, new)
#define cmpxchg_acquire(ptr, old, new) cmpxchg(ptr, old, new)
#define cmpxchg_release(ptr, old, new) cmpxchg(ptr, old, new)
#define cmpxchg64(ptr, old, new) cmpxchg(ptr, old, new)
#define cmpxchg_local(ptr, old, new) cmpxchg(ptr, old, new)
#define xchg_relaxed(ptr, value) xchg(ptr, value)
#define xchg_acquire(ptr, value) xchg(ptr, value)
#define xchg_release(ptr, value) xchg(ptr, value)
#define smp_mb()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb()		smp_mb()
#define smp_wmb()		smp_mb()
#define mb()			smp_mb()
#define rmb()			smp_mb()
#define wmb()			smp_mb()
#define smp_store_mb(var, value) __atomic_store_n(&(var), (value), __ATOMIC_SEQ_CST)
#define smp_load_acquire(ptr)	__atomic_load_n(ptr, __ATOMIC_SEQ_CST)
#define smp_store_release(ptr, value) __atomic_store_n(ptr, value, __ATOMIC_SEQ_CST)
#define smp_mb__before_atomic()	smp_mb()
#define smp_mb__after_atomic()	smp_mb()

/* The same functions for each of the types. */
#define __atomic_family(name, type, word) \
static __always_inline word name##_read(const type *v) { return __atomic_load_n(&v->counter, __ATOMIC_SEQ_CST); } \
static __always_inline void name##_set(type *v, word i) { __atomic_store_n(&v->counter, i, __ATOMIC_SEQ_CST); } \
static __always_inline void name##_add(word i, type *v) { __atomic_fetch_add(&v->counter, i, __ATOMIC_SEQ_CST); } \
static __always_inline void name##_sub(word i, type *v) { __atomic_fetch_sub(&v->counter, i, __ATOMIC_SEQ_CST); } \
static __always_inline void name##_inc(type *v) { name##_add(1, v); } \
static __always_inline void name##_dec(type *v) { name##_sub(1, v); } \
static __always_inline void name##_or(word i, type *v) { __atomic_fetch_or(&v->counter, i, __ATOMIC_SEQ_CST); } \
static __always_inline void name##_and(word i, type *v) { __atomic_fetch_and(&v->counter, i, __ATOMIC_SEQ_CST); } \
static __always_inline void name##_xor(word i, type *v) { __atomic_fetch_xor(&v->counter, i, __ATOMIC_SEQ_CST); } \
static __always_inline void name##_andnot(word i, type *v) { name##_and(~i, v); } \
static __always_inline word name##_add_return(word i, type *v) { return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST); } \
static __always_inline word name##_sub_return(word i, type *v) { return __atomic_sub_fetch(&v->counter, i, __ATOMIC_SEQ_CST); } \
static __always_inline word name##_inc_return(type *v) { return name##_add_return(1, v); } \
static __always_inline word name##_dec_return(type *v) { return name##_sub_return(1, v); } \
static __always_inline word name##_fetch_add(word i, type *v) { return __atomic_fetch_add(&v->counter, i, __ATOMIC_SEQ_CST); } \
static __always_inline word name##_fetch_sub(word i, type *v) { return __atomic_fetch_sub(&v->counter, i, __ATOMIC_SEQ_CST); } \
static __always_inline word name##_fetch_inc(type *v) { return name##_fetch_add(1, v); } \
static __always_inline word name##_fetch_dec(type *v) { return name##_fetch_sub(1, v); } \
static __always_inline word name##_fetch_or(word i, type *v) { return __atomic_fetch_or(&v->counter, i, __ATOMIC_SEQ_CST); } \
static __always_inline word name##_fetch_and(word i, type *v) { return __atomic_fetch_and(&v->counter, i, __ATOMIC_SEQ_CST); } \
static __always_inline word name##_fetch_xor(word i, type *v) { return __atomic_fetch_xor(&v->counter, i, __ATOMIC_SEQ_CST); } \
static __always_inline word name##_xchg(type *v, word i) { return __atomic_exchange_n(&v->counter, i, __ATOMIC_SEQ_CST); } \
static __always_inline word name##_cmpxchg(type *v, word old, word i) { __atomic_compare_exchange_n(&v->counter, &old, i, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); return old; } \
static __always_inline bool name##_try_cmpxchg(type *v, word *old, word i) { return __atomic_compare_exchange_n(&v->counter, old, i, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); } \
static __always_inline bool name##_sub_and_test(word i, type *v) { return name##_sub_return(i, v) == 0; } \
static __always_inline bool name##_dec_and_test(type *v) { return name##_dec_return(v) == 0; } \
static __always_inline bool name##_inc_and_test(type *v) { return name##_inc_return(v) == 0; } \
static __always_inline bool name##_add_negative(word i, type *v) { return name##_add_return(i, v) < 0; } \
static __always_inline word name##_fetch_add_unless(type *v, word i, word unless) { word seen = name##_read(v); while (seen != unless && !name##_try_cmpxchg(v, &seen, seen + i)); return seen; } \
static __always_inline bool name##_add_unless(type *v, word i, word unless) { return name##_fetch_add_unless(v, i, unless) != unless; } \
static __always_inline bool name##_inc_not_zero(type *v) { return name##_add_unless(v, 1, 0); } \
static __always_inline word name##_dec_if_positive(type *v) { word seen = name##_read(v); while (seen > 0 && !name##_try_cmpxchg(v, &seen, seen - 1)); return seen - 1; } \
static __always_inline word name##_read_acquire(const type *v) { return name##_read(v); } \
static __always_inline void name##_set_release(type *v, word i) { name##_set(v, i); } \
static __always_inline word name##_fetch_andnot(word i, type *v) { return name##_fetch_and(~i, v); } \
static __always_inline bool name##_inc_unless_negative(type *v) { word seen = name##_read(v); while (seen >= 0) if (name##_try_cmpxchg(v, &seen, seen + 1)) return true; return false; } \
static __always_inline bool name##_dec_unless_positive(type *v) { word seen = name##_read(v); while (seen <= 0) if (name##_try_cmpxchg(v, &seen, seen - 1)) return true; return false; }

/* The weaker orders are the strong one: WebAssembly has no other. */
#define __atomic_order(name, type, word, order) \
static __always_inline word name##_add_return_##order(word i, type *v) { return name##_add_return(i, v); } \
static __always_inline word name##_sub_return_##order(word i, type *v) { return name##_sub_return(i, v); } \
static __always_inline word name##_inc_return_##order(type *v) { return name##_inc_return(v); } \
static __always_inline word name##_dec_return_##order(type *v) { return name##_dec_return(v); } \
static __always_inline word name##_fetch_add_##order(word i, type *v) { return name##_fetch_add(i, v); } \
static __always_inline word name##_fetch_sub_##order(word i, type *v) { return name##_fetch_sub(i, v); } \
static __always_inline word name##_fetch_inc_##order(type *v) { return name##_fetch_inc(v); } \
static __always_inline word name##_fetch_dec_##order(type *v) { return name##_fetch_dec(v); } \
static __always_inline word name##_fetch_or_##order(word i, type *v) { return name##_fetch_or(i, v); } \
static __always_inline word name##_fetch_and_##order(word i, type *v) { return name##_fetch_and(i, v); } \
static __always_inline word name##_fetch_xor_##order(word i, type *v) { return name##_fetch_xor(i, v); } \
static __always_inline word name##_fetch_andnot_##order(word i, type *v) { return name##_fetch_andnot(i, v); } \
static __always_inline word name##_xchg_##order(type *v, word i) { return name##_xchg(v, i); } \
static __always_inline word name##_cmpxchg_##order(type *v, word old, word i) { return name##_cmpxchg(v, old, i); } \
static __always_inline bool name##_try_cmpxchg_##order(type *v, word *old, word i) { return name##_try_cmpxchg(v, old, i); }
#define __atomic_orders(name, type, word) __atomic_order(name, type, word, relaxed) __atomic_order(name, type, word, acquire) __atomic_order(name, type, word, release)

__atomic_family(atomic, atomic_t, int)
__atomic_family(atomic64, atomic64_t, s64)
__atomic_family(atomic_long, atomic_long_t, int)
__atomic_orders(atomic, atomic_t, int)
__atomic_orders(atomic64, atomic64_t, s64)
__atomic_orders(atomic_long, atomic_long_t, int)
#endif

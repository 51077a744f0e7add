/*
 * What is undone where a variable goes out of scope: memory with __free(), locks with guard() and scoped_guard(). A thread that
 * ends by kthread_exit() or a fault does not go out of any scope.
 *
 * In what is given to these macros, _T is the variable, or for the guards of DEFINE_LOCK_GUARD_ a pointer to its record.
 */
#ifndef _LINUX_CLEANUP_H
#define _LINUX_CLEANUP_H
#include <linux/compiler_types.h>
#include <linux/types.h>
#ifndef __cleanup
#define __cleanup(fn)		__attribute__((__cleanup__(fn)))
#endif
#define DEFINE_FREE(name, type, free)	static __always_inline void __free_##name(void *at) { type _T = *(type *)at; free; }
#define __free(name)			__cleanup(__free_##name)
/* The pointer, which the variable gives away. */
#define no_free_ptr(p)			({ __typeof__(p) __given = (p); (p) = NULL; __given; })
#define return_ptr(p)			return no_free_ptr(p)
#define retain_and_null_ptr(p)		((void)no_free_ptr(p))

#define DEFINE_CLASS(name, type, exit, init, args...) \
typedef type class_##name##_t; \
static __always_inline void class_##name##_destructor(type *at) { type _T = *at; exit; } \
static __always_inline type class_##name##_constructor(args) { type made = init; return made; }
/* Another way to make one, with the same end. */
#define EXTEND_CLASS(name, ext, init, args...) \
typedef class_##name##_t class_##name##ext##_t; \
static __always_inline void class_##name##ext##_destructor(class_##name##_t *at) { class_##name##_destructor(at); } \
static __always_inline class_##name##_t class_##name##ext##_constructor(args) { class_##name##_t made = init; return made; }
#define CLASS(name, var)		class_##name##_t var __cleanup(class_##name##_destructor) = class_##name##_constructor

/* What says whether a guard has its lock: NULL where a conditional one did not get it. */
#define __guard_ptr(name)		class_##name##_lock_ptr
#define __guard_pointer(name, pointer)	static __always_inline void *class_##name##_lock_ptr(class_##name##_t *_T) { return (void *)(pointer); }
#define DEFINE_GUARD(name, type, lock, unlock) \
DEFINE_CLASS(name, type, if (_T) { unlock; }, ({ lock; _T; }), type _T) \
__guard_pointer(name, *_T)
/* The lock is held where the call gives something, or where what it gives (_RET) is as the condition says. */
#define __guard_got1(call)		({ (call) ? 1 : 0; })
#define __guard_got2(call, condition)	({ int _RET = (call); (condition) ? 1 : 0; })
#define __guard_got_of(a, b, which, ...) which
#define __guard_got(call...)		__guard_got_of(call, __guard_got2, __guard_got1)(call)
#define DEFINE_GUARD_COND(name, ext, call...) \
EXTEND_CLASS(name, ext, ({ class_##name##_t __held = _T; if (_T && !__guard_got(call)) __held = NULL; __held; }), class_##name##_t _T) \
__guard_pointer(name##ext, *_T)
#define DEFINE_LOCK_GUARD_1(name, type, take, give, members...) \
typedef struct { type *lock; members; } class_##name##_t; \
static __always_inline void class_##name##_destructor(class_##name##_t *_T) { if (_T->lock) { give; } } \
static __always_inline class_##name##_t class_##name##_constructor(type *of) { class_##name##_t __made = { .lock = of }, *_T = &__made; take; return __made; } \
__guard_pointer(name, _T->lock)
#define DEFINE_LOCK_GUARD_1_COND(name, ext, call...) \
EXTEND_CLASS(name, ext, ({ class_##name##_t __made = { .lock = of }, *_T = &__made; if (of && !__guard_got(call)) _T->lock = NULL; __made; }), __typeof__(((class_##name##_t *)0)->lock) of) \
__guard_pointer(name##ext, _T->lock)
#define DEFINE_LOCK_GUARD_0(name, take, give, members...) \
typedef struct { void *lock; members; } class_##name##_t; \
static __always_inline void class_##name##_destructor(class_##name##_t *_T) { if (_T->lock) { give; } } \
static __always_inline class_##name##_t class_##name##_constructor(void) { class_##name##_t __made = { .lock = (void *)1 }, *_T __maybe_unused = &__made; take; return __made; } \
__guard_pointer(name, _T->lock)

#define guard(name)			CLASS(name, __UNIQUE_ID(guard))
#define scoped_guard(name, args...) \
	for (CLASS(name, __scope)(args), *__over = NULL; !__over && __guard_ptr(name)(&__scope); __over = (void *)1)
/* `fail` is a statement, for where the lock was not to be had. */
#define scoped_cond_guard(name, fail, args...) \
	for (CLASS(name, __scope)(args), *__over = NULL; !__over; __over = (void *)1) \
		if (!__guard_ptr(name)(&__scope)) { fail; } else
#endif

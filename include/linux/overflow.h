/* Sizes that do not wrap. */
#ifndef _LINUX_OVERFLOW_H
#define _LINUX_OVERFLOW_H
#include <linux/limits.h>
#include <linux/types.h>
#define is_signed_type(type)		((type)-1 < (type)1)
#define type_max(type)			((type)(~0ULL >> (64 + is_signed_type(type) - 8 * sizeof(type))))
#define type_min(type)			((type)((type)-type_max(type) - (type)1))
#define check_add_overflow(a, b, d)	__builtin_add_overflow(a, b, d)
#define check_sub_overflow(a, b, d)	__builtin_sub_overflow(a, b, d)
#define check_mul_overflow(a, b, d)	__builtin_mul_overflow(a, b, d)
static __always_inline size_t size_mul(size_t a, size_t b) { size_t all; return __builtin_mul_overflow(a, b, &all) ? SIZE_MAX : all; }
static __always_inline size_t size_add(size_t a, size_t b) { size_t all; return __builtin_add_overflow(a, b, &all) ? SIZE_MAX : all; }
#define array_size(n, size)	size_mul(n, size)
#define struct_size(p, member, count) size_add(sizeof(*(p)), size_mul(sizeof((p)->member[0]), count))
#endif

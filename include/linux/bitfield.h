/* Fields of a word, by their masks: contiguous ones. */
#ifndef _LINUX_BITFIELD_H
#define _LINUX_BITFIELD_H
#include <linux/bits.h>
#include <linux/bug.h>
#include <linux/types.h>
#define __bf_shf(mask)		(__builtin_ffsll(mask) - 1)
#define FIELD_MAX(mask)		((__typeof__(mask))((mask) >> __bf_shf(mask)))
#define FIELD_FIT(mask, value)	(!(((__typeof__(mask))(value) << __bf_shf(mask)) & ~(mask)))
#define FIELD_GET(mask, word)	((__typeof__(mask))(((word) & (mask)) >> __bf_shf(mask)))
/* A constant that does not fit does not compile. */
#define FIELD_PREP(mask, value)	({ \
	_Static_assert(!__builtin_constant_p(value) || __builtin_choose_expr(__builtin_constant_p(value), ((value) & ~((mask) >> __bf_shf(mask))) == 0, 1), "FIELD_PREP: value too large for the field"); \
	(__typeof__(mask))(((__typeof__(mask))(value) << __bf_shf(mask)) & (mask)); \
})
#define FIELD_PREP_CONST(mask, value) (((__typeof__(mask))(value) << __bf_shf(mask)) & (mask))
#define FIELD_MODIFY(mask, word, value) ((void)(*(word) = (*(word) & ~(mask)) | FIELD_PREP(mask, value)))
#define __bitfield_family(type) \
static __always_inline type type##_encode_bits(type value, type field) { return (value << __bf_shf(field)) & field; } \
static __always_inline type type##_replace_bits(type old, type value, type field) { return (old & ~field) | type##_encode_bits(value, field); } \
static __always_inline void type##p_replace_bits(type *at, type value, type field) { *at = type##_replace_bits(*at, value, field); } \
static __always_inline type type##_get_bits(type word, type field) { return (word & field) >> __bf_shf(field); }
__bitfield_family(u8)
__bitfield_family(u16)
__bitfield_family(u32)
__bitfield_family(u64)
#endif

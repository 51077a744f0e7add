/* Numbers at any address. */
#ifndef _LINUX_UNALIGNED_H
#define _LINUX_UNALIGNED_H
#include <linux/byteorder.h>
#include <linux/string.h>
#define get_unaligned(at)	({ __typeof__(*(at) + 0) __value; memcpy(&__value, (at), sizeof(*(at))); (__typeof__(*(at)))__value; })
#define put_unaligned(value, at)	({ __typeof__(*(at)) __value = (value); memcpy((at), &__value, sizeof(__value)); (void)0; })
static __always_inline u16 get_unaligned_le16(const void *at) { return le16_to_cpu(get_unaligned((const __le16 *)at)); }
static __always_inline void put_unaligned_le16(u16 value, void *at) { put_unaligned(cpu_to_le16(value), (__le16 *)at); }
static __always_inline u32 get_unaligned_le32(const void *at) { return le32_to_cpu(get_unaligned((const __le32 *)at)); }
static __always_inline void put_unaligned_le32(u32 value, void *at) { put_unaligned(cpu_to_le32(value), (__le32 *)at); }
static __always_inline u64 get_unaligned_le64(const void *at) { return le64_to_cpu(get_unaligned((const __le64 *)at)); }
static __always_inline void put_unaligned_le64(u64 value, void *at) { put_unaligned(cpu_to_le64(value), (__le64 *)at); }
static __always_inline u16 get_unaligned_be16(const void *at) { return be16_to_cpu(get_unaligned((const __be16 *)at)); }
static __always_inline void put_unaligned_be16(u16 value, void *at) { put_unaligned(cpu_to_be16(value), (__be16 *)at); }
static __always_inline u32 get_unaligned_be32(const void *at) { return be32_to_cpu(get_unaligned((const __be32 *)at)); }
static __always_inline void put_unaligned_be32(u32 value, void *at) { put_unaligned(cpu_to_be32(value), (__be32 *)at); }
static __always_inline u64 get_unaligned_be64(const void *at) { return be64_to_cpu(get_unaligned((const __be64 *)at)); }
static __always_inline void put_unaligned_be64(u64 value, void *at) { put_unaligned(cpu_to_be64(value), (__be64 *)at); }
#endif

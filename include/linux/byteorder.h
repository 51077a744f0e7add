/* Numbers with their bytes in a given order. The machine is little-endian. */
#ifndef _LINUX_BYTEORDER_H
#define _LINUX_BYTEORDER_H
#include <linux/compiler.h>
#include <linux/types.h>
#define __LITTLE_ENDIAN	1234
#define swab16(x)	__builtin_bswap16(x)
#define swab32(x)	__builtin_bswap32(x)
#define swab64(x)	__builtin_bswap64(x)
#define cpu_to_le16(x)	((__force __le16)(u16)(x))
#define le16_to_cpu(x)	((u16)(__force u16)(x))
#define cpu_to_le16p(at)	cpu_to_le16(*(at))
#define le16_to_cpup(at)	le16_to_cpu(*(at))
#define cpu_to_le32(x)	((__force __le32)(u32)(x))
#define le32_to_cpu(x)	((u32)(__force u32)(x))
#define cpu_to_le32p(at)	cpu_to_le32(*(at))
#define le32_to_cpup(at)	le32_to_cpu(*(at))
#define cpu_to_le64(x)	((__force __le64)(u64)(x))
#define le64_to_cpu(x)	((u64)(__force u64)(x))
#define cpu_to_le64p(at)	cpu_to_le64(*(at))
#define le64_to_cpup(at)	le64_to_cpu(*(at))
#define cpu_to_be16(x)	((__force __be16)__builtin_bswap16((u16)(x)))
#define be16_to_cpu(x)	((u16)__builtin_bswap16((__force u16)(x)))
#define cpu_to_be16p(at)	cpu_to_be16(*(at))
#define be16_to_cpup(at)	be16_to_cpu(*(at))
#define cpu_to_be32(x)	((__force __be32)__builtin_bswap32((u32)(x)))
#define be32_to_cpu(x)	((u32)__builtin_bswap32((__force u32)(x)))
#define cpu_to_be32p(at)	cpu_to_be32(*(at))
#define be32_to_cpup(at)	be32_to_cpu(*(at))
#define cpu_to_be64(x)	((__force __be64)__builtin_bswap64((u64)(x)))
#define be64_to_cpu(x)	((u64)__builtin_bswap64((__force u64)(x)))
#define cpu_to_be64p(at)	cpu_to_be64(*(at))
#define be64_to_cpup(at)	be64_to_cpu(*(at))
#define htons(x)	cpu_to_be16(x)
#define ntohs(x)	be16_to_cpu(x)
#define htonl(x)	cpu_to_be32(x)
#define ntohl(x)	be32_to_cpu(x)
#endif

/* Checksums of 32 bits, a bit at a time. The caller turns the bits of seed and result, where that is usual. */
#ifndef _LINUX_CRC32_H
#define _LINUX_CRC32_H
#include <linux/types.h>
static __maybe_unused u32 __crc32_reflected(u32 crc, const u8 *p, size_t size, u32 polynomial)
{
	int bit;

	for (; size; size--)
		for (crc ^= *p++, bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (crc & 1 ? polynomial : 0);
	return crc;
}
static __maybe_unused u32 crc32_be(u32 crc, const void *at, size_t size)
{
	const u8 *p = at;
	int bit;

	for (; size; size--)
		for (crc ^= (u32)*p++ << 24, bit = 0; bit < 8; bit++)
			crc = (crc << 1) ^ (crc >> 31 ? 0x04c11db7 : 0);
	return crc;
}
#define crc32_le(crc, at, size)	__crc32_reflected(crc, (const u8 *)(at), size, 0xedb88320)
#define crc32c(crc, at, size)	__crc32_reflected(crc, (const u8 *)(at), size, 0x82f63b78)
#define __crc32c_le(crc, at, size) crc32c(crc, at, size)
#define crc32(seed, at, size)	crc32_le(seed, at, size)
#define ether_crc_le(size, at)	crc32_le(~0, at, size)
#endif

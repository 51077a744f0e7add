/* Bytes as hexadecimal text. */
#ifndef _LINUX_HEX_H
#define _LINUX_HEX_H
#include <linux/errno.h>
#include <linux/types.h>
#define hex_asc			"0123456789abcdef"
#define hex_asc_upper		"0123456789ABCDEF"
#define hex_asc_lo(x)		hex_asc[(x) & 0x0f]
#define hex_asc_hi(x)		hex_asc[((x) & 0xf0) >> 4]
static __always_inline char *hex_byte_pack(char *to, u8 byte) { *to++ = hex_asc_hi(byte); *to++ = hex_asc_lo(byte); return to; }
static __maybe_unused int hex_to_bin(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
/* `count` bytes; -EINVAL where there are no two digits. */
static __maybe_unused int hex2bin(u8 *to, const char *from, size_t count)
{
	for (; count; count--, from += 2) {
		int high = hex_to_bin(from[0]), low = high < 0 ? -1 : hex_to_bin(from[1]);

		if (low < 0)
			return -EINVAL;
		*to++ = high << 4 | low;
	}
	return 0;
}
static __maybe_unused char *bin2hex(char *to, const void *from, size_t count)
{
	const u8 *byte = from;

	while (count--)
		to = hex_byte_pack(to, *byte++);
	return to;
}
#endif

/* The checksum of Castagnoli; <linux/crc32.h> has it. */
#include <linux/crc32.h>

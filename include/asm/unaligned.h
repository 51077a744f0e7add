/* As <linux/unaligned.h>. */
#include <linux/unaligned.h>

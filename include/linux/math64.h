/* Division of 64 bits. */
#include <linux/math.h>

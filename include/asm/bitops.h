/* As <linux/bitops.h>. */
#include <linux/bitops.h>

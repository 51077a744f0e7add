/* As <linux/types.h>. */
#include <linux/types.h>

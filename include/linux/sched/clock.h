/* As <linux/ktime.h>. */
#include <linux/ktime.h>

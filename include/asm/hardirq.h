/* As <linux/hardirq.h>. */
#include <linux/hardirq.h>

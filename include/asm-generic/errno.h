/* As <linux/errno.h>. */
#include <linux/errno.h>

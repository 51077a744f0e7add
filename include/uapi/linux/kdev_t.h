/* As <linux/kdev_t.h>. */
#include <linux/kdev_t.h>

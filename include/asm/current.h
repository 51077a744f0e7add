/* As <linux/current.h>. */
#include <linux/current.h>

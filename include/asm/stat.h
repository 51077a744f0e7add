/* As <linux/stat.h>. */
#include <linux/stat.h>

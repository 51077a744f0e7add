/* As <linux/byteorder.h>. */
#include <linux/byteorder.h>

/* As <linux/fcntl.h>. */
#include <linux/fcntl.h>

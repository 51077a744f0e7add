/* As <linux/uidgid.h>. */
#include <linux/uidgid.h>

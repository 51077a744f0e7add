/* The type of linux/rwlock.h. */
#include <linux/rwlock.h>

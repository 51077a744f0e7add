/* As <linux/random.h>. */
#include <linux/random.h>

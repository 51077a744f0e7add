/* NULL, bool and offsetof. */
#include <linux/types.h>

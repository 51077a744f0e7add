/* As <linux/timex.h>. */
#include <linux/timex.h>

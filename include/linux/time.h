/* Time. */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/time64.h>

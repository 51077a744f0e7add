/* The clocks. */
#include <linux/ktime.h>
#include <linux/time.h>

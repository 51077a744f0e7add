/* Keeping softirqs away; see <linux/preempt.h>. */
#include <linux/preempt.h>

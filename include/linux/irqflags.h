/* Keeping interrupts away; <linux/preempt.h> has it. */
#include <linux/preempt.h>

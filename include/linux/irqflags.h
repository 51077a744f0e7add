/* Keeping interrupts away. There are none, so it keeps the caller from sleeping and nobody from running; <linux/preempt.h> has it. */
#include <linux/preempt.h>

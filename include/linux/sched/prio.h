/* As <linux/sched.h>, which has it all. */
#include <linux/sched.h>

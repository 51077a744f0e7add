/* CPUs, one by one; sets of them are not here yet. */
#include <linux/smp.h>

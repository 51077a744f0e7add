/* What a CPU does while it spins. */
#ifndef _ASM_PROCESSOR_H
#define _ASM_PROCESSOR_H
#include <linux/compiler.h>
#define cpu_relax()	barrier()
#endif

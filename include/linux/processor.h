/* As <asm/processor.h>. */
#include <asm/processor.h>

/* Memory in large pieces. */
#ifndef _LINUX_VMALLOC_H
#define _LINUX_VMALLOC_H
#include <linux/slab.h>
extern void *vmalloc(unsigned long size);
extern void *vzalloc(unsigned long size);
static __always_inline void vfree(const void *object) { kfree(object); }
#endif

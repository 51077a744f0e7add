/* Memory. */
#ifndef _LINUX_SLAB_H
#define _LINUX_SLAB_H
#include <linux/gfp.h>
#include <linux/overflow.h>
#include <linux/types.h>
extern void *__kmalloc(size_t size, gfp_t flags);
extern void kfree(const void *object);
extern void *krealloc(const void *object, size_t size, gfp_t flags);
extern size_t ksize(const void *object);
extern void *kvmalloc(size_t size, gfp_t flags);
static __always_inline void *kmalloc(size_t size, gfp_t flags) { return __kmalloc(size, flags); }
static __always_inline void *kzalloc(size_t size, gfp_t flags) { return __kmalloc(size, flags | __GFP_ZERO); }
static __always_inline void *kmalloc_array(size_t n, size_t size, gfp_t flags) { return __kmalloc(size_mul(n, size), flags); }
static __always_inline void *kcalloc(size_t n, size_t size, gfp_t flags) { return __kmalloc(size_mul(n, size), flags | __GFP_ZERO); }
static __always_inline void *kvzalloc(size_t size, gfp_t flags) { return kvmalloc(size, flags | __GFP_ZERO); }
static __always_inline void kvfree(const void *object) { kfree(object); }
#define kmalloc_node(size, flags, node) kmalloc(size, flags)
#define kzalloc_node(size, flags, node) kzalloc(size, flags)
#define kfree_sensitive(object)	kfree(object)
#define kzfree(object)		kfree(object)
#define ZERO_SIZE_PTR		((void *)16)
#define KMALLOC_MAX_SIZE	(4UL << 20)
#endif

/* Memory. */
#ifndef _LINUX_SLAB_H
#define _LINUX_SLAB_H
#include <linux/cleanup.h>
#include <linux/err.h>
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
DEFINE_FREE(kfree, void *, if (!IS_ERR_OR_NULL(_T)) kfree(_T))
DEFINE_FREE(kvfree, void *, if (!IS_ERR_OR_NULL(_T)) kvfree(_T))
#define kmalloc_node(size, flags, node) kmalloc(size, flags)
#define kzalloc_node(size, flags, node) kzalloc(size, flags)
#define kfree_sensitive(object)	kfree(object)
#define kzfree(object)		kfree(object)
#define ZERO_OR_NULL_PTR(object) ((unsigned long)(object) <= 16)
#define krealloc_array(object, n, size, flags) krealloc(object, size_mul(n, size), flags)
static __always_inline void *krealloc_zeroed(const void *object, size_t size, gfp_t flags) { return krealloc(object, size, flags | __GFP_ZERO); }
#define kvmalloc_array(n, size, flags) kvmalloc(size_mul(n, size), flags)
#define kvcalloc(n, size, flags) kvzalloc(size_mul(n, size), flags)
#define kmalloc_array_node(n, size, flags, node) kmalloc_array(n, size, flags)
#define kzalloc_obj(object, flags...) kzalloc(sizeof(object), GFP_KERNEL)

/* Caches of objects of one size. */
struct kmem_cache {
	size_t size;
	void (*ctor)(void *object);
	const char *name;
	int live;
};
#define SLAB_HWCACHE_ALIGN	0x2000u
#define SLAB_PANIC		0x40000u
#define SLAB_ACCOUNT		0u
#define SLAB_RECLAIM_ACCOUNT	0x20000u
#define SLAB_POISON		0x800u
#define SLAB_RED_ZONE		0x400u
#define SLAB_CONSISTENCY_CHECKS	0x100u
static __maybe_unused struct kmem_cache *kmem_cache_create(const char *name, unsigned int size, unsigned int align, slab_flags_t flags, void (*ctor)(void *object))
{
	struct kmem_cache *cache = kzalloc(sizeof(*cache), 0xc00u);

	if (cache) {
		cache->size = size;
		cache->ctor = ctor;
		cache->name = name;
	}
	return cache;
}
#define KMEM_CACHE(type, flags)	kmem_cache_create(#type, sizeof(struct type), 0, flags, NULL)
static __maybe_unused void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t flags)
{
	void *object = __kmalloc(cache->size, flags);

	if (!object)
		return NULL;
	__atomic_fetch_add(&cache->live, 1, __ATOMIC_SEQ_CST);
	if (cache->ctor)
		cache->ctor(object);
	return object;
}
#define kmem_cache_zalloc(cache, flags)	kmem_cache_alloc(cache, (flags) | __GFP_ZERO)
static __maybe_unused void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	if (!object)
		return;
	__atomic_fetch_sub(&cache->live, 1, __ATOMIC_SEQ_CST);
	kfree(object);
}
extern void kthread_cache_busy(const char *name, int live);
static __maybe_unused void kmem_cache_destroy(struct kmem_cache *cache)
{
	if (cache && cache->live)
		kthread_cache_busy(cache->name, cache->live);
	kfree(cache);
}
#define kmem_cache_size(cache)	((unsigned int)(cache)->size)
#define kmem_cache_shrink(cache) 0
#define ZERO_SIZE_PTR		((void *)16)
#define KMALLOC_MAX_SIZE	(4UL << 20)
#endif

/* Objects of which some are always kept, so that who must not fail gets one: at once, or when somebody gives one back. */
#ifndef _LINUX_MEMPOOL_H
#define _LINUX_MEMPOOL_H
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
typedef void *(mempool_alloc_t)(gfp_t flags, void *pool_data);
typedef void (mempool_free_t)(void *element, void *pool_data);
typedef struct mempool {
	spinlock_t lock;
	int min_nr;
	int curr_nr;
	void **elements;
	void *pool_data;
	mempool_alloc_t *alloc;
	mempool_free_t *free;
	wait_queue_head_t wait;
} mempool_t;
#define mempool_initialized(pool)	((pool)->elements != NULL)
#define mempool_is_saturated(pool)	(READ_ONCE((pool)->curr_nr) >= (pool)->min_nr)

static __maybe_unused void *__mempool_take(mempool_t *pool)
{
	void *element = NULL;

	spin_lock(&pool->lock);
	if (pool->curr_nr)
		element = pool->elements[--pool->curr_nr];
	spin_unlock(&pool->lock);
	return element;
}
/* Into the reserve, where that is not full. */
static __maybe_unused bool __mempool_keep(mempool_t *pool, void *element)
{
	bool kept;

	spin_lock(&pool->lock);
	kept = pool->curr_nr < pool->min_nr;
	if (kept)
		pool->elements[pool->curr_nr++] = element;
	spin_unlock(&pool->lock);
	return kept;
}
static __maybe_unused void mempool_exit(mempool_t *pool)
{
	while (pool->curr_nr)
		pool->free(pool->elements[--pool->curr_nr], pool->pool_data);
	kfree(pool->elements);
	pool->elements = NULL;
}
static __maybe_unused int mempool_init(mempool_t *pool, int least, mempool_alloc_t *alloc, mempool_free_t *free, void *data)
{
	*pool = (mempool_t){ .min_nr = least, .pool_data = data, .alloc = alloc, .free = free };
	init_waitqueue_head(&pool->wait);
	pool->elements = kcalloc(least > 0 ? least : 1, sizeof(void *), GFP_KERNEL);
	if (!pool->elements)
		return -ENOMEM;
	while (pool->curr_nr < least) {
		void *element = alloc(GFP_KERNEL, data);

		if (!element) {
			mempool_exit(pool);
			return -ENOMEM;
		}
		pool->elements[pool->curr_nr++] = element;
	}
	return 0;
}
static __maybe_unused mempool_t *mempool_create(int least, mempool_alloc_t *alloc, mempool_free_t *free, void *data)
{
	mempool_t *pool = kzalloc(sizeof(*pool), GFP_KERNEL);

	if (pool && mempool_init(pool, least, alloc, free, data)) {
		kfree(pool);
		return NULL;
	}
	return pool;
}
static __maybe_unused void mempool_destroy(mempool_t *pool)
{
	if (!pool)
		return;
	mempool_exit(pool);
	kfree(pool);
}
/* Where the caller may sleep it gives an element, however long that takes. */
static __maybe_unused void *mempool_alloc(mempool_t *pool, gfp_t flags)
{
	void *element;

	might_sleep_if((flags & __GFP_DIRECT_RECLAIM) != 0);
	for (;;) {
		element = pool->alloc(flags & ~__GFP_DIRECT_RECLAIM, pool->pool_data);
		if (!element)
			element = __mempool_take(pool);
		if (element || !(flags & __GFP_DIRECT_RECLAIM))
			return element;
		wait_event_timeout(pool->wait, READ_ONCE(pool->curr_nr) > 0, 5 * HZ);
	}
}
static __maybe_unused void mempool_free(void *element, mempool_t *pool)
{
	if (!element)
		return;
	if (__mempool_keep(pool, element))
		wake_up(&pool->wait);
	else
		pool->free(element, pool->pool_data);
}
static __maybe_unused int mempool_resize(mempool_t *pool, int least)
{
	void **more = kcalloc(least, sizeof(void *), GFP_KERNEL), **old, *element;

	if (!more)
		return -ENOMEM;
	while (pool->curr_nr > least && (element = __mempool_take(pool)))
		pool->free(element, pool->pool_data);
	spin_lock(&pool->lock);
	memcpy(more, pool->elements, pool->curr_nr * sizeof(void *));
	old = pool->elements;
	pool->elements = more;
	pool->min_nr = least;
	spin_unlock(&pool->lock);
	kfree(old);
	while (!mempool_is_saturated(pool) && (element = pool->alloc(GFP_KERNEL, pool->pool_data)))
		mempool_free(element, pool);
	return 0;
}
static __maybe_unused void *mempool_alloc_slab(gfp_t flags, void *cache) { return kmem_cache_alloc(cache, flags); }
static __maybe_unused void mempool_free_slab(void *element, void *cache) { kmem_cache_free(cache, element); }
static __maybe_unused void *mempool_kmalloc(gfp_t flags, void *size) { return kmalloc((size_t)size, flags); }
static __maybe_unused void mempool_kfree(void *element, void *size) { kfree(element); }
#define mempool_create_slab_pool(least, cache)	mempool_create(least, mempool_alloc_slab, mempool_free_slab, cache)
#define mempool_init_slab_pool(pool, least, cache) mempool_init(pool, least, mempool_alloc_slab, mempool_free_slab, cache)
#define mempool_create_kmalloc_pool(least, size) mempool_create(least, mempool_kmalloc, mempool_kfree, (void *)(size_t)(size))
#define mempool_init_kmalloc_pool(pool, least, size) mempool_init(pool, least, mempool_kmalloc, mempool_kfree, (void *)(size_t)(size))
#endif

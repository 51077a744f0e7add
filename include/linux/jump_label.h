/* Static keys: switches. They are variables here, no code is patched. */
#ifndef _LINUX_JUMP_LABEL_H
#define _LINUX_JUMP_LABEL_H
#include <linux/atomic.h>
#include <linux/compiler.h>
struct static_key { atomic_t enabled; };
struct static_key_true { struct static_key key; };
struct static_key_false { struct static_key key; };
#define STATIC_KEY_INIT_TRUE	{ .enabled = ATOMIC_INIT(1) }
#define STATIC_KEY_INIT_FALSE	{ .enabled = ATOMIC_INIT(0) }
#define STATIC_KEY_TRUE_INIT	(struct static_key_true){ .key = STATIC_KEY_INIT_TRUE }
#define STATIC_KEY_FALSE_INIT	(struct static_key_false){ .key = STATIC_KEY_INIT_FALSE }
#define DEFINE_STATIC_KEY_TRUE(name)	struct static_key_true name = { .key = STATIC_KEY_INIT_TRUE }
#define DEFINE_STATIC_KEY_FALSE(name)	struct static_key_false name = { .key = STATIC_KEY_INIT_FALSE }
#define DECLARE_STATIC_KEY_TRUE(name)	extern struct static_key_true name
#define DECLARE_STATIC_KEY_FALSE(name)	extern struct static_key_false name
#define static_key_count(k)	atomic_read(&(k)->enabled)
#define static_key_enabled(k)	(atomic_read((atomic_t *)(k)) > 0)
#define static_branch_likely(k)	likely(static_key_enabled(k))
#define static_branch_unlikely(k) unlikely(static_key_enabled(k))
#define static_branch_enable(k)	atomic_set((atomic_t *)(k), 1)
#define static_branch_disable(k) atomic_set((atomic_t *)(k), 0)
#define static_branch_inc(k)	atomic_inc((atomic_t *)(k))
#define static_branch_dec(k)	atomic_dec((atomic_t *)(k))
#endif

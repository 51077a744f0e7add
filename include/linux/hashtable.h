/* Tables of lists, by a hash of a number; their size is a power of two that does not change. Who has one sees to a lock. */
#ifndef _LINUX_HASHTABLE_H
#define _LINUX_HASHTABLE_H
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/rculist.h>
#define DECLARE_HASHTABLE(name, bits)	struct hlist_head name[1 << (bits)]
#define DEFINE_HASHTABLE(name, bits)	struct hlist_head name[1 << (bits)] = { [0 ... ((1 << (bits)) - 1)] = HLIST_HEAD_INIT }
#define DEFINE_READ_MOSTLY_HASHTABLE(name, bits) DEFINE_HASHTABLE(name, bits)
#define HASH_SIZE(name)			(sizeof(name) / sizeof((name)[0]))
#define HASH_BITS(name)			ilog2(HASH_SIZE(name))
#define hash_min(n, bits)		(sizeof(n) <= 4 ? hash_32(n, bits) : hash_64(n, bits))
static __maybe_unused void __hash_init(struct hlist_head *table, unsigned int size) { while (size--) INIT_HLIST_HEAD(&table[size]); }
static __maybe_unused bool __hash_empty(struct hlist_head *table, unsigned int size) { while (size--) if (!hlist_empty(&table[size])) return false; return true; }
#define hash_init(table)		__hash_init(table, HASH_SIZE(table))
#define hash_empty(table)		__hash_empty(table, HASH_SIZE(table))
#define hash_add(table, node, key)	hlist_add_head(node, &(table)[hash_min(key, HASH_BITS(table))])
#define hash_add_rcu(table, node, key)	hlist_add_head_rcu(node, &(table)[hash_min(key, HASH_BITS(table))])
#define hash_hashed(node)		(!hlist_unhashed(node))
#define hash_del(node)			hlist_del_init(node)
#define hash_del_rcu(node)		hlist_del_init_rcu(node)
#define hash_for_each(table, bucket, at, member) \
	for ((bucket) = 0, at = NULL; !at && (bucket) < HASH_SIZE(table); (bucket)++) hlist_for_each_entry(at, &(table)[bucket], member)
#define hash_for_each_rcu(table, bucket, at, member) \
	for ((bucket) = 0, at = NULL; !at && (bucket) < HASH_SIZE(table); (bucket)++) hlist_for_each_entry_rcu(at, &(table)[bucket], member)
#define hash_for_each_safe(table, bucket, tmp, at, member) \
	for ((bucket) = 0, at = NULL; !at && (bucket) < HASH_SIZE(table); (bucket)++) hlist_for_each_entry_safe(at, tmp, &(table)[bucket], member)
#define hash_for_each_possible(table, at, member, key) hlist_for_each_entry(at, &(table)[hash_min(key, HASH_BITS(table))], member)
#define hash_for_each_possible_rcu(table, at, member, key, condition...) hlist_for_each_entry_rcu(at, &(table)[hash_min(key, HASH_BITS(table))], member)
#define hash_for_each_possible_safe(table, at, tmp, member, key) hlist_for_each_entry_safe(at, tmp, &(table)[hash_min(key, HASH_BITS(table))], member)
#endif

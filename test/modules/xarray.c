#include "check.h"
#include <linux/delay.h>
#include <linux/idr.h>
#include <linux/kthread.h>
#include <linux/radix-tree.h>
#include <linux/xarray.h>

#define PLACES 240
static DEFINE_XARRAY(random);
static u32 seed = 99;
module_param(seed, uint, 0);
static u32 any(u32 below) { seed = seed * 1664525 + 1013904223; return ((u64)seed * below) >> 32; }

/* Close together, and far apart, up to the last one. */
static unsigned long place(int i) { return i < 130 ? i : i < 239 ? 4000ul + (unsigned long)i * i * 70001 : ULONG_MAX; }
static unsigned long values[PLACES];
static u8 marks[PLACES];

static void look(void)
{
	unsigned long index;
	void *entry;
	int i = 0, mark;

	xa_for_each(&random, index, entry) {
		while (i < PLACES && !values[i])
			i++;
		if (i == PLACES || index != place(i) || entry != xa_mk_value(values[i]))
			break;
		i++;
	}
	while (i < PLACES && !values[i])
		i++;
	CHECK(!entry && i == PLACES);
	for (mark = 0; mark < 3; mark++) {
		i = 0;
		xa_for_each_marked(&random, index, entry, mark) {
			while (i < PLACES && !(marks[i] & (1 << mark)))
				i++;
			if (i == PLACES || index != place(i))
				break;
			i++;
		}
		while (i < PLACES && !(marks[i] & (1 << mark)))
			i++;
		CHECK(!entry && i == PLACES);
	}
}
static void random_steps(void)
{
	int step, i, mark;

	for (step = 0; step < 5000; step++) {
		void *old;

		i = any(PLACES);
		old = values[i] ? xa_mk_value(values[i]) : NULL;
		switch (any(6)) {
		case 0:
			CHECK(xa_erase(&random, place(i)) == old);
			values[i] = marks[i] = 0;
			break;
		case 1: case 2:
			values[i] = 1 + any(1000);
			CHECK(xa_store(&random, place(i), xa_mk_value(values[i]), GFP_KERNEL) == old);
			break;
		case 3:
			mark = any(3);
			xa_set_mark(&random, place(i), mark);
			if (values[i])
				marks[i] |= 1 << mark;
			break;
		case 4:
			mark = any(3);
			xa_clear_mark(&random, place(i), mark);
			marks[i] &= ~(1 << mark);
			break;
		default:
			CHECK(xa_load(&random, place(i)) == old);
			CHECK(xa_get_mark(&random, place(i), 1) == !!(marks[i] & 2));
		}
		if (step % 50 == 0)
			look();
	}
	look();
	for (i = 0; i < PLACES; i++)
		xa_erase(&random, place(i));
	CHECK(xa_empty(&random) && !xa_marked(&random, XA_MARK_0));
}

static void calls(void)
{
	DEFINE_XARRAY(xa);
	DEFINE_XARRAY_ALLOC(ids);
	DEFINE_XARRAY_ALLOC1(from1);
	static int a, b;
	unsigned long index = 0;
	void *got[8], *entry;
	u32 id, next = 0;
	int i;

	CHECK(xa_empty(&xa) && !xa_load(&xa, 0) && !xa_erase(&xa, 5) && !xa_find(&xa, &index, ULONG_MAX, XA_PRESENT));
	CHECK(!xa_is_value(&a) && xa_is_value(xa_mk_value(3)) && xa_to_value(xa_mk_value(3)) == 3);
	CHECK(xa_pointer_tag(xa_tag_pointer(&a, 3)) == 3 && xa_untag_pointer(xa_tag_pointer(&a, 3)) == &a);
	CHECK(!xa_store(&xa, 7, &a, GFP_KERNEL) && xa_store(&xa, 7, &b, GFP_ATOMIC) == &a);
	CHECK(xa_cmpxchg(&xa, 7, &a, NULL, GFP_KERNEL) == &b && xa_cmpxchg(&xa, 7, &b, &a, GFP_KERNEL) == &b && xa_load(&xa, 7) == &a);
	SAME(xa_insert(&xa, 7, &b, GFP_KERNEL), -EBUSY);
	SAME(xa_insert(&xa, 8, &b, GFP_KERNEL), 0);
	SAME(xa_reserve(&xa, 100, GFP_KERNEL), 0);
	CHECK(!xa_load(&xa, 100) && xa_insert(&xa, 100, &a, GFP_KERNEL) == -EBUSY);
	SAME(xa_extract(&xa, got, 0, ULONG_MAX, 8, XA_PRESENT), 2); /* what is only reserved is not found */
	CHECK(got[0] == &a && got[1] == &b);
	CHECK(!xa_store(&xa, 100, &a, 0) && xa_load(&xa, 100) == &a);
	xa_release(&xa, 100);
	CHECK(xa_load(&xa, 100) == &a);
	xa_reserve(&xa, 2000, GFP_KERNEL);
	xa_release(&xa, 2000);
	SAME(xa_insert(&xa, 2000, &a, GFP_KERNEL), 0);
	index = 8;
	CHECK(xa_find(&xa, &index, 99, XA_PRESENT) == &b && index == 8 && !xa_find_after(&xa, &index, 99, XA_PRESENT) && index == 8);
	xa_set_mark(&xa, 100, XA_MARK_2);
	xa_set_mark(&xa, 101, XA_MARK_2);
	CHECK(xa_marked(&xa, XA_MARK_2) && !xa_marked(&xa, XA_MARK_1) && xa_get_mark(&xa, 100, XA_MARK_2) && !xa_get_mark(&xa, 101, XA_MARK_2));
	xa_store(&xa, 100, &b, GFP_KERNEL);
	CHECK(xa_get_mark(&xa, 100, XA_MARK_2)); /* one that takes another's place has its marks */
	xa_erase(&xa, 100);
	CHECK(!xa_marked(&xa, XA_MARK_2));
	xa_lock(&xa);
	CHECK(__xa_erase(&xa, 2000) == &a && !__xa_store(&xa, 70, &a, GFP_ATOMIC));
	xa_unlock(&xa);
	i = 0;
	xa_for_each_range(&xa, index, entry, 8, 70)
		i += index;
	SAME(i, 78);
	xa_for_each(&xa, index, entry)
		xa_erase(&xa, index); /* what a walk is at may go */
	CHECK(xa_empty(&xa));

	for (i = 0; i < 200; i++) {
		SAME(xa_alloc(&ids, &id, i % 3 ? &a : NULL, xa_limit_32b, GFP_KERNEL), 0);
		SAME(id, i);
	}
	xa_erase(&ids, 130);
	xa_store(&ids, 140, NULL, GFP_KERNEL); /* the number is still taken */
	SAME(xa_alloc(&ids, &id, &b, XA_LIMIT(100, 1000), GFP_KERNEL), 0);
	SAME(id, 130);
	SAME(xa_alloc(&ids, &id, &b, XA_LIMIT(100, 199), GFP_KERNEL), -EBUSY);
	SAME(xa_alloc(&ids, &id, &b, XA_LIMIT(500, 500), GFP_KERNEL), 0);
	SAME(xa_alloc(&ids, &id, &b, XA_LIMIT(UINT_MAX, UINT_MAX), GFP_KERNEL), 0);
	SAME(id, UINT_MAX);
	SAME(xa_alloc(&ids, &id, &b, XA_LIMIT(UINT_MAX, UINT_MAX), GFP_KERNEL), -EBUSY);
	xa_destroy(&ids);
	CHECK(xa_empty(&ids));
	SAME(xa_alloc(&from1, &id, &b, xa_limit_32b, GFP_KERNEL), 0);
	SAME(id, 1);
	next = 3;
	SAME(xa_alloc_cyclic(&from1, &id, &b, XA_LIMIT(0, 4), &next, GFP_KERNEL), 0);
	SAME(id, 3);
	xa_alloc_cyclic(&from1, &id, &b, XA_LIMIT(0, 4), &next, GFP_KERNEL);
	SAME(xa_alloc_cyclic(&from1, &id, &b, XA_LIMIT(0, 4), &next, GFP_KERNEL), 1);
	SAME(id, 2);
	SAME(xa_alloc_cyclic(&from1, &id, &b, XA_LIMIT(0, 4), &next, GFP_KERNEL), -EBUSY);
	xa_destroy(&from1);
}

static int sum(int id, void *entry, void *data)
{
	*(int *)data += id;
	return id == 6 ? -3 : 0;
}
static void numbers(void)
{
	static DEFINE_IDR(idr);
	static DEFINE_IDA(ida);
	static struct idr based;
	int a, b, id, total = 0;
	unsigned long at, tmp;
	u32 nr = 10;
	void *entry;
	DEFINE_SPINLOCK(lock);

	SAME(idr_alloc(&idr, &a, 0, 0, GFP_KERNEL), 0);
	SAME(idr_alloc(&idr, &b, 5, 7, GFP_KERNEL), 5);
	SAME(idr_alloc(&idr, NULL, 5, 7, GFP_KERNEL), 6);
	SAME(idr_alloc(&idr, &b, 5, 7, GFP_KERNEL), -ENOSPC);
	CHECK(idr_find(&idr, 5) == &b && !idr_find(&idr, 6) && !idr_find(&idr, 1) && !idr_find(&idr, -1));
	CHECK(!idr_replace(&idr, &a, 6) && idr_find(&idr, 6) == &a && idr_replace(&idr, &a, 9) == ERR_PTR(-ENOENT));
	SAME(idr_for_each(&idr, sum, &total), -3);
	SAME(total, 11);
	total = 0;
	idr_for_each_entry(&idr, entry, id)
		total = total * 10 + id;
	SAME(total, 56);
	idr_for_each_entry_ul(&idr, entry, tmp, at)
		total += at;
	SAME(total, 67);
	id = 1;
	CHECK(idr_get_next(&idr, &id) == &b && id == 5);
	CHECK(idr_remove(&idr, 5) == &b && !idr_remove(&idr, 5));
	SAME(idr_alloc_cyclic(&idr, &a, 1, 4, GFP_KERNEL), 1);
	SAME(idr_alloc_cyclic(&idr, &a, 1, 4, GFP_KERNEL), 2);
	idr_remove(&idr, 1);
	SAME(idr_alloc_cyclic(&idr, &a, 1, 4, GFP_KERNEL), 3);
	SAME(idr_alloc_cyclic(&idr, &a, 1, 4, GFP_KERNEL), 1);
	SAME(idr_alloc_cyclic(&idr, &a, 1, 4, GFP_KERNEL), -ENOSPC);
	SAME(idr_alloc_u32(&idr, &b, &nr, 10, GFP_KERNEL), 0);
	SAME(idr_alloc_u32(&idr, &b, &nr, 10, GFP_KERNEL), -ENOSPC);
	idr_preload(GFP_KERNEL);
	spin_lock(&lock);
	SAME(idr_alloc(&idr, &b, 100, 0, GFP_NOWAIT), 100);
	spin_unlock(&lock);
	idr_preload_end();
	idr_lock(&idr);
	SAME(idr_alloc(&idr, &b, 100, 0, GFP_NOWAIT), 101);
	idr_unlock(&idr);
	idr_destroy(&idr);
	CHECK(idr_is_empty(&idr));
	CHECK(idr_pre_get(&idr, GFP_KERNEL) && !idr_get_new(&idr, &a, &id) && id == 0 && !idr_get_new_above(&idr, &a, 40, &id) && id == 40);
	idr_remove_all(&idr);
	idr_init_base(&based, 1);
	SAME(idr_alloc(&based, &a, 0, 0, GFP_KERNEL), 1);
	CHECK(idr_find(&based, 1) == &a && !idr_find(&based, 0) && idr_remove(&based, 1) == &a);
	idr_destroy(&based);

	for (id = 0; id < 100; id++)
		SAME(ida_alloc(&ida, GFP_KERNEL), id);
	ida_free(&ida, 40);
	CHECK(!ida_exists(&ida, 40) && ida_exists(&ida, 41));
	SAME(ida_alloc_min(&ida, 50, GFP_KERNEL), 100);
	SAME(ida_alloc_max(&ida, 99, GFP_KERNEL), 40);
	SAME(ida_alloc_max(&ida, 99, GFP_KERNEL), -ENOSPC);
	SAME(ida_alloc_range(&ida, 7000, 7001, GFP_KERNEL), 7000);
	SAME(ida_simple_get(&ida, 7000, 7002, GFP_KERNEL), 7001);
	SAME(ida_simple_get(&ida, 7000, 7002, GFP_KERNEL), -ENOSPC);
	SAME(ida_simple_get(&ida, 9000, 0, GFP_KERNEL), 9000);
	ida_simple_remove(&ida, 9000);
	CHECK(ida_pre_get(&ida, GFP_KERNEL) && !ida_get_new_above(&ida, 9500, &id) && id == 9500);
	ida_remove(&ida, 9500);
	ida_destroy(&ida);
	CHECK(ida_is_empty(&ida));
}

static void radix(void)
{
	static RADIX_TREE(tree, GFP_KERNEL);
	static int items[20];
	struct radix_tree_iter iter;
	void **slot, *got[8];
	int i, n = 0;

	for (i = 0; i < 20; i++)
		SAME(radix_tree_insert(&tree, i * i, &items[i]), 0);
	SAME(radix_tree_insert(&tree, 9, &items[0]), -EEXIST);
	CHECK(radix_tree_lookup(&tree, 361) == &items[19] && !radix_tree_lookup(&tree, 360));
	SAME(radix_tree_gang_lookup(&tree, got, 10, 8), 8);
	CHECK(got[0] == &items[4] && got[7] == &items[11]);
	radix_tree_tag_set(&tree, 100, 1);
	radix_tree_tag_set(&tree, 121, 1);
	SAME(radix_tree_gang_lookup_tag(&tree, got, 0, 8, 1), 2);
	CHECK(radix_tree_tag_get(&tree, 100, 1) && radix_tree_tagged(&tree, 1) && radix_tree_delete(&tree, 100) == &items[10]);
	slot = radix_tree_lookup_slot(&tree, 4);
	radix_tree_replace_slot(&tree, slot, &items[0]);
	rcu_read_lock();
	radix_tree_for_each_slot(slot, &tree, &iter, 0)
		n += radix_tree_deref_slot(slot) == &items[0];
	rcu_read_unlock();
	SAME(n, 2);
	radix_tree_for_each_slot(slot, &tree, &iter, 0)
		radix_tree_delete(&tree, iter.index);
	CHECK(radix_tree_empty(&tree));
}

/* Readers without a lock, beside one who stores and frees. */
struct thing { unsigned long index; struct rcu_head rcu; };
static DEFINE_XARRAY(shared);
static struct completion ended;
static bool over;
static atomic_t begins;
static int reader(void *data)
{
	unsigned long index;
	struct thing *thing;
	long seen = 0;
	bool begun = false;

	while (!READ_ONCE(over)) {
		rcu_read_lock();
		thing = xa_load(&shared, 3000);
		if (thing)
			SAME(thing->index, 3000);
		xa_for_each(&shared, index, thing) {
			if (thing->index != index)
				check_failed(__FILE__, __LINE__, "its index");
			seen++;
		}
		rcu_read_unlock();
		if (seen && !begun)
			atomic_inc(&begins);
		begun = seen > 0;
		cond_resched();
	}
	CHECK(seen > 0);
	complete(&ended);
	return 0;
}
/* A reader that is in a node when its last entry goes still finds it. */
static int stays(void *data)
{
	struct xa_node *leaf;

	rcu_read_lock();
	leaf = __xa_leaf(&shared, 70000);
	complete(&ended);
	while (!READ_ONCE(over))
		cpu_relax();
	CHECK(leaf && leaf->count == 0 && !leaf->slots[70000 & XA_CHUNK_MASK] && !xa_load(&shared, 70000));
	rcu_read_unlock();
	complete(&ended);
	return 0;
}
static void held_back(void)
{
	init_completion(&ended);
	xa_store(&shared, 70000, xa_mk_value(1), GFP_KERNEL);
	kthread_run(stays, NULL, "stays");
	wait_for_completion(&ended);
	xa_erase(&shared, 70000);
	CHECK(xa_empty(&shared));
	over = true;
	wait_for_completion(&ended);
	over = false;
}
static void concurrent(void)
{
	int i, step;

	init_completion(&ended);
	for (i = 0; i < 2; i++)
		kthread_run(reader, NULL, "reader/%d", i);
	for (step = 0; step < 3000 || atomic_read(&begins) < 2; step++) {
		unsigned long index = any(3) ? any(200) : 3000 + any(2) * 100000;
		struct thing *thing = kmalloc(sizeof(*thing), GFP_KERNEL), *old;

		thing->index = index;
		old = any(3) ? xa_store(&shared, index, thing, GFP_KERNEL) : xa_erase(&shared, index);
		if (xa_load(&shared, index) != thing)
			kfree(thing);
		kfree_rcu(old, rcu);
		if (step % 500 == 0)
			msleep(1);
	}
	over = true;
	wait_for_completion(&ended);
	wait_for_completion(&ended);
	for (i = 0; i < 200; i++)
		kfree(xa_erase(&shared, i));
	kfree(xa_erase(&shared, 3000));
	kfree(xa_erase(&shared, 103000));
	CHECK(xa_empty(&shared));
	rcu_barrier();
}
static void run(void) { random_steps(); calls(); numbers(); radix(); held_back(); concurrent(); }
TEST(run);

#include "check.h"
#include <linux/hashtable.h>
#include <linux/kthread.h>
#include <linux/list_sort.h>
#include <linux/llist.h>
#include <linux/rculist.h>

struct item { int n; struct list_head list; struct hlist_node hash; struct llist_node link; struct rcu_head rcu; };
static struct item items[40];
#define item_of(at) list_entry(at, struct item, list)

/* The numbers of a list, as the digits of one, forwards; 0 where backwards is not the same. */
static long digits(struct list_head *head)
{
	struct item *at;
	long n = 0, back = 0, unit = 1;

	list_for_each_entry(at, head, list)
		n = n * 10 + at->n;
	list_for_each_entry_reverse(at, head, list) {
		back += unit * at->n;
		unit *= 10;
	}
	return n == back ? n : 0;
}
static void refill(struct list_head *head, int n)
{
	int i;

	INIT_LIST_HEAD(head);
	for (i = 1; i <= n; i++) {
		items[i].n = i;
		list_add_tail(&items[i].list, head);
	}
}
static void lists(void)
{
	LIST_HEAD(head);
	LIST_HEAD(other);
	struct item *at, *n;
	struct list_head *node;

	CHECK(list_empty(&head) && list_empty_careful(&head) && list_count_nodes(&head) == 0 && !list_first_entry_or_null(&head, struct item, list) && !list_last_entry_or_null(&head, struct item, list));
	refill(&head, 5);
	SAME(digits(&head), 12345);
	SAME(list_count_nodes(&head), 5);
	list_swap(&items[1].list, &items[2].list);
	SAME(digits(&head), 21345);
	list_swap(&items[5].list, &items[2].list);
	SAME(digits(&head), 51342);
	list_swap(&items[3].list, &items[1].list);
	SAME(digits(&head), 53142);
	list_rotate_left(&head);
	SAME(digits(&head), 31425);
	list_rotate_to_front(&items[2].list, &head);
	SAME(digits(&head), 25314);
	list_bulk_move_tail(&head, &items[5].list, &items[3].list);
	SAME(digits(&head), 21453);
	list_cut_position(&other, &head, &items[1].list);
	CHECK(digits(&other) == 21 && digits(&head) == 453);
	list_cut_position(&other, &head, &head);
	CHECK(list_empty(&other) && digits(&head) == 453);
	list_cut_before(&other, &head, &items[3].list);
	CHECK(digits(&other) == 45 && digits(&head) == 3 && list_is_singular(&head));
	list_splice_tail_init(&other, &head);
	CHECK(digits(&head) == 345 && list_empty(&other) && list_is_first(&items[3].list, &head) && list_is_last(&items[5].list, &head) && list_is_head(&head, &head));
	CHECK(list_next_entry_circular(&items[5], &head, list) == &items[3] && list_prev_entry_circular(&items[3], &head, list) == &items[5]);
	list_splice_init(&head, &other);
	list_replace_init(&items[4].list, &items[9].list);
	items[9].n = 9;
	CHECK(digits(&other) == 395 && list_empty(&items[4].list));
	refill(&head, 6);
	at = &items[3];
	list_for_each_entry_safe_from(at, n, &head, list)
		if (at->n == 4 || at->n == 6)
			list_del_init_careful(&at->list);
	SAME(digits(&head), 1235);
	at = list_prepare_entry((struct item *)NULL, &head, list);
	list_for_each_entry_continue(at, &head, list)
		if (at->n == 2)
			break;
	list_for_each_entry_safe_continue(at, n, &head, list)
		list_del(&at->list);
	CHECK(digits(&head) == 12 && list_entry_is_head(at, &head, list) && items[5].list.next == LIST_POISON1);
	list_for_each_prev_safe(node, node, &head)
		break;
	list_move(&items[2].list, &head);
	SAME(digits(&head), 21);
	list_for_each_entry_safe_reverse(at, n, &head, list)
		list_del_init(&at->list);
	CHECK(list_empty(&head));
}

static int compared;
static int by_tens(void *priv, const struct list_head *a, const struct list_head *b)
{
	compared++;
	return item_of(a)->n / 10 - item_of(b)->n / 10;
}
static void sorted(void)
{
	LIST_HEAD(head);
	struct item *at, *before = NULL;
	int i, n;

	list_sort(NULL, &head, by_tens);
	CHECK(list_empty(&head));
	for (n = 1; n <= 40; n += 13) {
		INIT_LIST_HEAD(&head);
		for (i = 0; i < n; i++) {
			items[i].n = i * 37 % 50 / 10 * 10 + i % 10; /* within ten: in the order of i */
			items[i].hash.next = (void *)(long)i;
			list_add_tail(&items[i].list, &head);
		}
		compared = 0;
		list_sort(NULL, &head, by_tens);
		before = NULL;
		SAME(list_count_nodes(&head), n);
		list_for_each_entry(at, &head, list) {
			if (before)
				CHECK(before->n / 10 < at->n / 10 || (before->n / 10 == at->n / 10 && before->hash.next < at->hash.next));
			before = at;
		}
		CHECK(compared <= n * 6);
		SAME(head.prev == &before->list, 1);
	}
}

static DEFINE_HASHTABLE(table, 3);
static struct hlist_head rows[4];
static void hashed(void)
{
	DECLARE_HASHTABLE(mine, 2);
	struct hlist_node *tmp, *spare;
	struct item *at;
	int i, bucket, n = 0, sum = 0;
	HLIST_HEAD(moved);

	hash_init(mine);
	CHECK(hash_empty(mine) && hash_empty(table) && HASH_SIZE(table) == 8 && HASH_BITS(table) == 3);
	for (i = 0; i < 30; i++) {
		items[i].n = i;
		CHECK(!hash_hashed(&items[i].hash) || i > 0);
		hash_add(table, &items[i].hash, i % 20);
	}
	CHECK(!hash_empty(table) && hash_hashed(&items[3].hash));
	hash_for_each(table, bucket, at, hash) {
		n++;
		sum += at->n;
	}
	CHECK(n == 30 && sum == 435);
	n = 0;
	hash_for_each_possible(table, at, hash, 7)
		n += at->n == 7 || at->n == 27;
	SAME(n, 2);
	hash_for_each_possible_safe(table, at, tmp, hash, 7)
		if (at->n == 7)
			hash_del(&at->hash);
	CHECK(!hash_hashed(&items[7].hash));
	n = 0;
	rcu_read_lock();
	hash_for_each_rcu(table, bucket, at, hash)
		n++;
	hash_for_each_possible_rcu(table, at, hash, 8)
		n += at->n == 28;
	rcu_read_unlock();
	SAME(n, 30);
	hash_for_each_safe(table, bucket, tmp, at, hash)
		hash_del_rcu(&at->hash);
	CHECK(hash_empty(table));

	for (i = 1; i < 4; i++)
		hlist_add_head(&items[i].hash, &rows[0]);
	hlist_add_before(&items[8].hash, &items[3].hash);
	hlist_add_behind(&items[9].hash, &items[1].hash);
	hlist_add_behind(&items[10].hash, &items[3].hash);
	hlist_move_list(&rows[0], &moved);
	CHECK(hlist_empty(&rows[0]));
	n = 0;
	hlist_for_each_entry(at, &moved, hash)
		n = n * 11 + at->n;
	SAME(n, ((((8 * 11 + 3) * 11 + 10) * 11 + 2) * 11 + 1) * 11 + 9);
	at = &items[10];
	n = 0;
	hlist_for_each_entry_continue(at, hash)
		n = n * 10 + at->n;
	SAME(n, 219);
	at = &items[1];
	hlist_for_each_entry_from(at, hash)
		n += at->n;
	SAME(n, 229);
	hlist_replace_rcu(&items[8].hash, &items[20].hash);
	CHECK(moved.first == &items[20].hash && items[3].hash.pprev == &items[20].hash.next);
	n = 0;
	hlist_for_each_entry(at, tmp, &moved, hash) /* as it was */
		n++;
	hlist_for_each_entry_safe(at, tmp, spare, &moved, hash)
		n += at->hash.next == spare;
	SAME(n, 12);
	hlist_for_each_entry_safe(at, tmp, &moved, hash)
		hlist_del_init(&at->hash);
	CHECK(hlist_empty(&moved));
}

static LLIST_HEAD(pile);
static struct llist_node nodes[4000];
static struct completion ended;
static atomic_t firsts;
static int pushes(void *data)
{
	struct llist_node *from = data;
	int i;

	for (i = 0; i < 2000; i++)
		if (llist_add(from + i, &pile))
			atomic_inc(&firsts);
	complete(&ended);
	return 0;
}
static void lockless(void)
{
	struct llist_node *at, *n, *all;
	struct item *item, *next;
	int count = 0, takes = 0, done = 0;

	CHECK(llist_empty(&pile) && !llist_del_all(&pile) && !llist_del_first(&pile));
	init_llist_node(&items[1].link);
	CHECK(!llist_on_list(&items[1].link));
	CHECK(llist_add(&items[1].link, &pile) && !llist_add(&items[2].link, &pile) && !llist_add(&items[3].link, &pile));
	CHECK(llist_del_first(&pile) == &items[3].link && !llist_del_first_this(&pile, &items[1].link) && llist_del_first_this(&pile, &items[2].link));
	llist_add(&items[2].link, &pile);
	items[1].n = 1;
	items[2].n = 2;
	all = llist_reverse_order(llist_del_all(&pile));
	llist_for_each_entry(item, all, link)
		count = count * 10 + item->n;
	SAME(count, 12);
	llist_for_each_entry_safe(item, next, all, link)
		item->link.next = NULL;
	SAME(items[1].link.next == NULL, 1);
	count = 0;
	init_completion(&ended);
	kthread_run(pushes, nodes, "pushes/1");
	kthread_run(pushes, nodes + 2000, "pushes/2");
	while (count < 4000) {
		all = llist_del_all(&pile);
		if (!all) {
			cond_resched();
			continue;
		}
		takes++;
		llist_for_each_safe(at, n, all) {
			done += at->next == at;
			at->next = at;
			count++;
		}
	}
	wait_for_completion(&ended);
	wait_for_completion(&ended);
	CHECK(done == 0 && llist_empty(&pile));
	SAME(takes, atomic_read(&firsts)); /* who found it empty is who has to call somebody */
}

static LIST_HEAD(shared);
static bool over;
static int reads(void *data)
{
	struct item *at;
	int rounds = 0;

	while (!READ_ONCE(over) || !rounds) {
		int last = -1;

		rcu_read_lock();
		list_for_each_entry_rcu(at, &shared, list) {
			if (at->n <= last || at->n > 1000000)
				check_failed(__FILE__, __LINE__, "rising");
			last = at->n;
		}
		at = list_first_or_null_rcu(&shared, struct item, list);
		if (at && at->n > 1000000)
			check_failed(__FILE__, __LINE__, "the first");
		rcu_read_unlock();
		rounds++;
		cond_resched();
	}
	complete(&ended);
	return 0;
}
static void rcu_lists(void)
{
	struct item *at, *fresh;
	int i, k = 0;

	kthread_run(reads, NULL, "reads");
	for (i = 0; i < 20; i++) {
		at = kmalloc(sizeof(*at), GFP_KERNEL);
		at->n = i * 100;
		list_add_tail_rcu(&at->list, &shared);
	}
	for (i = 0; i < 1000; i++) {
		at = list_first_entry(&shared, struct item, list);
		for (k = i * 7 % 19; k; k--)
			at = list_next_entry(at, list);
		fresh = kmalloc(sizeof(*fresh), GFP_KERNEL);
		fresh->n = at->n / 100 * 100 + i % 100;
		list_replace_rcu(&at->list, &fresh->list);
		kfree_rcu(at, rcu);
	}
	while (!list_empty(&shared)) {
		at = list_first_entry(&shared, struct item, list);
		list_del_rcu(&at->list);
		synchronize_rcu();
		at->n = 2000000;
		kfree(at);
	}
	over = true;
	wait_for_completion(&ended);
	rcu_barrier();
}
static void run(void) { lists(); sorted(); memset(items, 0, sizeof(items)); hashed(); lockless(); rcu_lists(); }
TEST(run);

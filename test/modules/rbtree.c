#include "check.h"
#include <linux/random.h>
#include <linux/rbtree_augmented.h>

struct item { int key, used, end, most; struct rb_node node; };
#define KEYS 200
static struct item items[KEYS], twin;
static struct rb_root_cached tree = RB_ROOT_CACHED;
static struct rb_root plain = RB_ROOT;
static u32 seed = 12345;
module_param(seed, uint, 0);

static u32 any(u32 below)
{
	seed = seed * 1664525 + 1013904223;
	return ((u64)seed * below) >> 32;
}
#define of(n) rb_entry(n, struct item, node)
static bool less(struct rb_node *a, const struct rb_node *b) { return of(a)->key < of(b)->key; }
static int cmp(const void *key, const struct rb_node *b) { return *(const int *)key - of(b)->key; }
static int cmp_nodes(struct rb_node *a, const struct rb_node *b) { return of(a)->key - of(b)->key; }

/* The black nodes on each way down; -1 where a rule is broken. */
static int height(struct rb_node *node, struct rb_node *parent)
{
	int left, right;

	if (!node)
		return 0;
	if (rb_parent(node) != parent || (rb_is_red(node) && parent && rb_is_red(parent)) || (!parent && rb_is_red(node)))
		return -1;
	left = height(node->rb_left, node);
	right = height(node->rb_right, node);
	return left < 0 || left != right ? -1 : left + (int)rb_color(node);
}
static void look(struct rb_root *root)
{
	struct rb_node *node = rb_first(root), *back = rb_last(root);
	int i, j;

	CHECK(height(root->rb_node, NULL) >= 0);
	for (i = 0, j = KEYS - 1; i < KEYS; i++, j--) {
		if (items[i].used) {
			if (!node || of(node)->key != i)
				break;
			node = rb_next(node);
		}
		if (items[j].used) {
			if (!back || of(back)->key != j)
				break;
			back = rb_prev(back);
		}
	}
	CHECK(i == KEYS && !node && !back);
}
static void random_steps(void)
{
	int step, i;

	for (step = 0; step < 4000; step++) {
		/* More of the one than of the other, in turns, so that it gets full and empty. */
		i = any(KEYS);
		if (items[i].used && any(3) < 1 + (step / 1000) % 2) {
			bool first = rb_first_cached(&tree) == &items[i].node;
			struct rb_node *next = rb_next(&items[i].node);

			CHECK(rb_erase_cached(&items[i].node, &tree) == (first ? next : NULL));
			items[i].used = 0;
		} else if (!items[i].used) {
			struct rb_node *added = rb_add_cached(&items[i].node, &tree, less);

			items[i].used = 1;
			CHECK(!added || added == rb_first(&tree.rb_root));
		}
		CHECK(rb_first_cached(&tree) == rb_first(&tree.rb_root));
		i = any(KEYS);
		CHECK((rb_find(&i, &tree.rb_root, cmp) == &items[i].node) == items[i].used);
		if (step % 20 == 0)
			look(&tree.rb_root);
	}
	look(&tree.rb_root);
}
static void by_hand(void)
{
	struct rb_node **link = &plain.rb_node, *parent = NULL;
	struct item *pos, *n, same[3] = { { 7 }, { 7 }, { 7 } };
	struct rb_node *node;
	int i, count = 0, last = -1;

	CHECK(RB_EMPTY_ROOT(&plain) && !rb_first(&plain) && !rb_last(&plain) && !rb_first_postorder(&plain));
	RB_CLEAR_NODE(&items[0].node);
	CHECK(RB_EMPTY_NODE(&items[0].node) && !rb_next(&items[0].node) && !rb_prev(&items[0].node));
	for (i = 0; i < KEYS; i++) {
		int key = (i * 77) % KEYS;

		items[key].used = key % 2;
		if (!items[key].used)
			continue;
		for (link = &plain.rb_node, parent = NULL; *link; link = key < of(parent)->key ? &parent->rb_left : &parent->rb_right)
			parent = *link;
		rb_link_node(&items[key].node, parent, link);
		rb_insert_color(&items[key].node, &plain);
	}
	look(&plain);
	twin.key = 51;
	CHECK(rb_find_add(&twin.node, &plain, cmp_nodes) == &items[51].node);
	rb_replace_node(&items[51].node, &twin.node, &plain);
	i = 51;
	CHECK(rb_find(&i, &plain, cmp) == &twin.node && rb_next(&twin.node) == &items[53].node && rb_prev(&twin.node) == &items[49].node);
	rb_replace_node(&twin.node, &items[51].node, &plain);
	look(&plain);
	for (i = 0; i < 3; i++)
		rb_add(&same[i].node, &plain, less);
	i = 7;
	rb_for_each(node, &i, &plain, cmp)
		count++;
	SAME(count, 4);
	for (i = 0; i < 3; i++)
		rb_erase(&same[i].node, &plain);
	count = 0;
	/* All children before their parents: each may be spoilt when it was seen. */
	rbtree_postorder_for_each_entry_safe(pos, n, &plain, node) {
		CHECK(pos->used && (!pos->node.rb_left || of(pos->node.rb_left)->used == 2) && (!pos->node.rb_right || of(pos->node.rb_right)->used == 2));
		pos->used = 2;
		count++;
	}
	SAME(count, KEYS / 2);
	for (node = rb_first(&plain); node; node = rb_next(node)) {
		CHECK(of(node)->key > last);
		last = of(node)->key;
	}
}

#define END(item) ((item)->end)
RB_DECLARE_CALLBACKS_MAX(static, most_of, struct item, node, int, most, END);
static int greatest(struct rb_node *node)
{
	int most, left, right;

	if (!node)
		return 0;
	left = greatest(node->rb_left);
	right = greatest(node->rb_right);
	most = max3(of(node)->end, left, right);
	CHECK(of(node)->most == most);
	return most;
}
static void augmented(void)
{
	struct rb_root root = RB_ROOT;
	int step, i;

	memset(items, 0, sizeof(items));
	for (i = 0; i < KEYS; i++)
		items[i].key = i;
	for (step = 0; step < 1500; step++) {
		struct item *item = &items[any(KEYS)];

		if (item->used) {
			rb_erase_augmented(&item->node, &root, &most_of);
		} else {
			struct rb_node **link = &root.rb_node, *parent = NULL;

			item->end = item->most = 1 + any(1000);
			while (*link) {
				parent = *link;
				of(parent)->most = max(of(parent)->most, item->end);
				link = item->key < of(parent)->key ? &parent->rb_left : &parent->rb_right;
			}
			rb_link_node(&item->node, parent, link);
			rb_insert_augmented(&item->node, &root, &most_of);
		}
		item->used ^= 1;
		if (step % 10 == 0) {
			greatest(root.rb_node);
			CHECK(height(root.rb_node, NULL) >= 0);
		}
	}
	look(&root);
}
static void run(void)
{
	int i;

	for (i = 0; i < KEYS; i++)
		items[i].key = i;
	random_steps();
	by_hand();
	augmented();
}
TEST(run);

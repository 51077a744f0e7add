#include "check.h"
#include <linux/bitfield.h>
#include <linux/bitmap.h>
#include <linux/bsearch.h>
#include <linux/circ_buf.h>
#include <linux/cpumask.h>
#include <linux/crc32.h>
#include <linux/crc32c.h>
#include <linux/delay.h>
#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/kthread.h>
#include <linux/log2.h>
#include <linux/mempool.h>
#include <linux/once.h>
#include <linux/random.h>
#include <linux/ratelimit.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/utsname.h>

static int rounded[roundup_pow_of_two(100)], logs[ilog2(1024)];
static void numbers(void)
{
	volatile unsigned long n = 1000;
	u32 word = 0;

	SAME(ARRAY_SIZE(rounded), 128);
	SAME(ARRAY_SIZE(logs), 10);
	CHECK(roundup_pow_of_two(n) == 1024 && roundup_pow_of_two(n + 24) == 1024 && rounddown_pow_of_two(n) == 512 && roundup_pow_of_two(1) == 1);
	CHECK(ilog2(n) == 9 && ilog2((u64)1 << 40) == 40 && order_base_2(n) == 10 && order_base_2(1) == 0 && bits_per(n) == 10 && bits_per(0) == 1);
	CHECK(is_power_of_2(64) && !is_power_of_2(0) && !is_power_of_2(n));
	CHECK(FIELD_GET(GENMASK(7, 4), 0xab) == 0xa && FIELD_PREP(GENMASK(11, 8), 5) == 0x500 && FIELD_MAX(GENMASK(9, 7)) == 7);
	CHECK(FIELD_FIT(GENMASK(3, 2), 3) && !FIELD_FIT(GENMASK(3, 2), n) && u32_get_bits(0x1234, 0xff00) == 0x12);
	u32p_replace_bits(&word, 6, GENMASK(31, 28));
	FIELD_MODIFY(GENMASK(3, 0), &word, 9);
	SAME(word, 0x60000009);
	SAME(jhash("Four score and seven years ago", 30, 0), 0x17770551);
	SAME(jhash("", 0, 0), 0xdeadbeef);
	CHECK(jhash2((u32[]){ 1, 2, 3, 4 }, 4, 9) == jhash((u32[]){ 1, 2, 3, 4 }, 16, 9) && jhash_3words(1, 2, 3, 7) == jhash2((u32[]){ 1, 2, 3 }, 3, 7) && jhash_1word(1, 7) == jhash2((u32[]){ 1 }, 1, 7));
	SAME(crc32_le(~0u, "123456789", 9) ^ ~0u, 0xcbf43926u);
	SAME(crc32_be(~0u, "123456789", 9), 0x0376e6e7u);
	SAME(crc32c(~0u, "123456789", 9) ^ ~0u, 0xe3069283u);
	CHECK(hash_32(1, 32) == GOLDEN_RATIO_32 && hash_long(12345, 4) < 16 && hash_ptr(&word, 3) < 8 && hash_64(5, 8) == hash_32(5, 8));
	SAME(hash_64(1ull << 32, 32), GOLDEN_RATIO_32 * GOLDEN_RATIO_32);
	SAME(CIRC_CNT(3, 1, 8), 2);
	CHECK(CIRC_SPACE(3, 1, 8) == 5 && CIRC_CNT(1, 6, 8) == 3 && CIRC_CNT_TO_END(1, 6, 8) == 2 && CIRC_SPACE_TO_END(6, 3, 8) == 2 && CIRC_SPACE_TO_END(1, 6, 8) == 4);
	CHECK(!strcmp(utsname()->sysname, "Linux") && !strcmp(utsname()->release, UTS_RELEASE));
}

static int by_value(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
static int swaps;
static void swap_ints(void *a, void *b, int size) { swaps++; swap(*(int *)a, *(int *)b); }
static void arrays(void)
{
	static int n[100];
	char words[5][8] = { "pear", "fig", "apple", "kiwi", "date" };
	int i, key;

	for (i = 0; i < 100; i++)
		n[i] = i * 37 % 101 - 50;
	sort(n, 100, sizeof(int), by_value, NULL);
	for (i = 1; i < 100; i++)
		CHECK(n[i - 1] < n[i]);
	for (i = 0; i < 50; i++)
		swap(n[i], n[99 - i]);
	sort(n, 100, sizeof(int), by_value, swap_ints);
	CHECK(n[0] == -50 && n[99] == 50 && swaps > 0);
	for (i = 0; i < 100; i++)
		CHECK(bsearch(&n[i], n, 100, sizeof(int), by_value) == &n[i]);
	key = n[0] - 1;
	CHECK(!bsearch(&key, n, 100, sizeof(int), by_value) && !bsearch(&n[0], n, 0, sizeof(int), by_value));
	key = 51;
	CHECK(!bsearch(&key, n, 100, sizeof(int), by_value));
	sort(words, 5, sizeof(words[0]), (cmp_func_t)strcmp, NULL);
	CHECK(!strcmp(words[0], "apple") && !strcmp(words[4], "pear"));
	sort(n, 0, sizeof(int), by_value, NULL);
}

static void bits(void)
{
	DECLARE_BITMAP(a, 100);
	DECLARE_BITMAP(b, 100);
	DECLARE_BITMAP(c, 100);
	unsigned long *made;
	unsigned int bit, n = 0;

	bitmap_zero(a, 100);
	CHECK(bitmap_empty(a, 100) && !bitmap_full(a, 100) && find_first_bit(a, 100) == 100);
	bitmap_fill(b, 100);
	CHECK(bitmap_full(b, 100) && bitmap_weight(b, 100) == 100 && b[3] == 0xf);
	bitmap_set(a, 30, 40);
	CHECK(bitmap_weight(a, 100) == 40 && find_first_bit(a, 100) == 30 && find_next_zero_bit(a, 100, 30) == 70 && find_last_bit(a, 100) == 69);
	bitmap_clear(a, 40, 20);
	for_each_set_bit(bit, a, 100)
		n += bit;
	SAME(n, 345 + 645);
	CHECK(bitmap_andnot(c, b, a, 100) && bitmap_weight(c, 100) == 80 && !bitmap_and(c, c, a, 100));
	bitmap_xor(c, a, b, 100);
	bitmap_or(c, c, a, 100);
	CHECK(bitmap_equal(c, b, 100));
	SAME(bitmap_find_next_zero_area(a, 100, 0, 25, 0), 0);
	SAME(bitmap_find_next_zero_area(a, 100, 1, 32, 0), 70 > 100 - 32 ? 102 : 70); /* none: beyond the end */
	SAME(bitmap_find_next_zero_area(a, 100, 20, 20, 7), 40);
	made = bitmap_zalloc(70, GFP_KERNEL);
	CHECK(!test_and_set_bit(69, made) && test_and_set_bit(69, made) && test_bit(69, made) && test_and_clear_bit(69, made) && !test_bit(69, made));
	change_bit(3, made);
	__assign_bit(4, made, 1);
	CHECK(made[0] == 0x18 && ffs(0x18) == 4 && fls(0x18) == 5 && __ffs(0x18) == 3 && ffz(7) == 3 && hweight32(0xff0f) == 12 && fls64(1ull << 40) == 41);
	bitmap_free(made);
}

static void cpus(void)
{
	static struct cpumask a, b, c;
	cpumask_var_t var;
	unsigned int cpu, n = 0;

	CHECK(nr_cpu_ids == num_possible_cpus() && num_online_cpus() >= 1 && cpumask_weight(cpu_possible_mask) == nr_cpu_ids && cpumask_equal(cpu_all_mask, &CPU_MASK_ALL));
	for_each_online_cpu(cpu)
		n++;
	SAME(n, num_online_cpus());
	cpumask_clear(&a);
	CHECK(cpumask_empty(&a) && cpumask_first(&a) >= nr_cpu_ids);
	cpumask_set_cpu(0, &a);
	cpumask_set_cpu(1, &b);
	CHECK(cpumask_test_cpu(0, &a) && !cpumask_test_cpu(1, &a) && !cpumask_intersects(&a, &b) && !cpumask_and(&c, &a, &b));
	cpumask_or(&c, &a, &b);
	CHECK(cpumask_weight(&c) == 2 && cpumask_subset(&a, &c) && !cpumask_subset(&c, &a) && cpumask_first(&c) == 0 && cpumask_next(0, &c) == 1 && cpumask_next(1, &c) >= nr_cpu_ids && cpumask_last(&c) == 1);
	CHECK(cpumask_andnot(&c, &c, &b) && cpumask_equal(&c, &a) && cpumask_equal(cpumask_of(0), &a) && cpumask_any_and(&a, &c) == 0);
	CHECK(!cpumask_test_and_set_cpu(1, &a) && cpumask_test_and_clear_cpu(1, &a));
	CHECK(zalloc_cpumask_var(&var, GFP_KERNEL) && cpumask_empty(var));
	cpumask_copy(var, cpu_online_mask);
	n = 0;
	for_each_cpu(cpu, var)
		n += cpu_online(cpu);
	SAME(n, cpumask_weight(var));
	free_cpumask_var(var);
}

static void text(void)
{
	char a[16], b[8], *rest, *word;

	SAME(strscpy(b, "four", sizeof(b)), 4);
	SAME(strscpy(b, "seventeen", sizeof(b)), -E2BIG);
	CHECK(!strcmp(b, "sevente"));
	SAME(strlcpy(b, "seventeen", sizeof(b)), 9);
	memset(a, 'x', sizeof(a));
	strncpy(a, "ab", 5);
	CHECK(!memcmp(a, "ab\0\0\0x", 6));
	strcpy(a, "one");
	CHECK(!strcmp(strcat(a, ",two"), "one,two") && strlcat(a, ",three,four", sizeof(a)) == 18 && !strcmp(a, "one,two,three,f"));
	rest = a;
	word = strsep(&rest, ",");
	CHECK(!strcmp(word, "one") && !strcmp(strsep(&rest, ","), "two") && !strcmp(strsep(&rest, ";,"), "three") && !strcmp(strsep(&rest, ","), "f") && !strsep(&rest, ","));
	CHECK(strncmp("abc", "abd", 2) == 0 && strcmp("abc", "abd") < 0 && strcasecmp("HeLLo", "hEllO") == 0 && strncasecmp("ABx", "aby", 2) == 0);
	CHECK(!strcmp(strchr("path/to", '/'), "/to") && !strcmp(strrchr("a/b/c", '/'), "/c") && !strchr("abc", 'd') && *strchrnul("abc", 'd') == 0 && !strnchr("abc", 2, 'c'));
	CHECK(!strcmp(strstr("haystack", "st"), "stack") && !strstr("haystack", "needle") && strlen(strstr("ab", "")) == 2);
	CHECK(strspn("aabbc", "ab") == 4 && strcspn("aabbc", "c") == 4 && !strcmp(strpbrk("key=value", "=:"), "=value") && strnlen("abcdef", 3) == 3);
	strcpy(a, "  \t trim me \n");
	CHECK(!strcmp(strim(a), "trim me") && !strcmp(skip_spaces(" x"), "x"));
	CHECK(memchr_inv("aaab", 'a', 4) && !memchr_inv("aaaa", 'a', 4) && !memchr("abc", 'z', 3) && memcmp("ab", "ac", 2) < 0 && str_has_prefix("prefix", "pre") == 3 && strstarts("abc", "ab"));
	SAME(match_string((const char *const[]){ "off", "on", NULL }, 3, "on"), 1);
	SAME(match_string((const char *const[]){ "off", "on", NULL }, 3, "auto"), -EINVAL);
	word = kstrdup("copy", GFP_KERNEL);
	rest = kasprintf(GFP_KERNEL, "%s-%03d", word, 7);
	CHECK(!strcmp(rest, "copy-007"));
	kfree(word);
	kfree(rest);
	word = kmemdup("abcd", 4, GFP_KERNEL);
	CHECK(!memcmp(word, "abcd", 4));
	memmove(word + 1, word, 3);
	CHECK(!memcmp(word, "aabc", 4));
	kfree(word);
}

static int calls;
static void counts(int by) { calls += by; }
static void once(void)
{
	int i, limited = 0;
	DEFINE_RATELIMIT_STATE(few, 10 * HZ, 3);
	u32 a = 0, first = 0;

	for (i = 0; i < 4; i++) {
		DO_ONCE(counts, 5);
		DO_ONCE_LITE_IF(i > 1, counts, 100);
		get_random_once(&a, sizeof(a));
		first = i ? first : a;
		limited += __ratelimit(&few);
	}
	CHECK(calls == 105 && a == first);
	CHECK(limited == 3 && few.missed == 1);
	few.flags = RATELIMIT_MSG_ON_RELEASE;
	CHECK(!__ratelimit(&few) && few.missed == 2);
	ratelimit_state_init(&few, 0, 1);
	CHECK(__ratelimit(&few) && __ratelimit(&few));
}

static bool none;
static int live;
static void *make(gfp_t flags, void *data) { if (none) return NULL; live++; return kmalloc((size_t)data, flags); }
static void unmake(void *element, void *data) { live--; kfree(element); }
static mempool_t *pool;
static int gives(void *element) { msleep(20); mempool_free(element, pool); return 0; }
static void pools(void)
{
	void *a, *b, *c;
	struct kmem_cache *cache = kmem_cache_create("small", 24, 0, 0, NULL);
	mempool_t inside;

	pool = mempool_create(2, make, unmake, (void *)40);
	SAME(live, 2);
	a = mempool_alloc(pool, GFP_KERNEL);
	CHECK(live == 3 && mempool_is_saturated(pool));
	none = true;
	b = mempool_alloc(pool, GFP_ATOMIC);
	c = mempool_alloc(pool, GFP_KERNEL);
	CHECK(b && c && !mempool_alloc(pool, GFP_NOWAIT));
	kthread_run(gives, c, "gives");
	CHECK(mempool_alloc(pool, GFP_KERNEL) == c); /* waits for it */
	mempool_free(a, pool);
	mempool_free(b, pool);
	mempool_free(c, pool);
	mempool_free(NULL, pool);
	SAME(live, 2);
	none = false;
	SAME(mempool_resize(pool, 4), 0);
	SAME(live, 4);
	SAME(mempool_resize(pool, 1), 0);
	SAME(live, 1);
	mempool_destroy(pool);
	SAME(live, 0);
	SAME(mempool_init_slab_pool(&inside, 3, cache), 0);
	SAME(cache->live, 3);
	mempool_free(mempool_alloc(&inside, GFP_KERNEL), &inside);
	mempool_exit(&inside);
	kmem_cache_destroy(cache);
	none = true;
	CHECK(!mempool_create(1, make, unmake, (void *)40));
}
static void run(void) { numbers(); arrays(); bits(); cpus(); text(); once(); pools(); }
TEST(run);

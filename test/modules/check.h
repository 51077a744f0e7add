/* For modules that test: CHECK says what is not so, and the last line how many were looked at. */
#include <linux/module.h>
MODULE_LICENSE("GPL");
static int checks, failures;
static __maybe_unused void check_failed(const char *file, int line, const char *what)
{
	__atomic_fetch_add(&failures, 1, __ATOMIC_SEQ_CST);
	pr_err("%s:%d: not so: %s\n", strrchr(file, '/') ? strrchr(file, '/') + 1 : file, line, what);
}
#define CHECK(condition) do { __atomic_fetch_add(&checks, 1, __ATOMIC_SEQ_CST); if (!(condition)) check_failed(__FILE__, __LINE__, #condition); } while (0)
/* Two numbers that should be the same; says which they are. */
#define SAME(a, b) do { long long __a = (a), __b = (b); __atomic_fetch_add(&checks, 1, __ATOMIC_SEQ_CST); if (__a != __b) { check_failed(__FILE__, __LINE__, #a " == " #b); pr_err("  %lld and %lld\n", __a, __b); } } while (0)
#define TEST(run) \
static int __init check_init(void) { run(); pr_info("%s: %d of %d failed\n", KBUILD_MODNAME, failures, checks); return 0; } \
static void __exit check_exit(void) { } \
module_init(check_init); \
module_exit(check_exit)

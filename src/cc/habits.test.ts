/**
 * What modules that were written for other kernels rely on without saying so: what <linux/module.h> brings along, forms of
 * before, an order in which things are set.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { oneMachine } from '../kernel/machine.fixture.js';
import { COMPILE_MS, HEAD, logFromNow, runModule, sources } from './c_module.fixture.js';

const { machine } = oneMachine();
const { write } = sources();

/** One include, functions with the names of before module_init(), and nothing but what comes with it. */
const BARE = `#include <linux/module.h>
static DEFINE_MUTEX(lock);
static DECLARE_WAIT_QUEUE_HEAD(queue);
static DECLARE_COMPLETION(done);
static DEFINE_PER_CPU(int, each);
static struct hrtimer late;
static int rung;
static enum hrtimer_restart ring(struct hrtimer *timer)
{
	if (++rung < 3) {
		hrtimer_forward(timer, timer->base->get_time(), ms_to_ktime(2));
		return HRTIMER_RESTART;
	}
	wake_up(&queue);
	return HRTIMER_NORESTART;
}
static void work_fn(struct work_struct *work) { mutex_lock(&lock); complete(&done); mutex_unlock(&lock); }
static DECLARE_WORK(work, work_fn);
int init_module(void)
{
	struct task_struct *task = current;
	hrtimer_init(&late, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	late.function = ring;
	hrtimer_start(&late, ms_to_ktime(5), HRTIMER_MODE_REL);
	schedule_work(&work);
	wait_for_completion(&done);
	wait_event(queue, rung == 3);
	this_cpu_add(each, 5);
	pr_info("%s: %d, %d, %d\\n", task->comm, rung, __this_cpu_sub_return(each, 2) == 3, is_power_of_2(64));
	return 0;
}
void cleanup_module(void)
{
	pr_info("gone\\n");
}
MODULE_LICENSE("GPL");
`;

/** Set before it is set up; and functions that get a number, as they once did. */
const TIMERS = `${HEAD}#include <linux/timer.h>
#include <linux/interrupt.h>
static struct timer_list timer, old;
static void first(struct timer_list *timer) { pr_info("first\\n"); }
static void second(unsigned long value) { pr_info("second with %lu\\n", value); }
static void soon(unsigned long value) { pr_info("tasklet with %lu\\n", value); }
static DECLARE_TASKLET(tasklet, soon, 7L);
static int __init timers_init(void)
{
	timer.expires = jiffies + 2;
	timer_setup(&timer, first, 0);
	add_timer(&timer);
	old.function = (void *)second;
	old.data = 6;
	old.expires = jiffies + 20;
	init_timer(&old);
	add_timer(&old);
	msleep(100);
	tasklet_schedule(&tasklet);
	return 0;
}
static void __exit timers_exit(void) { tasklet_kill(&tasklet); del_timer_sync(&timer); del_timer_sync(&old); }
module_init(timers_init)
module_exit(timers_exit)
`;

const TEXT = `${HEAD}#include <linux/hex.h>
#include <linux/ratelimit.h>
static const u8 bytes[] = { 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x0a, 0x80, 0xff, 0x20, 0x7e, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38 };
static DEFINE_RATELIMIT_STATE(limit, 10 * HZ, 2);
static int __init text_init(void)
{
	char line[80], small[8], padded[8] = "xxxxxxx";
	u8 back[3];
	u16 words[3];
	int i, said = 0;
	atomic_t n = ATOMIC_INIT(-1);
	long hidden = 4;
	unsigned int in_hex = 0;
	char *end;

	print_hex_dump(KERN_INFO, "row ", DUMP_PREFIX_OFFSET, 16, 1, bytes, sizeof(bytes), true);
	print_hex_dump(KERN_INFO, "", DUMP_PREFIX_NONE, 16, 4, bytes, 8, false);
	i = hex_dump_to_buffer(bytes, 4, 16, 2, line, sizeof(line), false);
	pr_info("%d [%s]\\n", i, line);
	i = hex_dump_to_buffer(bytes, 8, 16, 1, small, sizeof(small), true);
	pr_info("%d [%s]\\n", i, small);
	pr_info("%d %d\\n", hex2bin(back, "0aFf7x", 3), hex2bin(back, "0aFf70", 3));
	*bin2hex(line, back, 3) = 0;
	pr_info("%s %d\\n", line, hex_to_bin('g'));
	memset16(words, 0x1234, 3);
	strscpy_pad(padded, "ab", sizeof(padded));
	pr_info("%x %d %d\\n", words[2], padded[3] == 0 && padded[7] == 0, strnstr("one two", "two", 6) == NULL);
	pr_info("%d%d%d\\n", sysfs_streq("on\\n", "on"), sysfs_streq("on", "on\\n"), sysfs_streq("one", "on"));
	said = sscanf("0xA7", "%2x%x", &i, &in_hex);
	pr_info("%d %d %x\\n", said, i, in_hex);
	pr_info("%llu %lld %lu %d\\n", simple_strtoull("0xfedcba9876543210z", &end, 0), simple_strtoll("-0777", NULL, 0), simple_strtoul("0xg", NULL, 0), *end);
	pr_info("%d %d %d %d\\n", type_max(s8), type_min(s16), type_max(u16), type_min(int) < 0 && !is_signed_type(u64));
	said = 0;
	for (i = 0; i < 5; i++)
		said += __ratelimit(&limit);
	add_taint(TAINT_TEST, LOCKDEP_STILL_OK);
	OPTIMIZER_HIDE_VAR(hidden);
	pr_info("%d %ld %d %d\\n", said, hidden, atomic_inc_unless_negative(&n), atomic_fetch_add_acquire(3, &n));
	pr_info("%d %d %d %d\\n", test_taint(TAINT_TEST), test_taint(TAINT_TEST - 1), (get_taint() >> TAINT_TEST) & 1, _NSIG_WORDS);
	pr_info("%d %d %d\\n", get_count_order(1), get_count_order(5), get_count_order(8));
	return 0;
}
static void __exit text_exit(void) {}
module_init(text_init);
module_exit(text_exit);
`;

const TIME = `${HEAD}#include <linux/timekeeping.h>
static void show(time64_t seconds, int offset)
{
	struct tm tm;

	time64_to_tm(seconds, offset, &tm);
	pr_info("%ld-%02d-%02d %02d:%02d:%02d %d %d\\n", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_wday, tm.tm_yday);
}
static int __init time_init(void)
{
	struct timespec64 before, after, between, minus = { 1, 200 };
	struct timeval of_old;

	ktime_get_ts64(&before);
	msleep(12);
	ktime_get_ts64(&after);
	between = timespec64_sub(after, before);
	pr_info("%d %d\\n", between.tv_sec >= 0 && timespec64_to_ns(&between) >= 12 * NSEC_PER_MSEC, timespec64_compare(&before, &after));
	between = timespec64_sub(minus, (struct timespec64){ 2, 300 });
	pr_info("%lld %ld\\n", between.tv_sec, between.tv_nsec);
	do_gettimeofday(&of_old);
	pr_info("%d\\n", of_old.tv_sec > 1700000000 && of_old.tv_usec < 1000000);
	show(0, 0);
	show(951782400, 0);
	show(-1, 0);
	show(1700000000, 3600);
	show(4102444799LL, 0);
	show(253402300800LL, 0);
	return 0;
}
static void __exit time_exit(void) {}
module_init(time_init);
module_exit(time_exit);
`;

const PAGES = `${HEAD}#include <linux/mm.h>
#include <linux/cpu.h>
#include <linux/prandom.h>
#include <asm/timex.h>
static char *what;
module_param(what, charp, 0);
static int __init pages_init(void)
{
	struct rnd_state one, two;
	char *first = (char *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, 1), *second = (char *)get_zeroed_page(GFP_KERNEL);
	int *a[] = { (int *)1, (int *)2, NULL }, *b[] = { (int *)3, NULL }, **both = memcat_p(a, b);
	cycles_t before = get_cycles();

	if (!strcmp(what, "over"))
		first[2 * PAGE_SIZE] = 1;
	if (!strcmp(what, "late")) {
		free_page((unsigned long)second);
		second[7] = 1;
	}
	if (!strcmp(what, "twice")) {
		free_pages((unsigned long)first, 1);
		free_pages((unsigned long)first, 1);
	}
	pr_info("%d %d %d %d\\n", first[2 * PAGE_SIZE - 1], PAGE_ALIGNED(first) && PAGE_ALIGNED(second), __get_free_pages(GFP_KERNEL, 11) == 0, (int)offset_in_page(second + 5));
	pr_info("%d %d %d %d\\n", get_order(1), get_order(4097), get_order(8192), get_order(8193));
	prandom_seed_state(&one, 5);
	prandom_seed_state(&two, 5);
	pr_info("%d %d\\n", prandom_u32_state(&one) == prandom_u32_state(&two), prandom_u32_state(&one) != prandom_u32_state(&one));
	pr_info("%d %d %d\\n", both[1] == a[1] && both[2] == b[0] && !both[3], num_online_cpus() > 0, get_cycles() >= before);
	kfree(both);
	free_pages((unsigned long)first, 1);
	free_page((unsigned long)second);
	return 0;
}
static void __exit pages_exit(void) {}
module_init(pages_init);
module_exit(pages_exit);
`;

describe('modules that were written for other kernels', () => {
  test('one include brings what it brings in Linux, and init_module and cleanup_module are found by their names', async () => {
    const file = join(write({ 'bare.c': BARE }), 'bare.c');
    expect(await runModule(machine(), file)).toEqual(['insmod: 3, 1, 1', 'gone']);
  }, COMPILE_MS);

  test('a timer keeps what was set before timer_setup or init_timer, and functions of before get their number', async () => {
    const file = join(write({ 'timers.c': TIMERS }), 'timers.c');
    expect(await runModule(machine(), file, {}, (lines) => lines.length >= 3)).toEqual(['first', 'second with 6', 'tasklet with 7']);
  }, COMPILE_MS);

  test('bytes as text, and text as bytes', async () => {
    const file = join(write({ 'text.c': TEXT }), 'text.c');
    expect(await runModule(machine(), file)).toEqual([
      'row 00000000: 48 65 6c 6c 6f 0a 80 ff 20 7e 31 32 33 34 35 36  Hello... ~123456',
      'row 00000010: 37 38                                            78',
      '6c6c6548 ff800a6f',
      '9 [6548 6c6c]',
      '57 [48 65 6]',
      '-22 0',
      '0aff70 -1',
      '1234 1 1',
      '110',
      '2 0 a7',
      '18364758544493064720 -511 0 122',
      '127 -32768 65535 1',
      '2 4 0 -1',
      '1 0 1 2',
      '0 3 3',
    ]);
  }, COMPILE_MS);

  test('clocks in seconds and nanoseconds, and the date', async () => {
    const file = join(write({ 'time.c': TIME }), 'time.c');
    const date = (seconds: number): string => {
      const at = new Date(seconds * 1000);
      const day = Math.floor((at.getTime() - Date.UTC(at.getUTCFullYear(), 0, 1)) / 86_400_000);
      return `${at.getUTCFullYear()}-${at.toISOString().replace(/^.*?\d{4}-/, '').slice(0, 14).replace('T', ' ')} ${at.getUTCDay()} ${day}`;
    };
    expect(await runModule(machine(), file)).toEqual(['1 -1', '-2 999999900', '1', ...[0, 951_782_400, -1, 1_700_003_600, 4_102_444_799, 253_402_300_800].map(date)]);
  }, COMPILE_MS);

  test('whole pages, and what else comes with linux/mm.h and its neighbours', async () => {
    const file = join(write({ 'pages.c': PAGES }), 'pages.c');
    expect(await runModule(machine(), file, { what: 'no' })).toEqual(['0 1 1 5', '0 1 1 2', '1 1', '1 1 1']);
    for (const [what, report] of [['over', 'slab-out-of-bounds'], ['late', 'slab-use-after-free'], ['twice', 'double-free']]) {
      const lines = logFromNow();
      await expect(machine().insmod(file, { what })).rejects.toThrow(/EFAULT/);
      expect(lines().join('\n')).toMatch(new RegExp(`^BUG: KASAN: ${report} in pages_init`, 'm'));
    }
  }, COMPILE_MS);

  test('a header outside of the folder is found, and what that includes', async () => {
    const into = write({
      'deep/down/up.c': `${HEAD}#include "../../common.h"\nstatic int __init up_init(void) { pr_info("%d\\n", COMMON); return 0; }\nstatic void __exit up_exit(void) {}\nmodule_init(up_init);\nmodule_exit(up_exit);\n`,
      'common.h': '#include "parts/number.h"\n#define COMMON (NUMBER + 1)\n',
      'parts/number.h': '#include "../other/base.h"\n#define NUMBER (BASE * 2)\n',
      'other/base.h': '#define BASE 20\n',
    });
    expect(await runModule(machine(), join(into, 'deep/down/up.c'))).toEqual(['41']);
  }, COMPILE_MS);
});

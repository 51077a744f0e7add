/**
 * Code of a module in C that never returns, wherever the machine calls it: it is reported with its place, rmmod --force ends
 * it, and what belongs to other modules goes on.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listModules, rmmod, sysctl } from '../index.js';
import { until as untilWithin } from '../kernel/kinds.fixture.js';
import { oneMachine } from '../kernel/machine.fixture.js';
import { COMPILE_MS, HEAD, logFromNow, sources } from './c_module.fixture.js';
import { listImages } from './images.js';

/** On a busy computer the watchdog comes late, too. */
const until = (condition: () => boolean): Promise<void> => untilWithin(condition, String(condition), 60_000);
const { machine } = oneMachine({ watchdog: true });
const { write } = sources();

/** A module that hangs where insmod says. */
const ENDLESS = `${HEAD}
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
static char *what;
module_param(what, charp, 0);
static volatile int turns;
static noinline void never(void) { pr_info("%s never ends\\n", what); for (;;) turns++; }
static void on_timer(struct timer_list *timer) { never(); }
static enum hrtimer_restart on_hrtimer(struct hrtimer *timer) { never(); return HRTIMER_NORESTART; }
static void on_tasklet(struct tasklet_struct *tasklet) { never(); }
static void on_work(struct work_struct *work) { never(); }
static void on_rcu(struct rcu_head *head) { never(); }
static DEFINE_TIMER(timer, on_timer);
static struct hrtimer high;
static DECLARE_TASKLET(tasklet, on_tasklet);
static DECLARE_WORK(work, on_work);
static struct rcu_head head;
static int __init endless_init(void)
{
	if (!strcmp(what, "timer")) mod_timer(&timer, jiffies + 1);
	if (!strcmp(what, "hrtimer")) { hrtimer_setup(&high, on_hrtimer, CLOCK_MONOTONIC, HRTIMER_MODE_REL); hrtimer_start(&high, ms_to_ktime(1), HRTIMER_MODE_REL); }
	if (!strcmp(what, "tasklet")) tasklet_schedule(&tasklet);
	if (!strcmp(what, "work")) schedule_work(&work);
	if (!strcmp(what, "rcu")) call_rcu(&head, on_rcu);
	if (!strcmp(what, "init")) never();
	return 0;
}
static void __exit endless_exit(void)
{
	if (!strcmp(what, "exit")) never();
	if (!strcmp(what, "timer")) timer_delete_sync(&timer);
	if (!strcmp(what, "work")) cancel_work_sync(&work);
}
module_init(endless_init);
module_exit(endless_exit);
`;

/** A module that asks for a callback of every kind, and says when they have come. */
const OTHERS = `${HEAD}
#include <linux/interrupt.h>
#include <linux/rcupdate.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
static DECLARE_COMPLETION(timed);
static DECLARE_COMPLETION(worked);
static struct rcu_head head;
static void on_timer(struct timer_list *timer) { complete(&timed); }
static DEFINE_TIMER(timer, on_timer);
static void on_work(struct work_struct *work) { msleep(1); complete(&worked); }
static DECLARE_WORK(work, on_work);
static void on_rcu(struct rcu_head *head) {}
static int watch(void *data)
{
	schedule_work(&work);
	wait_for_completion(&worked);
	pr_info("its work ran\\n");
	mod_timer(&timer, jiffies + 1);
	call_rcu(&head, on_rcu);
	wait_for_completion(&timed);
	rcu_barrier();
	pr_info("its timer ran\\n");
	return 0;
}
static int __init others_init(void) { kthread_run(watch, NULL, "watch"); return 0; }
static void __exit others_exit(void) { timer_delete_sync(&timer); flush_work(&work); }
module_init(others_init);
module_exit(others_exit);
`;

const folder = write({ 'endless.c': ENDLESS, 'others.c': OTHERS });
const [endless, others] = [join(folder, 'endless.c'), join(folder, 'others.c')];

describe('a callback that never returns', () => {
  test.each([['timer', 'on_timer'], ['hrtimer', 'on_hrtimer'], ['tasklet', 'on_tasklet'], ['rcu', 'on_rcu']])('%s: a soft lockup with its function; rmmod --force ends it, and the callbacks of others go on', async (what, fn) => {
    sysctl('kernel.watchdog_thresh', 1);
    const lines = logFromNow();
    await machine().insmod(endless, { what });
    await until(() => /soft lockup[^]*<\/TASK>/.test(lines().join('\n')));
    expect(lines().join('\n')).toMatch(/^watchdog: BUG: soft lockup - CPU#\d stuck for \d+s! \[ksoftirqd\/c:\d+\]$/m);
    expect(lines().join('\n')).toMatch(new RegExp(`^ {2}never\\+0x.*\\[endless\\] .*endless\\.c:\\d+\\n {2}${fn}\\+0x.*\\[endless\\]`, 'm'));
    sysctl('kernel.watchdog_thresh', 60);
    await machine().insmod(others);
    await until(() => lines().includes('its work ran'));
    expect(lines()).not.toContain('its timer ran');
    await rmmod('endless', { force: true });
    await until(() => lines().includes('its timer ran'));
    expect(lines().join('\n')).toMatch(new RegExp(`^BUG: module endless was removed, but its callback ${fn} \\[endless\\] does not return; ksoftirqd/c:\\d+ is ended$`, 'm'));
    await machine().rmmod('others');
    expect(listImages()).toEqual([]);
  }, COMPILE_MS);

  test('a work: others run on other workers meanwhile, and who flushes it is not kept', async () => {
    const lines = logFromNow();
    await machine().insmod(endless, { what: 'work' });
    await until(() => lines().includes('work never ends'));
    await machine().insmod(others);
    await until(() => lines().includes('its timer ran'));
    expect(await rmmod('endless', { force: true })).toContain('module endless runs its exit for 5 s now, which was not waited for');
    expect(lines().join('\n')).toMatch(/^BUG: module endless was removed, but its work on_work \[endless\] does not return; kworker\/u\d+:\d+:\d+ is ended\n[^]*never\+0x.*endless\.c:\d+\n {2}on_work\+0x/m);
    await machine().rmmod('others'); // It flushes its own, so the pool is well.
    expect(listImages()).toEqual([]);
  }, COMPILE_MS);
});

describe('init and exit that never return', () => {
  test('insmod waits; rmmod refuses, and with --force ends it', async () => {
    const lines = logFromNow();
    const loading = machine().insmod(endless, { what: 'init' }).catch((error: unknown) => error);
    await until(() => lines().includes('init never ends'));
    await expect(rmmod('endless')).rejects.toThrow(/EBUSY.*--force ends an init or exit that hangs/);
    expect(await rmmod('endless', { force: true })).toEqual(['module endless was being loaded, which was ended']);
    expect(String(await loading)).toMatch(/EFAULT.*cannot load .*its init was ended/);
    expect([listModules(), listImages()]).toEqual([[], []]);
  }, COMPILE_MS);

  test('rmmod waits; a second one, with --force, ends it', async () => {
    const lines = logFromNow();
    await machine().insmod(endless, { what: 'exit' });
    const removing = rmmod('endless');
    await until(() => lines().includes('exit never ends'));
    expect(await rmmod('endless', { force: true })).toEqual(['module endless was being removed, which was ended']);
    expect(await removing).toEqual([]);
    expect([listModules(), listImages()]).toEqual([[], []]);
  }, COMPILE_MS);
});

/**
 * Modules in C, from the source to the log: what they print, how they are refused, and that nothing of them stays.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Completion, boot, buildModule, complete, findTaskByPid, listModules, snapshot, symbolGet, symbolPut } from '../index.js';
import { until } from '../kernel/kinds.fixture.js';
import { oneMachine, threads } from '../kernel/machine.fixture.js';
import { COMPILE_MS, HEAD, logFromNow, runModule, sources } from './c_module.fixture.js';
import { listImages } from './images.js';

const { machine } = oneMachine();
const { write } = sources();

/** Two threads that are frozen, in a wait and when they look. */
const FREEZER = `${HEAD}
#include <linux/freezer.h>
static struct task_struct *waits, *heeds;
static DECLARE_WAIT_QUEUE_HEAD(queue);
static volatile int go, steps;
static int wait(void *data)
{
	set_freezable();
	printk("waits: %d\\n", wait_event_freezable(queue, go));
	steps = 1;
	while (!try_to_freeze())
		schedule_timeout_interruptible(HZ);
	printk("was frozen, now %d\\n", frozen(current));
	steps = 2;
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 3;
}
static int heed(void *data)
{
	bool was = true;
	set_freezable();
	while (!kthread_freezable_should_stop(&was))
		schedule_timeout_interruptible(HZ);
	return was ? 2 : 1;
}
static int __init freezer_init(void)
{
	waits = kthread_run(wait, NULL, "waits");
	heeds = kthread_run(heed, NULL, "heeds");
	return 0;
}
static void __exit freezer_exit(void)
{
	printk("frozen: %d%d\\n", frozen(waits), frozen(heeds));
	printk("heeds returned %d\\n", kthread_stop(heeds));
	go = 1;
	wake_up(&queue);
	printk("still frozen: %d\\n", frozen(waits));
	thaw_processes();
	while (steps < 1)
		msleep(1);
	printk("freeze: %d %d\\n", freeze_processes(), frozen(waits));
	thaw_processes();
	while (steps < 2)
		msleep(1);
	printk("waits returned %d\\n", kthread_stop(waits));
}
module_init(freezer_init);
module_exit(freezer_exit);
`;

const TICKER = `${HEAD}
static struct task_struct *task;
static int period = 10;
static char *greeting = "tick";
static bool loud;
static int steps[4], given;
module_param(period, int, 0644);
MODULE_PARM_DESC(period, "milliseconds");
module_param(greeting, charp, 0444);
module_param(loud, bool, 0444);
module_param_array(steps, int, &given, 0444);
static void step(void) { set_current_state(TASK_INTERRUPTIBLE); schedule_timeout(msecs_to_jiffies(period)); }
static int work(void *data)
{
	int n = 0;
	while (!kthread_should_stop()) {
		step();
		if (n++ < 2)
			printk(KERN_INFO "%s %d of %s%s\\n", greeting, n, (char *)data, loud ? "!" : "");
	}
	return n > 1;
}
static int __init ticker_init(void)
{
	task = kthread_create(work, "all", "param %s&%d", "test", 123);
	if (IS_ERR(task))
		return PTR_ERR(task);
	printk("pid>0:%d prio:%d comm:%s HZ:%d steps:%d,%d,%d\\n", task->pid > 0, task->static_prio, task->comm, HZ, given, steps[0], steps[1]);
	printk("insmod runs in %s\\n", current->comm);
	wake_up_process(task);
	return 0;
}
static void __exit ticker_exit(void)
{
	printk("%s: it returned %d\\n", current->comm, kthread_stop(task));
}
module_init(ticker_init);
module_exit(ticker_exit);
`;

describe('a module in C', () => {
  test('runs: a thread with a formatted name, parameters, init and exit in tasks of their own', async () => {
    const file = join(write({ 'ticker.c': TICKER }), 'ticker.c');
    const lines = await runModule(machine(), file, { period: '5', greeting: 'tock', loud: 'y', steps: '7,8' }, (log) => log.some((line) => line.startsWith('tock 2')));
    expect(lines).toEqual([
      'pid>0:1 prio:120 comm:param test&123 HZ:1000 steps:2,7,8', 'insmod runs in insmod', 'tock 1 of all!', 'tock 2 of all!', 'rmmod: it returned 1',
    ]);
    expect(listModules()).toEqual([]);
    expect(listImages()).toEqual([]);
  }, COMPILE_MS);

  test('freezes with the machine, and a stop brings a thread out that heeds it', async () => {
    const file = join(write({ 'freezer.c': FREEZER }), 'freezer.c');
    const lines = logFromNow();
    await machine().insmod(file);
    const find = (comm: string) => snapshot().find(({ name }) => name === comm);
    await until(() => find('waits')?.letter === 'S' && find('heeds')?.letter === 'S', 'both sleep');
    expect(await machine().freeze()).toBe(0);
    await machine().rmmod('freezer');
    expect(lines().filter((line) => !/^(Freezing|Restarting)/.test(line))).toEqual([
      'frozen: 11', 'heeds returned 2', 'still frozen: 1', 'waits: 0', 'freeze: 0 1', 'was frozen, now 0', 'waits returned 3']);
  }, COMPILE_MS);

  test('its parameters and threads are seen from TypeScript', async () => {
    const file = join(write({ 'ticker.c': TICKER }), 'ticker.c');
    const module = await machine().insmod(file);
    expect(module.params).toEqual([
      { name: 'period', type: 'int', desc: 'milliseconds' }, { name: 'greeting', type: 'charp', desc: '' }, { name: 'loud', type: 'bool', desc: '' }, { name: 'steps', type: 'charp', desc: '' },
    ]);
    expect(module.info).toEqual({ license: 'GPL' });
    const thread = snapshot().find(({ name }) => name === 'param test&123');
    expect(findTaskByPid(thread!.pid)!.comm).toBe('param test&123');
    await machine().rmmod('ticker');
  }, COMPILE_MS);

  test('a value of the wrong type keeps it out, an unknown parameter does not', async () => {
    const file = join(write({ 'ticker.c': TICKER }), 'ticker.c');
    const lines = logFromNow();
    await expect(machine().insmod(file, { period: 'often' })).rejects.toThrow(/EINVAL.*parameter period takes a whole number of 32 bits, not "often"/);
    await machine().insmod(file, { evry: 3 });
    await machine().rmmod('ticker');
    expect(lines()).toContain("ticker: `often' invalid for parameter `period'");
    expect(lines()).toContain("ticker: unknown parameter 'evry' ignored");
    expect(listModules()).toEqual([]);
  }, COMPILE_MS);

  test('is one of several files, by a kbuild Makefile, with a header of its own', async () => {
    const into = write({
      Makefile: 'obj-m := pair.o\npair-objs := first.o \\\n\tpart/second.o\nccflags-y += -DFACTOR=6\nall:\n\tmake -C /lib/modules/$(shell uname -r)/build M=$(PWD) modules\n',
      'first.c': `${HEAD}#include "part/second.h"\nstatic int __init pair_init(void) { pr_info("%d by %s\\n", twice(FACTOR), THIS_MODULE->name); return 0; }\nstatic void __exit pair_exit(void) {}\nmodule_init(pair_init);\nmodule_exit(pair_exit);\n`,
      'part/second.h': 'int twice(int n);\n',
      'part/second.c': '#include "second.h"\nstatic int two = 2;\nint twice(int n) { return n * two; }\n',
    });
    expect(await runModule(machine(), into)).toEqual(['12 by pair']);
  }, COMPILE_MS);

  test('init that fails refuses it', async () => {
    const file = join(write({ 'refuses.c': `${HEAD}static int __init no(void) { return -19; }\nmodule_init(no);\n` }), 'refuses.c');
    await expect(machine().insmod(file)).rejects.toMatchObject({ errno: -19, code: 'ENODEV' });
    expect(listImages()).toEqual([]);
  }, COMPILE_MS);

  test('without an exit it cannot be removed', async () => {
    const file = join(write({ 'stays.c': `${HEAD}static int __init stay(void) { return 0; }\nmodule_init(stay);\n` }), 'stays.c');
    await machine().insmod(file);
    await expect(machine().rmmod('stays')).rejects.toMatchObject({ code: 'EBUSY' });
  }, COMPILE_MS);
});

describe('a .ko', () => {
  test('runs without its source and a compiler, with parameters, and only on a machine that it was built for', async () => {
    const into = write({ 'ticker.c': TICKER });
    const { name, ko } = await buildModule(join(into, 'ticker.c'));
    expect(name).toBe('ticker');
    writeFileSync(join(into, 'other.ko'), ko);
    const before = process.env.KTHREAD_CC ?? '';
    process.env.KTHREAD_CC = 'none';
    expect(await runModule(machine(), join(into, 'other.ko'), { greeting: 'built' }, (log) => log.some((line) => line.startsWith('built 2')))).toContain('built 1 of all');
    process.env.KTHREAD_CC = before;
    writeFileSync(join(into, 'slow.ko'), (await buildModule(join(into, 'ticker.c'), { hz: 100 })).ko);
    await expect(machine().insmod(join(into, 'slow.ko'))).rejects.toThrow(/ENOEXEC.*it was built for HZ=100, but this machine has HZ=1000/);
    writeFileSync(join(into, 'none.ko'), 'text');
    await expect(machine().insmod(join(into, 'none.ko'))).rejects.toThrow(/ENOEXEC.*it is no \.ko that kthread build has made/);
    expect(listImages()).toHaveLength(1); // The one that stays, from above.
  }, COMPILE_MS);
});

describe('what is missing is said before anything runs', () => {
  test('a function that nobody has', async () => {
    const file = join(write({ 'wants.c': `${HEAD}extern int foo(int);\nextern int bar;\nstatic int __init wants(void) { pr_info("never\\n"); return foo(bar); }\nmodule_init(wants);\n` }), 'wants.c');
    const lines = logFromNow();
    await expect(machine().insmod(file)).rejects.toThrow(/ENOENT.*Unknown symbol in module: foo, bar/);
    expect(lines()).toEqual(['wants: Unknown symbol foo (err -2)', 'wants: Unknown symbol bar (err -2)']);
  }, COMPILE_MS);

  test('a header, by its name, where it is asked for', async () => {
    const file = join(write({ 'far.c': `#include <linux/module.h>\n#include <linux/usb/gadget.h>\n` }), 'far.c');
    await expect(machine().insmod(file)).rejects.toThrow(/ENOEXEC[^]*far\.c:2:10: fatal error: 'linux\/usb\/gadget\.h' file not found[^]*<linux\/usb\/gadget\.h> is none of the headers that kthread has/);
  }, COMPILE_MS);

  test('a mistake in the source, as the compiler tells it', async () => {
    const file = join(write({ 'typo.c': `${HEAD}static int x = y;\n` }), 'typo.c');
    await expect(machine().insmod(file)).rejects.toThrow(/ENOEXEC[^]*typo\.c:5:16: error: use of undeclared identifier 'y'/);
  }, COMPILE_MS);
});

describe('modules among each other', () => {
  const OFFERS = `${HEAD}
int offered = 40;
EXPORT_SYMBOL(offered);
int add(int n) { int frame[8] = { n }; return offered + frame[0]; }
EXPORT_SYMBOL_GPL(add);
static int __init offers_init(void) { return 0; }
static void __exit offers_exit(void) {}
module_init(offers_init);
module_exit(offers_exit);
`;
  const TAKES = `${HEAD}
extern int offered;
extern int add(int);
static int __init takes_init(void) { int mine[4] = { 1, 2, 3, 4 }; int sum = add(2); pr_info("%d %d %d%d%d%d\\n", sum, offered, mine[0], mine[1], mine[2], mine[3]); return 0; }
static void __exit takes_exit(void) { offered++; }
module_init(takes_init);
module_exit(takes_exit);
`;

  test('one calls what another exports, on one stack, and keeps it from being removed', async () => {
    const into = write({ 'offers.c': OFFERS, 'takes.c': TAKES });
    const lines = logFromNow();
    await machine().insmod(join(into, 'offers.c'));
    await machine().insmod(join(into, 'takes.c'));
    await expect(machine().rmmod('offers')).rejects.toMatchObject({ code: 'EBUSY' });
    await machine().rmmod('takes');
    await machine().rmmod('offers');
    expect(lines()).toEqual(['42 40 1234']);
  }, COMPILE_MS);
});

describe('with modules in TypeScript', () => {
  const KTHREAD = JSON.stringify(new URL('../index.js', import.meta.url).href);
  const LENDS = `
import { completeAll, declareCompletion, declareShared, exportSymbol, moduleExit, moduleInit, msleepSync, printk, current } from ${KTHREAD};
const ready = declareCompletion(import.meta, 'ready');
const sums = declareShared(import.meta, 'sums', Int32Array, 4);
exportSymbol(import.meta, 'ready', ready);
exportSymbol(import.meta, 'sums', sums);
exportSymbol(import.meta, 'note', (a, b) => {
  msleepSync(1);
  sums[0] += a;
  printk('%s notes %d: %d\\n', current().comm, a, sums[0]);
  return b + 1;
});
moduleInit(() => 0);
moduleExit(() => printk('in the end %d\\n', sums[0]));
`;
  const BORROWS = `${HEAD}
extern struct completion ready;
extern int sums[4];
extern int note(int, int);
int borrowed = 5;
EXPORT_SYMBOL(borrowed);
static DECLARE_COMPLETION(heard);
EXPORT_SYMBOL(heard);
int twice(int n) { return 2 * n; }
EXPORT_SYMBOL(twice);
static struct task_struct *task;
static int work(void *data) { wait_for_completion(&ready); return note(sums[1], 40); }
static int __init b_init(void) { note(2, 0); task = kthread_run(work, NULL, "borrower"); return PTR_ERR_OR_ZERO(task); }
static void __exit b_exit(void) { sums[1] = 30; complete_all(&ready); pr_info("work returned %d\\n", kthread_stop(task)); pr_info("heard %d\\n", completion_done(&heard)); }
module_init(b_init);
module_exit(b_exit);
`;

  test('C uses the records and calls the functions that one exports, on its own threads, and keeps it loaded', async () => {
    const into = write({ 'lends.mjs': LENDS, 'borrows.c': BORROWS });
    const lines = logFromNow();
    await expect(machine().insmod(join(into, 'borrows.c'))).rejects.toThrow(/Unknown symbol in module: /);
    await machine().insmod(join(into, 'lends.mjs'));
    await machine().insmod(join(into, 'borrows.c'));
    await expect(machine().rmmod('lends')).rejects.toMatchObject({ code: 'EBUSY' });
    await until(() => threads()[0]?.wchan === 'wait_for_completion');
    await machine().rmmod('borrows');
    await machine().rmmod('lends');
    expect(lines().filter((line) => !line.includes('Unknown'))).toEqual(['insmod notes 2: 2', 'borrower notes 30: 32', 'work returned 41', 'heard 0', 'in the end 32']);
  }, COMPILE_MS);

  test('TypeScript calls the functions and uses the records that C exports, and keeps it loaded', async () => {
    const into = write({ 'lends.mjs': LENDS, 'borrows.c': BORROWS });
    const lines = logFromNow();
    await machine().insmod(join(into, 'lends.mjs'));
    await machine().insmod(join(into, 'borrows.c'));
    const twice = await symbolGet('twice');
    expect(twice(21)).toBe(42);
    complete(await symbolGet('heard', Completion));
    await expect(symbolGet('thrice')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(symbolGet('borrowed')).rejects.toThrow(/EINVAL.*borrowed is a variable/);
    await expect(symbolGet('twice', Completion)).rejects.toThrow(/EINVAL.*twice is a function, not a Completion/);
    await expect(machine().rmmod('borrows')).rejects.toMatchObject({ code: 'EBUSY' });
    symbolPut('twice');
    symbolPut('heard');
    expect(() => symbolPut('heard')).toThrow(/EINVAL/);
    await machine().rmmod('borrows');
    await machine().rmmod('lends');
    expect(lines()).toContain('heard 1');
  }, COMPILE_MS);
});

describe('a second machine', () => {
  test('of the same process knows nothing of the modules of the first', async () => {
    const into = write({ 'one.c': `${HEAD}static noinline int one(void) { WARN(1, "one\\n"); return 0; }\nstatic int __init a(void) { return one(); }\nstatic void __exit z(void) {}\nmodule_init(a);\nmodule_exit(z);\n`, 'two.c': `${HEAD}\n\nstatic noinline int two(void) { WARN(1, "two\\n"); return 0; }\nstatic int __init a(void) { return two(); }\nstatic void __exit z(void) {}\nmodule_init(a);\nmodule_exit(z);\n` });
    expect((await runModule(machine(), join(into, 'one.c'))).join('\n')).toMatch(/one\+0x[0-9a-f]+\/0x[0-9a-f]+ \[one\]/);
    await machine().shutdown();
    const next = await boot({ cpus: 2, memory: 64 << 20, watchdog: false });
    expect((await runModule(next, join(into, 'two.c'))).join('\n')).toMatch(/two\+0x[0-9a-f]+\/0x[0-9a-f]+ \[two\] .*two\.c:7$/m);
    await next.shutdown();
  }, COMPILE_MS);
});

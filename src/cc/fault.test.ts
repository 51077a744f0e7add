/**
 * What C does wrong: each mistake is a report with function, file and line, ends what must end and nothing else, and the
 * machine loads the next module as if nothing had been.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { rmmod, sysctl } from '../index.js';
import { until } from '../kernel/kinds.fixture.js';
import { oneMachine, threads } from '../kernel/machine.fixture.js';
import { COMPILE_MS, HEAD, logFromNow, runModule, sources } from './c_module.fixture.js';
import { load } from '../lib/atomic.js';
import { LOG_TEXT_AT, MACHINE, PIDS_AT, SHADOW_AT, heapStart, machineWord } from '../kernel/memlayout.js';
import { KASAN_KERNEL, badByte, markAt } from '../kernel/mm/kasan.js';
import { IMAGE } from '../kernel/module.js';
import { imageParts, listImages } from './images.js';

const { machine, oopses } = oneMachine({ watchdog: true });
const { write } = sources();

/** A module whose thread makes the mistake that insmod names. */
const BAD = `${HEAD}
#include <linux/wait.h>
static char *what;
module_param(what, charp, 0);
static unsigned long address;
module_param(address, ulong, 0);
static volatile int zero, one = 1, three = 3, four = 4;
static int table[4];
static DEFINE_SPINLOCK(lock);
static DECLARE_WAIT_QUEUE_HEAD(queue);
static struct task_struct *task;
static noinline int deref(int *p) { return *p; }
static noinline void assign(int *p) { *p = 1; }
static noinline int deep(int n) { volatile char room[256]; room[0] = n; return deep(n + 1) + room[0]; }
static noinline int deeper(int n) { return deeper(n + one) + 1; }
static noinline int beyond(int n) { volatile int four[4] = { 0 }; return four[n]; }
static noinline int scope(void) { int *volatile p; { int x = one; p = &x; } return deref(p); }
static noinline void spin(void) { while (!kthread_should_stop() || zero == 0) one++; }
static noinline void deaf(void) { for (;;) one++; }
static int work(void *data)
{
	char *text = kmalloc(8, GFP_KERNEL);
	int *p = kmalloc(16, GFP_KERNEL);
	if (!strcmp(what, "null")) return deref(NULL);
	if (!strcmp(what, "field")) return deref(&((int *)NULL)[16]);
	if (!strcmp(what, "wild")) return deref((int *)0x6b6b6b6b);
	if (!strcmp(what, "machine")) { assign((int *)0x10000); return 0; }
	if (!strcmp(what, "kernel")) { assign((int *)address); return 0; }
	if (!strcmp(what, "err")) return strlen(ERR_PTR(-12));
	if (!strcmp(what, "zero")) return 5 / zero;
	if (!strcmp(what, "bug")) BUG_ON(three == 3);
	if (!strcmp(what, "warn")) return WARN(three == 3, "three is %d\\n", three);
	if (!strcmp(what, "deep")) return deep(1);
	if (!strcmp(what, "deeper")) return deeper(1);
	if (!strcmp(what, "over")) return deref(p + 4);
	if (!strcmp(what, "under")) { assign(p - 1); return 0; }
	if (!strcmp(what, "late")) { kfree(p); return deref(p); }
	if (!strcmp(what, "twice")) { kfree(p); kfree(p); }
	if (!strcmp(what, "inside")) kfree(p + 2);
	if (!strcmp(what, "long")) { strcpy(text, "much too long"); return 0; }
	if (!strcmp(what, "fill")) { memset(text, 0, 9); return 0; }
	if (!strcmp(what, "table")) return deref(table + 4);
	if (!strcmp(what, "stack")) return beyond(four);
	if (!strcmp(what, "scope")) return scope();
	if (!strcmp(what, "call")) return ((int (*)(int))(unsigned long)zero)(1);
	if (!strcmp(what, "type")) { int (*volatile fn)(int, int, int) = (void *)deref; return fn(1, 2, 3); }
	if (!strcmp(what, "atomic")) { spin_lock(&lock); msleep(1); spin_unlock(&lock); return 0; }
	if (!strcmp(what, "panics")) dump_stack();
	if (!strcmp(what, "spin")) spin();
	if (!strcmp(what, "deaf")) { pr_info("deaf from now on\\n"); deaf(); }
	if (!strcmp(what, "hang")) wait_event(queue, zero);
	if (!strcmp(what, "left")) for (;;) msleep(20);
	return 7;
}
static int __init bad_init(void)
{
	if (!strcmp(what, "init")) return deref(NULL);
	task = kthread_create(work, NULL, "bad/%s", what);
	if (strcmp(what, "gone"))
		get_task_struct(task);
	wake_up_process(task);
	return 0;
}
static void __exit bad_exit(void)
{
	zero = 1;
	wake_up(&queue);
	if (!strcmp(what, "exit"))
		assign(NULL);
	if (!strcmp(what, "left"))
		return;
	pr_info("stop: %d\\n", kthread_stop(task));
	if (strcmp(what, "gone"))
		put_task_struct(task);
}
module_init(bad_init);
module_exit(bad_exit);
`;

const folder = write({
  'bad.c': BAD,
  'well.c': `${HEAD}static int __init well(void) { char *p = kzalloc(64, GFP_KERNEL); pr_info("well %d\\n", p[63]); kfree(p); return 0; }\nstatic void __exit bye(void) {}\nmodule_init(well);\nmodule_exit(bye);\n`,
});
const bad = join(folder, 'bad.c');
const IN_BAD = (name: string): RegExp => new RegExp(`^ {2}${name}\\+0x[0-9a-f]+/0x[0-9a-f]+ \\[bad\\] .*bad\\.c:\\d+$`, 'm');

/** Another module runs after it, so all is well. */
async function allIsWell(): Promise<void> {
  expect(await runModule(machine(), join(folder, 'well.c'))).toEqual(['well 0']);
  expect(listImages()).toEqual([]);
}

describe('ends the thread that did it', () => {
  test.each([
    ['null', /^BUG: kernel NULL pointer dereference, address: 00000000\n#PF: supervisor read access in kernel mode$/m, IN_BAD('deref')],
    ['field', /^BUG: kernel NULL pointer dereference, address: 00000040$/m, IN_BAD('deref')],
    ['wild', /^BUG: unable to handle page fault for an address beyond 03ffffff$/m, IN_BAD('deref')],
    ['machine', /^BUG: KASAN: wild-memory-access in assign\+0x.*\nWrite of size 4 at addr 00010000/m, IN_BAD('assign')],
    ['err', /^BUG: unable to handle page fault for address: fffffff4$/m, /^ {2}strlen\n {2}work\+0x/m],
    ['zero', /^Oops: divide error: 0000$/m, IN_BAD('work')],
    ['bug', /^kernel BUG at .*bad\.c:\d+!\nOops: invalid opcode: 0000$/m, IN_BAD('work')],
    ['deep', /^BUG: TASK stack guard page was hit$/m, IN_BAD('deep')],
    ['deeper', /^BUG: TASK stack guard page was hit$/m, IN_BAD('deeper')],
    ['over', /^BUG: KASAN: slab-out-of-bounds in deref\+0x.*bad\.c:\d+\nRead of size 4 at addr [0-9a-f]{8} by task bad\/over\/\d+$/m, /^The buggy address is located 0 bytes to the right of 16-byte region \[[0-9a-f]{8}, [0-9a-f]{8}\)$/m],
    ['under', /^BUG: KASAN: slab-out-of-bounds in assign\+0x.*\nWrite of size 4/m, /^ {2}assign\+0x.*\n {2}work\+0x/m],
    ['late', /^BUG: KASAN: slab-use-after-free in deref\+0x/m, /^The buggy address is located 0 bytes inside of freed 16-byte region/m],
    ['twice', /^BUG: KASAN: double-free in work\+0x.*bad\.c:\d+\nFree at addr/m, /^ {2}kfree\n {2}work\+0x/m],
    ['inside', /^BUG: KASAN: invalid-free in work\+0x/m, /located 8 bytes inside of 16-byte region/],
    ['long', /^BUG: KASAN: slab-out-of-bounds in work\+0x.*\nWrite of size 14 at addr/m, /^ {2}strcpy\n {2}work\+0x/m],
    ['fill', /^BUG: KASAN: slab-out-of-bounds in work\+0x.*\nWrite of size 9 at addr/m, IN_BAD('work')],
    ['table', /^BUG: KASAN: global-out-of-bounds in deref\+0x/m, IN_BAD('deref')],
    ['stack', /^BUG: KASAN: stack-out-of-bounds in beyond\+0x/m, IN_BAD('beyond')],
    ['scope', /^BUG: KASAN: stack-use-after-scope in deref\+0x/m, /^ {2}deref\+0x.*\n {2}scope\+0x/m],
    ['call', /^BUG: kernel called through a pointer that is no function of that type/m, IN_BAD('work')],
    ['type', /^BUG: kernel called through a pointer that is no function of that type/m, IN_BAD('work')],
  ])('%s', async (what, sentence, trace) => {
    const lines = await runModule(machine(), bad, { what }, () => oopses.length > 0);
    expect(lines.join('\n')).toMatch(sentence);
    expect(lines.join('\n')).toMatch(trace);
    expect(lines.join('\n')).not.toMatch(/\bcc\/|anonymous/);
    expect(lines.at(-1)).toBe('stop: -14');
    expect(oopses).toHaveLength(1);
    await allIsWell();
  }, COMPILE_MS);
});

describe('a wild pointer into memory of the kernel alone', () => {
  const size = 64 << 20; // As machine.fixture.ts boots it.
  test.each<[what: string, address: () => number]>([
    ['the record of the machine', () => machineWord(MACHINE.next_pid)],
    ['the table of pids', () => PIDS_AT + 4],
    ['the table of pids', () => load(PIDS_AT) + 400],
    ['the log', () => LOG_TEXT_AT + 1000],
    ['the marks of the address checks', () => SHADOW_AT + heapStart(size) / 8 + 64],
    ['the map of the heap', () => heapStart(size) + 16],
    ['the code of module well', () => imageParts(listImages()[0].at)[0][0] + 40],
    ['the record of module well', () => listImages()[0].at + IMAGE.base],
  ])('%s (%#)', async (what, address) => {
    await machine().insmod(join(folder, 'well.c'));
    const at = address();
    const lines = await runModule(machine(), bad, { what: 'kernel', address: String(at) }, () => oopses.length > 0);
    expect(lines.join('\n')).toMatch(/^BUG: KASAN: wild-memory-access in assign\+0x.*bad\.c:\d+\nWrite of size 4 at addr/m);
    expect(lines).toContain(`The buggy address belongs to ${what}`);
    expect(lines.at(-1)).toBe('stop: -14');
    await machine().rmmod('well');
    await allIsWell();
  }, COMPILE_MS);

  test('is free for others when a module is gone', async () => {
    await machine().insmod(join(folder, 'well.c'));
    const parts = listImages().flatMap(({ at }) => [...imageParts(at), [at, IMAGE.sizeof]]);
    expect(parts.map(([at]) => markAt(at))).toEqual(parts.map(() => KASAN_KERNEL));
    await machine().rmmod('well');
    for (const [at, bytes] of parts) expect(badByte(at, bytes)).toBe(-1);
  }, COMPILE_MS);
});

test('without address checks NULL is still found', async () => {
  const lines = logFromNow();
  const { name } = await machine().insmod(bad, { what: 'null' }, { kasan: false });
  await until(() => oopses.length > 0);
  await machine().rmmod(name);
  expect(lines().join('\n')).toMatch(/^BUG: kernel NULL pointer dereference, address: 00000000[^]*<TASK>\n {2}deref\+0x/m);
}, COMPILE_MS);

describe('ends nothing', () => {
  test('WARN says where it is and goes on', async () => {
    const lines = await runModule(machine(), bad, { what: 'warn' }, (log) => log.some((line) => line.startsWith('---[ end')));
    expect(lines.join('\n')).toMatch(/^three is 3\nWARNING: CPU: \d PID: \d+ at .*bad\.c:\d+ work\+0x[0-9a-f]+\/0x[0-9a-f]+ \[bad\]$/m);
    expect(lines.at(-1)).toBe('stop: 1');
  }, COMPILE_MS);

  test('dump_stack shows the way there', async () => {
    expect((await runModule(machine(), bad, { what: 'panics' }, (log) => log.some((line) => line.includes('</TASK>')))).join('\n')).toMatch(/^Call Trace:\n <TASK>\n {2}dump_stack\n {2}work\+0x/m);
  }, COMPILE_MS);

  test('sleeping with a spinlock', async () => {
    const lines = await runModule(machine(), bad, { what: 'atomic' }, (log) => log.some((line) => line.startsWith('BUG: scheduling')));
    expect(lines.join('\n')).toMatch(/^BUG: scheduling while atomic: bad\/atomic\/\d+\/0x00000001$/m);
    expect(lines.join('\n')).toMatch(/^ {2}msleep\n {2}work\+0x[^]*bad\.c:\d+$/m);
    expect(lines.at(-1)).toBe('stop: 0');
  }, COMPILE_MS);

  test('kthread_stop of a thread that is gone is a warning, and what it returned', async () => {
    const lines = await runModule(machine(), bad, { what: 'gone' }, () => threads().length === 0);
    expect(lines.join('\n')).toMatch(/^WARNING: refcount_t: addition on 0; use-after-free\. kthread_stop of bad\/gone\[\d+\]/m);
    expect(lines.join('\n')).toMatch(/^ {2}kthread_stop\n {2}bad_exit\+0x.*bad\.c:\d+$/m);
    expect(lines.at(-1)).toBe('stop: 7');
    await allIsWell();
  }, COMPILE_MS);
});

describe('in init and exit', () => {
  test('an oops in init refuses the module', async () => {
    await expect(machine().insmod(bad, { what: 'init' })).rejects.toThrow(/EFAULT.*an oops ended its init/);
    expect(oopses).toHaveLength(1);
    await allIsWell();
  }, COMPILE_MS);

  test('an oops in exit removes it all the same, and the thread that it did not stop is told', async () => {
    const lines = await runModule(machine(), bad, { what: 'exit' });
    expect(lines.join('\n')).toMatch(/^BUG: kernel NULL pointer dereference[^]*bad_exit\+0x/m);
    await allIsWell();
  }, COMPILE_MS);

  test('an exit that leaves a thread: where it is, and its end', async () => {
    const lines = await runModule(machine(), bad, { what: 'left' }, () => threads()[0]?.wchan === 'msleep');
    expect(lines.join('\n')).toMatch(/^BUG: module bad was removed, but its thread bad\/left:\d+ still runs; its exit must kthread_stop\(\) it$/m);
    expect(lines.join('\n')).toMatch(/^ {2}msleep\n {2}work\+0x[^]*bad\.c:\d+$/m);
    expect(threads()).toEqual([]);
    await allIsWell();
  }, COMPILE_MS);
});

describe('goes on for ever', () => {
  test('a thread that never looks keeps rmmod waiting, and rmmod --force ends it', async () => {
    const lines = logFromNow();
    await machine().insmod(bad, { what: 'deaf' });
    await until(() => lines().includes('deaf from now on'));
    expect(await rmmod('bad', { force: true })).toEqual(expect.arrayContaining(['module bad runs its exit for 5 s now, which was not waited for', expect.stringMatching(/^thread bad\/deaf\[\d+\] was ended wherever it was, state R/)]));
    expect(lines().join('\n')).toMatch(/^rmmod --force: module bad runs its exit/m);
    expect(threads()).toEqual([]);
    await allIsWell();
  }, COMPILE_MS);

  test('a loop without end is a soft lockup with its place', async () => {
    sysctl('kernel.watchdog_thresh', 1);
    const lines = await runModule(machine(), bad, { what: 'spin' }, (log) => /soft lockup[^]*<\/TASK>/.test(log.join('\n')));
    expect(lines.join('\n')).toMatch(/^watchdog: BUG: soft lockup - CPU#\d stuck for \d+s! \[bad\/spin:\d+\]$/m);
    expect(lines.join('\n')).toMatch(/^ {2}(kthread_should_stop\n {2})?spin\+0x.*bad\.c:\d+\n {2}work\+0x/m);
    sysctl('kernel.watchdog_thresh', 10);
    await allIsWell();
  }, COMPILE_MS);

  test('a sleep without end is a hung task with its place', async () => {
    sysctl('kernel.hung_task_timeout_secs', 1);
    const lines = await runModule(machine(), bad, { what: 'hang' }, (log) => /blocked for more[^]*<\/TASK>/.test(log.join('\n')));
    expect(lines.join('\n')).toMatch(/^INFO: task bad\/hang:\d+ blocked for more than \d+ seconds\.$/m);
    expect(lines.join('\n')).toMatch(/^ *wait_event\n(.*\n)? *work\+0x.*\[bad\] .*bad\.c:\d+$/m);
    sysctl('kernel.hung_task_timeout_secs', 120);
    await allIsWell();
  }, COMPILE_MS);
});

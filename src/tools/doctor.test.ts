/**
 * kthread doctor as a user runs it, on modules in TypeScript, so that no compiler is needed, and on one in C with a mistake for
 * each value of a parameter: what it names, and that what follows from a mistake is not named again.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test, vi } from 'vitest';
import { findingsIn } from './doctor/findings.js';

vi.setConfig({ testTimeout: 120_000 });
const program = fileURLToPath(new URL('./kthread.js', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'doctor-'));
afterAll(() => rmSync(dir, { recursive: true }));

function file(name: string, text: string): string {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
}

interface Examined { readonly refused?: string; readonly threads: number; readonly findings: ReadonlyArray<{ readonly title: string; readonly report: readonly string[]; readonly count: number }> }

async function examine(...args: string[]): Promise<Examined & { status: number; titles: string[] }> {
  const { status, stdout } = await run(...args, '--json');
  const examined = JSON.parse(stdout) as Examined;
  return { status, titles: examined.findings.map(({ title }) => title.replace(/\[?\d+\]?/g, '#')), ...examined };
}

const run = (...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> => new Promise((resolve) => {
  execFile(process.execPath, [program, 'doctor', ...args], (error, stdout, stderr) => resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }));
});

const WELL = file('well.ts', `import { kthreadRun, kthreadShouldStop, kthreadStop, moduleExit, moduleInit, scheduleTimeoutInterruptible } from 'kthread';
let task;
moduleInit(async () => { task = await kthreadRun(async () => { while (!kthreadShouldStop()) await scheduleTimeoutInterruptible(100); }, undefined, 'well'); return 0; });
moduleExit(async () => void await kthreadStop(task));
`);
const DEAF = file('deaf.ts', `import { kthreadRun, kthreadStop, moduleExit, moduleInit, msleep } from 'kthread';
let task;
moduleInit(async () => { task = await kthreadRun(async () => { for (;;) await msleep(100); }, undefined, 'deaf'); return 0; });
moduleExit(async () => void await kthreadStop(task));
`);
const C = file('ill.c', `#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/mutex.h>
static int what;
module_param(what, int, 0);
static struct task_struct *task;
static DEFINE_MUTEX(mutex);
static int ill(void *unused)
{
	int *p = kmalloc(16, GFP_KERNEL);
	if (what == 1) p[4] = 1;
	if (what == 2) mutex_lock(&mutex);
	if (what == 3) while (!kthread_should_stop()) { set_current_state(TASK_UNINTERRUPTIBLE); schedule(); }
	while (!kthread_should_stop()) schedule_timeout_interruptible(HZ);
	kfree(p);
	return 0;
}
static int __init ill_init(void) { task = kthread_run(ill, NULL, "ill"); return 0; }
static void __exit ill_exit(void) { if (what != 4) kthread_stop(task); }
module_init(ill_init);
module_exit(ill_exit);
MODULE_LICENSE("GPL");
`);

test('a module that is well', async () => {
  const { status, stdout } = await run(WELL, '--for', '500ms');
  expect(stdout).toMatch(/^well\.ts ran for \d+\.\d s with 1 thread and was removed: nothing was found$/m);
  expect(status).toBe(0);
});

test('a thread that does not look whether it shall stop is named once, with where it is', async () => {
  const { status, titles, findings } = await examine(DEAF, '--for', '200ms', '--hung', '60s');
  expect([status, titles]).toEqual([1, ['deaf# does not end when it is asked to stop']]);
  expect(findings[0].report.join('\n')).toContain('msleep');
});

test.each([
  [0, []],
  [1, [expect.stringMatching(/^access beyond an allocated object, in ill\+/)]],
  [2, ['ill/# ended with mutex held']],
  [3, ['ill:# sleeps uninterruptibly for more than # s']],
  [4, ['the thread ill:# outlives its module']],
])('a module in C with mistake %d', async (what, titles) => {
  const examined = await examine(C, `what=${what}`, '--for', what === 3 ? '4s' : '1s');
  expect([examined.refused, examined.titles, examined.status]).toEqual([undefined, titles, titles.length > 0 ? 1 : 0]);
});

test('one that cannot be loaded, two at a time, and none', async () => {
  expect(await examine(join(dir, 'nothing.ts'))).toMatchObject({ status: 1, refused: expect.stringMatching(/^ENOENT/), findings: [] });
  expect(await run(WELL, DEAF)).toMatchObject({ status: 2, stderr: expect.stringContaining('one module at a time') });
  expect(await run()).toMatchObject({ status: 2 });
});

test('that a thread which outlived its module was ended is not told a second time, and a wild pointer has a name', () => {
  const log = [
    'BUG: module m was removed, but its thread t:8 still runs; its exit must kthread_stop() it', 'CPU: 1 PID: 8 Comm: t Tainted: D', 'Call Trace:', ' <TASK>', '  f+0x1/0x2 [m] m.c:1', ' </TASK>',
    'Oops: Error: its module m was removed', 'CPU: 1 PID: 8 Comm: t Tainted: D', '---[ end trace ]---', 'BUG: KASAN: wild-memory-access in f+0x1/0x2 [m] m.c:1', 'Oops: KASAN: wild-memory-access', '---[ end trace ]---',
    'INFO: task init:3 blocked for more than 2 seconds.', 'task:init state:D', 'Call Trace:', ' <TASK>', '  insmod', ' </TASK>',
  ].map((text, ts) => ({ text, ts }));
  expect(findingsIn(log).map(({ title }) => title)).toEqual(['the thread t:8 outlives its module', 'use of a wild pointer, into memory of the kernel alone, in f+0x1/0x2 [m] m.c:1']);
});

test('what follows from the end of a thread is not told again, and the same thing twice is counted', () => {
  const log = [
    'BUG: kernel NULL pointer dereference, address: 00000000', 'Oops: Oops: 0002', 'CPU: 1 PID: 8 Comm: x Tainted: D', 'Call Trace:', ' <TASK>', '  f+0x1/0x2 [x] x.c:3', ' </TASK>',
    '------------[ cut here ]------------', 'WARNING: refcount_t: addition on 0; use-after-free. kthread_stop of x[8], which ended; hold a reference', 'CPU: 0 PID: 10 Comm: rmmod', '---[ end trace ]---',
    'WARNING: y/9 exited with mutex held: m; the next who waits gets it', 'x: a line of its own', 'WARNING: y/11 exited with mutex held: m; the next who waits gets it',
  ].map((text) => ({ ts: 0, text }));
  expect(findingsIn(log).map(({ title, count, report }) => [title, count, report.length])).toEqual([['use of a NULL pointer (address 00000000)', 1, 7], ['y/9 ended with mutex held', 2, 1]]);
});

/**
 * The kernel's own files of /proc, seen through the same tree and the same processes as those of modules.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { kthreadRun, kthreadShouldStop, kthreadStop, listDir, msleep, openFile, sysctl } from '../../index.js';
import { oneMachine } from '../../kernel/machine.fixture.js';
import { COMPILE_MS, HEAD, sources } from '../c_module.fixture.js';
import { cat, echo } from './files.fixture.js';

const { machine } = oneMachine();
const { write } = sources();
const names = (path: string): string[] => listDir(path).map(({ name }) => name);

const PLAIN = String.raw`${HEAD}
#include <linux/fs.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
static int plain_show(struct seq_file *m, void *v) { seq_puts(m, "mine\n"); return 0; }
static const struct file_operations fops = { .owner = THIS_MODULE };
static int major;
static int __init plain_init(void) { major = register_chrdev(0, "plain", &fops); proc_create_single("plain", 0, NULL, plain_show); return 0; }
static void __exit plain_exit(void) { remove_proc_entry("plain", NULL); unregister_chrdev(major, "plain"); }
module_init(plain_init);
module_exit(plain_exit);
`;

test('what the kernel and modules have in /proc is one tree', async () => {
  await machine().insmod(join(write({ 'plain.c': PLAIN }), 'plain.c'));
  const top = names('/proc');
  for (const name of ['plain', '1', '2', 'version', 'uptime', 'loadavg', 'stat', 'modules', 'devices', 'misc', 'sys']) expect(top).toContain(name);
  expect(await cat('/proc/plain')).toBe('mine\n');
  expect(await cat('/proc/version', 5)).toMatch(/^Linux version \d.*\n$/);
  expect(await cat('//proc/./modules')).toMatch(/^plain \d+ 0 - Live 0x[0-9a-f]{8}\n$/);
  expect(await cat('/proc/devices')).toMatch(/^Character devices:\n 10 misc\n2\d\d plain\n\nBlock devices:\n$/);
  await machine().rmmod('plain');
  expect(await cat('/proc/modules')).toBe('');
}, COMPILE_MS);

test('a task has a directory as long as it lives', async () => {
  const task = await kthreadRun(async () => {
    while (!kthreadShouldStop()) await msleep(5);
  }, undefined, 'ticker');
  expect(names(`/proc/${task.pid}`)).toEqual(expect.arrayContaining(['stat', 'status', 'comm', 'wchan', 'stack']));
  expect(await cat(`/proc/${task.pid}/comm`)).toBe('ticker\n');
  expect(await cat(`/proc/${task.pid}/status`, 7)).toContain('Name:\tticker\n');
  await expect(openFile(`/proc/${task.pid}`)).rejects.toMatchObject({ code: 'EISDIR' });
  const { pid } = task;
  await kthreadStop(task);
  expect(() => listDir(`/proc/${pid}`)).toThrow(/ENOENT/);
  await expect(openFile(`/proc/${pid}/comm`)).rejects.toMatchObject({ code: 'ENOENT' });
}, COMPILE_MS);

test('settings are read and written below /proc/sys', async () => {
  expect(names('/proc/sys')).toContain('kernel');
  const at = '/proc/sys/kernel/hung_task_timeout_secs';
  expect(names('/proc/sys/kernel')).toContain('hung_task_timeout_secs');
  expect(await cat(at)).toBe(`${sysctl('kernel.hung_task_timeout_secs')}\n`);
  await echo('77', at);
  expect(sysctl('kernel.hung_task_timeout_secs')).toBe(77);
  await expect(echo('soon', at)).rejects.toMatchObject({ code: 'EINVAL' });
  await expect(echo('1', '/proc/version')).rejects.toMatchObject({ code: 'EIO' });
  await using file = await openFile('/proc/loadavg');
  expect(await file.llseek(-2, 2)).toBeGreaterThan(0);
  expect(await file.read(10)).toHaveLength(2);
}, COMPILE_MS);

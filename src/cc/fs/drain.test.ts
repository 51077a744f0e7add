/**
 * What goes wrong with names of modules in C: twice the same, one that is not there, one that is taken away while somebody is
 * inside, one that is left behind, and functions that end who calls them.
 */
import { describe, expect, test } from 'vitest';
import { O_WRONLY, listDir, openFile } from '../../index.js';
import { oneMachine } from '../../kernel/machine.fixture.js';
import { COMPILE_MS, HEAD, loader } from '../c_module.fixture.js';
import { cat, echo } from './files.fixture.js';

const { machine } = oneMachine();
const load = loader(machine);

const WRONG = String.raw`${HEAD}
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
static int one_show(struct seq_file *m, void *v) { seq_puts(m, "1\n"); return 0; }
static void try(const char *what, void *entry) { pr_info("%s: %s\n", what, entry ? "made" : "NULL"); }
static int __init wrong_init(void)
{
	struct proc_dir_entry *dir = proc_mkdir("wrong", NULL);

	try("first", proc_create_single("one", 0, dir, one_show));
	try("again", proc_create_single("wrong/one", 0, NULL, one_show));
	try("dir again", proc_mkdir("wrong", NULL));
	try("nowhere", proc_create_single("nowhere/one", 0, NULL, one_show));
	remove_proc_entry("two", dir);
	pr_info("subtree: %d\n", remove_proc_subtree("gone", NULL));
	remove_proc_entry("wrong", NULL);
	return 0;
}
static void __exit wrong_exit(void) { }
module_init(wrong_init);
module_exit(wrong_exit);
`;

const LEFT = String.raw`${HEAD}
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
static int left_show(struct seq_file *m, void *v) { seq_puts(m, "here\n"); return 0; }
static int __init left_init(void) { return proc_create_single("left", 0, NULL, left_show) ? 0 : -ENOMEM; }
static void __exit left_exit(void) { }
module_init(left_init);
module_exit(left_exit);
`;

const SLOW = String.raw`${HEAD}
#include <linux/proc_fs.h>
#include <linux/uaccess.h>
static int after;
static ssize_t slow_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	if (after++) {
		pr_info("inside\n");
		msleep(300);
	}
	pr_info("read by %s\n", current->comm);
	return copy_to_user(buf, "x", 1) ? -EFAULT : 1;
}
static int slow_release(struct inode *inode, struct file *file) { pr_info("release in %s\n", current->comm); return 0; }
static const struct proc_ops slow_ops = { .proc_read = slow_read, .proc_release = slow_release };
static int __init slow_init(void) { return proc_create("slow", 0, NULL, &slow_ops) ? 0 : -ENOMEM; }
static void __exit slow_exit(void) { remove_proc_entry("slow", NULL); pr_info("removed\n"); }
module_init(slow_init);
module_exit(slow_exit);
`;

const OOPS = String.raw`${HEAD}
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
static int *nothing;
static int times;
static int bad_show(struct seq_file *m, void *v) { if (times++ == 0) *nothing = 1; seq_puts(m, "well\n"); return 0; }
static int __init bad_init(void) { return proc_create_single("bad", 0, NULL, bad_show) ? 0 : -ENOMEM; }
static void __exit bad_exit(void) { remove_proc_entry("bad", NULL); }
module_init(bad_init);
module_exit(bad_exit);
`;

describe('a name', () => {
  test('twice, or that is not there, or of a directory with something in it, is a warning', async () => {
    const lines = await load('wrong', WRONG);
    expect(lines().filter((line) => /^(WARNING|\w.*: (made|NULL|-?\d+)$)/.test(line))).toEqual([
      'first: made', "WARNING: proc_dir_entry 'wrong/one' already registered", 'again: NULL', "WARNING: proc_dir_entry '/proc/wrong' already registered", 'dir again: NULL',
      "WARNING: name 'nowhere/one'", 'nowhere: NULL', "WARNING: name 'two'", 'subtree: -2', "WARNING: remove_proc_entry: removing non-empty directory '/proc/wrong', leaking at least 'one'",
    ]);
    expect(listDir('/proc').some(({ name }) => name === 'wrong')).toBe(false);
    await machine().rmmod('wrong');
  }, COMPILE_MS);

  test('that a module leaves behind is taken off, and told; who has it open reads no more', async () => {
    const lines = await load('left', LEFT);
    const file = await openFile('/proc/left');
    await machine().rmmod('left');
    expect(lines().map((line) => line.replace(/\d+/, 'PID'))).toEqual(['BUG: module left was removed, but cat[PID] has its /proc/left open', 'BUG: module left was removed, but its /proc/left is still there; it is taken off']);
    await expect(file.read(10)).rejects.toMatchObject({ code: 'EIO' });
    await file.close();
    await expect(openFile('/proc/left')).rejects.toMatchObject({ code: 'ENOENT' });
  }, COMPILE_MS);

  test('goes when who is inside has come out; then an open file is released, and answers EIO', async () => {
    const lines = await load('slow', SLOW);
    const file = await openFile('/proc/slow', { name: 'reader' });
    expect(await file.read(1)).toHaveLength(1);
    const last = file.read(1);
    while (!lines().includes('inside')) await new Promise((resolve) => setTimeout(resolve, 5));
    await machine().rmmod('slow');
    expect(await last).toHaveLength(1);
    await expect(file.read(1)).rejects.toMatchObject({ code: 'EIO' });
    await file.close();
    expect(lines()).toEqual(['read by reader', 'inside', 'read by reader', 'release in rmmod', 'removed']);
  }, COMPILE_MS);

  test('whose show ends in an oops takes only its reader along', async () => {
    const lines = await load('bad', OOPS);
    await expect(cat('/proc/bad')).rejects.toMatchObject({ code: 'EFAULT' });
    expect(lines().some((line) => line.startsWith('BUG: kernel NULL pointer dereference'))).toBe(true);
    expect(lines().find((line) => line.includes('bad_show+'))).toMatch(/bad_show\+.*\[bad\] .*bad\.c:\d+$/);
    expect(await cat('/proc/bad')).toBe('well\n');
    await expect(echo('x', '/proc/bad')).rejects.toMatchObject({ code: 'EIO' });
    await expect(openFile('/proc/none', { flags: O_WRONLY })).rejects.toMatchObject({ code: 'ENOENT' });
    await machine().rmmod('bad');
  }, COMPILE_MS);
});

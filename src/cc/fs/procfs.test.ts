/**
 * What modules in C have in /proc: files in both spellings, directories, files whose text is made while they are read, and
 * what becomes of a file whose name is taken away while somebody has it open.
 */
import { describe, expect, test } from 'vitest';
import { listDir, openFile } from '../../index.js';
import { oneMachine } from '../../kernel/machine.fixture.js';
import { COMPILE_MS, HEAD, loader } from '../c_module.fixture.js';
import { cat, echo } from './files.fixture.js';

const { machine } = oneMachine();
const load = loader(machine);

const NOTE = (ops: string): string => String.raw`${HEAD}
#include <linux/proc_fs.h>
#include <linux/uaccess.h>
#define NOTE_MAX 64
static char note[NOTE_MAX] = "empty\n";
static size_t note_size = 6;
static struct proc_dir_entry *entry;
static int note_open(struct inode *inode, struct file *file)
{
	pr_info("open by %s data %s\n", current->comm, (char *)PDE_DATA(inode));
	return 0;
}
static ssize_t note_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	size_t left;

	if (*ppos >= note_size)
		return 0;
	left = min(count, note_size - (size_t)*ppos);
	if (copy_to_user(buf, note + *ppos, left))
		return -EFAULT;
	*ppos += left;
	return left;
}
static ssize_t note_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	note_size = min_t(size_t, count, NOTE_MAX);
	if (copy_from_user(note, buf, note_size))
		return -EFAULT;
	*ppos += note_size;
	return note_size;
}
static int note_release(struct inode *inode, struct file *file) { pr_info("release\n"); return 0; }
${ops}
static int __init note_init(void)
{
	entry = proc_create_data("note", 0644, NULL, &note_ops, "here");
	return entry ? 0 : -ENOMEM;
}
static void __exit note_exit(void) { proc_remove(entry); }
module_init(note_init);
module_exit(note_exit);
`;

describe('a file of /proc', () => {
  test.each([
    ['struct proc_ops', 'static const struct proc_ops note_ops = { .proc_open = note_open, .proc_read = note_read, .proc_write = note_write, .proc_release = note_release };'],
    ['struct file_operations', 'static const struct file_operations note_ops = { .owner = THIS_MODULE, .open = note_open, .read = note_read, .write = note_write, .release = note_release };'],
  ])('with a %s is read and written by processes', async (_how, ops) => {
    const lines = await load('note', NOTE(ops));
    expect(await cat('/proc/note')).toBe('empty\n');
    await echo('a longer text', '/proc/note');
    expect(await cat('/proc/note', 4)).toBe('a longer text\n');
    expect(listDir('/proc').find(({ name }) => name === 'note')!.mode.toString(8)).toBe('100644');
    await machine().rmmod('note');
    await expect(openFile('/proc/note')).rejects.toMatchObject({ code: 'ENOENT' });
    expect(lines()).toEqual(['cat', 'sh', 'cat'].flatMap((name) => [`open by ${name} data here`, 'release']));
  }, COMPILE_MS);
});

const MIXED = String.raw`${HEAD}
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
static struct proc_dir_entry *dir;
struct step { struct list_head list; int n; };
static LIST_HEAD(steps);
static DEFINE_MUTEX(lock);
static int big = 100;
module_param(big, int, 0644);

static void *fib_start(struct seq_file *m, loff_t *pos) { return *pos == 0 ? SEQ_START_TOKEN : *pos <= 10 ? pos : NULL; }
static void *fib_next(struct seq_file *m, void *v, loff_t *pos) { ++*pos; return *pos <= 10 ? pos : NULL; }
static void fib_stop(struct seq_file *m, void *v) { }
static int fib_show(struct seq_file *m, void *v)
{
	long long a = 0, b = 1, i;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "n fib\n");
		return 0;
	}
	if (*(loff_t *)v % 2 == 0)
		return SEQ_SKIP;
	for (i = 0; i < *(loff_t *)v; i++) {
		long long c = a + b;
		a = b;
		b = c;
	}
	seq_printf(m, "%lld %lld\n", *(loff_t *)v, a);
	return 0;
}
static const struct seq_operations fib_ops = { .start = fib_start, .next = fib_next, .stop = fib_stop, .show = fib_show };

static void *steps_start(struct seq_file *m, loff_t *pos) { mutex_lock(&lock); return seq_list_start(&steps, *pos); }
static void *steps_next(struct seq_file *m, void *v, loff_t *pos) { return seq_list_next(v, &steps, pos); }
static void steps_stop(struct seq_file *m, void *v) { mutex_unlock(&lock); }
static int steps_show(struct seq_file *m, void *v)
{
	int *shown = m->private;

	seq_printf(m, "%d:", ++*shown);
	seq_setwidth(m, 6);
	seq_put_decimal_ll(m, " ", list_entry(v, struct step, list)->n);
	seq_pad(m, '|');
	seq_write(m, "..\n", 3);
	return 0;
}
static const struct seq_operations steps_ops = { .start = steps_start, .next = steps_next, .stop = steps_stop, .show = steps_show };

static int shows;
static int big_show(struct seq_file *m, void *v)
{
	int i;

	shows++;
	for (i = 0; i < big; i++)
		seq_printf(m, "line %03d of the %s file\n", i, (char *)m->private);
	return 0;
}
static int times_show(struct seq_file *m, void *v) { seq_putc(m, '0' + shows); seq_escape(m, "\tend\n", "\t"); return 0; }
static int times_open(struct inode *inode, struct file *file) { return single_open(file, times_show, NULL); }
static const struct proc_ops times_ops = { .proc_open = times_open, .proc_read = seq_read, .proc_lseek = seq_lseek, .proc_release = single_release };
static int broken_show(struct seq_file *m, void *v) { return -ENODATA; }

static int __init mixed_init(void)
{
	static struct step all[3] = { { .n = 10 }, { .n = 200 }, { .n = 3000 } };
	int i;

	for (i = 0; i < 3; i++)
		list_add_tail(&all[i].list, &steps);
	dir = proc_mkdir("mixed", NULL);
	if (!dir)
		return -ENOMEM;
	proc_create_seq("fib", 0, dir, &fib_ops);
	proc_create_seq_private("mixed/steps", 0400, NULL, &steps_ops, sizeof(int), NULL);
	proc_create_single_data("big", 0, dir, big_show, "big");
	proc_create_single("broken", 0, dir, broken_show);
	proc_create("times", 0, dir, &times_ops);
	proc_symlink("again", dir, "../mixed/fib");
	return 0;
}
static void __exit mixed_exit(void) { remove_proc_subtree("mixed", NULL); }
module_init(mixed_init);
module_exit(mixed_exit);
`;

describe('text that is made while it is read', () => {
  test('comes item by item, whatever the size of a read, with items left out and a line before the first', async () => {
    await load('mixed', MIXED);
    const fib = 'n fib\n1 1\n3 2\n5 5\n7 13\n9 34\n';
    for (const size of [1, 3, 7, 4096]) expect(await cat('/proc/mixed/fib', size)).toBe(fib);
    expect(await cat('/proc/mixed/again')).toBe(fib);
    expect(await cat('/proc/mixed/steps')).toBe('1: 10   |..\n2: 200  |..\n3: 3000 |..\n');
    expect(listDir('/proc/mixed').map(({ name, mode }) => `${name} ${(mode & 0o777).toString(8)}`)).toEqual(['fib 444', 'steps 400', 'big 444', 'broken 444', 'times 444', 'again 777']);
    expect(listDir('/proc').find(({ name }) => name === 'mixed')!.mode.toString(8)).toBe('40555');
  }, COMPILE_MS);

  test('is made again with more room when it did not fit, and an error of show is the reader\'s', async () => {
    const whole = Array.from({ length: 1000 }, (_, n) => `line ${String(n).padStart(3, '0')} of the big file\n`).join('');
    await echo('1000', '/sys/module/mixed/parameters/big');
    expect(await cat('/proc/mixed/big', 10_000)).toBe(whole);
    expect(await cat('/proc/mixed/times')).toBe('4\\011end\n'); // 4, 8, 16 and 32 KiB
    await expect(cat('/proc/mixed/broken')).rejects.toMatchObject({ code: 'ENODATA' });
    await expect(echo('x', '/proc/mixed/broken')).rejects.toMatchObject({ code: 'EIO' });
  }, COMPILE_MS);

  test('can be sought in', async () => {
    await using file = await openFile('/proc/mixed/times');
    expect(Buffer.from(await file.read(1)).toString()).toBe('4');
    expect(await file.llseek(5)).toBe(5);
    expect(Buffer.from(await file.read(100)).toString()).toBe('end\n');
    expect(await file.llseek(0)).toBe(0);
    expect(Buffer.from(await file.read(100)).toString()).toBe('4\\011end\n');
    await expect(file.llseek(0, 2)).rejects.toMatchObject({ code: 'EINVAL' });
  }, COMPILE_MS);

  test('goes with its module, and all its names', async () => {
    await machine().rmmod('mixed');
    await expect(openFile('/proc/mixed/fib')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

const COURSE = String.raw`
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/version.h>
#include <asm/uaccess.h>
MODULE_LICENSE("GPL");
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 6, 0)
#define HAVE_PROC_OPS
#endif
#define LAST 4
static struct proc_dir_entry *squares_entry, *lazy_entry;

/* An iterator that allocates what it stands on, and frees it where it ends. */
static void *squares_start(struct seq_file *s, loff_t *pos)
{
	loff_t *at;

	if (*pos > LAST)
		return NULL;
	at = kmalloc(sizeof(*at), GFP_KERNEL);
	if (!at)
		return ERR_PTR(-ENOMEM);
	*at = *pos;
	return at;
}
static void *squares_next(struct seq_file *s, void *v, loff_t *pos)
{
	loff_t *at = v;

	*pos = ++*at;
	if (*at <= LAST)
		return at;
	kfree(at);
	return NULL;
}
static void squares_stop(struct seq_file *s, void *v) { kfree(v); }
static int squares_show(struct seq_file *s, void *v) { loff_t n = *(loff_t *)v; seq_printf(s, "%Ld^2 = %Ld\n", n, n * n); return 0; }
static const struct seq_operations squares_seq = { .start = squares_start, .next = squares_next, .stop = squares_stop, .show = squares_show };
static int squares_open(struct inode *inode, struct file *file)
{
	if (!try_module_get(THIS_MODULE))
		return -EBUSY;
	return seq_open(file, &squares_seq);
}
static int squares_close(struct inode *inode, struct file *file)
{
	module_put(THIS_MODULE);
	return seq_release(inode, file);
}
#ifdef HAVE_PROC_OPS
static const struct proc_ops squares_fops = { .proc_open = squares_open, .proc_read = seq_read, .proc_lseek = seq_lseek, .proc_release = squares_close };
#else
static const struct file_operations squares_fops = { .open = squares_open, .read = seq_read, .llseek = seq_lseek, .release = squares_close };
#endif

/* One whose next forgets the position. */
static int lazy_left;
static void *lazy_start(struct seq_file *s, loff_t *pos) { lazy_left = 3 - *pos; return lazy_left > 0 ? &lazy_left : NULL; }
static void *lazy_next(struct seq_file *s, void *v, loff_t *pos) { return --lazy_left > 0 ? &lazy_left : NULL; }
static void lazy_stop(struct seq_file *s, void *v) { }
static int lazy_show(struct seq_file *s, void *v) { seq_printf(s, "%d\n", lazy_left); return 0; }
static const struct seq_operations lazy_seq = { lazy_start, lazy_stop, lazy_next, lazy_show };

static int __init course_init(void)
{
	squares_entry = proc_create("squares", S_IRUGO, NULL, &squares_fops);
	lazy_entry = proc_create_seq("lazy", 0, NULL, &lazy_seq);
	if (squares_entry == NULL || lazy_entry == NULL) {
		remove_proc_entry("squares", NULL);
		return -ENOMEM;
	}
	proc_set_size(squares_entry, 80);
	proc_set_user(squares_entry, GLOBAL_ROOT_UID, GLOBAL_ROOT_GID);
	printk(KERN_INFO "/proc/%s created\n", "squares");
	return 0;
}
static void __exit course_exit(void)
{
	remove_proc_entry("squares", NULL);
	proc_remove(lazy_entry);
}
module_init(course_init);
module_exit(course_exit);
`;

test('modules as courses have them: an iterator that allocates, one that forgets its position, a module that counts its users', async () => {
  const lines = await load('course', COURSE);
  for (const size of [5, 100]) expect(await cat('/proc/squares', size)).toBe('0^2 = 0\n1^2 = 1\n2^2 = 4\n3^2 = 9\n4^2 = 16\n');
  expect(await cat('/proc/lazy')).toBe('3\n2\n1\n');
  expect(lines()[1]).toBe('buggy .next function lazy_next [course] did not update position index');
  const file = await openFile('/proc/squares');
  await expect(machine().rmmod('course')).rejects.toMatchObject({ code: 'EBUSY' });
  await file.close();
  await machine().rmmod('course');
  expect(lines().filter((line) => !line.startsWith('buggy'))).toEqual(['/proc/squares created']);
}, COMPILE_MS);

/**
 * What drivers do wrong, and what becomes of the process that meets it: it ends as by an oops, its file is closed, and the
 * next one may come. What a module leaves behind is told and taken off.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { O_RDWR, listDir, listModules, mknod, openFile, snapshot } from '../../index.js';
import { until } from '../../kernel/kinds.fixture.js';
import { oneMachine } from '../../kernel/machine.fixture.js';
import { COMPILE_MS, HEAD, logFromNow, sources } from '../c_module.fixture.js';

const { machine, oopses } = oneMachine();
const { write } = sources();

/** In the style of old: one process at a time, a number that is printed for mknod, text byte by byte. */
const OLD = `#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/fs.h>
#include <asm/uaccess.h>
#define DEVICE_NAME "old"
static int Device_Open = 0;
static char msg[80], *msg_Ptr;
static int Major;
static int device_open(struct inode *inode, struct file *file)
{
	static int counter = 0;
	if (Device_Open)
		return -EBUSY;
	Device_Open++;
	sprintf(msg, "open number %d\\n", counter++);
	msg_Ptr = msg;
	try_module_get(THIS_MODULE);
	return 0;
}
static int device_release(struct inode *inode, struct file *file)
{
	Device_Open--;
	module_put(THIS_MODULE);
	return 0;
}
static ssize_t device_read(struct file *filp, char *buffer, size_t length, loff_t *offset)
{
	int bytes_read = 0;
	if (*msg_Ptr == 0)
		return 0;
	while (length && *msg_Ptr) {
		put_user(*(msg_Ptr++), buffer++);
		length--;
		bytes_read++;
	}
	return bytes_read;
}
static ssize_t device_write(struct file *filp, const char *buff, size_t len, loff_t *off)
{
	printk(KERN_ALERT "not supported\\n");
	return -EINVAL;
}
static struct file_operations fops = { .read = device_read, .write = device_write, .open = device_open, .release = device_release };
int init_module(void)
{
	Major = register_chrdev(0, DEVICE_NAME, &fops);
	if (Major < 0) {
		printk(KERN_ALERT "failed with %d\\n", Major);
		return Major;
	}
	printk(KERN_INFO "'mknod /dev/%s c %d 0'.\\n", DEVICE_NAME, Major);
	return 0;
}
void cleanup_module(void)
{
	unregister_chrdev(Major, DEVICE_NAME);
}
MODULE_LICENSE("GPL");
`;

/** Each minor does another thing wrong. */
const BAD = `${HEAD}
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>
static DEFINE_MUTEX(lock);
static char name[8] = "abcdefg";
static int held;
static ssize_t bad_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	switch (count) {
	case 1: return *(volatile int *)NULL;
	case 2: return copy_to_user(buf, name, 8) ? -EFAULT : 2;
	case 3: buf[3] = 1; return 3;
	case 4: return copy_to_user((char __user *)name, buf, 4) ? -EFAULT : 4;
	case 5: return copy_to_user(NULL, name, 4);
	case 6: mutex_lock(&lock); return held++;
	case 7: return 1000;
	case 8: *(int *)buf = 1; return 8;
	case 9: return -ERESTARTSYS;
	case 10: for (;;) cpu_relax();
	}
	return 0;
}
static ssize_t bad_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	char text[16], *copy;
	int value;
	long got = strncpy_from_user(text, buf, min_t(size_t, count, 15));

	pr_info("strncpy %ld\\n", got);
	pr_info("kstrtoint %d %d\\n", kstrtoint_from_user(buf, count, 0, &value), value);
	copy = memdup_user_nul(buf, count);
	pr_info("dup %s", IS_ERR(copy) ? "no" : copy);
	kfree(copy);
	pr_info("bad %ld %ld\\n", PTR_ERR(memdup_user(text, 4)), clear_user((char __user *)text, 4));
	return count;
}
static int bad_release(struct inode *inode, struct file *file)
{
	pr_info("released by %s\\n", current->comm);
	return 0;
}
static const struct file_operations fops = { .owner = THIS_MODULE, .read = bad_read, .write = bad_write, .release = bad_release };
static struct miscdevice misc = { .minor = MISC_DYNAMIC_MINOR, .name = "bad", .fops = &fops, .mode = 0666 };
module_misc_device(misc);
`;

/** It takes nothing off that it puts there; its operations say no owner. */
const UNTIDY = `${HEAD}
#include <linux/cdev.h>
#include <linux/miscdevice.h>
static DECLARE_WAIT_QUEUE_HEAD(queue);
static ssize_t untidy_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	return count == 1 ? 0 : wait_event_interruptible(queue, 0);
}
static const struct file_operations fops = { .read = untidy_read };
static struct miscdevice misc = { .minor = MISC_DYNAMIC_MINOR, .name = "leftmisc", .fops = &fops };
static struct cdev cdev;
static dev_t dev;
static int __init untidy_init(void)
{
	struct class *cls = class_create("left");
	alloc_chrdev_region(&dev, 0, 2, "leftdev");
	cdev_init(&cdev, &fops);
	cdev_add(&cdev, dev, 2);
	device_create(cls, NULL, dev, NULL, "left%d", 0);
	return misc_register(&misc);
}
static void __exit untidy_exit(void) {}
module_init(untidy_init);
module_exit(untidy_exit);
`;

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe('a driver of old', () => {
  test('lets one process in at a time, by a name that somebody makes; who has it open keeps the module', async () => {
    const lines = logFromNow();
    await machine().insmod(join(write({ 'old.c': OLD }), 'old.c'));
    const [, major] = /mknod \/dev\/old c (\d+) 0/.exec(lines().join('\n'))!;
    await expect(openFile('/dev/old')).rejects.toMatchObject({ code: 'ENOENT' });
    mknod('/dev/old', Number(major), 0);
    const file = await openFile('/dev/old', { flags: O_RDWR });
    await expect(openFile('/dev/old')).rejects.toMatchObject({ code: 'EBUSY' });
    expect(text(await file.read(4))).toBe('open');
    expect(text(await file.read(100))).toBe(' number 0\n');
    await expect(file.write('x')).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(file.llseek(0)).rejects.toMatchObject({ code: 'ESPIPE' });
    await expect(file.ioctl(1)).rejects.toMatchObject({ code: 'ENOTTY' });
    expect(listModules()[0].refcount).toBe(1);
    await expect(machine().rmmod('old')).rejects.toMatchObject({ code: 'EBUSY' });
    await file.close();
    await file.close();
    await expect(file.read(1)).rejects.toMatchObject({ code: 'EBADF' });
    await machine().rmmod('old');
    await expect(openFile('/dev/old')).rejects.toMatchObject({ code: 'ENXIO' });
    expect(() => mknod('/dev/old', 1, 2)).toThrow(/EEXIST/);
    expect(oopses).toEqual([]);
  }, COMPILE_MS);
});

describe('a driver that does wrong', () => {
  const CASES: ReadonlyArray<readonly [what: string, size: number, report: RegExp, code: string]> = [
    ['a NULL pointer', 1, /BUG: kernel NULL pointer dereference, address: 00000000/, 'EFAULT'],
    ['more bytes for the process than it asked for', 2, /BUG: KASAN: slab-out-of-bounds in copy_to_user.*bad_read|BUG: KASAN: slab-out-of-bounds in .*bad/, 'EFAULT'],
    ['a write of its own beyond the buffer', 3, /BUG: KASAN: slab-out-of-bounds in bad_read/, 'EFAULT'],
  ];
  test('meets its end in the process, which closes the file; the machine and the module stay', async () => {
    const lines = logFromNow();
    await machine().insmod(join(write({ 'bad.c': BAD }), 'bad.c'));
    expect(listDir('/dev').find(({ name }) => name === 'bad')).toMatchObject({ rdev: (10 << 20) | 127, mode: 0o020666 });
    for (const [what, size, report, code] of CASES) {
      const before = lines().length;
      const file = await openFile('/dev/bad', { name: `cat${size}` });
      await expect(file.read(size), what).rejects.toMatchObject({ code });
      const said = lines().slice(before);
      expect(said.join('\n'), what).toMatch(report);
      expect(said, what).toContain(`released by cat${size}`);
      await until(() => !snapshot().some(({ comm }) => comm === `cat${size}`), 'its process is gone');
      await expect(file.read(1), what).rejects.toMatchObject({ code: 'EIO' });
      await file.close();
    }
    await until(() => oopses.length === CASES.length, 'each was told to who listens');
    oopses.length = 0;
    expect(listModules()[0].refcount).toBe(0);
    const file = await openFile('/dev/bad', { flags: O_RDWR });
    await expect(file.read(4), 'an address of the kernel').rejects.toMatchObject({ code: 'EFAULT' });
    expect(await file.read(5), 'NULL: four bytes are not copied').toHaveLength(4);
    expect(await file.read(7), 'it says more than it was asked for').toHaveLength(7);
    expect(await file.read(8), 'writing to the buffer without copy_to_user').toEqual(new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]));
    await expect(file.read(9), 'it says that a signal came').rejects.toMatchObject({ errno: -512 });
    expect(await file.write('0x1f\n')).toBe(5);
    expect(lines().slice(-4)).toEqual(['strncpy 5', 'kstrtoint 0 31', 'dup 0x1f', 'bad -14 4']);
    expect(await file.read(6)).toHaveLength(0);
    expect(lines().join('\n')).toMatch(/lock held when returning to user space! cat\[\d+\] leaves the kernel with 0x\w+ \[bad\] still held/);
    expect(lines().join('\n')).toMatch(/read of \/dev\/bad returned 1000, more than the 7 bytes asked for/);
    await file.close();
    await machine().rmmod('bad');
    expect(oopses).toEqual([]);
  }, COMPILE_MS);

  test('and never returns is ended by a removal by force, and the process with it', async () => {
    await machine().insmod(join(write({ 'bad.c': BAD }), 'bad.c'));
    const file = await openFile('/dev/bad', { name: 'stuck' });
    const read = file.read(10);
    await until(() => snapshot().some(({ comm, letter, wchan }) => comm === 'stuck' && letter === 'R' && wchan !== 'pipe_read'), 'it runs in the driver');
    await expect(machine().rmmod('bad')).rejects.toMatchObject({ code: 'EBUSY' });
    expect(await machine().rmmod('bad', { force: true })).toEqual(['module bad is in use']);
    await expect(read).rejects.toMatchObject({ code: 'EFAULT' });
    await file.close();
    expect(listModules()).toEqual([]);
    expect(snapshot().filter(({ comm }) => comm === 'stuck')).toEqual([]);
  }, COMPILE_MS);

  test('and leaves its devices: they are told and taken off; who has one open is cut off, who is inside of it ends', async () => {
    const lines = logFromNow();
    await machine().insmod(join(write({ 'untidy.c': UNTIDY }), 'untidy.c'));
    const [idle, inside] = [await openFile('/dev/left0', { name: 'idle' }), await openFile('/dev/leftmisc', { name: 'inside' })];
    expect(await idle.read(1)).toHaveLength(0);
    const read = inside.read(2);
    await until(() => snapshot().some(({ comm, wchan }) => comm === 'inside' && wchan === 'wait_event'), 'it sleeps in the driver');
    await machine().rmmod('untidy');
    await expect(read).rejects.toMatchObject({ code: 'EFAULT', message: expect.stringContaining('its process was ended') });
    await expect(idle.read(1)).rejects.toMatchObject({ code: 'EIO' });
    await idle.close();
    await inside.close();
    const bugs = lines().filter((line) => line.startsWith('BUG')).map((line) => line.replace(/\[\d+\]/, '[]'));
    expect(bugs).toEqual([
      'BUG: module untidy was removed, but idle[] has its /dev/left0 open',
      'BUG: module untidy was removed, but inside[] has its /dev/leftmisc open',
      ...['misc device leftmisc', 'device left0', 'class left', 'device leftdev (254:0-1)'].map((what) => `BUG: module untidy was removed, but its ${what} is still registered; it is taken off`),
    ]);
    expect(listDir('/dev').filter(({ name }) => name.startsWith('left'))).toEqual([]);
    expect(listDir('/sys/class').map(({ name }) => name)).toEqual(['misc']);
    await machine().insmod(join(write({ 'untidy.c': UNTIDY }), 'untidy.c')); // Everything is free again.
    await machine().rmmod('untidy');
  }, COMPILE_MS);
});

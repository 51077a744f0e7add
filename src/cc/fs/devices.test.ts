/**
 * Numbers, cdevs and names of devices in all their spellings, and headers by their other names.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { O_APPEND, O_NONBLOCK, O_RDWR, listDir, mknod, openFile } from '../../index.js';
import { oneMachine } from '../../kernel/machine.fixture.js';
import { cat, echo } from './files.fixture.js';
import { COMPILE_MS, HEAD, logFromNow, sources } from '../c_module.fixture.js';

const { machine, oopses } = oneMachine();
const { write } = sources();

const KINDS = `${HEAD}
#include <linux/cdev.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/fcntl.h>
#include <asm/ioctl.h>
#include <asm/errno.h>
#include <asm/uaccess.h>
#include <uapi/linux/ioctl.h>
#include <asm/byteorder.h>
#include <asm/unaligned.h>
#include <asm/system.h>
#include <asm/segment.h>
#include <asm/string.h>
#include <asm/barrier.h>
#include <asm/bitops.h>
#include <asm/page.h>
#include <uapi/asm-generic/errno-base.h>
static struct cdev *cdev;
static dev_t dev;
static struct class cls = { .name = "kinds" };
static struct task_struct *other;
static DECLARE_COMPLETION(ran);
static char __user *lent;
static char said[32];

static ssize_t zero_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	return clear_user(buf, count) ? -EFAULT : count;
}
static ssize_t name_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	char text[64];
	int n = sprintf(text, "%s of %s, flags %o, uid %u\\n", current->comm, file->f_path.dentry->d_name.name, file->f_flags, from_kuid(&init_user_ns, current_uid()));
	return simple_read_from_buffer(buf, count, ppos, text, n);
}
static ssize_t said_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	ssize_t n = simple_write_to_buffer(said, sizeof(said) - 1, ppos, buf, count);
	lent = (char __user *)buf;
	return n;
}
static ssize_t said_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	return simple_read_from_buffer(buf, count, ppos, said, strlen(said));
}
static int flushed(struct file *file, fl_owner_t id)
{
	pr_info("flush\\n");
	return -EIO;
}
static const struct file_operations zero = { .owner = THIS_MODULE, .read = zero_read, .llseek = noop_llseek };
static const struct file_operations name = { .owner = THIS_MODULE, .read = name_read, .llseek = no_llseek };
static const struct file_operations saying = { .owner = THIS_MODULE, .read = said_read, .write = said_write, .flush = flushed, .llseek = default_llseek };
/* By the minor, as drivers of several devices do. */
static int kinds_open(struct inode *inode, struct file *file)
{
	switch (iminor(inode)) {
	case 0: replace_fops(file, &zero); break;
	case 1: file->f_op = &name; break;
	case 2: file->f_op = &saying; break;
	case 3: return 1;
	default: return -ENODEV;
	}
	return file->f_op->open ? file->f_op->open(inode, file) : 0;
}
static const struct file_operations fops = { .owner = THIS_MODULE, .open = kinds_open };
static int stranger(void *data)
{
	pr_info("a kernel thread: %lu, ok %d\\n", copy_to_user(lent, "x", 1), access_ok(VERIFY_WRITE, lent, 1));
	complete(&ran);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}
static long kinds_stranger(struct file *file, unsigned int cmd, unsigned long arg)
{
	static struct fasync_struct *list;

	lent = (char __user *)arg;
	pr_info("fasync: %d", fasync_helper(3, file, 1, &list));
	pr_cont(" %d", fasync_helper(3, file, 1, &list));
	kill_fasync(&list, SIGCHLD, POLL_IN);
	pr_cont(" %d %d\\n", fasync_helper(-1, file, 0, &list), fasync_helper(-1, file, 0, &list));
	pr_info("the process: ok %d\\n", access_ok(lent, 1));
	other = kthread_run(stranger, NULL, "stranger");
	wait_for_completion(&ran);
	kthread_stop(other);
	return 0;
}
static const struct file_operations old = { .owner = THIS_MODULE, .unlocked_ioctl = kinds_stranger };
static int __init kinds_init(void)
{
	int i;

	pr_info("taken: %d %d\\n", register_chrdev(240, "old", &old), register_chrdev(240, "again", &old));
	pr_info("beyond: %d %d\\n", register_chrdev(512, "far", &old), register_chrdev_region(MKDEV(241, MINORMASK), 2, "wide"));
	pr_info("beside: %d %d\\n", register_chrdev_region(MKDEV(240, 256), 4, "beside"), register_chrdev_region(MKDEV(240, 258), 4, "over"));
	unregister_chrdev_region(MKDEV(240, 256), 4);
	if (alloc_chrdev_region(&dev, 5, 8, "kinds"))
		return -ENODEV;
	pr_info("dynamic: %d:%d\\n", MAJOR(dev), MINOR(dev));
	put_unaligned_be32(0x01020304, said + 1);
	pr_info("bytes: %d %x %x %lld\\n", said[1], get_unaligned_le32(said + 1), ntohs(htons(0x1234)), (long long)be64_to_cpu(cpu_to_be64(77)));
	said[1] = 0;
	unregister_chrdev_region(dev, 8);
	if (alloc_chrdev_region(&dev, 0, 8, "kinds"))
		return -ENODEV;
	cdev = cdev_alloc();
	cdev->owner = THIS_MODULE;
	cdev->ops = &fops;
	if (cdev_add(cdev, dev, 8) || class_register(&cls))
		return -ENOMEM;
	for (i = 0; i < 5; i++)
		device_create(&cls, NULL, dev + i, NULL, "kind%c", 'a' + i);
	pr_info("twice: %ld\\n", PTR_ERR(device_create(&cls, NULL, dev, NULL, "kinda")));
	return 0;
}
static void __exit kinds_exit(void)
{
	int i;

	for (i = 0; i < 5; i++)
		device_destroy(&cls, dev + i);
	class_unregister(&cls);
	cdev_del(cdev);
	unregister_chrdev_region(dev, 8);
	unregister_chrdev(240, "old");
}
module_init(kinds_init);
module_exit(kinds_exit);
`;

test('one driver has several devices, puts other operations in the place of those it was opened by, and gets its numbers', async () => {
  const lines = logFromNow();
  await machine().insmod(join(write({ 'kinds.c': KINDS }), 'kinds.c'));
  expect(lines().filter((line) => /^(taken|beyond|beside|dynamic|twice|bytes)/.test(line))).toEqual(['taken: 0 -16', 'beyond: -22 -22', 'beside: 0 -16', 'dynamic: 254:5', 'bytes: 1 4030201 1234 77', 'twice: -17']);
  expect(lines()).toContain('CHRDEV "far" major requested (512) is greater than the maximum (511)');
  expect(listDir('/dev').map(({ name }) => name)).toEqual(['kinda', 'kindb', 'kindc', 'kindd', 'kinde']);
  const zeros = await openFile('/dev/kinda');
  expect(await zeros.read(70_000)).toEqual(new Uint8Array(70_000));
  expect(await zeros.llseek(12)).toBe(0);
  await zeros.close();
  const named = await openFile('/dev/kindb', { flags: O_RDWR | O_NONBLOCK | O_APPEND, name: 'dd' });
  expect(new TextDecoder().decode(await named.read(100))).toBe('dd of kindb, flags 6002, uid 0\n');
  await expect(named.llseek(0)).rejects.toMatchObject({ code: 'ESPIPE' });
  await expect(named.write('')).rejects.toMatchObject({ code: 'EINVAL' });
  await named.close();
  await expect(openFile('/dev/kindd')).rejects.toMatchObject({ code: 'EINVAL' });
  await expect(openFile('/dev/kinde')).rejects.toMatchObject({ code: 'ENODEV' });
  const saying = await openFile('/dev/kindc', { flags: O_RDWR });
  expect(await saying.write('hello')).toBe(5);
  expect(await saying.read(5)).toHaveLength(0);
  expect(await saying.llseek(1)).toBe(1);
  expect(new TextDecoder().decode(await saying.read(99))).toBe('ello');
  await expect(saying.close(), 'flush may fail; the file is closed all the same').rejects.toMatchObject({ code: 'EIO' });
  await expect(cat('/dev/kindc')).rejects.toMatchObject({ code: 'EIO' });
  mknod('/dev/old', 240, 7);
  const old = await openFile('/dev/old');
  expect(await old.ioctl(1, new Uint8Array(4))).toBe(0);
  expect(lines().slice(-3)).toEqual(['fasync: 1 0 1 0', 'the process: ok 1', 'a kernel thread: 1, ok 0']);
  await old.close();
  await machine().rmmod('kinds');
  expect(listDir('/dev').map(({ name }) => name)).toEqual(['old']);
  await expect(echo('x', '/dev/old')).rejects.toMatchObject({ code: 'ENXIO' });
  expect(lines().filter((line) => line.startsWith('BUG'))).toEqual([]);
  expect(oopses).toEqual([]);
}, COMPILE_MS);

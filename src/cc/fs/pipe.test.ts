/**
 * A driver whose readers and writers wait for each other, with several minors, ioctls, seeking and poll: each use is a process.
 */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { O_NONBLOCK, O_RDWR, O_WRONLY, SIGINT, listDir, listModules, openFile, snapshot, type KernelFile } from '../../index.js';
import { until } from '../../kernel/kinds.fixture.js';
import { oneMachine } from '../../kernel/machine.fixture.js';
import { COMPILE_MS, HEAD, sources } from '../c_module.fixture.js';

const { machine } = oneMachine();
const { write } = sources();

const TUBE = `${HEAD}
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <asm/uaccess.h>
#define TUBES 2
#define SIZE 8
#define TUBE_LEVEL _IO('t', 1)
#define TUBE_ADD _IOWR('t', 2, struct sum)
#define TUBE_FILL _IOW('t', 3, int)
struct sum {
	int a, b;
	long long total;
};
struct tube {
	struct cdev cdev;
	struct mutex lock;
	wait_queue_head_t readers, writers;
	char data[SIZE];
	int start, used;
};
static struct tube tubes[TUBES];
static struct class *cls;
static dev_t first;
static int tube_open(struct inode *inode, struct file *file)
{
	struct tube *tube = container_of(inode->i_cdev, struct tube, cdev);
	file->private_data = tube;
	if (file->f_flags & O_TRUNC)
		tube->used = 0;
	return 0;
}
static ssize_t tube_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct tube *tube = file->private_data;
	size_t n;

	if (mutex_lock_interruptible(&tube->lock))
		return -ERESTARTSYS;
	while (tube->used == 0) {
		mutex_unlock(&tube->lock);
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(tube->readers, tube->used > 0))
			return -ERESTARTSYS;
		if (mutex_lock_interruptible(&tube->lock))
			return -ERESTARTSYS;
	}
	n = min_t(size_t, count, min(tube->used, SIZE - tube->start));
	if (copy_to_user(buf, tube->data + tube->start, n)) {
		mutex_unlock(&tube->lock);
		return -EFAULT;
	}
	tube->start = (tube->start + n) % SIZE;
	tube->used -= n;
	mutex_unlock(&tube->lock);
	wake_up_interruptible(&tube->writers);
	return n;
}
static ssize_t tube_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	struct tube *tube = file->private_data;
	size_t done = 0;

	while (done < count) {
		DEFINE_WAIT(wait); /* By hand, as before there were macros for it. */

		while (tube->used == SIZE) {
			prepare_to_wait(&tube->writers, &wait, TASK_INTERRUPTIBLE);
			if (tube->used == SIZE)
				schedule();
			finish_wait(&tube->writers, &wait);
			if (signal_pending(current))
				return done ? done : -ERESTARTSYS;
		}
		mutex_lock(&tube->lock);
		while (tube->used < SIZE && done < count) {
			if (get_user(tube->data[(tube->start + tube->used) % SIZE], buf + done)) {
				mutex_unlock(&tube->lock);
				return -EFAULT;
			}
			tube->used++;
			done++;
		}
		mutex_unlock(&tube->lock);
		wake_up_interruptible_poll(&tube->readers, EPOLLIN);
	}
	return done;
}
static __poll_t tube_poll(struct file *file, poll_table *wait)
{
	struct tube *tube = file->private_data;
	poll_wait(file, &tube->readers, wait);
	poll_wait(file, &tube->writers, wait);
	return (tube->used > 0 ? EPOLLIN | EPOLLRDNORM : 0) | (tube->used < SIZE ? EPOLLOUT | EPOLLWRNORM : 0);
}
static long tube_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct tube *tube = file->private_data;
	struct sum sum;

	if (_IOC_TYPE(cmd) != 't')
		return -ENOTTY;
	switch (cmd) {
	case TUBE_LEVEL:
		return tube->used;
	case TUBE_ADD:
		if (copy_from_user(&sum, (struct sum __user *)arg, sizeof(sum)))
			return -EFAULT;
		sum.total = (long long)sum.a + sum.b;
		return copy_to_user((struct sum __user *)arg, &sum, sizeof(sum)) ? -EFAULT : 0;
	case TUBE_FILL:
		tube->used = arg;
		return 0;
	}
	return -ENOTTY;
}
static loff_t tube_llseek(struct file *file, loff_t offset, int whence)
{
	return fixed_size_llseek(file, offset, whence, 0x200000000LL);
}
static const struct file_operations tube_fops = {
	.owner = THIS_MODULE, .open = tube_open, .read = tube_read, .write = tube_write, .poll = tube_poll, .unlocked_ioctl = tube_ioctl, .llseek = tube_llseek,
};
static int __init tube_init(void)
{
	int i, err = alloc_chrdev_region(&first, 0, TUBES, "tube");
	if (err)
		return err;
	pr_info("major %d\\n", MAJOR(first));
	cls = class_create(THIS_MODULE, "tubes");
	for (i = 0; i < TUBES; i++) {
		struct tube *tube = &tubes[i];
		mutex_init(&tube->lock);
		init_waitqueue_head(&tube->readers);
		init_waitqueue_head(&tube->writers);
		cdev_init(&tube->cdev, &tube_fops);
		tube->cdev.owner = THIS_MODULE;
		err = cdev_add(&tube->cdev, first + i, 1);
		device_create(cls, NULL, first + i, tube, "tube!%d", i);
	}
	return err;
}
static void __exit tube_exit(void)
{
	int i;
	for (i = 0; i < TUBES; i++) {
		device_destroy(cls, first + i);
		cdev_del(&tubes[i].cdev);
	}
	class_destroy(cls);
	unregister_chrdev_region(first, TUBES);
}
module_init(tube_init);
module_exit(tube_exit);
`;

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const using = async <T>(path: string, flags: number, fn: (file: KernelFile) => Promise<T>): Promise<T> => {
  const file = await openFile(path, { flags, name: 'sh' });
  try {
    return await fn(file);
  } finally {
    await file.close();
  }
};
const io = (nr: number, dir = 0, size = 0): number => (dir << 30) | (size << 16) | (0x74 << 8) | nr;

let file = '';
beforeAll(() => {
  file = join(write({ 'tube.c': TUBE }), 'tube.c');
});

async function withTubes(fn: () => Promise<void>): Promise<void> {
  await machine().insmod(file);
  try {
    await fn();
  } catch (error) {
    await machine().rmmod('tube', { force: true });
    throw error;
  }
  await machine().rmmod('tube');
}

const sleeper = (name: string, wchan: string) => snapshot().find((task) => task.comm === name && task.letter === 'S' && task.wchan === wchan);

describe('a driver that blocks', () => {
  test('a reader sleeps in a process of its own until a writer comes, and a writer until there is room', () => withTubes(async () => {
    expect(listDir('/dev/tube').map(({ name }) => name)).toEqual(['0', '1']);
    expect(listDir('/sys/class/tubes').map(({ name }) => name)).toEqual(['tube!0', 'tube!1']);
    const reader = await openFile('/dev/tube/0', { name: 'reader' });
    const read = reader.read(5);
    await until(() => sleeper('reader', 'wait_event') !== undefined, 'the reader sleeps');
    expect(sleeper('reader', 'wait_event')).toMatchObject({ ppid: 1 });
    await using('/dev/tube/1', O_WRONLY, async (other) => expect(await other.write('not it')).toBe(6)); // Its minor is another's.
    await using('/dev/tube/0', O_WRONLY, async (writer) => expect(await writer.write('abcdefg')).toBe(7));
    expect(text(await read)).toBe('abcde');
    expect(text(await reader.read(100))).toBe('fg');
    const writer = await openFile('/dev/tube/0', { flags: O_WRONLY, name: 'writer' });
    const wrote = writer.write('0123456789abcdef');
    await until(() => sleeper('writer', 'schedule') !== undefined, 'the writer sleeps');
    let all = '';
    while (all.length < 16) all += text(await reader.read(100));
    expect(all).toBe('0123456789abcdef');
    expect(await wrote).toBe(16);
    expect(listModules()[0].refcount).toBe(2);
    await reader.close();
    await writer.close();
    expect(listModules()[0].refcount).toBe(0);
  }), COMPILE_MS);

  test('SIGINT ends the sleep and the process, which closes the file; nobody else is disturbed', () => withTubes(async () => {
    const reader = await openFile('/dev/tube/0', { name: 'reader' });
    const other = await openFile('/dev/tube/0', { name: 'other' });
    const [read, still] = [reader.read(5), other.read(5)];
    await until(() => sleeper('reader', 'wait_event') !== undefined && sleeper('other', 'wait_event') !== undefined, 'both sleep');
    expect(reader.signal(SIGINT)).toBe(true);
    await expect(read).rejects.toMatchObject({ code: 'EINTR', message: expect.stringContaining('read /dev/tube/0') });
    await until(() => !snapshot().some(({ comm }) => comm === 'reader'), 'the process is gone');
    expect(reader.signal(SIGINT)).toBe(false);
    await expect(reader.read(1)).rejects.toMatchObject({ code: 'EIO' });
    await reader.close();
    expect(listModules()[0].refcount).toBe(1);
    await using('/dev/tube/0', O_WRONLY, (writer) => writer.write('hi'));
    expect(text(await still)).toBe('hi');
    await other.close();
  }), COMPILE_MS);

  test('a read that is given up with an AbortSignal is interrupted the same way', () => withTubes(async () => {
    const reader = await openFile('/dev/tube/0', { name: 'reader' });
    const given = new AbortController();
    const read = reader.read(5, { signal: given.signal });
    await until(() => sleeper('reader', 'wait_event') !== undefined, 'it sleeps');
    given.abort();
    await expect(read).rejects.toMatchObject({ code: 'EINTR' });
    await reader.close();
    expect(listModules()[0].refcount).toBe(0);
  }), COMPILE_MS);

  test('O_NONBLOCK reads nothing and says EAGAIN; a file opened for reading is not written', () => withTubes(async () => {
    await using('/dev/tube/0', O_RDWR | O_NONBLOCK, async (tube) => {
      await expect(tube.read(1)).rejects.toMatchObject({ code: 'EAGAIN' });
      expect(await tube.write('x')).toBe(1);
      expect(text(await tube.read(1))).toBe('x');
    });
    await using('/dev/tube/0', 0, async (tube) => {
      await expect(tube.write('x')).rejects.toMatchObject({ code: 'EBADF' });
    });
  }), COMPILE_MS);

  test('an ioctl gets a number or the address of what was given, and writes there', () => withTubes(async () => {
    await using('/dev/tube/0', O_RDWR, async (tube) => {
      expect(await tube.ioctl(io(1))).toBe(0);
      await tube.ioctl(io(3, 1, 4), 3);
      expect(await tube.ioctl(io(1))).toBe(3);
      const sum = new Int32Array([2_000_000_000, 2_000_000_000, 0, 0]);
      await tube.ioctl(io(2, 3, 16), new Uint8Array(sum.buffer));
      expect(new BigInt64Array(sum.buffer)[1]).toBe(4_000_000_000n);
      await expect(tube.ioctl(io(2, 3, 16), 0x1234)).rejects.toMatchObject({ code: 'EFAULT' });
      await expect(tube.ioctl(io(9))).rejects.toMatchObject({ code: 'ENOTTY' });
    });
  }), COMPILE_MS);

  test('seeks in 64 bits', () => withTubes(async () => {
    await using('/dev/tube/0', O_RDWR, async (tube) => {
      expect(await tube.llseek(-1, 2)).toBe(0x1ffffffff);
      expect(await tube.llseek(-0x100000000, 1)).toBe(0xffffffff);
      await expect(tube.llseek(-1)).rejects.toMatchObject({ code: 'EINVAL' });
    });
  }), COMPILE_MS);

  test('poll says what it is ready for, and sleeps until it is', () => withTubes(async () => {
    const poller = await openFile('/dev/tube/0', { flags: O_RDWR, name: 'poller' });
    expect(await poller.poll(4)).toBe(4);
    expect(await poller.poll(1, 0)).toBe(0);
    expect(await poller.poll(1, 10)).toBe(0);
    const ready = poller.poll(1);
    await until(() => sleeper('poller', 'do_sys_poll') !== undefined, 'it sleeps');
    await using('/dev/tube/0', O_WRONLY, (tube) => tube.write('!'));
    expect(await ready).toBe(1);
    expect(text(await poller.read(1))).toBe('!');
    const never = poller.poll(1);
    await until(() => sleeper('poller', 'do_sys_poll') !== undefined, 'it sleeps again');
    poller.signal(SIGINT);
    await expect(never).rejects.toMatchObject({ code: 'EINTR' });
    await poller.close();
  }), COMPILE_MS);
});

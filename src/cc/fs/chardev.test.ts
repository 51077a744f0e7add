/**
 * Devices of modules in C, used as a process uses them.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listDir, openFile } from '../../index.js';
import { oneMachine } from '../../kernel/machine.fixture.js';
import { COMPILE_MS, HEAD, logFromNow, sources } from '../c_module.fixture.js';

const { machine } = oneMachine();
const { write } = sources();

const HELLO = `${HEAD}
#include <linux/fs.h>
#include <linux/device.h>
#include <linux/uaccess.h>
static int major;
static struct class *cls;
static int hello_open(struct inode *inode, struct file *file)
{
	file->private_data = "hello from the kernel\\n";
	pr_info("opened %u:%u by %s\\n", imajor(inode), iminor(inode), current->comm);
	return 0;
}
static int hello_release(struct inode *inode, struct file *file)
{
	pr_info("released\\n");
	return 0;
}
static ssize_t hello_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	const char *text = file->private_data;
	return simple_read_from_buffer(buf, count, ppos, text, strlen(text));
}
static const struct file_operations fops = { .owner = THIS_MODULE, .open = hello_open, .release = hello_release, .read = hello_read };
static int __init hello_init(void)
{
	major = register_chrdev(0, "hello", &fops);
	if (major < 0)
		return major;
	cls = class_create("hello");
	if (IS_ERR(cls))
		return PTR_ERR(cls);
	device_create(cls, NULL, MKDEV(major, 0), NULL, "hello%d", 0);
	return 0;
}
static void __exit hello_exit(void)
{
	device_destroy(cls, MKDEV(major, 0));
	class_destroy(cls);
	unregister_chrdev(major, "hello");
}
module_init(hello_init);
module_exit(hello_exit);
`;

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe('a character device', () => {
  test('is opened, read to its end and closed by a process of its own', async () => {
    const lines = logFromNow();
    await machine().insmod(join(write({ 'hello.c': HELLO }), 'hello.c'));
    expect(listDir('/dev').map(({ name }) => name)).toEqual(['hello0']);
    const file = await openFile('/dev/hello0', { name: 'head' });
    expect(text(await file.read(5))).toBe('hello');
    expect(text(await file.read(100))).toBe(' from the kernel\n');
    expect(await file.read(100)).toHaveLength(0);
    await expect(machine().rmmod('hello')).rejects.toThrow(/in use/);
    await file.close();
    await machine().rmmod('hello');
    await expect(openFile('/dev/hello0')).rejects.toMatchObject({ code: 'ENOENT' });
    expect(listDir('/dev')).toEqual([]);
    expect(lines()).toEqual(['opened 254:0 by head', 'released']);
  }, COMPILE_MS);
});

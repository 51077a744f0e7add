/**
 * Files that are open when their machine halts, or that nobody has any more.
 */
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { SIGTERM, boot, kthreadRun, listModules, openFile, snapshot } from '../../index.js';
import { until } from '../../kernel/kinds.fixture.js';
import { careless } from './user.fixture.js';
import { COMPILE_MS, HEAD, logFromNow, sources } from '../c_module.fixture.js';

const { write } = sources();

const OPEN = `${HEAD}
#include <linux/fs.h>
#include <linux/miscdevice.h>
static DECLARE_WAIT_QUEUE_HEAD(queue);
static ssize_t open_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	return count == 1 ? wait_event_interruptible(queue, 0) : 0;
}
static int open_release(struct inode *inode, struct file *file)
{
	pr_info("released\\n");
	return 0;
}
static const struct file_operations fops = { .owner = THIS_MODULE, .read = open_read, .release = open_release };
static struct miscdevice misc = { .minor = MISC_DYNAMIC_MINOR, .name = "open", .fops = &fops };
static int __init open_init(void) { return misc_register(&misc); }
static void __exit open_exit(void)
{
	misc_deregister(&misc);
	pr_info("module goes\\n");
}
module_init(open_init);
module_exit(open_exit);
`;

test('a machine that halts has its files closed before the modules go, whatever the processes do', async () => {
  const machine = await boot({ cpus: 2, memory: 64 << 20, watchdog: false });
  await machine.insmod(join(write({ 'open.c': OPEN }), 'open.c'));
  const lines = logFromNow();
  const [idle, reader] = [await openFile('/dev/open'), await openFile('/dev/open', { name: 'reader' })];
  const read = reader.read(1);
  read.catch(() => {});
  await until(() => snapshot().some(({ comm, wchan }) => comm === 'reader' && wchan === 'wait_event'), 'it sleeps');
  expect(await machine.shutdown()).toMatchObject({ left: [] });
  await expect(read).rejects.toMatchObject({ code: 'EINTR' });
  expect(lines()).toEqual(['released', 'released', 'module goes']);
  await expect(idle.read(1)).rejects.toMatchObject({ code: 'EIO' });
  await idle.close();
  expect(idle.signal(SIGTERM)).toBe(false);
}, COMPILE_MS);

test('a file that nobody has any more is closed', async () => {
  await using machine = await boot({ cpus: 2, memory: 64 << 20, watchdog: false });
  await machine.insmod(join(write({ 'open.c': OPEN }), 'open.c'));
  const lines = logFromNow();
  await (async () => expect(await (await openFile('/dev/open')).read(10)).toHaveLength(0))();
  expect(listModules()[0].refcount).toBe(1);
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  await until(() => {
    gc();
    return lines().includes('released');
  }, 'it is released');
}, COMPILE_MS);

test('files whose user died with its isolate are closed, at the latest when somebody opens one', async () => {
  await using machine = await boot({ cpus: 2, memory: 64 << 20, watchdog: false });
  await machine.insmod(join(write({ 'open.c': OPEN }), 'open.c'));
  const lines = logFromNow();
  await kthreadRun(careless, '/dev/open', 'careless');
  await until(() => snapshot().some(({ comm, wchan }) => comm === 'reading' && wchan === 'wait_event'), 'it reads');
  await until(() => lines().filter((line) => line === 'released').length === 1, 'the one that waits for nothing looks by itself');
  await (await openFile('/dev/open')).close();
  await until(() => !snapshot().some(({ comm }) => comm === 'reading'), 'the other was hung up on');
  expect(listModules()[0].refcount).toBe(0);
}, COMPILE_MS);

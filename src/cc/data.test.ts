/**
 * What modules in C have of lib/: each file of test/modules looks at one or a few headers, from C and with address checks,
 * and says what is not so.
 */
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { O_RDONLY, O_WRONLY, openFile } from '../index.js';
import { oneMachine } from '../kernel/machine.fixture.js';
import { COMPILE_MS, HEAD, runModule, sources } from './c_module.fixture.js';

const { machine } = oneMachine();
const { write } = sources();

const MODULES = ['kfifo', 'lists', 'locks', 'rbtree', 'small', 'waits', 'xarray'];

test.each(MODULES)('test/modules/%s.c', async (name) => {
  const file = fileURLToPath(new URL(`../../test/modules/${name}.c`, import.meta.url));
  const lines = await runModule(machine(), file);
  expect(lines.slice(0, -1)).toEqual([]);
  expect(lines.at(-1)).toMatch(new RegExp(`^${name}: 0 of [1-9]\\d* failed$`));
}, COMPILE_MS);

/** A device that keeps what is written: minor 0 in a fifo of words, minor 1 in one of records. */
const FIFO_DEVICE = `${HEAD}
#include <linux/fs.h>
#include <linux/kfifo.h>
#include <linux/miscdevice.h>
static DEFINE_KFIFO(words, u32, 4);
static STRUCT_KFIFO_REC_1(16) records;
static ssize_t words_write(struct file *file, const char __user *buf, size_t n, loff_t *pos) { unsigned int copied; int err = kfifo_from_user(&words, buf, n, &copied); return err ? err : copied; }
static ssize_t words_read(struct file *file, char __user *buf, size_t n, loff_t *pos) { unsigned int copied; int err = kfifo_to_user(&words, buf, n, &copied); return err ? err : copied; }
static ssize_t records_write(struct file *file, const char __user *buf, size_t n, loff_t *pos) { unsigned int copied; int err = kfifo_from_user(&records, buf, n, &copied); return err ? err : copied ? copied : -ENOSPC; }
static ssize_t records_read(struct file *file, char __user *buf, size_t n, loff_t *pos) { unsigned int copied; int err = kfifo_to_user(&records, buf, n, &copied); return err ? err : copied; }
static const struct file_operations words_fops = { .owner = THIS_MODULE, .read = words_read, .write = words_write };
static const struct file_operations records_fops = { .owner = THIS_MODULE, .read = records_read, .write = records_write };
static struct miscdevice misc[] = { { .minor = MISC_DYNAMIC_MINOR, .name = "words", .fops = &words_fops }, { .minor = MISC_DYNAMIC_MINOR, .name = "records", .fops = &records_fops } };
static int __init fifos_init(void)
{
	unsigned int copied = 7;
	INIT_KFIFO(records);
	words.kfifo.in = words.kfifo.out = 3;
	pr_info("NULL: %d %u %d\\n", kfifo_from_user(&words, NULL, 4, &copied), copied, kfifo_len(&words));
	return misc_register(&misc[0]) || misc_register(&misc[1]);
}
static void __exit fifos_exit(void) { misc_deregister(&misc[0]); misc_deregister(&misc[1]); }
module_init(fifos_init);
module_exit(fifos_exit);
`;

test('a fifo of elements and one of records carry what a process writes to what one reads', async () => {
  const file = join(write({ 'fifos.c': FIFO_DEVICE }), 'fifos.c');
  const read = async (path: string, most: number): Promise<string> => {
    const from = await openFile(path, { flags: O_RDONLY });
    const got = new TextDecoder().decode(await from.read(most));
    await from.close();
    return got;
  };
  const put = async (path: string, text: string): Promise<number> => {
    const to = await openFile(path, { flags: O_WRONLY });
    try {
      return await to.write(text);
    } finally {
      await to.close();
    }
  };
  const lines = await runModule(machine(), file, {}, async () => {
    expect(await put('/dev/words', 'aaaabbbbccccdd')).toBe(12); // Whole words, around the end of the ring.
    expect(await read('/dev/words', 7)).toBe('aaaa');
    expect(await put('/dev/words', 'ddddeeeeffff')).toBe(8);
    expect(await read('/dev/words', 100)).toBe('bbbbccccddddeeee');
    expect(await put('/dev/records', 'one')).toBe(3);
    expect(await put('/dev/records', 'twelve')).toBe(6);
    await expect(put('/dev/records', 'no room')).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await read('/dev/records', 100)).toBe('one');
    expect(await read('/dev/records', 4)).toBe('twel');
    expect(await read('/dev/records', 4)).toBe('');
    return true;
  });
  expect(lines).toEqual(['NULL: -14 0 0']);
}, COMPILE_MS);

/** Each line is a mistake that a header tells. */
const MISUSE = `${HEAD}
#include <linux/idr.h>
#include <linux/ratelimit.h>
#include <linux/rwsem.h>
#include <linux/srcu.h>
static DEFINE_MUTEX(mutex);
static DECLARE_RWSEM(sem);
static DEFINE_IDR(idr);
static DEFINE_IDA(ida);
static DEFINE_XARRAY(plain);
static struct srcu_struct srcu;
static noinline void unlocked(void) { lockdep_assert_held(&mutex); }
static noinline void only_read(void) { down_read(&sem); lockdep_assert_held_write(&sem); up_read(&sem); }
static noinline void twice(void) { ida_free(&ida, 3); }
static noinline void still_read(void) { init_srcu_struct(&srcu); int side = srcu_read_lock(&srcu); cleanup_srcu_struct(&srcu); srcu_read_unlock(&srcu, side); }
static noinline void below(void) { idr_alloc(&idr, &ida, -1, 0, GFP_KERNEL); }
static noinline void no_numbers(void) { u32 id; pr_info("xa_alloc: %d\\n", xa_alloc(&plain, &id, &ida, xa_limit_32b, GFP_KERNEL)); }
static noinline void limited(void) { static DEFINE_RATELIMIT_STATE(few, 60 * HZ, 1); int i; for (i = 0; i < 4; i++) __ratelimit(&few); few.begin -= 120 * HZ; __ratelimit(&few); }
static int __init misuse_init(void) { unlocked(); only_read(); twice(); still_read(); below(); no_numbers(); limited(); return 0; }
static void __exit misuse_exit(void) { }
module_init(misuse_init);
module_exit(misuse_exit);
`;

test('what a header can tell of a mistake is a warning at its place', async () => {
  const lines = await runModule(machine(), join(write({ 'misuse.c': MISUSE }), 'misuse.c'));
  const told = lines.filter((line) => /^WARNING|^ida|^xa_alloc|suppressed/.test(line)).map((line) => line.replace(/^WARNING: .*? at \S+:\d+ (\w+)\+.*/, 'WARNING in $1'));
  expect(told).toEqual([
    'WARNING in unlocked', 'WARNING in only_read', 'ida_free called for id=3 which is not allocated.', 'WARNING in ida_free', 'WARNING in cleanup_srcu_struct', 'WARNING in idr_alloc', 'WARNING in __xa_alloc', 'xa_alloc: -22',
    'limited: 3 callbacks suppressed',
  ]);
}, COMPILE_MS);

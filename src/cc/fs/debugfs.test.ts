/**
 * What modules in C have in /sys/kernel/debug: variables as files, files of one number, and files with functions of their own.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listDir, openFile } from '../../index.js';
import { oneMachine } from '../../kernel/machine.fixture.js';
import { COMPILE_MS, HEAD, logFromNow, sources } from '../c_module.fixture.js';
import { cat, echo } from './files.fixture.js';

const { machine } = oneMachine();
const { write } = sources();

const PROBE = String.raw`${HEAD}
#include <linux/debugfs.h>
#include <linux/seq_file.h>
static struct dentry *dir;
static u8 byte = 200;
static u16 half = 0xbeef;
static u32 word = 4000000000u;
static u64 quad = 1ull << 40;
static size_t size = 12;
static bool on = true;
static atomic_t count = ATOMIC_INIT(-3);
static char *text;
static u32 table[3] = { 1, 2, 3 };
static struct debugfs_u32_array array = { table, 3 };
static struct debugfs_blob_wrapper blob = { "raw\0bytes", 9 };
static int temperature = -5;
static int temperature_get(void *data, u64 *value) { *value = *(int *)data; return 0; }
static int temperature_set(void *data, u64 value) { if ((s64)value > 100) return -ERANGE; *(int *)data = value; return 0; }
DEFINE_SIMPLE_ATTRIBUTE_SIGNED(temperature_fops, temperature_get, temperature_set, "%lld\n");
DEFINE_DEBUGFS_ATTRIBUTE(sealed_fops, temperature_get, NULL, "0x%08llx\n");
static int state_show(struct seq_file *m, void *v) { seq_printf(m, "%s is %d\n", (char *)m->private, temperature); return 0; }
DEFINE_SHOW_ATTRIBUTE(state);
static int __init probe_init(void)
{
	struct dentry *twice;

	text = kstrdup("hello", GFP_KERNEL);
	dir = debugfs_create_dir("probe", NULL);
	if (IS_ERR(dir))
		return PTR_ERR(dir);
	debugfs_create_u8("byte", 0644, dir, &byte);
	debugfs_create_x16("half", 0644, dir, &half);
	debugfs_create_u32("word", 0444, dir, &word);
	debugfs_create_x64("quad", 0644, dir, &quad);
	debugfs_create_size_t("size", 0644, dir, &size);
	debugfs_create_bool("on", 0644, dir, &on);
	debugfs_create_atomic_t("count", 0644, dir, &count);
	debugfs_create_str("text", 0644, dir, &text);
	debugfs_create_u32_array("array", 0444, dir, &array);
	debugfs_create_blob("blob", 0444, dir, &blob);
	debugfs_create_file("temperature", 0644, dir, &temperature, &temperature_fops);
	debugfs_create_file("sealed", 0644, dir, &temperature, &sealed_fops);
	debugfs_create_file("state", 0444, dir, "water", &state_fops);
	twice = debugfs_create_dir("probe", NULL);
	debugfs_create_file("lost", 0444, twice, NULL, &state_fops);
	pr_info("%ld %d %d\n", PTR_ERR(twice), debugfs_create_u8("byte", 0644, dir, &byte) == ERR_PTR(-EEXIST), debugfs_lookup("nothing", dir) == NULL);
	debugfs_create_symlink("byte2", dir, "byte");
	return 0;
}
static void __exit probe_exit(void)
{
	debugfs_remove_recursive(dir);
	pr_info("%u %x %llx %zu %d %d %s %d\n", byte, half, quad, size, on, atomic_read(&count), text, temperature);
	kfree(text);
}
module_init(probe_init);
module_exit(probe_exit);
`;

describe('debugfs', () => {
  const at = '/sys/kernel/debug/probe';

  test('shows variables, and sets them as their modes allow', async () => {
    const lines = logFromNow();
    await machine().insmod(join(write({ 'probe.c': PROBE }), 'probe.c'));
    expect(lines()).toEqual(["debugfs: Directory 'probe' with parent '/' already present!", "debugfs: File 'byte' in directory 'probe' already present!", '-17 1 1']);
    const shown: Readonly<Record<string, string>> = { byte: '200\n', half: '0xbeef\n', word: '4000000000\n', quad: '0x0000010000000000\n', size: '12\n', on: 'Y\n', count: '-3\n', text: 'hello\n', array: '1 2 3\n', blob: 'raw\0bytes', byte2: '200\n' };
    for (const [name, value] of Object.entries(shown)) expect(await cat(`${at}/${name}`), name).toBe(value);
    await expect(echo('1', `${at}/word`)).rejects.toMatchObject({ code: 'EACCES' });
    await expect(echo('x', `${at}/byte`)).rejects.toMatchObject({ code: 'EINVAL' });
    for (const [name, value] of [['byte', '7'], ['half', '0x10'], ['quad', '5'], ['size', '010'], ['on', 'off'], ['count', '-4'], ['text', 'a longer one']]) await echo(value, `${at}/${name}`);
    expect(await cat(`${at}/half`)).toBe('0x0010\n');
  }, COMPILE_MS);

  test('has files of one number, and with functions of their own, which keep the module', async () => {
    expect(await cat(`${at}/temperature`)).toBe('-5\n');
    expect(await cat(`${at}/sealed`, 1)).toBe('0xfffffffffffffffb\n');
    await echo('-40', `${at}/temperature`);
    await expect(echo('101', `${at}/temperature`)).rejects.toMatchObject({ code: 'ERANGE' });
    await expect(echo('1', `${at}/sealed`)).rejects.toMatchObject({ code: 'EACCES' });
    const file = await openFile(`${at}/state`);
    expect(Buffer.from(await file.read(100)).toString()).toBe('water is -40\n');
    await expect(machine().rmmod('probe')).rejects.toMatchObject({ code: 'EBUSY' });
    await file.close();
  }, COMPILE_MS);

  test('goes as a whole', async () => {
    const lines = logFromNow();
    const file = await openFile(`${at}/byte`);
    await machine().rmmod('probe');
    await expect(file.read(1)).rejects.toMatchObject({ code: 'EIO' });
    await file.close();
    expect(lines()).toEqual(['7 10 5 8 0 -4 a longer one -40']);
    expect(listDir('/sys/kernel/debug')).toEqual([]);
  }, COMPILE_MS);
});

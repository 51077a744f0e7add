/**
 * What modules in C have in /sys: objects with attributes, groups of them, types and sets of one's own, and parameters.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { O_RDWR, O_WRONLY, listDir, openFile } from '../../index.js';
import { oneMachine } from '../../kernel/machine.fixture.js';
import { COMPILE_MS, HEAD, logFromNow, sources } from '../c_module.fixture.js';
import { cat, echo } from './files.fixture.js';

const { machine } = oneMachine();
const { write } = sources();

async function load(name: string, text: string, params: Readonly<Record<string, string>> = {}): Promise<() => string[]> {
  const lines = logFromNow();
  await machine().insmod(join(write({ [`${name}.c`]: text }), `${name}.c`), params);
  return lines;
}

const names = (path: string): string[] => listDir(path).map(({ name, mode }) => `${name} ${(mode & 0o777).toString(8)}`);

const TANK = String.raw`${HEAD}
#include <linux/kobject.h>
#include <linux/sysfs.h>
static struct kobject *tank;
static int level = 7;
static char label[16] = "none";
static ssize_t level_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf) { return sysfs_emit(buf, "%d\n", level); }
static ssize_t level_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf, size_t count)
{
	int ret = kstrtoint(buf, 10, &level);
	return ret < 0 ? ret : count;
}
static struct kobj_attribute level_attr = __ATTR(level, 0664, level_show, level_store);
/* one pair for two */
static ssize_t b_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	int len = sysfs_emit(buf, "%s of ", attr->attr.name);
	len += sysfs_emit_at(buf, len, "%s: %s\n", kobject_name(kobj), label);
	return len;
}
static ssize_t b_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf, size_t count) { strscpy(label, buf, sizeof(label)); strim(label); return count; }
static struct kobj_attribute label_attr = __ATTR(label, 0644, b_show, b_store);
static struct kobj_attribute secret_attr = __ATTR(secret, 0200, NULL, b_store);
static struct kobj_attribute mute_attr = __ATTR(mute, 0644, NULL, NULL);
static ssize_t full_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf) { memset(buf, 'x', PAGE_SIZE); return PAGE_SIZE; }
static struct kobj_attribute full_attr = __ATTR_RO(full);
static ssize_t over_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf) { memset(buf, 'x', PAGE_SIZE + 1); return 1; }
static struct kobj_attribute over_attr = __ATTR_RO(over);
static struct attribute *attrs[] = { &level_attr.attr, &label_attr.attr, &secret_attr.attr, &mute_attr.attr, &full_attr.attr, &over_attr.attr, NULL };
static struct attribute_group group = { .attrs = attrs };
static umode_t visible(struct kobject *kobj, struct attribute *attr, int n) { return n == 0 ? 0 : 0400; }
static struct attribute *few[] = { &level_attr.attr, &label_attr.attr, NULL };
static struct attribute_group inner = { .name = "inner", .attrs = few, .is_visible = visible };
static int __init tank_init(void)
{
	int error;

	tank = kobject_create_and_add("tank", kernel_kobj);
	if (!tank)
		return -ENOMEM;
	error = sysfs_create_group(tank, &group);
	if (!error)
		error = sysfs_create_group(tank, &inner);
	if (error)
		kobject_put(tank);
	else
		pr_info("again: %d %d\n", sysfs_create_file(tank, &level_attr.attr), kobject_create_and_add("tank", kernel_kobj) == NULL);
	return error;
}
static void __exit tank_exit(void) { kobject_put(tank); }
module_init(tank_init);
module_exit(tank_exit);
`;

describe('attributes of an object', () => {
  test('are shown and stored, a page at most, as their modes say', async () => {
    const lines = await load('tank', TANK);
    expect(lines().filter((line) => /^(sysfs|kobject|again)/.test(line))).toEqual([
      "sysfs: cannot create duplicate filename '/kernel/tank/level'", "sysfs: cannot create duplicate filename '/kernel/tank'",
      "kobject: kobject_add_internal failed for tank with -EEXIST, don't try to register things with the same name in the same directory.",
      'kobject: kobject_create_and_add: kobject_add error: -17', 'again: -17 1',
    ]);
    expect(names('/sys/kernel/tank')).toEqual(['level 664', 'label 644', 'secret 200', 'mute 644', 'full 444', 'over 444', 'inner 755']);
    expect(names('/sys/kernel/tank/inner')).toEqual(['label 400']);
    expect(await cat('/sys/kernel/tank/level')).toBe('7\n');
    await echo('42', '/sys/kernel/tank/level');
    expect(await cat('/sys/kernel/tank/level', 1)).toBe('42\n');
    await expect(echo('many', '/sys/kernel/tank/level')).rejects.toMatchObject({ code: 'EINVAL' });
    await echo('full of water', '/sys/kernel/tank/label');
    expect(await cat('/sys/kernel/tank/inner/label')).toBe('label of tank: full of water\n');
  }, COMPILE_MS);

  test('refuse who may not, and answer EIO where a function is missing', async () => {
    await expect(openFile('/sys/kernel/tank/secret')).rejects.toMatchObject({ code: 'EACCES' });
    await expect(openFile('/sys/kernel/tank/full', { flags: O_RDWR })).rejects.toMatchObject({ code: 'EACCES' });
    await expect(cat('/sys/kernel/tank/mute')).rejects.toMatchObject({ code: 'EIO' });
    await expect(echo('x', '/sys/kernel/tank/mute')).rejects.toMatchObject({ code: 'EIO' });
    await expect(openFile('/sys/kernel/tank', { flags: O_WRONLY })).rejects.toMatchObject({ code: 'EISDIR' });
  }, COMPILE_MS);

  test('are told when they show more than a page, and go with their object', async () => {
    const lines = logFromNow();
    expect(await cat('/sys/kernel/tank/full')).toHaveLength(4095);
    expect(lines()).toEqual(['fill_read_buffer: full_show+0x0 [tank] returned bad count']);
    await expect(cat('/sys/kernel/tank/over')).rejects.toMatchObject({ code: 'EFAULT' });
    expect(lines().find((line) => line.startsWith('BUG: KASAN'))).toMatch(/slab-out-of-bounds in over_show\+.* \[tank\] .*tank\.c:\d+/);
    const file = await openFile('/sys/kernel/tank/level');
    await machine().rmmod('tank');
    await expect(file.read(10)).rejects.toMatchObject({ code: 'ENODEV' });
    await file.close();
    await expect(openFile('/sys/kernel/tank/level')).rejects.toMatchObject({ code: 'ENOENT' });
  }, COMPILE_MS);
});

const HERD = String.raw`${HEAD}
#include <linux/kobject.h>
#include <linux/slab.h>
struct cow { struct kobject kobj; int milk; };
#define to_cow(k) container_of(k, struct cow, kobj)
struct cow_attribute { struct attribute attr; int by; };
static ssize_t cow_show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	return sprintf(buf, "%d\n", to_cow(kobj)->milk * container_of(attr, struct cow_attribute, attr)->by);
}
static ssize_t cow_store(struct kobject *kobj, struct attribute *attr, const char *buf, size_t count) { return kstrtoint(buf, 0, &to_cow(kobj)->milk) ?: count; }
static const struct sysfs_ops cow_ops = { .show = cow_show, .store = cow_store };
static void cow_release(struct kobject *kobj) { pr_info("%s is released\n", kobject_name(kobj)); kfree(to_cow(kobj)); }
static struct cow_attribute litres = { .attr = { .name = "litres", .mode = 0644 }, .by = 1 }, pints = { .attr = { .name = "pints", .mode = 0444 }, .by = 2 };
static struct attribute *cow_attrs[] = { &litres.attr, &pints.attr, NULL };
ATTRIBUTE_GROUPS(cow);
static const struct kobj_type cow_type = { .sysfs_ops = &cow_ops, .release = cow_release, .default_groups = cow_groups };
static struct kset *herd;
static struct cow *bella, *erna;
static struct cow *new_cow(const char *name, int milk)
{
	struct cow *cow = kzalloc(sizeof(*cow), GFP_KERNEL);

	if (!cow)
		return NULL;
	cow->milk = milk;
	cow->kobj.kset = herd;
	if (kobject_init_and_add(&cow->kobj, &cow_type, NULL, "%s%d", name, 1)) {
		kobject_put(&cow->kobj);
		return NULL;
	}
	kobject_uevent(&cow->kobj, KOBJ_ADD);
	return cow;
}
static int __init herd_init(void)
{
	struct kobject *kobj;

	herd = kset_create_and_add("herd", NULL, kernel_kobj);
	if (!herd)
		return -ENOMEM;
	bella = new_cow("bella", 12);
	erna = new_cow("erna", 20);
	pr_info("third: %d\n", new_cow("erna", 1) == NULL);
	list_for_each_entry(kobj, &herd->list, entry)
		pr_info("%s has %u below %s\n", kobject_name(kobj), kref_read(&kobj->kref), kobject_name(kobj->parent));
	return sysfs_create_link(&bella->kobj, &erna->kobj, "friend");
}
static void __exit herd_exit(void)
{
	kobject_get(&erna->kobj);
	kobject_put(&bella->kobj);
	kobject_put(&erna->kobj);
	pr_info("erna stays\n");
	kobject_put(&erna->kobj);
	kset_unregister(herd);
}
module_init(herd_init);
module_exit(herd_exit);
`;

describe('objects of a type and a set of their own', () => {
  test('have the attributes of their type, and are released by their last reference', async () => {
    const lines = await load('herd', HERD);
    expect(names('/sys/kernel/herd')).toEqual(['bella1 755', 'erna1 755']);
    expect(await cat('/sys/kernel/herd/bella1/pints')).toBe('24\n');
    await echo('0x10', '/sys/kernel/herd/erna1/litres');
    expect(await cat('/sys/kernel/herd/bella1/friend/litres')).toBe('16\n');
    expect(listDir('/sys/kernel/herd/bella1').find(({ name }) => name === 'friend')!.target).toBe('../erna1');
    await machine().rmmod('herd');
    expect(lines().filter((line) => /erna|bella|third/.test(line) && !/sysfs|kobject/.test(line))).toEqual([
      'erna1 is released', 'third: 1', 'bella1 has 1 below herd', 'erna1 has 1 below herd', 'bella1 is released', 'erna stays', 'erna1 is released',
    ]);
    expect(listDir('/sys/kernel').some(({ name }) => name === 'herd')).toBe(false);
  }, COMPILE_MS);
});

const KNOBS = String.raw`${HEAD}
static int speed = 5;
static bool on;
static char *who = "nobody";
static short few[4] = { 1, -2 };
static int nfew = 2;
static int hidden = 1;
module_param(speed, int, 0644);
module_param(on, bool, 0600);
module_param(who, charp, 0444);
module_param_array(few, short, &nfew, 0644);
module_param(hidden, int, 0);
static int __init knobs_init(void) { return 0; }
static void __exit knobs_exit(void) { pr_info("speed %d on %d few %d %d %d\n", speed, on, nfew, few[0], few[2]); }
module_init(knobs_init);
module_exit(knobs_exit);
`;

describe('parameters', () => {
  test('are files, seen and set while the module runs as their modes say', async () => {
    const lines = await load('knobs', KNOBS, { who: 'Anna' });
    expect(names('/sys/module/knobs')).toEqual(['refcnt 444', 'initstate 444', 'parameters 755']);
    expect([await cat('/sys/module/knobs/refcnt'), await cat('/sys/module/knobs/initstate')]).toEqual(['0\n', 'live\n']);
    const at = '/sys/module/knobs/parameters';
    expect(names(at)).toEqual(['speed 644', 'on 600', 'who 444', 'few 644']);
    expect(await Promise.all(['speed', 'on', 'who', 'few'].map((name) => cat(`${at}/${name}`)))).toEqual(['5\n', 'N\n', 'Anna\n', '1,-2\n']);
    await echo('-9', `${at}/speed`);
    await echo('y', `${at}/on`);
    await echo('7,8,9', `${at}/few`);
    await expect(echo('fast', `${at}/speed`)).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(echo('Otto', `${at}/who`)).rejects.toMatchObject({ code: 'EACCES' });
    expect(await cat(`${at}/few`)).toBe('7,8,9\n');
    await machine().rmmod('knobs');
    expect(lines()).toEqual(['speed -9 on 1 few 3 7 9']);
    expect(listDir('/sys/module')).toEqual([]);
  }, COMPILE_MS);
});

const TUNED = String.raw`${HEAD}
static int volume = 3, twice = 6;
static int volume_set(const char *value, const struct kernel_param *kp)
{
	int n, error = kstrtoint(value, 0, &n);

	if (error || n < 0 || n > 10)
		return error ?: -ERANGE;
	error = param_set_int(value, kp);
	twice = 2 * volume;
	pr_info("%s is set to %d by %s\n", kp->name, volume, current->comm);
	return error;
}
static int twice_get(char *buf, const struct kernel_param *kp) { return sprintf(buf, "twice %d\n", *(int *)kp->arg); }
static const struct kernel_param_ops volume_ops = { .set = volume_set, .get = param_get_int };
module_param_cb(volume, &volume_ops, &volume, 0644);
MODULE_PARM_DESC(volume, "0 to 10");
module_param_call(twice, NULL, twice_get, &twice, 0644);
module_param_cb(plain, &param_ops_int, &volume, 0444);
static int __init tuned_init(void) { pr_info("init with %d\n", volume); return 0; }
static void __exit tuned_exit(void) { }
module_init(tuned_init);
module_exit(tuned_exit);
`;

const BELL = String.raw`${HEAD}
#include <linux/kobject.h>
static struct kobject *bell;
static int rung;
static ssize_t rung_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf) { return sysfs_emit(buf, "%d\n", rung); }
static ssize_t rung_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf, size_t count) { rung++; sysfs_notify(kobj, NULL, "rung"); return count; }
static struct kobj_attribute rung_attr = __ATTR_RW(rung);
static int __init bell_init(void)
{
	bell = kobject_create_and_add("bell", NULL);
	return bell ? sysfs_create_file(bell, &rung_attr.attr) : -ENOMEM;
}
static void __exit bell_exit(void) { kobject_put(bell); }
module_init(bell_init);
module_exit(bell_exit);
`;

test('who polls an attribute hears that it changed since it was read', async () => {
  const POLLPRI = 2, POLLERR = 8;
  await load('bell', BELL);
  const file = await openFile('/sys/bell/rung');
  expect(await file.poll(POLLPRI, 0)).toBe(POLLPRI | POLLERR); // It has not read it yet.
  expect(Buffer.from(await file.read(10)).toString()).toBe('0\n');
  expect(await file.poll(POLLPRI, 0)).toBe(0);
  const heard = file.poll(POLLPRI, -1);
  await echo('ding', '/sys/bell/rung');
  expect(await heard).toBe(POLLPRI | POLLERR);
  await file.llseek(0);
  expect(Buffer.from(await file.read(10)).toString()).toBe('1\n');
  expect(await file.poll(POLLPRI, 0)).toBe(0);
  await file.close();
  await machine().rmmod('bell');
}, COMPILE_MS);

const LAMP = String.raw`${HEAD}
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
struct lamp { int bright; };
static struct lamp lamps[2];
static ssize_t bright_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct lamp *lamp = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%s %d\n", dev_name(dev), lamp->bright);
}
static ssize_t bright_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	struct lamp *lamp = dev_get_drvdata(dev);

	return kstrtoint(buf, 0, &lamp->bright) ?: count;
}
static DEVICE_ATTR_RW(bright);
static ssize_t kind_show(struct device *dev, struct device_attribute *attr, char *buf) { return sysfs_emit(buf, "a lamp\n"); }
static DEVICE_ATTR_RO(kind);
static struct attribute *lamp_attrs[] = { &dev_attr_kind.attr, NULL };
ATTRIBUTE_GROUPS(lamp);
static ssize_t all_show(const struct class *cls, const struct class_attribute *attr, char *buf) { return sysfs_emit(buf, "%s: %d\n", cls->name, lamps[0].bright + lamps[1].bright); }
static CLASS_ATTR_RO(all);
static ssize_t memory_read(struct file *file, struct kobject *kobj, struct bin_attribute *attr, char *buf, loff_t pos, size_t size)
{
	memcpy(buf, (char *)attr->private + pos, size);
	return size;
}
static BIN_ATTR_RO(memory, 8);
static const struct file_operations fops = { .owner = THIS_MODULE };
static struct miscdevice misc = { .minor = MISC_DYNAMIC_MINOR, .name = "torch", .fops = &fops, .groups = lamp_groups };
static struct class *cls;
static struct device *devs[2];
static int __init lamp_init(void)
{
	cls = class_create("lamp");
	if (IS_ERR(cls))
		return PTR_ERR(cls);
	devs[0] = device_create(cls, NULL, MKDEV(0, 0), &lamps[0], "lamp%d", 0);
	devs[1] = device_create_with_groups(cls, NULL, MKDEV(0, 0), &lamps[1], lamp_groups, "lamp%d", 1);
	bin_attr_memory.private = "\1binary\2";
	if (device_create_file(devs[0], &dev_attr_bright) || device_create_file(devs[1], &dev_attr_bright) || device_create_bin_file(devs[1], &bin_attr_memory))
		return -EIO;
	return class_create_file(cls, &class_attr_all) ?: misc_register(&misc);
}
static void __exit lamp_exit(void)
{
	misc_deregister(&misc);
	device_remove_file(devs[0], &dev_attr_bright);
	device_unregister(devs[0]);
	device_unregister(devs[1]);
	class_remove_file(cls, &class_attr_all);
	class_destroy(cls);
}
module_init(lamp_init);
module_exit(lamp_exit);
`;

describe('parameters with functions of their own', () => {
  test('are set by them, by insmod before init and by who writes', async () => {
    const lines = await load('tuned', TUNED, { volume: '5' });
    const at = '/sys/module/tuned/parameters';
    await echo('8', `${at}/volume`);
    await expect(echo('11', `${at}/volume`)).rejects.toMatchObject({ code: 'ERANGE' });
    await expect(echo('x', `${at}/volume`)).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(echo('1', `${at}/twice`)).rejects.toMatchObject({ code: 'EPERM' });
    expect(await Promise.all(['volume', 'twice', 'plain'].map((name) => cat(`${at}/${name}`)))).toEqual(['8\n', 'twice 16\n', '8\n']);
    await machine().rmmod('tuned');
    expect(lines()).toEqual(['volume is set to 5 by insmod', 'init with 5', 'volume is set to 8 by sh']);
    await expect(load('tuned', TUNED, { volume: '12' })).rejects.toMatchObject({ code: 'ERANGE' });
    expect(lines().at(-1)).toBe("tuned: `12' invalid for parameter `volume'");
    expect(names('/sys/module')).not.toContain('tuned 755');
  }, COMPILE_MS);
});

describe('attributes of devices and classes', () => {
  test('get the device, and are made with it or added later', async () => {
    const lines = await load('lamp', LAMP);
    const at = '/sys/class/lamp';
    expect(names(at)).toEqual(['lamp0 755', 'lamp1 755', 'all 444']);
    expect(names(`${at}/lamp1`)).toEqual(['kind 444', 'bright 644', 'memory 444']);
    await echo('30', `${at}/lamp0/bright`);
    await echo('12', `${at}/lamp1/bright`);
    expect(await cat(`${at}/lamp0/bright`)).toBe('lamp0 30\n');
    expect(await cat(`${at}/all`)).toBe('lamp: 42\n');
    expect(await cat(`${at}/lamp1/kind`)).toBe('a lamp\n');
    expect(names('/sys/class/misc/torch')).toEqual(['dev 444', 'kind 444']);
    expect(await cat('/sys/class/misc/torch/dev')).toMatch(/^10:\d+\n$/);
    expect(await cat('/sys/class/misc/torch/kind')).toBe('a lamp\n');
    expect(await cat(`${at}/lamp1/memory`, 3)).toBe('\x01binary\x02');
    await machine().rmmod('lamp');
    expect(lines()).toEqual([]);
    expect(names('/sys/class')).toEqual(['misc 755']);
    expect(names('/sys/class/misc')).toEqual([]);
  }, COMPILE_MS);
});

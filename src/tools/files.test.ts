/**
 * Files of a machine from the command line: devices of a module in C, read, written, waited for and interrupted as on Linux.
 * The machine is that of `kthread run` in another terminal.
 */
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Client } from './client.js';
import { Terminal, until, type Ran, type Started } from './terminal.fixture.js';
import { Tmux, hasTmux } from './tmux.fixture.js';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });
process.env.KTHREAD_CACHE ??= join(tmpdir(), 'kthread-test-cache');

const terminal = new Terminal();
afterAll(() => terminal.close());

/** Devices that do one thing each, and say it. */
const DEVICES = `
#include <linux/module.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/uaccess.h>
MODULE_LICENSE("GPL");
static DECLARE_WAIT_QUEUE_HEAD(queue);
static DECLARE_COMPLETION(done);
static int level = 7;
static bool free_to_open;
static int release(struct inode *inode, struct file *file)
{
	pr_info("%s closed by %s\\n", file->f_path.dentry->d_name.name, current->comm);
	return 0;
}
static ssize_t text_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	char text[16];
	int size = scnprintf(text, sizeof(text), "%d", level);
	text[size++] = 0xff;
	text[size++] = '\\n';
	return simple_read_from_buffer(buf, count, ppos, text, size);
}
static ssize_t text_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	char text[16];
	int size = min(count, sizeof(text) - 1);
	if (copy_from_user(text, buf, size))
		return -EFAULT;
	text[size] = 0;
	strim(text);
	pr_info("write %zu: %.4s by %s%s\\n", count, text, current->comm, file->f_flags & O_APPEND ? " at the end" : "");
	if (count > sizeof(text) - 1)
		return count == 32768 ? 20000 : count;
	return kstrtoint(text, 0, &level) ?: count;
}
static long text_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (cmd == 1)
		return level = arg;
	return cmd == 2 ? (copy_to_user((void __user *)arg, "abcd", 4) ? -EFAULT : 0) : -ENOTTY;
}
static ssize_t waits_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	int err = wait_event_interruptible(queue, false);
	pr_info("waits: %d\\n", err);
	return err;
}
static ssize_t deaf_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	pr_info("deaf begins\\n");
	wait_for_completion(&done);
	return 0;
}
static ssize_t deaf_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	complete_all(&done);
	return count;
}
static ssize_t endless_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	char line[] = "line\\n";
	return copy_to_user(buf, line, 5) ? -EFAULT : 5;
}
static int shut_open(struct inode *inode, struct file *file)
{
	int err = wait_event_interruptible(queue, free_to_open);
	pr_info("open: %d\\n", err);
	return err;
}
static ssize_t oops_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	*(volatile int *)0 = 1;
	return 0;
}
static int busy_open(struct inode *inode, struct file *file) { return -ENXIO; }
#define DEVICE(n, ...) \\
	static const struct file_operations n##_fops = { .owner = THIS_MODULE, .release = release, __VA_ARGS__ }; \\
	static struct miscdevice n = { .minor = MISC_DYNAMIC_MINOR, .name = #n, .fops = &n##_fops, .mode = 0644 }
DEVICE(text, .read = text_read, .write = text_write, .unlocked_ioctl = text_ioctl, .llseek = default_llseek);
DEVICE(waits, .read = waits_read);
DEVICE(deaf, .read = deaf_read, .write = deaf_write);
DEVICE(endless, .read = endless_read);
DEVICE(shut, .open = shut_open);
DEVICE(bad, .read = oops_read);
DEVICE(busy, .open = busy_open);
static struct miscdevice *all[] = { &text, &waits, &deaf, &endless, &shut, &bad, &busy };
static int __init devices_init(void)
{
	int i;
	for (i = 0; i < ARRAY_SIZE(all); i++)
		if (misc_register(all[i]))
			return -EIO;
	pr_info("devices are there\\n");
	return 0;
}
static void __exit devices_exit(void)
{
	int i;
	for (i = 0; i < ARRAY_SIZE(all); i++)
		misc_deregister(all[i]);
}
module_init(devices_init);
module_exit(devices_exit);
`;

let machine: Started;
beforeAll(async () => {
  terminal.env.KTHREAD_CACHE = process.env.KTHREAD_CACHE;
  terminal.write('devices.c', DEVICES);
  machine = terminal.start('run', 'devices.c');
  await machine.says(/devices are there/);
});

const logged = (pattern: RegExp): Promise<void> => machine.says(pattern);
/** Starts a command and waits until its process sleeps in the driver as `state` says. */
async function sleeping(state: string, ...args: readonly string[]): Promise<Started> {
  const started = terminal.start(...args);
  await inState(args[0], state);
  return started;
}
/** Waits until the one process `name` is in `state`; where it waits to be asked for something, it is not there yet. */
async function inState(name: string, state: string): Promise<void> {
  let seen = '';
  await until(`${name} in ${state}`, async () => {
    seen = (await terminal.kthread('ps', '-C', name, '-o', 'pid=,stat=,wchan=')).out;
    return new RegExp(`^ *\\d+ ${state} +(?!pipe_read)\\S+\n$`).test(seen);
  }, () => `${seen}\n${machine.out}`);
}
const gone = (name: string): Promise<void> => until(`no process ${name}`, async () => (await terminal.kthread('ps', '-C', name, '-o', 'pid=')).out === '');

/** A command with bytes for standard input, and what it prints as bytes. */
function feed(input: Buffer | string, ...args: readonly string[]): Promise<Ran & { readonly bytes: Buffer }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [terminal.kthreadPath, ...args], { cwd: terminal.folder, env: terminal.env });
    const out: Buffer[] = [];
    let err = '';
    child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
    child.stderr.setEncoding('utf8').on('data', (text: string) => { err += text; });
    child.on('close', (status) => resolve({ status, err, out: Buffer.concat(out).toString(), bytes: Buffer.concat(out) }));
    child.stdin.end(input);
  });
}

describe('reading and writing', () => {
  test('cat, write and echo: bytes as they are, by processes of these names', async () => {
    expect(await terminal.kthread('write', '/dev/text', '12')).toMatchObject({ status: 0, out: '', err: '' });
    expect((await feed('', 'cat', '/dev/text')).bytes).toEqual(Buffer.from('12\xff\n', 'latin1'));
    expect(await terminal.kthread('echo', '13', '>', '/dev/text')).toMatchObject({ status: 0, out: '', err: '' });
    expect(await terminal.kthread('write', '-a', '-n', '/dev/text', '14')).toMatchObject({ status: 0 });
    expect(JSON.parse((await terminal.kthread('cat', '/dev/text', '--json')).out)).toEqual({ path: '/dev/text', data: Buffer.from('14\xff\n', 'latin1').toString('base64') });
    await logged(/write 3: 12 by write[^]*text closed by write[^]*text closed by cat[^]*write 3: 13[^]*by echo[^]*write 2: 14 by write at the end/);
    expect((await terminal.kthread('echo', 'a', 'b')).out).toBe('a b\n');
  });

  test('standard input is written in parts, and what a driver did not take is offered again', async () => {
    const seen = machine.out.length;
    expect(await feed(Buffer.alloc(40_000, 'x'), 'write', '/dev/text', '--json')).toMatchObject({ status: 0, out: '{"path":"/dev/text","written":40000}\n' });
    await until('all parts', () => [...machine.out.slice(seen).matchAll(/write (\d+): xxxx/g)].reduce((sum, [, n]) => sum + (Number(n) === 32768 ? 20_000 : Number(n)), 0) === 40_000);
  });

  test('errors, as a shell says them', async () => {
    expect(await terminal.kthread('cat', '/dev/busy', '/dev/none', '/dev', '/proc/1/comm')).toEqual({ status: 1, out: 'init\n', err: 'cat: /dev/busy: No such device or address\ncat: /dev/none: No such file or directory\ncat: /dev: Is a directory\n' });
    expect(await terminal.kthread('write', '/dev/text', 'many')).toEqual({ status: 1, out: '', err: 'write: /dev/text: Invalid argument\n' });
    expect(await terminal.kthread('cat', '/dev/bad')).toEqual({ status: 1, out: '', err: 'cat: /dev/bad: Bad address: an oops ended the process; dmesg tells where\n' });
  });

  test('ls, ioctl and mknod', async () => {
    expect((await terminal.kthread('ls', '/dev')).out.split('\n')).toEqual(expect.arrayContaining(['bad', 'deaf', 'text']));
    expect((await terminal.kthread('ls', '-l', '/dev/text')).out).toMatch(/^crw-\S+ +10, \d+ +text$/m);
    expect((await terminal.kthread('ls', '--paths')).out.split('\n')).toEqual(expect.arrayContaining(['/dev/', '/proc/', '/sys/']));
    expect((await terminal.kthread('ls', '/proc/1/comm', '/proc/sys/kernel')).out).toMatch(/^\/proc\/1\/comm:\ncomm\n\/proc\/sys\/kernel:\n(.*\n)*pid_max\n/);
    expect(await terminal.kthread('ls', '/nowhere')).toMatchObject({ status: 2, err: 'ls: cannot access \'/nowhere\': No such file or directory\n' });
    expect((await terminal.kthread('ioctl', '/dev/text', '1', '0x20')).out).toBe('32\n');
    expect((await terminal.kthread('ioctl', '/dev/text', '2', '--buffer', '4')).out).toBe(`0\n0000  61 62 63 64${' '.repeat(36)}  abcd\n`);
    expect(await terminal.kthread('ioctl', '/dev/text', '3')).toMatchObject({ status: 1, err: 'ioctl: /dev/text: Inappropriate ioctl for device\n' });
    const [{ rdev }] = (JSON.parse((await terminal.kthread('ls', '/dev/text', '--json')).out) as Array<{ rdev: number }>);
    expect(await terminal.kthread('mknod', '/dev/again', 'c', String(rdev >>> 20), String(rdev & 0xfffff))).toMatchObject({ status: 0, err: '' });
    expect((await feed('', 'cat', '/dev/again')).bytes).toEqual(Buffer.from('32\xff\n', 'latin1'));
    expect(await terminal.kthread('mknod', '/dev/again', 'c', '1', '1')).toMatchObject({ status: 1, err: 'mknod: /dev/again: File exists\n' });
  });
});

describe('waiting', () => {
  test('Ctrl-C ends a read that sleeps interruptibly: the driver hears it, the file is closed, the status is 130', async () => {
    const cat = await sleeping('S', 'cat', '/dev/waits');
    cat.child.kill('SIGINT');
    expect(await cat.ended).toBe(130);
    await logged(/waits: -512[^]*waits closed by cat/);
    await gone('cat');
  });

  test('Ctrl-C ends an open that sleeps', async () => {
    const cat = await sleeping('S', 'cat', '/dev/shut');
    cat.child.kill('SIGINT');
    expect(await cat.ended).toBe(130);
    await logged(/open: -512/);
    expect(machine.out).not.toMatch(/shut closed/); // Its open failed.
    await gone('cat');
  });

  test('Ctrl-C while the process is being made: it does not begin to sleep', async () => {
    using client = await Client.connect(join(terminal.sockets, `${machine.pid}.sock`));
    const stop = new AbortController();
    const opened = client.call('open', { path: '/dev/shut', name: 'early' }, { interrupt: stop.signal });
    stop.abort();
    await expect(opened).rejects.toMatchObject({ code: 'EINTR' });
    await gone('early');
  });

  test('a read in D is not ended; the command says where it is, and a second Ctrl-C leaves it', async () => {
    const cat = await sleeping('D', 'cat', '/dev/deaf');
    cat.child.kill('SIGINT');
    await until('its word', () => cat.err !== '');
    expect(cat.err).toMatch(/^cat: \/dev\/deaf: cat\[\d+\] sleeps in D, where it hears no signal; Ctrl-C again leaves it behind\n(.*\n)*? +deaf_read\+0x.*\[devices\] .*devices\.c:\d+\n/);
    cat.child.kill('SIGINT');
    expect(await cat.ended).toBe(130);
    expect((await terminal.kthread('ps', '-C', 'cat', '-o', 'stat=')).out.trim()).toBe('D');
    expect(machine.out).not.toMatch(/deaf closed/);
    expect(await terminal.kthread('write', '/dev/deaf', 'go')).toMatchObject({ status: 0 });
    await logged(/deaf closed by cat/);
    await gone('cat');
  });

  test('cat | head: the reader goes, and with it the process; what nobody reads piles up nowhere', async () => {
    const pipe = spawn('sh', ['-c', `"${process.execPath}" "${terminal.kthreadPath}" cat /dev/endless | { sleep 1; head -1; }`], { cwd: terminal.folder, env: terminal.env, stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    pipe.stdout.setEncoding('utf8').on('data', (text: string) => { out += text; });
    await new Promise((resolve) => { pipe.once('close', resolve); });
    expect(out).toBe('line\n');
    await logged(/endless closed by cat/);
    await gone('cat');
  });

  test('a client that vanishes hangs up', async () => {
    const client = await Client.connect(join(terminal.sockets, `${machine.pid}.sock`));
    const { fd, name } = await client.call('open', { path: '/dev/text', name: 'tail' });
    expect(name).toBe('tail');
    expect(Buffer.from((await client.call('read', { fd, size: 1 })).data, 'base64').toString('latin1')).toMatch(/^\d$/);
    await expect(client.call('read', { fd: fd + 1 })).rejects.toMatchObject({ code: 'EBADF' });
    await expect(client.call('read', { fd, size: 2 ** 30 })).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(client.call('write', { fd, text: 'a' })).rejects.toMatchObject({ code: 'EBADF' });
    client.close();
    await logged(/text closed by tail/);
    await gone('tail');
  });
});

describe('in the shell', () => {
  test('>, >> and < are files of the machine', async () => {
    const { out, err, status } = await feed('echo 41 > /dev/text\ncat </dev/text\necho "4 > 2"\necho 43 >>/dev/text\nps -p 1 -o comm= > /dev/endless\nls > out.txt\necho 1 | cat\nwrite /dev/text < /dev/text\n', 'shell');
    expect({ out: out.replaceAll('\ufffd', ''), err, status }).toEqual({
      out: '41\n4 > 2\n', status: 1,
      err: 'ps: /dev/endless: Invalid argument\nshell: after > comes a file of the machine, such as /dev/NAME; for files of your own use kthread from your own shell\nshell: there are no pipes here; use kthread from your own shell for that\nwrite: /dev/text: Invalid argument\n',
    });
    await logged(/write 3: 41[^]*by echo[^]*write 3: 43[^]*by echo at the end/);
  });

  test.skipIf(!hasTmux)('Ctrl-C ends what waits, and not the shell; Tab completes files of the machine', async () => {
    const tmux = new Tmux(terminal.folder, terminal.env, `'${process.execPath}' '${terminal.kthreadPath}' shell --no-history`);
    try {
      await tmux.shows(/#$/m);
      tmux.type('cat /dev/wai');
      tmux.keys('Tab');
      await tmux.shows(/cat \/dev\/waits$/m);
      tmux.keys('Enter');
      await inState('cat', 'S');
      tmux.keys('C-c');
      await gone('cat');
      tmux.type('cat /proc/1/comm');
      tmux.keys('Enter');
      await tmux.shows(/^init\n.*#$/m);
    } finally {
      tmux.close();
    }
  });
});

test('a machine that ends while a command waits for a file of it, and a shell', async () => {
  const other = new Terminal();
  try {
    const running = other.start('run', join(terminal.folder, 'devices.c'));
    await running.says(/devices are there/);
    const [cat, shell] = [other.start('cat', '/dev/waits'), other.start('shell')];
    shell.child.stdin!.write('cat < /dev/waits\n');
    await until('both wait', async () => (await other.kthread('ps', '-C', 'cat', '-o', 'stat=,wchan=')).out.match(/^S +wait_event$/gm)?.length === 2, () => `${cat.err}${shell.err}`);
    await running.kill('SIGKILL');
    expect([await cat.ended, await shell.ended]).toEqual([3, 3]);
    expect(cat.err).toMatch(/^cat: ECONNRESET \(.*\): the machine of process \d+ \(devices\) has ended\n$/);
    expect(shell.err).toMatch(/^cat: ECONNRESET/);
  } finally {
    await other.close();
  }
});

test('a machine that may only be looked at: its files are read and not written', async () => {
  const other = new Terminal();
  try {
    await other.program("await k.boot({ control: 'read-only', name: 'museum' }); await k.kthreadRun(async () => { for (;;) await k.msleep(60_000); }, undefined, 'guard');");
    expect(await other.kthread('write', '/dev/text', '1')).toMatchObject({ status: 1, err: expect.stringMatching(/^write: \/dev\/text: Operation not permitted: .*can only be looked at$/m) as string });
    expect(await other.kthread('cat', '/dev/text')).toMatchObject({ status: 1, err: 'cat: /dev/text: No such file or directory\n' });
    expect(await other.kthread('mknod', '/dev/x', 'c', '1', '2')).toMatchObject({ status: 1, err: expect.stringMatching(/^mknod: EPERM/) as string });
  } finally {
    await other.close();
  }
});

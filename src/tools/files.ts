/**
 * The commands about files of the machine: cat, write, echo, ls, ioctl and mknod. A process of the machine opens the file, so that it
 * blocks, hears Ctrl-C and is seen in ps as a program on Linux is.
 */
import type { Command } from 'commander';
import { strerror } from '../index.js';
import type { FileItem } from '../server/protocol.js';
import { ControlError } from './client.js';
import { FAILED, INTERRUPTED, OK, STATUS_HELP, WrongUsage, forEach, onMachine, type Job, type Surroundings } from './command.js';
import { APPEND, BOTH, Interrupted, READ, WRITE, failed, withFile } from './remote_file.js';
import { table } from './table.js';

const ENOENT = -2;
const INTERRUPT_HELP = `
Ctrl-C is a signal for the process that has the file open, named as the command: what a driver sleeps in interruptibly ends, and
the status is 130. Where it sleeps in D the command says where that is; Ctrl-C again leaves it behind.
${STATUS_HELP}`;

export function addFileCommands(program: Command, around: Surroundings): void {
  addCat(program, around);
  addWrite(program, around);
  addEcho(program, around);
  addLs(program, around);
  addIoctl(program, around);
  addMknod(program, around);
}

/** The status of `work` with a file: what went wrong is said, Ctrl-C is 130. */
async function onFile(around: Surroundings, work: () => Promise<void>): Promise<number> {
  try {
    await work();
    return OK;
  } catch (error) {
    if (error instanceof Interrupted) return INTERRUPTED;
    return failed(error, around);
  }
}

// --- cat ----------------------------------------------------------------------------------------------------------

function addCat(program: Command, around: Surroundings): void {
  const command = program.command('cat').description('show files of the machine: devices, /proc, /sys').argument('[paths...]').addHelpText('after', `
What modules put in /dev, /proc and /sys, read to its end or until Ctrl-C; bytes are passed on as they are. And of the kernel
itself /proc/PID/ stat, status, comm, wchan, sched, cmdline and stack, /proc/ loadavg, uptime, version and stat, and /proc/sys/...
--json prints an object for each read: path, and text, or data (base64) where it is no UTF-8.

Examples:
  kthread cat /dev/hello
  kthread cat /proc/12/status /proc/12/stack
  kthread cat /dev/events | head -3
${INTERRUPT_HELP}`);
  onMachine(command, around, async (job) => {
    if (job.args.length === 0) return catInput(job.around);
    let status = OK;
    for (const path of job.args) {
      status = Math.max(status, await onFile(around, () => cat(job, path)));
      if (status === INTERRUPTED) break;
    }
    return status;
  });
}

async function catInput(around: Surroundings): Promise<void> {
  const input = around.input();
  if (!input) throw new WrongUsage('which file? kthread cat --help');
  for await (const bytes of input) await around.print(bytes as Uint8Array);
}

async function cat(job: Job<object>, path: string): Promise<void> {
  const text = await ofKernel(job, path);
  if (text !== undefined) return show(job, path, Buffer.from(text));
  await withFile(job, 'cat', path, READ, async (file) => {
    let first = true;
    for (let bytes = await file.read(); bytes.length > 0 || (first && job.options.json); bytes = bytes.length > 0 ? await file.read() : bytes) {
      await show(job, path, bytes);
      if (bytes.length === 0) break;
      first = false;
    }
  });
}

/** What the kernel itself has below /proc needs no process, so it is there also where none can be started. */
async function ofKernel({ client }: Job<object>, path: string): Promise<string | undefined> {
  if (!path.startsWith('/proc/')) return undefined;
  try {
    return (await client.call('cat', { path })).text;
  } catch (error) {
    if (error instanceof ControlError && error.errno === ENOENT) return undefined;
    throw error;
  }
}

async function show({ options, around, json }: Job<object>, path: string, bytes: Buffer): Promise<void> {
  if (!options.json) return around.print(bytes);
  try {
    json({ path, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) });
  } catch {
    json({ path, data: bytes.toString('base64') });
  }
}

// --- write and echo -----------------------------------------------------------------------------------------------

interface WriteOptions {
  readonly append?: true;
  readonly n?: true;
}

function addWrite(program: Command, around: Surroundings): void {
  const command = program.command('write').description('write to a file of the machine: a device, or below /proc or /sys').argument('<path>').argument('[text...]')
    .option('-a, --append', 'open it for appending, as >> does')
    .option('-n', 'no newline after the text')
    .addHelpText('after', `
The words of the text are written with a blank between and a newline after them, in one write. Without a text, standard input is
written as it is, at most 32 KiB a time.

Examples:
  kthread write /proc/level 3
  kthread write /dev/firmware < image.bin
${INTERRUPT_HELP}`);
  onMachine<WriteOptions>(command, around, async (job) => {
    const [path, ...words] = job.args;
    if (words.length > 0) return put(job, 'write', path, job.options.append ? APPEND : WRITE, words);
    const input = job.around.input();
    if (!input) throw new WrongUsage('which text? write PATH TEXT, or write PATH < FILE');
    try {
      return await onFile(around, () => withFile(job, 'write', path, job.options.append ? APPEND : WRITE, async (file) => {
        let written = 0;
        for await (const bytes of input) {
          await file.write(bytes as Uint8Array);
          written += (bytes as Uint8Array).length;
        }
        if (job.options.json) job.json({ path, written });
      }));
    } finally {
      input.destroy(); // Where it was not read to its end.
    }
  });
}

function addEcho(program: Command, around: Surroundings): void {
  const command = program.command('echo').description('print a text, or write it to a file of the machine').argument('[text...]')
    .option('-n', 'no newline after the text')
    .addHelpText('after', `
The last two words may be > PATH or >> PATH: a file of the machine. In your own shell > has to be quoted, or that takes it for
itself; in kthread shell it does not. kthread write does the same without a >.

Examples:
  kthread echo 3 '>' /proc/level
  kthread shell <<< 'echo 3 > /proc/level'
${INTERRUPT_HELP}`);
  onMachine<WriteOptions>(command, around, (job) => {
    const words = [...job.args];
    const at = words.length - 2;
    const way = words[at];
    if (way === '>' || way === '>>') return put(job, 'echo', words[at + 1], way === '>' ? WRITE : APPEND, words.slice(0, at));
    const text = `${words.join(' ')}${job.options.n ? '' : '\n'}`;
    if (job.options.json) job.json({ text });
    else return Promise.resolve(job.around.print(text));
    return Promise.resolve();
  });
}

/** Writes words as echo does. */
function put(job: Job<WriteOptions>, name: string, path: string, flags: number, words: readonly string[]): Promise<number> {
  const bytes = Buffer.from(`${words.join(' ')}${job.options.n ? '' : '\n'}`);
  return onFile(job.around, () => withFile(job, name, path, flags, async (file) => {
    await file.write(bytes);
    if (job.options.json) job.json({ path, written: bytes.length });
  }));
}

// --- ls -----------------------------------------------------------------------------------------------------------

function addLs(program: Command, around: Surroundings): void {
  const command = program.command('ls').description('list files of the machine').argument('[paths...]', 'default: /')
    .option('-l', 'with mode and device numbers')
    .option('--paths', 'whole paths, directories with a / behind')
    .addHelpText('after', STATUS_HELP);
  onMachine<{ readonly l?: true; readonly paths?: true }>(command, around, async (job) => {
    const paths = job.args.filter((path) => path !== '').length > 0 ? job.args : ['/'];
    return forEach('ls', 'directory', { args: paths, around }, async (path) => {
      const items = await list(job, path);
      if (job.options.json) return job.json(items);
      if (paths.length > 1 && !job.options.paths) await around.print(`${path}:\n`);
      const folder = path.replace(/\/*$/, '/');
      if (job.options.paths) return around.print(items.map((item) => `${folder}${item.name}${isFolder(item) ? '/' : ''}\n`).join(''));
      await around.print(job.options.l ? table(['MODE', '>NUMBERS', 'NAME'], items.map(long)) : items.map(({ name }) => `${name}\n`).join(''));
    });
  });
}

async function list({ client }: Job<object>, path: string): Promise<FileItem[]> {
  try {
    return (await client.call('ls', { path })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (error instanceof ControlError && error.errno === ENOENT) throw new WrongUsage(`cannot access '${path}': ${strerror(error.errno)}`);
    throw error;
  }
}

export const isFolder = ({ mode }: FileItem): boolean => (mode & 0o170000) === 0o040000;

const TYPES: Readonly<Record<number, string>> = { 0o040000: 'd', 0o020000: 'c', 0o060000: 'b', 0o120000: 'l', 0o010000: 'p', 0o140000: 's' };

function long({ name, mode, rdev, target }: FileItem): string[] {
  const type = TYPES[mode & 0o170000] ?? '-';
  const rights = [6, 3, 0].map((shift) => [...'rwx'].map((letter, i) => ((mode >> shift) & (4 >> i) ? letter : '-')).join('')).join('');
  return [`${type}${rights}`, type === 'c' || type === 'b' ? `${rdev >>> 20}, ${rdev & 0xfffff}` : '-', target === undefined ? name : `${name} -> ${target}`];
}

// --- ioctl and mknod ----------------------------------------------------------------------------------------------

interface IoctlOptions {
  readonly buffer?: string;
  readonly data?: string;
}

function addIoctl(program: Command, around: Surroundings): void {
  const command = program.command('ioctl').description('have a driver do something that is neither read nor write').argument('<path>').argument('<cmd>', 'a number: 0x40046b01').argument('[arg]', 'a number')
    .option('--data <text>', 'the driver gets the address of this text, with a zero after it')
    .option('--buffer <bytes>', 'and room for so many bytes; what is in it afterwards is printed')
    .addHelpText('after', `
What the driver returned is printed. Numbers are decimal, 0x... or 0....

Examples:
  kthread ioctl /dev/counter 0x6b00 5
  kthread ioctl /dev/counter 0x80046b02 --buffer 4
${INTERRUPT_HELP}`);
  onMachine<IoctlOptions>(command, around, (job) => {
    const { data, buffer } = job.options;
    const [path, cmd, arg = '0'] = job.args;
    const text = Buffer.from(data === undefined ? '' : `${data}\0`);
    const bytes = data === undefined && buffer === undefined ? undefined : Buffer.concat([text, Buffer.alloc(Math.max(0, number('--buffer', buffer ?? '0') - text.length))]);
    const [command, value] = [number('cmd', cmd), number('arg', arg)];
    return onFile(around, () => withFile(job, 'ioctl', path, BOTH, async (file) => {
      const result = await file.ioctl(command, bytes ?? value);
      if (job.options.json) return job.json(result);
      await around.print(`${result.value}\n`);
      if (buffer !== undefined && result.data !== undefined) await around.print(dump(Buffer.from(result.data, 'base64')));
    }));
  });
}

function number(what: string, text: string): number {
  const value = /^-?(0x[0-9a-f]+|\d+)$/i.test(text) ? (/^-?0\d/.test(text) ? parseInt(text, 8) : Number(text.replace(/^-/, '')) * (text.startsWith('-') ? -1 : 1)) : NaN;
  if (Number.isNaN(value)) throw new WrongUsage(`${what} takes a number, not ${text}`);
  return value;
}

/** As od -A x -t x1z shows bytes. */
function dump(bytes: Buffer): string {
  let lines = '';
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16);
    lines += `${at.toString(16).padStart(4, '0')}  ${[...row].map((byte) => byte.toString(16).padStart(2, '0')).join(' ').padEnd(47)}  ${row.toString('latin1').replaceAll(/[^ -~]/g, '.')}\n`;
  }
  return lines;
}

function addMknod(program: Command, around: Surroundings): void {
  const command = program.command('mknod').description('make a name for a device whose driver makes none').argument('<path>').argument('<type>', 'c').argument('<major>').argument('<minor>').addHelpText('after', `
Example:
  kthread mknod /dev/chardev c 254 0
${STATUS_HELP}`);
  onMachine(command, around, async ({ client, args, around, options, json }) => {
    const [path, type, major, minor] = args;
    if (type !== 'c' && type !== 'u') throw new WrongUsage(`there are character devices only, c, not ${type}`);
    try {
      await client.call('mknod', { path, major: number('major', major), minor: number('minor', minor) });
      if (options.json) json({ path });
      return OK;
    } catch (error) {
      if (!(error instanceof ControlError) || error.code === 'EPERM' || error.code === 'ECONNRESET') throw error;
      around.complain(`mknod: ${path}: ${strerror(error.errno)}\n`);
      return FAILED;
    }
  });
}

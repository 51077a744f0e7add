/**
 * The calls about files of the machine: devices, and what modules put below /proc and /sys. Each file that a client opens
 * has a process of its own, which does the work and may block; this is only its terminal. A client that goes hangs up, and
 * its processes hear it as a shell's children do.
 */
import { listDir, mknod as makeNode } from '../cc/fs/dcache.js';
import { openFile, type KernelFile } from '../cc/fs/process.js';
import { EBADF, EINVAL, EMFILE, ENOENT, ENOTDIR, KernelError } from '../lib/errno.js';
import { SIGHUP, SIGINT } from '../kernel/signal.js';
import type { Caller } from './connection.js';
import { checkNumber, checkText } from './find.js';
import { FILES_MAX, READ_MAX, WRITE_MAX, type Calls } from './protocol.js';

type Args<N extends keyof Calls> = Calls[N]['args'];
type Result<N extends keyof Calls> = Calls[N]['result'];

const O_ACCMODE = 3;
const U32_MAX = 2 ** 32 - 1;
/** Numbers below are a process's standard streams. */
const FIRST_FD = 3;

/** Whether a file opened with `flags` can be changed. */
export const writes = (flags: unknown): boolean => flags !== undefined && (typeof flags !== 'number' || (flags & O_ACCMODE) !== 0);

export function ls({ path }: Args<'ls'>): Result<'ls'> {
  const wanted = checkPath('ls', path).replace(/(?<=.)\/+$/, '');
  try {
    return listDir(wanted);
  } catch (error) {
    if (!(error instanceof KernelError) || (error.errno !== -ENOTDIR && error.errno !== -ENOENT)) throw error;
    const cut = wanted.lastIndexOf('/') + 1;
    const itself = listDir(wanted.slice(0, cut)).filter(({ name }) => name === wanted.slice(cut));
    if (itself.length === 0) throw error;
    return itself;
  }
}

export function mknod({ path, major, minor }: Args<'mknod'>): Result<'mknod'> {
  makeNode(checkPath('mknod', path), checkNumber('mknod', 'major', major, 0, 2 ** 12 - 1), checkNumber('mknod', 'minor', minor, 0, 2 ** 20 - 1));
  return {};
}

/** An open file, for as long as its client is there. */
class Kept implements Disposable {
  constructor(readonly file: KernelFile) {}

  [Symbol.dispose](): void {
    this.file.signal(SIGHUP);
    this.file.close().catch(() => {}); // Nobody waits for it.
  }
}

export async function open({ path, flags = 0, name = 'cat' }: Args<'open'>, caller: Caller): Promise<Result<'open'>> {
  if (caller.kept.size >= FILES_MAX) throw new KernelError(-EMFILE, `open: a connection has at most ${FILES_MAX} files open; close one`);
  const how = { flags: checkNumber('open', 'flags', flags, 0, U32_MAX), name: checkText('open', 'name', name) };
  const file = await openFile(checkPath('open', path), {
    ...how,
    started(opening) {
      caller.say({ pid: opening.task.pid, name: opening.task.name });
      onCancel(caller, opening);
    },
  });
  const kept = new Kept(file);
  if (caller.signal.aborted) {
    kept[Symbol.dispose]();
    throw caller.signal.reason;
  }
  let fd = FIRST_FD;
  while (caller.kept.has(fd)) fd++;
  caller.kept.set(fd, kept);
  return { fd, pid: file.task.pid, name: file.task.name };
}

export async function read({ fd, size = READ_MAX }: Args<'read'>, caller: Caller): Promise<Result<'read'>> {
  const file = fileOf('read', fd, caller);
  onCancel(caller, file);
  return { data: toText(await file.read(checkNumber('read', 'size', size, 0, READ_MAX))) };
}

export async function write({ fd, text, data }: Args<'write'>, caller: Caller): Promise<Result<'write'>> {
  const file = fileOf('write', fd, caller);
  const bytes = text === undefined ? toBytes('write', data) : Buffer.from(checkTextOrNone('write', 'text', text));
  if (bytes.length > WRITE_MAX) throw new KernelError(-EINVAL, `write: at most ${WRITE_MAX} bytes at a time`);
  onCancel(caller, file);
  return { count: await file.write(bytes) };
}

export async function ioctl({ fd, cmd, arg = 0, data }: Args<'ioctl'>, caller: Caller): Promise<Result<'ioctl'>> {
  const file = fileOf('ioctl', fd, caller);
  const number = checkNumber('ioctl', 'cmd', cmd, 0, U32_MAX);
  onCancel(caller, file);
  if (data === undefined) return { value: await file.ioctl(number, checkNumber('ioctl', 'arg', arg, -(2 ** 31), U32_MAX)) };
  const bytes = toBytes('ioctl', data);
  return { value: await file.ioctl(number, bytes), data: toText(bytes) };
}

export async function close({ fd }: Args<'close'>, caller: Caller): Promise<Result<'close'>> {
  const file = fileOf('close', fd, caller);
  caller.kept.delete(fd);
  onCancel(caller, file);
  await file.close();
  return {};
}

/** To cancel a call is what Ctrl-C is on a terminal. */
function onCancel({ signal }: Caller, file: KernelFile): void {
  if (signal.aborted) file.signal(SIGINT); // While its process was being made.
  signal.addEventListener('abort', () => void file.signal(SIGINT), { once: true });
}

function fileOf(call: string, fd: unknown, { kept }: Caller): KernelFile {
  const found = kept.get(checkNumber(call, 'fd', fd, FIRST_FD, U32_MAX));
  if (!(found instanceof Kept)) throw new KernelError(-EBADF, `${call}: this connection has no open file ${String(fd)}`);
  return found.file;
}

/** There is no directory in which one is. */
function checkPath(call: string, path: unknown): string {
  const text = checkText(call, 'path', path);
  if (!text.startsWith('/')) throw new KernelError(-ENOENT, `${call}: files of a machine begin with /, as /dev/NAME`);
  return text;
}

const checkTextOrNone = (call: string, name: string, value: unknown): string => (value === '' ? '' : checkText(call, name, value));
const toText = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
const toBytes = (call: string, data: unknown): Uint8Array => new Uint8Array(Buffer.from(checkTextOrNone(call, 'data', data), 'base64'));

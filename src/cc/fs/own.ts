/**
 * The kernel's own files of /proc as names of the tree that modules' files are in: what there is, and what a file says in the
 * moment it is opened. Each text is made where it is asked for, since a call trace has to ask another isolate; the process that
 * opens the file finds it in an entry of its own, which no directory has.
 */
import { EIO, EISDIR, ENOENT, ESRCH, KernelError } from '../../lib/errno.js';
import { load } from '../../lib/atomic.js';
import { r32, readString } from '../../lib/memory.js';
import { FILES, TASK_FILES, readProc, snapshot } from '../../fs/proc.js';
import { MACHINE, machineWord } from '../../kernel/memlayout.js';
import { listModules } from '../../kernel/module.js';
import { SYSCTLS, sysctl, type SysctlName } from '../../kernel/sysctl.js';
import { listImages } from '../images.js';
import { detachedEntry, fsLocked, lookup } from './dcache.js';
import { nodesOf } from './file_table.js';
import { KIND_OWN } from './kinds.js';
import { FS, HELD, MISCDEVICE, REGION } from './records.js';

const DIR = 0o040555, FILE = 0o100444, SETTING = 0o100644;

/** Files that the machine has besides those of fs/proc.ts: they speak of modules and devices. */
const MORE: Readonly<Record<string, () => string>> = Object.freeze({ '/proc/devices': devices, '/proc/misc': miscs, '/proc/modules': modules });

/** A name that no entry stands for. */
export interface OwnName {
  readonly name: string;
  readonly mode: number;
}

const plain = (path: string): string => `/${path.split('/').filter((step) => step !== '' && step !== '.').join('/')}`;
const settings = (): string[] => Object.keys(SYSCTLS).map((name) => `/proc/sys/${name.replaceAll('.', '/')}`);

/** The kernel's own names in the directory at `path`; undefined if it has no such directory. */
export function ownNames(path: string): OwnName[] | undefined {
  const dir = plain(path);
  if (dir === '/proc') return [...snapshot().map(({ pid }) => ({ name: String(pid), mode: DIR })), ...[...Object.keys(FILES), ...Object.keys(MORE)].toSorted().map((file) => ({ name: file.slice('/proc/'.length), mode: FILE })), { name: 'sys', mode: DIR }];
  const [, pid] = /^\/proc\/(\d+)$/.exec(dir) ?? [];
  if (pid !== undefined) return snapshot().some((task) => task.pid === Number(pid)) ? Object.keys(TASK_FILES).map((name) => ({ name, mode: FILE })) : undefined;
  if (dir !== '/proc/sys' && !dir.startsWith('/proc/sys/')) return undefined;
  const below = settings().filter((name) => name.startsWith(`${dir}/`)).map((name) => name.slice(dir.length + 1));
  const names = [...new Set(below.map((rest) => rest.split('/', 1)[0]))];
  return names.length === 0 ? undefined : names.map((name) => ({ name, mode: below.includes(name) ? SETTING : DIR }));
}

/**
 * An entry for the kernel's own file at `path`, with what it says now, to be opened and then given back with putEntry(); 0 where it
 * has none, or a module has that name. Throws KernelError EISDIR, ENOMEM. Only a task's `stack` sleeps.
 */
export async function ownEntry(path: string): Promise<number> {
  const file = plain(path);
  if (!file.startsWith('/proc/') || lookup(file) >= 0) return 0;
  const text = await textOf(file);
  if (text !== undefined) return detachedEntry(lookup('/proc'), file, { mode: settings().includes(file) ? SETTING : FILE, kind: KIND_OWN, target: text, data: new TextEncoder().encode(text).length, module: 0 });
  if (ownNames(file)) throw new KernelError(-EISDIR, `open ${path}`);
  return 0;
}

async function textOf(file: string): Promise<string | undefined> {
  if (Object.hasOwn(MORE, file)) return MORE[file]();
  try {
    return await readProc(file);
  } catch (error) {
    if (error instanceof KernelError && [-ENOENT, -ESRCH].includes(error.errno)) return undefined;
    throw error;
  }
}

/** Writes to it: a setting takes a new value, anything else answers EIO. */
export function writeOwn(file: string, text: string): number {
  if (!settings().includes(file)) return -EIO;
  try {
    sysctl(file.slice('/proc/sys/'.length).replaceAll('/', '.') as SysctlName, ...text.trim().split(/\s+/));
    return 0;
  } catch (error) {
    if (error instanceof KernelError) return error.errno;
    throw error;
  }
}

// --- Texts --------------------------------------------------------------------------------------------------------

function modules(): string {
  const images = listImages();
  return listModules().map(({ name, refcount, state }) => {
    const image = images.find(({ about }) => about.name === name);
    const users = image ? images.filter(({ about }) => about.uses.includes(image.id)).map(({ about }) => `${about.name},`).join('') : '';
    return `${name} ${image?.size ?? 0} ${refcount} ${users || '-'} ${state} 0x${(image?.base ?? 0).toString(16).padStart(8, '0')}\n`;
  }).join('');
}

/** Nodes of a list of the machine; none while it has no files at all. */
const nodes = (list: number): number[] => (load(machineWord(MACHINE.files)) === 0 ? [] : fsLocked((fs) => nodesOf(fs, list)));

function devices(): string {
  const majors = new Map([[10, 'misc'], ...nodes(FS.regions).map((region): [number, string] => [r32(region + REGION.major), readString(region + REGION.name, 64)])]);
  const rows = [...majors].toSorted(([a], [b]) => a - b).map(([major, name]) => `${String(major).padStart(3)} ${name}\n`);
  return `Character devices:\n${rows.join('')}\nBlock devices:\n`;
}

function miscs(): string {
  return nodes(FS.miscs).map((held) => r32(held + HELD.at)).map((misc) => `${String(r32(misc + MISCDEVICE.minor)).padStart(3)} ${readString(r32(misc + MISCDEVICE.name), 256)}\n`).join('');
}

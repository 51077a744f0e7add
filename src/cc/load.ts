/**
 * Loading a module of C: from its .ko to memory that every isolate runs, and back. What it wants and nobody has is said
 * before anything of it runs. kernel/module.ts decides when; run.ts runs it.
 */
import { fetchAdd, fetchAnd, load as loadWord } from '../lib/atomic.js';
import { EFAULT, ENOENT, ENOEXEC, ENOMEM, KernelError } from '../lib/errno.js';
import { buffer, r32, readString, u8, w32 } from '../lib/memory.js';
import { alignUp, layoutVersion } from '../lib/struct.js';
import { createFor, getTaskStruct, putTaskStruct, wakeUpProcess, type ThreadFn } from '../kernel/kthread.js';
import { HEAP_BLOCK, MACHINE, machineWord } from '../kernel/memlayout.js';
import { KASAN_PAGE, initShadow, poison, unpoison } from '../kernel/mm/kasan.js';
import { kfree, kmalloc } from '../kernel/mm/slab.js';
import { countUser, recordOf, type ModuleLoader, type NewModule } from '../kernel/module.js';
import { KERN_WARNING, printk } from '../kernel/printk/printk.js';
import { waitForCommon } from '../kernel/sched/completion.js';
import { block } from '../kernel/sched/core.js';
import { KTHREAD_OOPSED, PF_KTHREAD, TASK, TASK_UNINTERRUPTIBLE } from '../kernel/sched/task.js';
import { isolateAlive } from '../kernel/smp.js';
import { HZ } from '../kernel/time/time.js';
import { forgetFiles } from './fs/leave.js';
import { openKo, placeKo, type Ko, type Placed } from './image.js';
import { imports } from './imports.js';
import { addParamFiles, removeParamFiles } from './fs/param.js';
import { findSymbol, type ExportedSymbol } from '../kernel/symbols.js';
import { guardKernel } from './guard.js';
import { addImage, dropImage, isFunctionNumber, listImages, type About, type Image } from './images.js';
import { paramSets, readTags, setParams, type ParamSet } from './params.js';
import { recordsHeader } from './records.js';
import { cExit, cInit } from './run.js';
import { forgetCallbacks } from './softirq.js';
import { toolchain } from './toolchain.js';
import { forgetWorks } from './workqueue.js';

/** Names that the sections of a module's data have, as include/linux/module.h writes them. */
const INIT = '__initcall', EXIT = '__exitcall', SYMBOLS = '__ksymtab';
/** Smaller numbers of functions mean something else where a number is kept, such as DEFAULT_WAKE. */
const FIRST_FUNCTION = 64;
/** What the engine gives each instance. */
const ENVIRONMENT = new Set(['memory', '__indirect_function_table']);

/** Values for parameters with functions of their own, by the number of a module whose init has not run. */
const given = new Map<number, readonly ParamSet[]>();

async function load(path: string, module: NewModule): ReturnType<ModuleLoader['load']> {
  const { kasan = true, say } = module.how;
  const bytes = await toolchain.build(path, { kasan, hz: HZ, records: recordsHeader(), layout: layoutVersion(), ...(say && { say }) });
  const ko = openKo(bytes);
  checkVersion(ko);
  const { uses, lent } = resolveNames(ko, module);
  if (listImages().length === 0) initShadow();
  const { base, tableBase, placed } = bringIn(ko, module, uses, lent);
  const about = aboutOf(ko, placed, module, uses, lent);
  try {
    const params = setParams(placed.parts.get('__param'), placed.parts.get('__parmdesc'), module);
    given.set(module.id, paramSets(placed.parts.get('__param'), module));
    addParamFiles(module, placed.parts.get('__param'));
    addImage({ id: module.id, base, size: ko.dataSize, tableBase, tableSize: ko.tableSize, about, code: placed.code, lines: placed.lines });
    guardKernel();
    for (const record of usedRecords(about)) countUser(record, 1);
    return { params, info: readTags(placed.parts.get('modinfo')), hasExit: about.exit !== 0 || about.init === 0 };
  } catch (error) {
    removeParamFiles(module.name);
    given.delete(module.id);
    forgetData(base, ko.dataSize);
    throw error;
  }
}

function checkVersion({ info }: Ko): void {
  if (info.layout !== layoutVersion()) throw new KernelError(-ENOEXEC, 'it was built for another version of kthread: disagrees about the layout of records; build it again');
  if (info.hz !== HZ) throw new KernelError(-ENOEXEC, `it was built for HZ=${info.hz}, but this machine has HZ=${HZ}`);
}

// --- Names --------------------------------------------------------------------------------------------------------

/** The modules whose exports one uses, and what modules in TypeScript export of what it wants. */
interface Names {
  readonly uses: readonly Image[];
  readonly lent: ReadonlyMap<string, ExportedSymbol>;
}

/** Finds what the module wants. Throws ENOENT, after a line in the log for each name that nobody has. */
function resolveNames(ko: Ko, { name }: NewModule): Names {
  const images = listImages();
  const uses = new Set<Image>();
  const lent = new Map<string, ExportedSymbol>();
  const unknown: string[] = [];
  const functions = new Set(ko.wanted);
  for (const wanted of [...ko.wanted, ...ko.wantedData]) {
    if (ENVIRONMENT.has(wanted) || wanted in imports || wanted === '__this_module' || wanted === '__dso_handle') continue;
    const isFunction = functions.has(wanted);
    const from = images.find(({ about }) => wanted in about.exports && isFunctionNumber(about.exports[wanted]) === isFunction);
    const symbol = from ? undefined : findSymbol(wanted);
    if (from) uses.add(from);
    else if (symbol && (symbol.addr === 0) === isFunction) lent.set(wanted, symbol);
    else {
      unknown.push(wanted);
      printk('%s%s: Unknown symbol %s (err %d)\n', KERN_WARNING, name, wanted, -ENOENT);
    }
  }
  if (unknown.length > 0) throw new KernelError(-ENOENT, `Unknown symbol in module: ${unknown.join(', ')}`);
  return { uses: [...uses], lent };
}

/** Records of the modules that one uses, which stay loaded while it is. */
const usedRecords = ({ uses, lenders }: About): number[] => [...listImages().filter(({ id }) => uses.includes(id)).map(({ about }) => about.record), ...lenders];

// --- Memory -------------------------------------------------------------------------------------------------------

/** Finds a place for the module's variables, and fills it. */
function bringIn(ko: Ko, { record }: NewModule, uses: readonly Image[], lent: Names['lent']): { base: number; tableBase: number; placed: Placed } {
  const room = alignUp(ko.dataSize + 1, HEAP_BLOCK); // A run of blocks of its own, whatever its size.
  const base = kmalloc(room);
  if (base === 0) throw new KernelError(-ENOMEM, 'kernel memory is out: no room for its variables');
  const tableBase = FIRST_FUNCTION + fetchAdd(machineWord(MACHINE.next_table), ko.tableSize);
  const addressOf = (wanted: string): number => {
    if (wanted === '__this_module' || wanted === '__dso_handle') return record;
    return uses.find(({ about }) => wanted in about.exports)?.about.exports[wanted] ?? lent.get(wanted)!.addr;
  };
  const placed = placeKo(ko, { base, tableBase, pages: buffer.byteLength / 65536, addressOf });
  u8.set(placed.data, base);
  unpoison(base, ko.dataSize);
  const used = alignUp(ko.dataSize, 8);
  poison(base + used, room - used, KASAN_PAGE);
  return { base, tableBase, placed };
}

function forgetData(base: number, size: number): void {
  unpoison(base, alignUp(size + 1, HEAP_BLOCK));
  kfree(base);
}

function aboutOf(ko: Ko, placed: Placed, { name, record }: NewModule, uses: readonly Image[], lent: Names['lent']): About {
  const first = (part: string): number => {
    const found = placed.parts.get(part);
    return found ? r32(found.at) : 0;
  };
  const exports: Record<string, number> = {};
  const symbols = placed.parts.get(SYMBOLS);
  for (let at = symbols?.at ?? 0; symbols && at < symbols.at + symbols.size; at += 8) exports[readString(r32(at), 256)] = r32(at + 4);
  return {
    name, record, built: ko.info.name, init: first(INIT), exit: first(EXIT), kasan: ko.info.kasan, imports: ko.wanted, uses: uses.map(({ id }) => id), exports,
    lent: Object.fromEntries([...lent.values()].filter(({ addr }) => addr === 0).map(({ name: wanted, url, module }) => [wanted, { url, module }])),
    lenders: [...new Set([...lent.values()].map(({ module }) => recordOf(module)))],
    functions: placed.functions, elements: placed.elements, stackCheck: placed.stackCheck, codeStart: placed.codeStart,
  };
}

// --- Running ------------------------------------------------------------------------------------------------------

/** Runs `fn` in a thread of the module, named as the program that would do it, to its end. Returns what it did; EFAULT where an exception ended it. */
async function runAs<D>(name: string, id: number, fn: ThreadFn<D>, data: D): Promise<number> {
  const task = await createFor(id, fn, data, name);
  getTaskStruct(task);
  fetchAnd(task.addr + TASK.flags, ~PF_KTHREAD);
  w32(task.addr + TASK.mm, machineWord(0)); // It is a process; what of, nobody may ask.
  w32(task.addr + TASK.ppid, 1);
  wakeUpProcess(task);
  await block('insmod', (waiter) => waitForCommon(waiter, task.addr + TASK.exited, TASK_UNINTERRUPTIBLE, Infinity));
  const oopsed = (loadWord(task.addr + TASK.kflags) & KTHREAD_OOPSED) !== 0;
  const code = r32(task.addr + TASK.exit_code);
  const ended = code === -EFAULT && !isolateAlive(loadWord(task.addr + TASK.isolate));
  putTaskStruct(task);
  const what = name === 'insmod' ? 'init' : 'exit';
  if (oopsed) throw new KernelError(-EFAULT, `an oops ended its ${what}; the log tells where`);
  if (ended) throw new KernelError(-EFAULT, `its ${what} was ended`);
  return code;
}

const imageOf = (id: number): Image | undefined => listImages().find((image) => image.id === id);

/** The parts of the loader for which its files have to be read. */
export const cLoader: Omit<ModuleLoader, 'takes' | 'nameOf' | 'halt'> = {
  load,
  init(id) {
    const { init, name } = imageOf(id)!.about;
    const sets = given.get(id) ?? [];
    given.delete(id);
    return runAs('insmod', id, cInit, { id, fn: init, name, sets });
  },
  async exit(id) {
    const { exit } = imageOf(id)!.about;
    if (exit !== 0) await runAs('rmmod', id, cExit, exit).catch(() => undefined); // It has been told.
  },
  async unload(id) {
    const image = imageOf(id);
    if (!image) return;
    for (const record of usedRecords(image.about)) countUser(record, -1);
    removeParamFiles(image.about.name);
    if (loadWord(machineWord(MACHINE.files)) !== 0) await forgetFiles(image);
    if (!(await forgetCallbacks(image)) || !(await forgetWorks(image))) return; // Its code still runs: nothing of it may be freed.
    dropImage(image);
    forgetData(image.base, image.size);
  },
};

/**
 * Modules: what loading and removing does, in which tasks, and what is left when it fails or somebody forgets something. How
 * they look from the command line is run.test.ts's, the whole programs of the documents documents.test.ts's.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { snapshot } from '../fs/proc.js';
import { clearLog } from '../index.js';
import { load, store } from '../lib/atomic.js';
import { EBUSY, EEXIST, EFAULT, EINVAL, ENOENT, EPERM } from '../lib/errno.js';
import { listNext } from '../lib/list.js';
import { CLOSURE, pause, until, words } from './kinds.fixture.js';
import { brief, WORDS as BRIEF_WORDS } from './kthread.fixture.js';
import { kthreadStop } from './kthread.js';
import { findPid, oneMachine, threads } from './machine.fixture.js';
import { MACHINE, machineWord } from './memlayout.js';
import { BEGAN, ENDED, EXIT, GO, INIT, WORDS } from './module_words.fixture.js';
import { rmmod, type InsmodOptions, type Module } from './module.js';
import type { ParamInput } from './params.js';
import { dmesg } from './printk/syslog.js';
import { kernelUsage, usageGrown } from './slab.fixture.js';
import { ISOLATE, forEachIsolate } from './smp.js';

vi.setConfig({ testTimeout: 60_000 }); // A dozen isolates are started in some of them.
const { machine, oopses } = oneMachine();
const FILE = new URL('./module.fixture.js', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'module-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  for (const { name } of machine().modules()) await machine().rmmod(name).catch(() => {});
});

/** Loads the fixture under a name of its own. */
const insmod = (name: string, params: Readonly<Record<string, ParamInput>> = {}, how: InsmodOptions = {}): Promise<Module> => machine().insmod(FILE, params, { as: name, ...how });
const names = (): string[] => machine().modules().map(({ name }) => name);
const log = (): string[] => dmesg({ time: 'none' });
const notes = (at: number): number[] => [INIT, EXIT, BEGAN, ENDED].map((word) => load(at + word));

/** Isolates of all modules, and records that modules declared. */
function holdings(): { isolates: number; statics: number } {
  let isolates = 0;
  forEachIsolate((at) => void (load(at + ISOLATE.module) !== 0 && isolates++));
  let statics = 0;
  for (let head = machineWord(MACHINE.statics), at = listNext(head); at !== head; at = listNext(at)) statics++;
  return { isolates, statics };
}

const NOTHING = { isolates: 0, statics: 0 };
const ALL_KINDS = 'closure,shared,cpu1,plain,fresh';

test('T231 init runs in a task named insmod, exit in one named rmmod; ps shows both', async () => {
  const at = words(WORDS);
  const loading = insmod('T231', { at, waits: true });
  await until(() => load(at + INIT) !== 0, 'init runs');
  const task = snapshot().find(({ name }) => name === 'insmod');
  expect(task).toMatchObject({ comm: 'insmod', ppid: 1 });
  expect(machine().modules()[0]).toMatchObject({ name: 'T231', state: 'Loading' });
  store(at + GO, 1);
  expect(await loading).toMatchObject({ name: 'T231', state: 'Live', refcount: 0, path: FILE.pathname });
  const gone = machine().rmmod('T231');
  await until(() => load(at + EXIT) !== 0, 'exit runs');
  expect(snapshot().some(({ name }) => name === 'rmmod')).toBe(true);
  expect(machine().modules()[0]).toMatchObject({ name: 'T231', state: 'Unloading' });
  await expect(machine().rmmod('T231')).rejects.toMatchObject({ errno: -EBUSY });
  store(at + GO, 2);
  await gone;
  expect([...notes(at).slice(0, 2), names()]).toEqual([1, 1, []]);
  await until(() => !snapshot().some(({ name }) => name === 'insmod' || name === 'rmmod'));
});

test('T233 a module that is loaded cannot be loaded again, and one that is not cannot be removed', async () => {
  await insmod('twice');
  await expect(insmod('twice')).rejects.toMatchObject({ errno: -EEXIST, message: expect.stringMatching(/^EEXIST: insmod: cannot load .*module\.fixture\.js: module twice is loaded/) });
  const both = await Promise.allSettled([insmod('at once'), insmod('at once')]);
  expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(names()).toEqual(['at once', 'twice']);
  await machine().rmmod('twice');
  await expect(machine().rmmod('twice')).rejects.toMatchObject({ errno: -ENOENT, message: 'ENOENT: rmmod: module twice is not currently loaded' });
  await insmod('twice'); // The name is free again.
});

test('T234 parameters are parsed by their types; a wrong one keeps the module out, an unknown one does not', async () => {
  const at = words(WORDS);
  expect((await insmod('good', { at: String(at), returns: '0x0', waits: 'n', forgets: '0', lingers: 7, starts: '', what: 1 })).params).toContainEqual({ name: 'at', type: 'uint', desc: 'words of the test' });
  expect([load(at + INIT), log()]).toEqual([1, expect.arrayContaining(["good: unknown parameter 'what' ignored"])]);
  for (const [params, sentence] of [
    [{ returns: 'many' }, 'parameter returns takes a whole number of 32 bits, not "many"'],
    [{ returns: '2147483648' }, 'parameter returns takes a whole number of 32 bits, not "2147483648"'],
    [{ returns: '' }, 'parameter returns takes a whole number of 32 bits, not ""'],
    [{ at: -1 }, 'parameter at takes a number from 0 to 4294967295, not "-1"'],
    [{ at: '4294967296' }, 'parameter at takes a number from 0 to 4294967295, not "4294967296"'],
    [{ at: 1.5 }, 'parameter at takes a number from 0 to 4294967295, not "1.5"'],
    [{ waits: 'perhaps' }, 'parameter waits takes y or n, not "perhaps"'],
  ] as const) {
    await expect(insmod('bad', params)).rejects.toMatchObject({ errno: -EINVAL, message: expect.stringContaining(sentence) });
  }
  expect(names()).toEqual(['good']);
});

test('T234 the values that its types take arrive, the same on every isolate', async () => {
  const at = words(WORDS);
  for (const [returns, errno] of [['-1', EPERM], ['-0x1', EPERM], ['+0', 0], ['-22', EINVAL], ['-026', EINVAL]] as const) {
    const done = insmod('returns', { at, returns });
    if (errno === 0) await done.then(() => machine().rmmod('returns'));
    else await expect(done).rejects.toMatchObject({ errno: -errno });
  }
  for (const [n, yes] of ['Yes', '1', true].entries()) {
    await insmod(`forgets ${n}`, { at, forgets: yes, starts: 'plain' });
    await machine().rmmod(`forgets ${n}`);
  }
  expect(log().filter((line) => line.startsWith('BUG: module forgets'))).toHaveLength(3);
  expect(load(at + BEGAN)).toBe(3); // On isolates of their own, which found the address.
});

test('T235 rmmod waits for the stop in its exit; afterwards threads, isolates, records and memory of the module are gone', async () => {
  await insmod('first', { at: words(WORDS), starts: ALL_KINDS }); // What is only made once.
  await machine().rmmod('first');
  const before = kernelUsage();
  for (let round = 0; round < 3; round++) {
    const at = words(WORDS);
    await insmod('T235', { at, starts: ALL_KINDS, lingers: 100 });
    await until(() => load(at + BEGAN) === 4, 'its threads run');
    expect(threads().map(({ name }) => name).toSorted()).toEqual(['my closure', 'my cpu1/1', 'my fresh/0', 'my plain', 'my shared']);
    expect(holdings()).toMatchObject({ isolates: expect.any(Number) });
    expect(holdings().statics).toBe(8); // Seven parameters and the completion.
    clearLog();
    await machine().rmmod('T235');
    expect(notes(at)).toEqual([1, 1, 4, 4]);
    expect(log()).toEqual(['my closure: 3', 'my shared: 3', 'my cpu1/1: 3', 'my plain: 3', 'my fresh/0: -4']);
    expect([threads(), names(), holdings()]).toEqual([[], [], NOTHING]);
  }
  await until(() => Object.entries(usageGrown(before, kernelUsage())).every(([size, n]) => size === '4096' || n <= 4), JSON.stringify(usageGrown(before, kernelUsage())));
});

test('T236 threads that exit leaves behind are told by name with their trace, and ended; the machine goes on', async () => {
  const at = words(WORDS);
  await insmod('untidy', { at, starts: `${ALL_KINDS},deaf`, forgets: true });
  await until(() => load(at + BEGAN) === 5, 'its threads run');
  const left = threads();
  clearLog();
  await machine().rmmod('untidy');
  expect([threads(), names(), holdings()]).toEqual([[], [], NOTHING]);
  const told = log();
  for (const { comm, pid, name } of left) {
    const said = told.indexOf(`BUG: module untidy was removed, but its thread ${comm}:${pid} still runs; its exit must kthreadStop() it`);
    expect([name, said >= 0]).toEqual([name, true]);
    expect(told[said + 1]).toMatch(new RegExp(`^CPU: [01] PID: ${pid} Comm: ${comm} `));
    if (name === 'my closure') expect(told.slice(said + 2, said + 6).join('\n')).toMatch(/^Call Trace:\n <TASK>\n[^]*patient .*module\.fixture\.[jt]s/);
  }
  expect(load(at + ENDED)).toBe(4); // They were asked to stop, and most could. The fifth was not woken yet, and one is deaf.
  await until(() => left.every(({ pid }) => findPid(pid) === undefined));
  await until(() => oopses.length > 0, 'the deaf one ended with its isolate');
  expect(oopses.map(({ task, error }) => `${task.comm}: ${error.message}`)).toEqual(['my deaf: its module untidy was removed']);
  const after = await CLOSURE.create(brief, { at: words(BRIEF_WORDS), value: 1 });
  expect(await kthreadStop(after)).toBe(-4);
});

test('T237 two modules with threads: removing one does not touch the other', async () => {
  const [one, other] = [words(WORDS), words(WORDS)];
  await insmod('one', { at: one, starts: ALL_KINDS });
  await insmod('other', { at: other, starts: ALL_KINDS }, { cpu: 1 });
  await until(() => load(one + BEGAN) === 4 && load(other + BEGAN) === 4);
  const pids = threads().map(({ pid }) => pid);
  expect(new Set(pids).size).toBe(10);
  await machine().rmmod('one');
  await pause(50);
  expect([load(one + ENDED), load(other + ENDED), names(), threads().length]).toEqual([4, 0, ['other'], 5]);
  await machine().rmmod('other');
  expect([load(other + ENDED), threads(), holdings()]).toEqual([4, [], NOTHING]);
});

test('T238 an init that returns a positive number is warned of, and the module stays', async () => {
  await insmod('positive', { returns: 5 });
  expect(log()).toContain("positive: 'init' suspiciously returned 5, it should follow 0/-E convention");
  expect(machine().modules()).toMatchObject([{ name: 'positive', state: 'Live' }]);
  await machine().rmmod('positive');
});

test('T239 a module with an init and no exit cannot be removed', async () => {
  const file = join(folder, 'stays.mjs');
  writeFileSync(file, "import { moduleInit } from 'kthread';\nmoduleInit(() => 0);\n");
  await machine().insmod(file);
  await expect(machine().rmmod('stays')).rejects.toMatchObject({ errno: -EBUSY, message: 'EBUSY: rmmod: module stays has no exit function and cannot be removed' });
  expect(names()).toEqual(['stays']);
  writeFileSync(join(folder, 'neither.mjs'), 'export const nothing = 1;\n');
  await machine().insmod(join(folder, 'neither.mjs')); // With neither of them there is nothing to undo.
  await machine().rmmod('neither');
  expect(names()).toEqual(['stays']);
});

test('an init that fails leaves nothing behind: its threads end, its isolates, records and memory are gone', async () => {
  await expect(insmod('fails', { at: words(WORDS), starts: ALL_KINDS, returns: -1 })).rejects.toMatchObject({ errno: -EPERM }); // What is only made once.
  const kept = [names(), holdings()];
  const before = kernelUsage();
  for (let round = 0; round < 3; round++) {
    const at = words(WORDS);
    await expect(insmod('fails', { at, starts: `${ALL_KINDS}${round === 2 ? ',deaf' : ''}`, returns: -1 })).rejects.toMatchObject({ errno: -EPERM, code: 'EPERM' });
    expect([names(), holdings(), threads()]).toEqual([...kept, []]);
    expect(load(at + EXIT)).toBe(0);
  }
  await until(() => Object.entries(usageGrown(before, kernelUsage())).every(([size, n]) => size === '4096' || n <= 4), JSON.stringify(usageGrown(before, kernelUsage())));
  oopses.length = 0;
});

test('the isolate of a module dies in its init or its exit: nobody waits for ever, and nothing is left', async () => {
  const kept = holdings();
  const at = words(WORDS);
  await expect(insmod('dies', { at, starts: ALL_KINDS, ends: 'init' })).rejects.toMatchObject({ errno: -EFAULT, message: expect.stringContaining('its isolate died') });
  expect([holdings(), threads()]).toEqual([kept, []]);
  await insmod('dies', { at, starts: ALL_KINDS, ends: 'exit' });
  await machine().rmmod('dies');
  expect([holdings(), threads()]).toEqual([kept, []]);
  expect(log()).toContain('module dies lost its isolate');
  oopses.length = 0;
});

test('a file that was edited, or one that it imports, is read anew when it is loaded again', async () => {
  const file = join(folder, 'edited.ts');
  const write = (greeting: string, place: string): void => {
    writeFileSync(join(folder, 'place.ts'), `export const place: string = '${place}';\n`);
    writeFileSync(file, `import { moduleExit, moduleInit, printk } from 'kthread';\nimport { place } from './place.js';\nconst greeting: string = '${greeting}';\nmoduleInit(() => { printk('%s %s\\n', greeting, place); });\nmoduleExit(() => { printk('bye %s\\n', greeting); });\n`);
  };
  clearLog();
  for (const [greeting, place] of [['hello', 'world'], ['good day', 'world'], ['good day', 'moon']]) {
    write(greeting, place);
    await machine().insmod(pathToFileURL(file));
    await machine().rmmod('edited');
  }
  expect(log()).toEqual(['hello world', 'bye hello', 'good day world', 'bye good day', 'good day moon', 'bye good day']);
});

test('an init that never returns, and an exit that somebody else waits for: force ends them, and they are told', async () => {
  const file = join(folder, 'stuck.mjs');
  writeFileSync(file, 'import { moduleExit, moduleInit, moduleParam, printk } from \'kthread\';\nconst where = moduleParam(import.meta, \'where\', \'charp\', \'\', \'where it hangs\');\nconst stuck = (at) => { if (where.value === at) { printk(\'stuck in %s\\n\', at); for (;;); } };\nmoduleInit(() => stuck(\'init\'));\nmoduleExit(() => stuck(\'exit\'));\n');
  const before = holdings();
  const loading = machine().insmod(file, { where: 'init' }).catch((error: unknown) => error);
  await until(() => log().includes('stuck in init'));
  await expect(rmmod('stuck')).rejects.toMatchObject({ errno: -EBUSY });
  expect(await rmmod('stuck', { force: true })).toEqual(['module stuck was being loaded, which was ended']);
  expect(await loading).toMatchObject({ errno: -EFAULT });
  await machine().insmod(file, { where: 'exit' });
  const removing = rmmod('stuck');
  await until(() => log().includes('stuck in exit'));
  expect(await rmmod('stuck', { force: true })).toEqual(['module stuck was being removed, which was ended']);
  expect(await removing).toEqual([]);
  expect([names().includes('stuck'), holdings()]).toEqual([false, before]);
});

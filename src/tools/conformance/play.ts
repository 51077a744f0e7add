/**
 * Plays a conformance case on the machine of this process: loads its module, does its steps, and gives the lines that belong
 * to it. They are marked by where the log stood before, so that what other cases leave behind is nobody's.
 */
import { userInfo } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { KERN_INFO, KernelError, LogReader, SIGCONT, SIGHUP, SIGINT, SIGKILL, SIGQUIT, SIGSTOP, SIGTERM, SIGUSR1, SIGUSR2, isSysctl, kill, ktimeGet, parsePsArgs, printk, ps, readProc, snapshot, strerror, sysctl, type Machine } from '../../index.js';
import { type Case, type Replacement, type Step } from './case.js';

const SIGNALS: Readonly<Record<string, number>> = Object.freeze({ HUP: SIGHUP, INT: SIGINT, QUIT: SIGQUIT, KILL: SIGKILL, USR1: SIGUSR1, USR2: SIGUSR2, TERM: SIGTERM, CONT: SIGCONT, STOP: SIGSTOP });
/** How long a step may take, and a module to load or go, ms. */
const STEP_MS = 10_000;
const MODULE_MS = 120_000;
const LOOK_MS = 5;
/** What insmod(8) says where it is not strerror(3). */
const KMOD: Readonly<Record<string, string>> = Object.freeze({
  EINVAL: 'Invalid parameters', ENOENT: 'Unknown symbol in module', ENOEXEC: 'Invalid module format', ESRCH: 'Module has wrong symbol version',
});
/** Lines of the kernel about the first module of a boot. */
const ONCE = /loading out-of-tree module taints kernel|module verification failed/;

/** What came of a case. */
export interface Outcome {
  readonly lines: readonly string[];
  /** What went wrong besides the lines; empty if nothing. */
  readonly wrong: readonly string[];
  /** False if its module could not be removed: the machine is not fit for another case. */
  readonly clean: boolean;
}

/** Plays `one`. Sleeps as long as its steps take. Never throws: what fails is in the outcome. */
export async function play(machine: Machine, one: Case): Promise<Outcome> {
  const player = new Player(machine, one);
  try {
    await player.all();
  } catch (error) {
    player.wrong.push((error as Error).message);
  }
  const clean = await player.tidy();
  return { lines: player.lines(), wrong: player.wrong, clean };
}

class Player {
  readonly wrong: string[] = [];
  readonly #machine: Machine;
  readonly #case: Case;
  readonly #from = new LogReader('next').seq;

  constructor(machine: Machine, one: Case) {
    this.#machine = machine;
    this.#case = one;
  }

  async all(): Promise<void> {
    const { before, steps, after, fail, params } = this.#case;
    for (const step of before) await this.#do(step);
    const errno = await this.#insmod(params);
    if (errno !== fail) this.wrong.push(`insmod: ${errno ?? 'it succeeded'}${fail === undefined ? '' : `, but it must fail with ${fail}`}`);
    if (errno === undefined || fail !== undefined) for (const step of steps) await this.#do(step);
    if (fail === undefined && errno === undefined) await this.#rmmod('');
    for (const step of after) await this.#do(step);
  }

  /** Whether nothing of the case is left. */
  async tidy(): Promise<boolean> {
    const left = this.#loaded();
    if (left) await within(MODULE_MS, 'rmmod', this.#machine.rmmod(this.#case.name, { force: true })).catch((error: unknown) => this.wrong.push(`rmmod -f: ${(error as Error).message}`));
    return !this.#loaded();
  }

  /** The lines of the case so far. */
  lines(): string[] {
    const { name, levels, also, subst, deviates } = this.#case;
    const mine: string[] = [];
    for (const { text, level, step } of this.#log()) {
      if (!step && (ONCE.test(text) || !(text.startsWith(`${name}:`) || also.some((pattern) => pattern.test(text))))) continue;
      const line = replaceAll(text, [...subst, ...(deviates?.subst ?? [])]);
      mine.push(levels && !step ? `<${level}>${line}` : line);
    }
    return mine;
  }

  /** The kernel's log and the lines of the steps since the case began, a line each. */
  #log(): Array<{ text: string; level: number; step: boolean }> {
    const reader = new LogReader(this.#from);
    const lines = [];
    for (let record = reader.next(); record; record = reader.next()) {
      const { text, level } = record;
      lines.push(...text.split('\n').map((line) => ({ text: line, level, step: line.startsWith('$ ') })));
    }
    return lines;
  }

  async #do(step: Step): Promise<void> {
    if ('waitFor' in step) await this.#waitFor(step.waitFor, (step.max ?? STEP_MS / 1000) * 1000);
    else if ('sleep' in step) await delay(step.sleep * 1000);
    else if ('kill' in step) this.#kill(step.kill, step.comm);
    else if ('ps' in step) this.#ps(step.ps, step.fields);
    else if ('write' in step) this.#write(step.write, step.value);
    else if ('read' in step) say(`cat ${step.read}: ${(await readProc(step.read)).trimEnd()}`);
    else if ('count' in step) say(`count '${step.count}': ${this.lines().filter((line) => line.includes(step.count)).length}`);
    else if ('insmod' in step) await this.#insmod(step.insmod, 'insmod: ok');
    else await this.#rmmod('rmmod: ok');
  }

  async #waitFor(text: string, ms: number): Promise<void> {
    const wanted = `${this.#case.name}: ${text}`;
    const end = performance.now() + ms;
    while (!this.#log().some(({ text: line }) => line.includes(wanted))) {
      if (performance.now() > end) throw new Error(`"${wanted}" was not in the log within ${ms / 1000} s`);
      await delay(LOOK_MS);
    }
  }

  #kill(signal: string, comm: string): void {
    const pid = findByName(comm);
    say(`kill ${signal} ${comm}${pid === undefined ? ': no such thread' : ''}`);
    if (pid !== undefined && kill(pid, SIGNALS[signal] ?? Number(signal)) !== 0) say('kill: failed');
  }

  #ps(comm: string, fields: readonly string[]): void {
    const pid = findByName(comm);
    const shown = pid === undefined ? 'no such thread' : ps(snapshot(), parsePsArgs(['-p', String(pid), ...fields.flatMap((field) => ['-o', `${field}=`])]), view());
    say(`ps ${comm}: ${shown.trim().replace(/\s+/g, ' ')}`);
  }

  #write(path: string, value: string): void {
    say(`echo ${value} > ${path}`);
    const name = path.replace(/^\/proc\/sys\//, '').replaceAll('/', '.');
    if (!isSysctl(name)) throw new Error(`${path} cannot be written here`);
    sysctl(name, value as never);
  }

  /** The name of the errno with which it failed, or undefined. */
  async #insmod(params: string, success?: string): Promise<string | undefined> {
    try {
      await within(MODULE_MS, 'insmod', this.#machine.insmod(this.#case.file, parseParams(params)));
      if (success !== undefined) say(success);
      return undefined;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      say(`insmod: ERROR: could not insert module ${this.#case.name}.ko: ${KMOD[error.code] ?? strerror(error.errno)}`);
      if (success === undefined && this.#case.fail === undefined) this.wrong.push(error.message);
      return error.code;
    }
  }

  async #rmmod(success: string): Promise<void> {
    const { name } = this.#case;
    try {
      await within(MODULE_MS, 'rmmod', this.#machine.rmmod(name));
      if (success !== '') say(success);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      say(`rmmod: ERROR: ${this.#loaded() ? `could not remove module ${name}: ${strerror(error.errno)}` : `Module ${name} is not currently loaded`}`);
    }
  }

  #loaded(): boolean {
    return this.#machine.modules().some(({ name }) => name === this.#case.name);
  }
}

/** A step's own line, at its place in the log. */
const say = (line: string): void => void printk('%s$ %s\n', KERN_INFO, line);

function view(): Parameters<typeof ps>[2] {
  const now = Number(ktimeGet()) / 1e6;
  return { now, bootWallTime: Date.now() - now, user: userInfo().username };
}

const findByName = (comm: string): number | undefined => snapshot().find((task) => task.comm === comm)?.pid;

const replaceAll = (text: string, replacements: readonly Replacement[]): string => replacements.reduce((line, [pattern, by]) => line.replace(pattern, by), text);

/** `num=-42 'text="two words"' bare` as a shell and then the kernel would split it: one without a value is true. */
export function parseParams(text: string): Record<string, string | true> {
  const params: Record<string, string | true> = {};
  for (const [word] of text.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)) {
    const [name, value] = word.replace(/'([^']*)'/g, '$1').split(/=(.*)/s);
    params[name] = value === undefined ? true : value.replace(/^"(.*)"$/s, '$1');
  }
  return params;
}

/** `work`, or an Error naming `what` after `ms`. */
async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  const enough = new AbortController();
  const late = delay(ms, undefined, { signal: enough.signal, ref: false }).then(() => { throw new Error(`${what} did not come to an end within ${ms / 1000} s`); }, () => new Promise<never>(() => {}));
  try {
    return await Promise.race([work, late]);
  } finally {
    enough.abort();
  }
}


/**
 * printk and the pr_* family: a formatted message with a level goes to the log ring. Who reads it there, and what the
 * console shows, is syslog.ts. No call here sleeps, and each may be made from every isolate that joined a machine;
 * before that it throws KernelError ENODEV. A wrong argument throws EINVAL, naming the conversion.
 */
import { ENODEV, KernelError } from '../../lib/errno.js';
import { vsprintf, type PrintfArgs } from '../../lib/printf.js';
import { isolateCpu, self } from '../smp.js';
import { sysctlGet } from '../sysctl.js';
import { uptime } from '../time/time.js';
import { LOG_CONT, logStore } from './ringbuffer.js';

/** The machine cannot go on. Levels stand at the start of a format: `${KERN_INFO}hello %d\n`, or KERN_INFO + 'hello\n'. */
export const KERN_EMERG = '\x010';
/** Somebody must act at once. */
export const KERN_ALERT = '\x011';
export const KERN_CRIT = '\x012';
export const KERN_ERR = '\x013';
export const KERN_WARNING = '\x014';
/** Normal, but worth a look. */
export const KERN_NOTICE = '\x015';
export const KERN_INFO = '\x016';
export const KERN_DEBUG = '\x017';
/** The level of sysctl kernel.printk's second number, as without any. */
export const KERN_DEFAULT = '';
/** Goes on in the caller's message before, if that had no newline at its end. */
export const KERN_CONT = '\x01c';

/** Formats (see lib/printf.ts) whose once and ratelimited state an isolate remembers, for each logger; then the oldest is forgotten. */
const SITES_MAX = 1024;
/** The levels' names in pr_*, and what they stand for. */
const LEVELS = Object.freeze({
  Emerg: KERN_EMERG, Alert: KERN_ALERT, Crit: KERN_CRIT, Err: KERN_ERR, Warn: KERN_WARNING,
  Notice: KERN_NOTICE, Info: KERN_INFO, Debug: KERN_DEBUG, Devel: KERN_DEBUG, Cont: KERN_CONT,
});
type Level = keyof typeof LEVELS;

/** A function like printk whose arguments are checked by its format. */
export type Pr = <const F extends string>(fmt: F, ...args: PrintfArgs<F>) => void;
/** prInfo(), prInfoOnce(), prInfoRatelimited() and so on for each level; what C has, with C's names. */
export type PrFamily = { readonly [K in `pr${Level}` | `pr${Level}Once` | `pr${Exclude<Level, 'Cont'>}Ratelimited`]: Pr };

let taskPid = (): number => 0;

/** The scheduler says who prints: the pid of the task that runs, 0 for none. */
export function setPrintkCaller(current: () => number): void {
  taskPid = current;
}

/**
 * Logs a message and returns the bytes of its text. Each call begins a record of its own unless it says KERN_CONT; a
 * newline at its end is not kept, and without one readers see the record when the next one begins. C: printk.
 */
export function printk<const F extends string>(fmt: F, ...args: PrintfArgs<F>): number {
  return printkText(vsprintf(fmt, args));
}

/** printk for text that is formatted already: prefixes at its start count, a % does not. */
export function printkText(text: string): number {
  if (self === 0) throw new KernelError(ENODEV, 'printk before boot(): there is no log yet');
  let from = 0;
  let level = -1;
  let flags = 0;
  for (; text.charCodeAt(from) === 1; from += 2) {
    const kind = text.charCodeAt(from + 1);
    if (kind === 0x63) flags = LOG_CONT;
    else if (!(kind >= 0x30 && kind <= 0x37)) break;
    else if (level < 0) level = kind - 0x30;
  }
  if (level < 0) level = sysctlGet('kernel.printk', 1) & 7;
  const pid = taskPid();
  return logStore(text, from, level, flags, pid !== 0 ? pid : 0x80000000 | isolateCpu(self));
}

/**
 * The pr_* functions with a text before every message; C: `#define pr_fmt(fmt) "mod: " fmt`. The prefix is text, no
 * format. With DEBUG, as with C's `#define DEBUG`, prDebug and prDevel speak; otherwise they are silent.
 *
 *     const { prInfo, prWarnRatelimited } = prFmt('poller: ');
 *
 * prXxxOnce speaks once, prXxxRatelimited lets a burst of sysctl kernel.printk_ratelimit_burst through each
 * kernel.printk_ratelimit seconds. In C each call site has a state of its own; here it is each format of each
 * isolate, so the same format in two places of a module counts as one.
 */
export function prFmt(prefix: string, { DEBUG = false }: { readonly DEBUG?: boolean } = {}): PrFamily {
  const family: Record<string, Pr> = {};
  for (const [name, level] of Object.entries(LEVELS)) {
    const head = level + prefix;
    const silent = !DEBUG && level === KERN_DEBUG;
    const print: Print = silent ? () => {} : (fmt, args) => void printkText(head + vsprintf(fmt, args));
    family[`pr${name}`] = (fmt, ...args) => print(fmt, args);
    family[`pr${name}Once`] = once(print);
    family[`pr${name}Ratelimited`] = silent ? () => {} : ratelimited(print, prefix);
  }
  return Object.freeze(family) as PrFamily;
}

/** Whether one more message may be printed now, by the limit that all who ask share on this isolate. C: printk_ratelimit. */
export const printkRatelimit = (): boolean => mayPrint(shared, 'printk_ratelimit');

// --- How often ----------------------------------------------------------------------------------------------------

type Print = (fmt: string, args: readonly unknown[]) => void;

/** Times in ms since boot; -1: not begun. C: struct ratelimit_state. */
interface RatelimitState { begin: number; printed: number; missed: number }

const newState = (): RatelimitState => ({ begin: -1, printed: 0, missed: 0 });
const shared = newState();

/** What `sites` knows of a format; the oldest makes room for a new one. */
function site<T>(sites: Map<string, T>, fmt: string, fresh: () => T): T {
  const known = sites.get(fmt);
  if (known !== undefined) return known;
  if (sites.size >= SITES_MAX) sites.delete(sites.keys().next().value!);
  const made = fresh();
  sites.set(fmt, made);
  return made;
}

function once(print: Print): Pr {
  const sites = new Map<string, { said: boolean }>();
  return (fmt, ...args) => {
    const state = site(sites, fmt, () => ({ said: false }));
    if (state.said) return;
    state.said = true;
    print(fmt, args);
  };
}

function ratelimited(print: Print, prefix: string): Pr {
  const sites = new Map<string, RatelimitState>();
  return (fmt, ...args) => {
    if (mayPrint(site(sites, fmt, newState), prefix + fmt.trimEnd())) print(fmt, args);
  };
}

/** C: ___ratelimit. `what` names the messages in the line that counts those held back. */
function mayPrint(state: RatelimitState, what: string): boolean {
  const interval = sysctlGet('kernel.printk_ratelimit') * 1000;
  if (interval === 0) return true;
  const now = uptime();
  if (state.begin > now) Object.assign(state, newState()); // From a machine that halted.
  if (state.begin < 0) state.begin = now;
  if (now > state.begin + interval) {
    if (state.missed > 0) printk(`${KERN_WARNING}%s: %d callbacks suppressed\n`, what, state.missed);
    state.begin = now;
    state.printed = state.missed = 0;
  }
  const pass = state.printed < sysctlGet('kernel.printk_ratelimit_burst');
  if (pass) state.printed++;
  else state.missed++;
  return pass;
}

/** printk, once for each format on this isolate. C: printk_once. */
export const printkOnce: Pr = once((fmt, args) => void printkText(vsprintf(fmt, args)));
/** printk within the limits of printk_ratelimit, for each format on this isolate. C: printk_ratelimited. */
export const printkRatelimited: Pr = ratelimited((fmt, args) => void printkText(vsprintf(fmt, args)), '');

/** The family without a prefix; prDebug and prDevel are silent. C: pr_emerg and so on. */
export const {
  prEmerg, prAlert, prCrit, prErr, prWarn, prNotice, prInfo, prDebug, prDevel, prCont,
  prEmergOnce, prAlertOnce, prCritOnce, prErrOnce, prWarnOnce, prNoticeOnce, prInfoOnce, prDebugOnce, prDevelOnce, prContOnce,
  prEmergRatelimited, prAlertRatelimited, prCritRatelimited, prErrRatelimited, prWarnRatelimited, prNoticeRatelimited,
  prInfoRatelimited, prDebugRatelimited, prDevelRatelimited,
} = prFmt('');

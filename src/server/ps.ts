/**
 * ps(1): from tasks to text, with the options, columns, widths and headers of procps. It reads nothing itself: it is given
 * a snapshot (proc.ts) and the time it was taken, so that it can run anywhere, also at the other end of a socket.
 *
 * Unlike procps it always shows all tasks of the machine, since none of them has a terminal.
 */
import { EINVAL, KernelError } from '../lib/errno.js';
import { PF_KTHREAD } from '../kernel/sched/task.js';
import type { ProcTask } from '../fs/proc.js';

/** Where and when the snapshot was taken. */
export interface PsView {
  /** ms since boot. */
  readonly now: number;
  /** When the machine booted, ms since 1970. */
  readonly bootWallTime: number;
  /** Who runs the process. */
  readonly user: string;
  readonly uid?: number;
  /** IANA name for the columns that show a time of day; the reader's own if left out. */
  readonly timeZone?: string;
}

/** A column as one listing shows it. */
interface Shown extends Column {
  readonly name: string;
}

/** What to show: parsePsArgs makes it, ps takes it. */
export interface PsOptions {
  readonly columns: readonly Shown[];
  readonly headers: boolean;
  /** Children under their parents. */
  readonly forest: boolean;
  /** A task is shown if any of these asks for it, or if there are none. */
  readonly select: ReadonlyArray<(task: ProcTask) => boolean>;
  /** First key first. */
  readonly sort: ReadonlyArray<{ readonly column: Column; readonly sign: 1 | -1 }>;
}

/** Renders `tasks` as ps would, a line each, headers first. */
export function ps(tasks: readonly ProcTask[], options: PsOptions, view: PsView): string {
  const chosen = tasks.filter((t) => options.select.length === 0 || options.select.some((wants) => wants(t)));
  const sorted = chosen.toSorted((a, b) => order(a, b, options.sort, view));
  const rows = options.forest ? forest(sorted) : sorted.map((task) => ({ task, prefix: '' }));
  const longest = (c: Column): number => rows.reduce((most, { task }) => Math.max(most, String(c.value(task, view)).length), Math.max(PID_DIGITS, c.header.length));
  const columns = options.columns.map((c) => ({ ...c, width: c.width === 0 ? longest(c) : c.width }));
  const lines = rows.map(({ task, prefix }) => line(columns, (c) => fit(c, (c.tree ? prefix : '') + printable(String(c.value(task, view))), c === columns.at(-1))));
  if (options.headers && columns.some((c) => c.header !== '')) lines.unshift(line(columns, (c) => c.header));
  return lines.map((l) => `${l}\n`).join('');
}

/**
 * Reads the options of ps: -e -A -f -l -L -o -p -C --ppid --sort --forest --no-headers and their long names, BSD's
 * a x u f l w h o p, and pids. Throws KernelError EINVAL naming what it does not know and what it would have known.
 */
export function parsePsArgs(argv: readonly string[]): PsOptions {
  const wish = { letters: new Set<string>(), bsd: new Set<string>(), columns: [] as Shown[], select: [] as Array<(t: ProcTask) => boolean>, sort: [] as PsOptions['sort'][number][] };
  const queue = [...argv];
  const given = (option: string): string => {
    const value = queue.shift();
    if (value === undefined) throw invalid(`${option} needs a value after it`);
    return value;
  };
  while (queue.length > 0) {
    const arg = queue.shift()!;
    if (arg.startsWith('--')) longOption(arg);
    else if (/^\d/.test(arg)) option('p', 'p', arg);
    else cluster(arg);
  }
  return {
    columns: wish.columns.length > 0 ? wish.columns : parseColumns(standardColumns(wish.letters, wish.bsd)),
    headers: !wish.bsd.has('h'), forest: wish.bsd.has('f') || wish.bsd.has('forest'), select: wish.select, sort: wish.sort,
  };

  function longOption(arg: string): void {
    const [name, value] = arg.split(/=(.*)/s);
    if (name === '--no-headers' || name === '--no-heading') wish.bsd.add('h');
    else if (name === '--forest') wish.bsd.add('forest');
    else if (Object.hasOwn(LONG, name)) option(LONG[name], name, value ?? given(name));
    else throw invalid(`unknown option "${name}"; known: ${Object.keys(LONG).join(' ')} --forest --no-headers`);
  }

  /** Letters in a row; the first that takes a value takes what is left, or the next argument. */
  function cluster(arg: string): void {
    const dash = arg.startsWith('-');
    const [known, on] = dash ? ['eAfLlwopC', wish.letters] : ['axuflwhop', wish.bsd];
    for (let i = dash ? 1 : 0; i < arg.length; i++) {
      const letter = arg[i];
      if (!known.includes(letter)) throw invalid(`unknown option "${letter}" in "${arg}"; known: -${[...'eAfLlwopC'].join(' -')}, without a dash ${[...'axuflwhop'].join(' ')}`);
      if (!'opC'.includes(letter)) on.add(letter);
      else return option(letter, dash ? `-${letter}` : letter, arg.slice(i + 1) || given(arg));
    }
  }

  function option(kind: string, name: string, value: string): void {
    if (kind === 'o') wish.columns.push(...parseColumns(value));
    else if (kind === 'k') wish.sort.push(...value.split(',').map(sortKey));
    else if (kind === 'C') {
      const names = value.split(/[\s,]+/);
      wish.select.push((t) => names.includes(t.name) || names.includes(t.comm));
    } else {
      const pids = pidList(name, value);
      wish.select.push((t) => pids.includes(kind === 'p' ? t.pid : t.ppid));
    }
  }
}

const LONG: Readonly<Record<string, string>> = Object.freeze({ '--pid': 'p', '--ppid': 'P', '--sort': 'k', '--format': 'o' });

/** The columns of a listing that names none. */
function standardColumns(dash: ReadonlySet<string>, bsd: ReadonlySet<string>): string {
  const [f, l] = [dash.has('f'), dash.has('l')];
  if (bsd.has('u')) return threads('user,pid,pcpu,pmem,vsz,rss,tname,stat,start_time,bsdtime,args', 'pcpu');
  if (bsd.has('l')) return threads('f,uid,pid,ppid,priority,ni,vsz,rss,wchan,stat,tname,bsdtime,args', '');
  if (l) return threads(`f,s,${f ? 'user=UID' : 'uid'},pid,ppid,c,opri,ni,addr,sz:2,wchan,${f ? 'stime,' : ''}tname,time,${f ? 'cmd' : 'ucmd'}`, f ? 'c' : '');
  if (f) return threads('user=UID,pid,ppid,c,stime,tname,time,cmd', 'c');
  return threads(bsd.has('a') || bsd.has('x') || bsd.has('f') ? 'pid,tname,stat,bsdtime,args' : 'pid,tname,time,ucmd', '');

  /** With -L: the thread's own id beside the pid, and after `count` how many there are. */
  function threads(spec: string, count: string): string {
    if (!dash.has('L')) return spec;
    const names = spec.split(',');
    names.splice(Math.max(names.indexOf('pid'), names.indexOf('ppid')) + 1, 0, 'lwp');
    if (count !== '') names.splice(names.indexOf(count) + 1, 0, 'nlwp');
    return names.join(',');
  }
}

/** "pid,comm=NAME,wchan:20" as columns. */
function parseColumns(spec: string): Shown[] {
  return spec.split(/[\s,]+/).filter((part) => part !== '').map((part) => {
    const [, name, width, header] = /^([^:=]+)(?::(\d+))?(?:=(.*))?$/.exec(part) ?? [];
    const column = findColumn(name ?? part);
    const title = header ?? column.header;
    return { ...column, name: name!, header: title, width: width ? Number(width) : column.width && Math.max(column.width, title.length) };
  });
}

const sortKey = (key: string): PsOptions['sort'][number] => ({ column: findColumn(key.replace(/^[+-]/, '')), sign: key.startsWith('-') ? -1 : 1 });

function findColumn(name: string): Column {
  if (Object.hasOwn(COLUMNS, name)) return COLUMNS[name];
  throw invalid(`unknown column "${name}"; known: ${Object.keys(COLUMNS).join(' ')}`);
}

function pidList(option: string, value: string): number[] {
  return value.split(/[\s,]+/).map((pid) => {
    if (!/^\d+$/.test(pid)) throw invalid(`"${pid}" after ${option} is no pid`);
    return Number(pid);
  });
}

const invalid = (what: string): KernelError => new KernelError(-EINVAL, `ps: ${what}`);

// --- Columns ------------------------------------------------------------------------------------------------------

type Value = (task: ProcTask, view: PsView) => number | string;

interface Column {
  readonly header: string;
  /** 0: as wide as the longest value, at least PID_DIGITS. */
  readonly width: number;
  readonly left: boolean;
  readonly value: Value;
  /** What to sort by, where that is not the value. */
  readonly key: Value;
  /** Shows whose child a task is. */
  readonly tree: boolean;
}

/** Columns of pids are at least this wide. */
const PID_DIGITS = 5;

const right = (header: string, width: number, value: Value, key = value): Column => ({ header, width, value, key, left: false, tree: false });
const left = (header: string, width: number, value: Value, key = value): Column => ({ header, width, value, key, left: true, tree: false });
const tree = (header: string, width: number, value: Value): Column => ({ header, width, value, key: value, left: true, tree: true });

const age = (t: ProcTask, v: PsView): number => Math.max(0, Math.floor((v.now - t.startTime) / 1000));
const percent = (t: ProcTask, v: PsView): number => (100 * t.runTime) / Math.max(1, v.now - t.startTime);
const cpuSeconds = (t: ProcTask): number => Math.floor(t.runTime / 1000);
const cpuTime: Value = (t) => t.runTime;
const started: Value = (t) => t.startTime;
const args: Value = (t) => ((t.flags & PF_KTHREAD) === 0 ? t.name : `[${t.name}]`);
const classOf: Value = (t) => ['TS', 'FF', 'RR'][t.policy] ?? '?';
const nice = right('NI', 3, (t) => (t.policy === 0 ? t.nice : '-'), (t) => t.nice);
const osThread = (header: string): Column => right(header, 0, (t) => t.tid || '-', (t) => t.tid);
/** PF_FORKNOEXEC as 1, as ps shows it. */
const flags = right('F', 1, (t) => (t.flags >> 6) & 7);

const pgid = right('PGID', 0, () => 0);
const cls = right('CLS', 3, classOf);
const psr = right('PSR', 3, (t) => t.cpu);
const pcpu = right('%CPU', 4, (t, v) => (percent(t, v) < 99.95 ? percent(t, v).toFixed(1) : Math.round(percent(t, v))), percent);
const pmem = right('%MEM', 4, () => '0.0');
const time = right('TIME', 8, (t) => clock(cpuSeconds(t), true), cpuTime);
const stime = left('STIME', 5, (t, v) => startOf(t, v, 'stime'), started);

/** All columns by their names in procps, and at the end those that only this machine has. */
const COLUMNS: Readonly<Record<string, Column>> = Object.freeze({
  pid: right('PID', 0, (t) => t.pid), ppid: right('PPID', 0, (t) => t.ppid), tgid: right('TGID', 0, (t) => t.tgid),
  pgid, pgrp: { ...pgid, header: 'PGRP' }, sid: { ...pgid, header: 'SID' }, sess: { ...pgid, header: 'SESS' },
  lwp: osThread('LWP'), tid: osThread('TID'), spid: osThread('SPID'),
  nlwp: right('NLWP', 4, () => 1), thcount: right('THCNT', 5, () => 1),
  user: left('USER', 8, (_, v) => v.user), uid: right('UID', 5, (_, v) => v.uid ?? 0),
  tty: left('TT', 8, () => '?'), tname: left('TTY', 8, () => '?'),
  stat: left('STAT', 4, (t) => t.letter + (t.nice < 0 ? '<' : t.nice > 0 ? 'N' : '')), s: left('S', 1, (t) => t.letter), state: left('S', 1, (t) => t.letter),
  time, cputime: time, times: right('TIME', 8, cpuSeconds), bsdtime: right('TIME', 6, (t) => minutes(cpuSeconds(t)), cpuTime),
  etime: right('ELAPSED', 11, (t, v) => clock(age(t, v), false), age), etimes: right('ELAPSED', 7, age),
  start: right('STARTED', 8, (t, v) => startOf(t, v, 'start'), started), lstart: right('STARTED', 24, (t, v) => startOf(t, v, 'lstart'), started),
  stime, start_time: { ...stime, header: 'START' },
  comm: tree('COMMAND', 15, (t) => t.name), ucomm: tree('COMMAND', 15, (t) => t.name), ucmd: tree('CMD', 15, (t) => t.name),
  args: tree('COMMAND', 27, args), command: tree('COMMAND', 27, args), cmd: tree('CMD', 27, args),
  wchan: left('WCHAN', 6, (t) => (t.wchan === '0' ? '-' : t.wchan)),
  cls, class: { ...cls, left: true }, policy: left('POL', 3, classOf), rtprio: right('RTPRIO', 6, (t) => (t.policy === 0 ? '-' : t.rtprio), (t) => t.rtprio),
  pri: right('PRI', 3, (t) => 139 - t.prio), opri: right('PRI', 3, (t) => t.prio - 40), priority: right('PRI', 3, (t) => t.prio - 100),
  ni: nice, nice, psr, cpu: { ...psr, header: 'CPU' },
  pcpu, '%cpu': pcpu, c: right('C', 2, (t, v) => Math.min(99, Math.floor(percent(t, v)))), pmem, '%mem': pmem,
  vsz: right('VSZ', 6, () => 0), rss: right('RSS', 5, () => 0), sz: right('SZ', 5, () => 0), addr: left('ADDR', 4, () => '-'),
  f: flags, flag: flags, flags,
  isolate: right('ISOLATE', 7, (t) => t.isolate), module: right('MODULE', 6, (t) => t.module),
  nvcsw: right('NVCSW', 8, (t) => t.nvcsw), nivcsw: right('NIVCSW', 8, (t) => t.nivcsw), wakeups: right('WAKEUPS', 8, (t) => t.wakeups),
});

// --- Times --------------------------------------------------------------------------------------------------------

const two = (n: number): string => String(n).padStart(2, '0');
const minutes = (s: number): string => `${Math.floor(s / 60)}:${two(s % 60)}`;

/** [DD-]HH:MM:SS, or [[DD-]HH:]MM:SS if hours may be left out. */
function clock(s: number, hours: boolean): string {
  const [days, h] = [Math.floor(s / 86400), Math.floor(s / 3600) % 24];
  const head = `${days > 0 ? `${two(days)}-` : ''}${hours || s >= 3600 ? `${two(h)}:` : ''}`;
  return `${head}${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** The moment a task began: the hour within a day, then the day, and in another year (stime) only that. */
function startOf(t: ProcTask, v: PsView, form: 'stime' | 'start' | 'lstart'): string {
  const at = wallTime(v.bootWallTime + t.startTime, v);
  const hms = `${at.hour}:${at.minute}:${at.second}`;
  const day = String(Number(at.day)).padStart(2);
  if (form === 'lstart') return `${at.weekday} ${at.month} ${day} ${hms} ${at.year}`;
  const fresh = v.now - t.startTime < 86_400_000;
  if (form === 'start') return fresh ? hms : `${at.month} ${day}`;
  if (fresh) return hms.slice(0, 5);
  return at.year === wallTime(v.bootWallTime + v.now, v).year ? `${at.month}${at.day}` : at.year!;
}

let dates: { readonly zone: string | undefined; readonly format: Intl.DateTimeFormat } | undefined;

function wallTime(ms: number, { timeZone: zone }: PsView): Partial<Record<Intl.DateTimeFormatPartTypes, string>> {
  if (dates === undefined || dates.zone !== zone) {
    dates = { zone, format: new Intl.DateTimeFormat('en-US', {
      weekday: 'short', month: 'short', day: '2-digit', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23', timeZone: zone,
    }) };
  }
  return Object.fromEntries(dates.format.formatToParts(ms).map((part) => [part.type, part.value]));
}

// --- Rows ---------------------------------------------------------------------------------------------------------

function order(a: ProcTask, b: ProcTask, keys: PsOptions['sort'], view: PsView): number {
  for (const { column, sign } of keys) {
    const [x, y] = [column.key(a, view), column.key(b, view)];
    const by = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y));
    if (by !== 0) return sign * by;
  }
  return a.pid - b.pid;
}

/** Every task below its parent, with the branch that leads to it. Whose parent is not shown stands at the left. */
function forest(tasks: readonly ProcTask[]): Array<{ task: ProcTask; prefix: string }> {
  const shown = new Set(tasks.map((t) => t.pid));
  const children = new Map<number, ProcTask[]>();
  for (const t of tasks) {
    const parent = shown.has(t.ppid) && t.ppid !== t.pid ? t.ppid : 0;
    children.set(parent, [...children.get(parent) ?? [], t]);
  }
  const rows: Array<{ task: ProcTask; prefix: string }> = [];
  const grow = (parent: number, stem: string, branch: string): void => {
    const family = children.get(parent) ?? [];
    children.delete(parent); // Each is visited once, whatever the parents claim.
    family.forEach((task, i) => {
      rows.push({ task, prefix: stem + branch });
      grow(task.pid, branch === '' ? '' : `${stem}${i < family.length - 1 ? ' |  ' : '    '}`, ' \\_ ');
    });
  };
  grow(0, '', '');
  return rows;
}

/** A name may hold anything; a line is one line. */
const printable = (text: string): string => text.replaceAll(/\p{Cc}/gu, '?');

/** One line: each cell at its column's place, as far as a longer one before it lets it. */
function line(columns: readonly Shown[], cell: (column: Shown) => string): string {
  let text = '';
  let start = 0;
  columns.forEach((column, i) => {
    const value = cell(column);
    const place = column.left ? start : start + column.width - value.length;
    text = text.padEnd(Math.max(place, i === 0 ? 0 : text.length + 1)) + value;
    start += column.width + 1;
  });
  return text.trimEnd();
}

/** Text is cut at its column's end, but not in the last column; numbers never are. A user's name says that it was cut. */
function fit({ name, left, width }: Shown, text: string, last: boolean): string {
  if (!left || last || text.length <= width) return text;
  return name === 'user' ? `${text.slice(0, width - 1)}+` : text.slice(0, width);
}

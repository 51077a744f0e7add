/**
 * The lines of ps, whole, as procps 4 prints them for the same tasks. The tasks are written by hand; where they come from
 * is proc.test.ts.
 */
import { expect, test } from 'vitest';
import { EINVAL } from '../lib/errno.js';
import { PF_BORROWED } from '../kernel/sched/task.js';
import type { ProcTask } from '../fs/proc.js';
import { parsePsArgs, ps, type PsView } from './ps.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const KTHREAD = 0x208040;
const view: PsView = { now: 90_000, bootWallTime: Date.UTC(2026, 1, 14, 16, 1), user: 'root', timeZone: 'UTC' };

const task = (pid: number, name: string, more: Partial<ProcTask> = {}): ProcTask => ({
  pid, ppid: pid <= 2 ? 0 : 2, tgid: pid, comm: name.slice(0, 15), name, state: 1, letter: 'S', flags: KTHREAD, kflags: ['started'], nice: 0, prio: 120,
  staticPrio: 120, policy: 0, rtprio: 0, cpu: 0, isolate: 1, tid: 4711, module: 0, wchan: 'schedule', nvcsw: 0, nivcsw: 0, wakeups: 0,
  startTime: 0, runTime: 0, lastSwitch: 0, sleptMs: 0, cpusAllowed: [3, 0], sigPending: [0, 0], sigShared: [0, 0], sigAllowed: [0, 0], sigKernel: [0, 0],
  usage: 1, oopsed: false, borrowed: false, ...more,
});

const few = [
  task(1, 'init', { flags: 0, wchan: '0', letter: 'R' }),
  task(2, 'kthreadd', { wchan: 'kthreadd' }),
  task(18, 'migration/0', { policy: 1, rtprio: 99, prio: 0, wchan: 'smpboot_thread_fn', startTime: 1000, flags: 69238848 }),
  task(301, 'shi_thread1', { wchan: 'schedule_timeout', startTime: 61_000, runTime: 14_500, cpu: 1, module: 1, isolate: 4, tid: 8000 }),
];

const lines = (args: string, tasks: readonly ProcTask[] = few, v = view): string[] => ps(tasks, parsePsArgs(args === '' ? [] : args.split(' ')), v).split('\n').slice(0, -1);

test('T254 document 003: kthreadd first, the threads of each CPU as its children', () => {
  const names: ReadonlyArray<readonly [name: string, seconds: number]> = [
    ['migration/0', 0], ['ksoftirqd/0', 12], ['migration/0', 0], ['watchdog/0', 0], ['migration/1', 0], ['migration/1', 0], ['ksoftirqd/1', 1], ['watchdog/1', 0], ['migration/2', 0],
  ];
  const tasks = [task(2, 'kthreadd'), ...names.map(([name, s], i) => task(3 + i, name, { runTime: s * 1000 }))];
  expect(lines('auxf', tasks, { ...view, now: 6 * DAY })).toEqual([
    'USER       PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND',
    'root         2  0.0  0.0      0     0 ?        S    Feb14   0:00 [kthreadd]',
    'root         3  0.0  0.0      0     0 ?        S    Feb14   0:00  \\_ [migration/0]',
    'root         4  0.0  0.0      0     0 ?        S    Feb14   0:12  \\_ [ksoftirqd/0]',
    'root         5  0.0  0.0      0     0 ?        S    Feb14   0:00  \\_ [migration/0]',
    'root         6  0.0  0.0      0     0 ?        S    Feb14   0:00  \\_ [watchdog/0]',
    'root         7  0.0  0.0      0     0 ?        S    Feb14   0:00  \\_ [migration/1]',
    'root         8  0.0  0.0      0     0 ?        S    Feb14   0:00  \\_ [migration/1]',
    'root         9  0.0  0.0      0     0 ?        S    Feb14   0:01  \\_ [ksoftirqd/1]',
    'root        10  0.0  0.0      0     0 ?        S    Feb14   0:00  \\_ [watchdog/1]',
    'root        11  0.0  0.0      0     0 ?        S    Feb14   0:00  \\_ [migration/2]',
  ]);
});

test('T242 ps aux: a kthread in brackets, without memory and terminal', () => {
  expect(lines('aux')).toEqual([
    'USER       PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND',
    'root         1  0.0  0.0      0     0 ?        R    16:01   0:00 init',
    'root         2  0.0  0.0      0     0 ?        S    16:01   0:00 [kthreadd]',
    'root        18  0.0  0.0      0     0 ?        S    16:01   0:00 [migration/0]',
    'root       301 50.0  0.0      0     0 ?        S    16:02   0:14 [shi_thread1]',
  ]);
});

test('T027 document 004: ps -e has the bare name, ps -ef the one in brackets', () => {
  expect(lines('-e')).toEqual([
    '  PID TTY          TIME CMD',
    '    1 ?        00:00:00 init',
    '    2 ?        00:00:00 kthreadd',
    '   18 ?        00:00:00 migration/0',
    '  301 ?        00:00:14 shi_thread1',
  ]);
  expect(lines('-ef')).toEqual([
    'UID        PID  PPID  C STIME TTY          TIME CMD',
    'root         1     0  0 16:01 ?        00:00:00 init',
    'root         2     0  0 16:01 ?        00:00:00 [kthreadd]',
    'root        18     2  0 16:01 ?        00:00:00 [migration/0]',
    'root       301     2 50 16:02 ?        00:00:14 [shi_thread1]',
  ]);
  expect(lines('')).toEqual(lines('-A'));
});

test('T243 a forest: stems go on beside a family that has more children', () => {
  const borrowed = (pid: number, ppid: number, name: string): ProcTask => task(pid, name, { ppid, flags: PF_BORROWED, borrowed: true });
  const tasks = [...few, borrowed(400, 1, 'GET /'), borrowed(401, 400, 'deeper'), borrowed(402, 1, 'flush'), borrowed(403, 402, 'last'), task(500, 'orphan', { ppid: 499 })];
  expect(lines('-ef --forest', tasks).map((line) => line.slice(48))).toEqual([
    'CMD', 'init', ' \\_ GET /', ' |   \\_ deeper', ' \\_ flush', '     \\_ last', '[kthreadd]', ' \\_ [migration/0]', ' \\_ [shi_thread1]', '[orphan]',
  ]);
  expect(lines('-e --forest').at(-1)).toBe('  301 ?        00:00:14  \\_ shi_thread1');
  expect(lines('axf').slice(0, 3)).toEqual(['  PID TTY      STAT   TIME COMMAND', '    1 ?        R      0:00 init', '    2 ?        S      0:00 [kthreadd]']);
});

test('T244 STAT is the letter, then < or N by the nice value', () => {
  const tasks = [...'RSDIPT'].map((letter, i) => task(10 + i, letter, { letter })).concat(task(20, 'low', { letter: 'I', nice: -20 }), task(21, 'high', { nice: 19 }));
  expect(lines('-eo stat=', tasks)).toEqual(['R', 'S', 'D', 'I', 'P', 'T', 'I<', 'SN']);
});

test('T245 START is the hour within a day, then the day, in another year the year; TIME is CPU time', () => {
  const start = (now: number): string[] => lines('-eo start_time=,stime=,start=', [task(7, 'old')], { ...view, now });
  expect([start(DAY - 1), start(DAY), start(330 * DAY)]).toEqual([['16:01 16:01 16:01:00'], ['Feb14 Feb14   Feb 14'], ['2026  2026    Feb 14']]);
  const used = (runTime: number): string[] => lines('-eo time=,bsdtime=', [task(7, 'old', { runTime })], { ...view, now: 9 * DAY });
  expect([used(999), used(61_000), used(HOUR), used(2 * DAY + HOUR)]).toEqual([['00:00:00   0:00'], ['00:01:01   1:01'], ['01:00:00  60:00'], ['02-01:00:00 2940:00']]);
  const ran = (now: number): string[] => lines('-eo etime=,etimes=', [task(7, 'old')], { ...view, now });
  expect([ran(59_000), ran(HOUR), ran(DAY)]).toEqual([['      00:59      59'], ['   01:00:00    3600'], ['01-00:00:00   86400']]);
  expect(lines('-eo lstart', [task(7, 'old')])).toEqual(['                 STARTED', 'Sat Feb 14 16:01:00 2026']);
});

test('the long listing and its kin', () => {
  expect(lines('-el').slice(0, 4)).toEqual([
    'F S   UID   PID  PPID  C PRI  NI ADDR SZ WCHAN  TTY          TIME CMD',
    '0 R     0     1     0  0  80   0 -     0 -      ?        00:00:00 init',
    '1 S     0     2     0  0  80   0 -     0 kthrea ?        00:00:00 kthreadd',
    '1 S     0    18     2  0 -40   - -     0 smpboo ?        00:00:00 migration/0',
  ]);
  expect(lines('-elf -p 2')).toEqual([
    'F S UID        PID  PPID  C PRI  NI ADDR SZ WCHAN  STIME TTY          TIME CMD',
    '1 S root         2     0  0  80   0 -     0 kthrea 16:01 ?        00:00:00 [kthreadd]',
  ]);
  expect(lines('alx -p 2')).toEqual([
    'F   UID   PID  PPID PRI  NI    VSZ   RSS WCHAN  STAT TTY        TIME COMMAND',
    '1     0     2     0  20   0      0     0 kthrea S    ?          0:00 [kthreadd]',
  ]);
});

test('-L shows the OS thread that a task runs on', () => {
  expect(lines('-eLf').slice(0, 2)).toEqual(['UID        PID  PPID   LWP  C NLWP STIME TTY          TIME CMD', 'root         1     0  4711  0    1 16:01 ?        00:00:00 init']);
  expect(lines('-eL').at(-1)).toBe('  301  8000 ?        00:00:14 shi_thread1');
  expect(lines('aux -L').slice(0, 2)).toEqual([
    'USER       PID   LWP %CPU NLWP %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND',
    'root         1  4711  0.0    1  0.0      0     0 ?        R    16:01   0:00 init',
  ]);
  expect(lines('-eo lwp=', [task(5, 'unborn', { tid: 0 })])).toEqual(['    -']);
});

test('columns by name: the figures of a real-time thread and of an ordinary one', () => {
  expect(lines('-eo pid,ppid,cls,rtprio,pri,ni,psr,stat,wchan,comm').slice(2)).toEqual([
    '    2     0  TS      -  19   0   0 S    kthrea kthreadd',
    '   18     2  FF     99 139   -   0 S    smpboo migration/0',
    '  301     2  TS      -  19   0   1 S    schedu shi_thread1',
  ]);
  expect(lines('-p 301 -o module,isolate,tid,thcount,tty,uid,state')).toEqual(['MODULE ISOLATE   TID THCNT TT         UID S', '     1       4  8000     1 ?            0 S']);
});

test('a text is cut at its column except in the last; a user name says so', () => {
  const long = [task(7, 'pool_workqueue_release')];
  expect(lines('-eo comm,args,pid,wchan', [task(7, 'pool_workqueue_release', { wchan: 'smpboot_thread_fn' })])).toEqual([
    'COMMAND         COMMAND                       PID WCHAN',
    'pool_workqueue_ [pool_workqueue_release]        7 smpboot_thread_fn',
  ]);
  expect(lines('-eo user=,pid=', long, { ...view, user: 'administrator' })).toEqual(['adminis+     7']);
  expect(lines('-eo comm=', [task(7, 'two\nlines\x1b[0m')])).toEqual(['two?lines?[0m']);
});

test('headers can be renamed, widened, emptied or left out; pids widen their column', () => {
  expect(lines('-o pid=NUMBER,wchan:20,comm=NAME -p 2')).toEqual(['NUMBER WCHAN                NAME', '     2 kthreadd             kthreadd']);
  expect(lines('-o stat= -o ppid= -p 2')).toEqual(['S        0']);
  expect(lines('-e --no-headers').length).toBe(few.length);
  expect(lines('hax').length).toBe(few.length);
  expect(lines('-eL', [task(7, 'far', { tid: 4194303 })])).toEqual(['  PID     LWP TTY          TIME CMD', '    7 4194303 ?        00:00:00 far']);
  expect(lines('-e', [task(4194303, 'last')])).toEqual(['    PID TTY          TIME CMD', '4194303 ?        00:00:00 last']);
});

test('tasks are chosen by pid, parent and name, and any of these is enough', () => {
  const chosen = (args: string): number[] => lines(`${args} -o pid=`).map(Number);
  expect([chosen('-p 1,18'), chosen('18 2'), chosen('p 18'), chosen('--pid=301'), chosen('--ppid 2'), chosen('-C init,shi_thread1'), chosen('-p 1 -C kthreadd'), chosen('-p 999')])
    .toEqual([[1, 18], [2, 18], [18], [301], [18, 301], [1, 301], [1, 2], []]);
});

test('tasks are sorted by what a column means, then by pid', () => {
  const sorted = (key: string): number[] => lines(`-eo pid= --sort ${key}`).map(Number);
  expect([sorted('-pid'), sorted('comm'), sorted('-time'), sorted('-ppid,+pid'), sorted('start'), sorted('etime')])
    .toEqual([[301, 18, 2, 1], [1, 2, 18, 301], [301, 1, 2, 18], [18, 301, 1, 2], [1, 2, 18, 301], [301, 18, 1, 2]]);
});

test('what ps does not know is EINVAL, with what it would have known', () => {
  const refused: ReadonlyArray<readonly [argv: string[], message: RegExp]> = [
    [['-eo', 'pid,nosuch'], /unknown column "nosuch"; known: pid ppid .*wakeups/], [['--sort', 'constructor'], /unknown column "constructor"/],
    [['-eZ'], /unknown option "Z" in "-eZ"; known: -e -A/], [['aux', 'Y'], /unknown option "Y" in "Y"/], [['--bogus'], /unknown option "--bogus"; known: --pid/],
    [['-p', '1,x'], /"x" after -p is no pid/], [['-o'], /-o needs a value/], [['--ppid'], /--ppid needs a value/], [['-eo', ':5'], /unknown column ":5"/],
  ];
  for (const [argv, message] of refused) {
    expect(() => parsePsArgs(argv)).toThrow(expect.objectContaining({ errno: -EINVAL, message: expect.stringMatching(message) as string }));
  }
});

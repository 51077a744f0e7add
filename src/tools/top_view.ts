/**
 * What kthread top shows: from two looks at a machine to its lines, at any size. Pure: it asks nothing and draws nothing.
 */
import type { ProcTask } from '../index.js';
import type { Hello, MachineStat } from '../server/protocol.js';
import type { Line } from './screen.js';

/** A machine at one moment. */
export interface Sample {
  readonly stat: MachineStat;
  readonly tasks: readonly ProcTask[];
  /** When the tasks were read, ms since boot. */
  readonly now: number;
}

export interface TopTask extends ProcTask {
  /** Of one CPU's time, since the look before; since its start, where it was not there yet. */
  readonly cpuPercent: number;
  readonly wakeupsPerSecond: number;
}

/** What happened between two looks. */
export interface Frame {
  readonly now: number;
  readonly cpus: ReadonlyArray<{ readonly cpu: number; readonly online: boolean; readonly percent: number }>;
  readonly switchesPerSecond: number;
  readonly states: Readonly<Record<string, number>>;
  readonly isolates: number;
  readonly tainted: string;
  readonly tasks: readonly TopTask[];
}

export const SORT_KEYS = Object.freeze({
  cpu: (t: TopTask) => -t.cpuPercent,
  wakeups: (t: TopTask) => -t.wakeupsPerSecond,
  time: (t: TopTask) => -t.runTime,
  pid: (t: TopTask) => t.pid,
  state: (t: TopTask) => 'RDSTtPIZX'.indexOf(t.letter),
  name: (t: TopTask) => t.name,
});
export type SortKey = keyof typeof SORT_KEYS;

/** How the user wants it. */
export interface Wishes {
  readonly sort: SortKey;
  readonly reverse: boolean;
  /** Only threads that ran or were woken since the look before. */
  readonly busyOnly: boolean;
}

/** What happened from `before` to `after`. */
export function frameOf(before: Sample, after: Sample): Frame {
  const earlier = new Map(before.tasks.map((task) => [`${task.pid} ${task.startTime}`, task]));
  const elapsed = Math.max(1, after.stat.now - before.stat.now);
  return {
    now: after.now,
    // A CPU that had an isolate which is gone counts less than before.
    cpus: after.stat.cpus.map(({ cpu, online, busy }, i) => ({ cpu, online, percent: percent(busy - (before.stat.cpus[i]?.busy ?? 0), elapsed) })),
    switchesPerSecond: perSecond(after.stat.switches - before.stat.switches, elapsed),
    states: after.stat.tasks, isolates: after.stat.isolates.length, tainted: after.stat.tainted,
    tasks: after.tasks.map((task) => {
      const then = earlier.get(`${task.pid} ${task.startTime}`);
      const lived = Math.max(1, after.now - (then ? before.now : task.startTime));
      return { ...task, cpuPercent: percent(task.runTime - (then?.runTime ?? 0), lived), wakeupsPerSecond: perSecond(task.wakeups - (then?.wakeups ?? 0), lived) };
    }),
  };
}

const round = (n: number): number => Math.round(n * 10) / 10;
const percent = (ms: number, elapsed: number): number => round(Math.max(0, (ms / elapsed) * 100));
const perSecond = (times: number, elapsed: number): number => round(Math.max(0, (times * 1000) / elapsed));

/** In the order that the user wants; of equals the one with the smaller pid first. */
export function chosenTasks({ tasks }: Pick<Frame, 'tasks'>, { sort, reverse, busyOnly }: Wishes): TopTask[] {
  const key = SORT_KEYS[sort];
  const sign = reverse ? -1 : 1;
  return tasks.filter((t) => !busyOnly || t.cpuPercent > 0 || t.wakeupsPerSecond > 0).toSorted((a, b) => {
    const [x, y] = [key(a), key(b)];
    return x === y ? a.pid - b.pid : x < y ? -sign : sign;
  });
}

// --- Lines --------------------------------------------------------------------------------------------------------

const STATE_NAMES: ReadonlyArray<readonly [letter: string, name: string]> = [
  ['R', 'running'], ['S', 'sleeping'], ['D', 'in D'], ['I', 'idle'], ['P', 'parked'], ['T', 'stopped'],
];
/** A meter has at least this width, so that 80 columns have two beside each other. */
const METER_WIDTH = 40;

/** Above the table: the machine, its threads by state, and a meter for each CPU, in at most a quarter of `rows` lines. */
export function summary({ now, cpus, states, isolates, switchesPerSecond, tainted }: Frame, { name, pid, bootWallTime }: Hello, columns: number, rows: number): Line[] {
  const total = Object.values(states).reduce((sum, n) => sum + n, 0);
  const counts = STATE_NAMES.filter(([letter]) => 'RSD'.includes(letter) || states[letter]).map(([letter, word]) => `${states[letter] ?? 0} ${word}`);
  return [
    { text: `top - ${new Date(bootWallTime + now).toTimeString().slice(0, 8)} up ${upFor(now)}, machine ${printable(name)} in process ${pid}`, tone: 'title' },
    { text: `Threads: ${total} total, ${counts.join(', ')}` },
    { text: `Switches: ${switchesPerSecond}/s, ${isolates} isolates${tainted.startsWith('Tainted') ? `, ${tainted}` : ''}` },
    ...meters(cpus, columns, Math.max(1, Math.floor(rows / 4))),
  ];
}

function meters(cpus: Frame['cpus'], columns: number, most: number): Line[] {
  const across = Math.max(1, Math.floor(columns / METER_WIDTH));
  const room = most * across;
  const shown = cpus.length <= room ? cpus : cpus.slice(0, room - across);
  const width = Math.floor(columns / across) - 1;
  const lines = Array.from({ length: Math.ceil(shown.length / across) }, (_, i) => ({ text: shown.slice(i * across, (i + 1) * across).map((cpu) => meter(cpu, width)).join(' ') }));
  const rest = cpus.slice(shown.length);
  if (rest.length > 0) lines.push({ text: `and ${rest.length} CPUs more, ${round(rest.reduce((sum, { percent }) => sum + percent, 0) / rest.length)}% on average` });
  return lines;
}

/** More than 100% where plain threads of one CPU run at the same time. */
function meter({ cpu, online, percent }: Frame['cpus'][number], width: number): string {
  const [title, number] = [`%Cpu${cpu}`.padEnd(6), online ? percent.toFixed(1).padStart(6) : 'off'.padStart(6)];
  const room = Math.max(0, width - title.length - number.length - 3);
  return `${title}[${'|'.repeat(Math.min(room, Math.round((percent / 100) * room))).padEnd(room)}] ${number}`;
}

const HEADERS = { pid: '    PID', prio: ' PR', nice: ' NI', state: 'S', cpu: ' P', percent: ' %CPU', wakes: ' WAKE/s', time: '    TIME+', wchan: 'WCHAN'.padEnd(18), name: 'COMMAND' };

/** The columns' names. */
export const tableHeader = (): string => Object.values(HEADERS).join(' ');

export const tableLine = (t: TopTask): string => [
  String(t.pid).padStart(7), (t.rtprio === 99 ? 'rt' : String(t.prio - 100)).padStart(3), String(t.nice).padStart(3), t.letter, String(t.cpu).padStart(2),
  short(t.cpuPercent, 5), short(t.wakeupsPerSecond, 7), timePlus(t.runTime).padStart(9), (t.wchan === '0' ? '-' : printable(t.wchan)).slice(0, 18).padEnd(18), printable(t.name),
].join(' ');

/** With as many digits after the point as there is room for. */
function short(n: number, width: number): string {
  const text = n.toFixed(1);
  return (text.length <= width ? text : n < 1e6 ? n.toFixed(0) : `${Math.round(n / 1e6)}M`).padStart(width);
}

/** 2:03.45: minutes, seconds, hundredths. */
function timePlus(ms: number): string {
  const hundredths = Math.floor(ms / 10);
  return `${Math.floor(hundredths / 6000)}:${String(Math.floor(hundredths / 100) % 60).padStart(2, '0')}.${String(hundredths % 100).padStart(2, '0')}`;
}

function upFor(ms: number): string {
  const s = Math.floor(ms / 1000);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  const days = Math.floor(s / 86400);
  return `${days > 0 ? `${days} d, ` : ''}${Math.floor(s / 3600) % 24}:${String(Math.floor(s / 60) % 60).padStart(2, '0')}`;
}

/** Names come from the program that is looked at; what would steer the terminal is shown as ?. */
export const printable = (text: string): string => text.replaceAll(/\p{C}/gu, '?');

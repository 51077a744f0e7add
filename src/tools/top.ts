/**
 * kthread top: the threads of a machine as they are now, again and again, the busiest first. On a terminal it takes keys;
 * into a pipe or file it prints. What the lines look like is in top_view.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { STATUS_HELP, onMachine, type Job, type Surroundings } from './command.js';
import type { Client } from './client.js';
import { parseDuration } from './duration.js';
import { Screen, hasScreen, type Line } from './screen.js';
import { SORT_KEYS, chosenTasks, frameOf, printable, summary, tableHeader, tableLine, type Frame, type Sample, type SortKey, type Wishes } from './top_view.js';

interface TopOptions {
  readonly batch?: true;
  readonly iterations?: number;
  readonly delay: number;
  readonly sort: SortKey;
  readonly busy?: true;
  readonly pid?: readonly number[];
}

/** Before the first picture, ms: what it shows happened in that time. */
const FIRST_MS = 300;
const SHORTEST_MS = 50;

const KEYS: ReadonlyArray<readonly [keys: string, what: string]> = [
  ['P W T', 'sort by %CPU, by wake-ups, by time'], ['N S C', 'sort by pid, by state, by command'], ['< >', 'sort by the column before, after'], ['R', 'the other way round'],
  ['i', 'hide or show threads that did nothing'], ['up down', 'choose a thread; also j k, Page Up, Page Down, Home, End'], ['Enter', 'the call trace of that thread, and back'],
  ['Space', 'look again now'], ['h ?', 'this help, and back'], ['q', 'back, or out'],
];

const HELP = `
Keys:
${KEYS.map(([keys, what]) => `  ${keys.padEnd(21)}  ${what}\n`).join('')}
%CPU is of one CPU's time. Of a thread it is the time of its turns; for a plain thread that blocks in a call of the operating
system this counts, too. A CPU can have more than 100 where several plain threads run on it at once. WAKE/s counts ends of sleeps.

Where standard output is no terminal it prints one picture, or as many as --iterations says, and takes no keys.

Examples:
  kthread top
  kthread top -b -n 3 -d 0.5 | grep poll    three pictures, half a second apart
  kthread top --json -n 1 | jq '.tasks[] | select(.cpuPercent > 50) | .name'
${STATUS_HELP}`;

export function addTop(program: Command, around: Surroundings): void {
  const command = program.command('top').description('show what the threads of a machine do, live')
    .option('-b, --batch', 'print one picture below the other, take no keys')
    .option('-n, --iterations <n>', 'end after so many pictures', wholeNumber)
    .option('-d, --delay <time>', 'between two pictures: seconds, or 500ms, 2m', parseDelay, 2000)
    .option('-i, --busy', 'only threads that did something since the picture before')
    .option('-p, --pid <pids>', 'only these', parsePids)
    .addOption(new Option('-o, --sort <column>', 'what stands first').choices(Object.keys(SORT_KEYS)).default('cpu'))
    .addHelpText('after', HELP);
  onMachine<TopOptions>(command, around, (job) => (!job.options.batch && !job.options.json && hasScreen() ? new Live(job).run() : print(job)));
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It takes a whole number from 1.');
  return Number(text);
}

const parseDelay = (text: string): number => Math.max(SHORTEST_MS, parseDuration(/^\d+(\.\d+)?$/.test(text) ? `${text}s` : text));

function parsePids(text: string): number[] {
  if (!/^\d+(,\d+)*$/.test(text)) throw new InvalidArgumentError('It takes a list of pids such as 2,15.');
  return text.split(',').map(Number);
}

async function look(client: Client, pids: readonly number[] | undefined, signal?: AbortSignal): Promise<Sample> {
  const [stat, { items, result }] = await Promise.all([client.call('stat', {}, signal && { signal }), client.collect('ps', {}, signal && { signal })]);
  return { stat, now: result.now, tasks: items.flat().filter(({ pid }) => pids === undefined || pids.includes(pid)) };
}

// --- Into a pipe --------------------------------------------------------------------------------------------------

async function print({ client, options, around, json }: Job<TopOptions>): Promise<void> {
  const { iterations = options.batch && !options.json ? Infinity : 1, delay, sort, busy, pid } = options;
  const signal = around.signal;
  const wishes: Wishes = { sort, reverse: false, busyOnly: busy === true };
  let before = await look(client, pid, signal);
  for (let i = 0; i < iterations; i++) {
    await sleep(i === 0 && iterations === 1 ? Math.min(delay, 1000) : delay, undefined, signal && { signal });
    const sample = await look(client, pid, signal);
    const frame = frameOf(before, sample);
    const tasks = chosenTasks(frame, wishes);
    if (options.json) json({ ...frame, tasks });
    else await around.print(`${i > 0 ? '\n' : ''}${[...summary(frame, client.hello, 80, Infinity), { text: '' }, { text: tableHeader() }, ...tasks.map((task) => ({ text: tableLine(task) }))].map(({ text }) => `${text.trimEnd()}\n`).join('')}`);
    before = sample;
  }
}

// --- On a terminal ------------------------------------------------------------------------------------------------

const SORT_BY: Readonly<Record<string, SortKey>> = Object.freeze({ P: 'cpu', W: 'wakeups', T: 'time', N: 'pid', S: 'state', C: 'name' });
/** From left to right. */
const COLUMNS: readonly SortKey[] = ['pid', 'state', 'cpu', 'wakeups', 'time', 'name'];

class Live {
  readonly #job: Job<TopOptions>;
  readonly #quit = new AbortController();
  /** Ends the pause between two looks. */
  #hurry: () => void = () => {};
  #wishes: Wishes;
  #frame: Frame | undefined;
  #page: 'tasks' | 'stack' | 'help' = 'tasks';
  /** The chosen thread. */
  #pid = 0;
  #first = 0;
  #stack: { pid: number; title: string; lines: readonly string[] } | undefined;
  #screen!: Screen;

  constructor(job: Job<TopOptions>) {
    this.#job = job;
    this.#wishes = { sort: job.options.sort, reverse: false, busyOnly: job.options.busy === true };
  }

  async run(): Promise<void> {
    const { signal } = this.#quit;
    const quit = new Promise<void>((resolve) => { signal.addEventListener('abort', () => resolve(), { once: true }); });
    using screen = new Screen({ key: (key) => this.#key(key), redraw: () => this.#draw() });
    this.#screen = screen;
    const watching = this.#watch();
    watching.catch(() => {}); // What comes after the end of a race.
    try {
      await Promise.race([quit, watching]);
    } finally {
      this.#quit.abort();
      this.#hurry(); // Or its timer would keep the process alive.
    }
  }

  async #watch(): Promise<void> {
    const { client, options: { iterations = Infinity, delay, pid } } = this.#job;
    const { signal } = this.#quit;
    let before = await look(client, pid, signal);
    for (let i = 0; i < iterations; i++) {
      await this.#pause(i === 0 ? Math.min(delay, FIRST_MS) : delay);
      const sample = await look(client, pid, signal);
      this.#frame = frameOf(before, sample);
      before = sample;
      if (this.#page === 'stack') await this.#lookAtStack();
      this.#draw();
    }
    await this.#pause(delay); // So that one sees the last one, too.
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #lookAtStack(): Promise<void> {
    const pid = this.#pid;
    const task = this.#frame?.tasks.find((task) => task.pid === pid);
    try {
      const { name, state, trace } = await this.#job.client.call('stack', { who: pid }, { signal: this.#quit.signal });
      const sleeps = task && task.sleptMs > 0 ? `, asleep for ${(task.sleptMs / 1000).toFixed(1)} s` : '';
      this.#stack = { pid, title: `${printable(name)}[${pid}] ${state}${sleeps}`, lines: trace.length > 0 ? trace : ['(nothing to see)'] };
    } catch (error) {
      if (this.#quit.signal.aborted) return;
      this.#stack = { pid, title: `[${pid}]`, lines: [(error as Error).message] };
    }
  }

  // --- Keys ---------------------------------------------------------------------------------------------------------

  #key(key: string): void {
    if (key === 'interrupt') return this.#quit.abort();
    if (this.#page !== 'tasks') {
      if (['q', 'enter', 'escape', 'h', '?'].includes(key)) this.#page = 'tasks';
      else if (key === ' ') this.#hurry();
    } else if (key === 'q') return this.#quit.abort();
    else this.#tasksKey(key);
    this.#draw();
  }

  #tasksKey(key: string): void {
    const wishes = this.#wishes;
    const page = Math.max(1, this.#room() - 1);
    const steps: Readonly<Record<string, number>> = { up: -1, k: -1, down: 1, j: 1, pageup: -page, pagedown: page, home: -Infinity, end: Infinity };
    if (key in SORT_BY) this.#wishes = { ...wishes, sort: SORT_BY[key], reverse: false };
    else if (key === '<' || key === '>') this.#wishes = { ...wishes, sort: COLUMNS[(COLUMNS.indexOf(wishes.sort) + (key === '>' ? 1 : COLUMNS.length - 1)) % COLUMNS.length], reverse: false };
    else if (key === 'R') this.#wishes = { ...wishes, reverse: !wishes.reverse };
    else if (key === 'i') this.#wishes = { ...wishes, busyOnly: !wishes.busyOnly };
    else if (key in steps) this.#move(steps[key]);
    else if (key === 'h' || key === '?') this.#page = 'help';
    else if (key === ' ') this.#hurry();
    else if (key === 'enter' && this.#frame) {
      if (this.#pid === 0) this.#move(0);
      this.#page = 'stack';
      void this.#lookAtStack().then(() => this.#draw());
    }
  }

  #move(by: number): void {
    if (!this.#frame) return;
    const tasks = chosenTasks(this.#frame, this.#wishes);
    const from = tasks.findIndex(({ pid }) => pid === this.#pid);
    const to = Math.max(0, Math.min(tasks.length - 1, from < 0 && Math.abs(by) <= 1 ? 0 : Math.max(0, from) + by));
    this.#pid = tasks[to]?.pid ?? 0;
  }

  // --- Drawing ------------------------------------------------------------------------------------------------------

  #draw(): void {
    const screen = this.#screen;
    if (!this.#frame) return screen.draw([{ text: 'top: looking ...' }]);
    screen.draw(this.#page === 'help' ? this.#help() : this.#page === 'stack' ? this.#trace() : this.#tasks(this.#frame));
  }

  #summary(frame: Frame): Line[] {
    return summary(frame, this.#job.client.hello, this.#screen.columns, this.#screen.rows);
  }

  /** Lines for threads below the summary, the table's header and the last line. */
  #room(): number {
    return Math.max(1, this.#screen.rows - (this.#frame ? this.#summary(this.#frame).length : 0) - 3);
  }

  #tasks(frame: Frame): Line[] {
    const room = this.#room();
    const tasks = chosenTasks(frame, this.#wishes);
    const at = tasks.findIndex(({ pid }) => pid === this.#pid);
    if (at >= 0) this.#first = Math.max(at - room + 1, Math.min(this.#first, at));
    this.#first = Math.max(0, Math.min(this.#first, tasks.length - room));
    const shown = tasks.slice(this.#first, this.#first + room);
    const lines = shown.map((task): Line => {
      const text = tableLine(task);
      if (task.pid === this.#pid) return { text, tone: 'chosen' };
      if (task.letter === 'R') return { text, tone: 'busy' };
      return task.letter === 'D' ? { text, tone: 'stuck' } : { text };
    });
    const { sort, reverse, busyOnly } = this.#wishes;
    const more = tasks.length > shown.length ? `${this.#first + 1}-${this.#first + shown.length} of ${tasks.length}, ` : '';
    return [
      ...this.#summary(frame), { text: '' }, { text: tableHeader(), tone: 'header' }, ...lines,
      ...Array.from({ length: room - shown.length }, () => ({ text: '' })),
      { text: `${more}by ${sort}${reverse ? ', reversed' : ''}${busyOnly ? ', busy ones only' : ''}  Enter: call trace  h: help  q: quit`, tone: 'faint' },
    ];
  }

  #trace(): Line[] {
    const { title, lines } = this.#stack?.pid === this.#pid ? this.#stack : { title: `[${this.#pid}]`, lines: ['looking ...'] };
    return [{ text: title, tone: 'header' }, ...lines.map((line) => ({ text: `    ${printable(line)}` })), { text: '' }, { text: 'Enter, q: back', tone: 'faint' }];
  }

  #help(): Line[] {
    return [{ text: 'Keys', tone: 'header' }, ...KEYS.map(([keys, what]) => ({ text: `${keys.padEnd(8)} ${what}` })), { text: '' }, { text: 'q: back', tone: 'faint' }];
  }
}

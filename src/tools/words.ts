/**
 * What can stand where on a command line, for Tab: which words a command takes, by the table of commands itself, and how they
 * are found out. The scripts for bash, zsh and fish (completion.ts) and the prompt (shell.ts) are made from it.
 */
import type { Command, Option } from 'commander';

/** What a command takes that is no option. */
export type Kind = 'nothing' | 'thread' | 'module' | 'setting' | 'path' | 'file' | 'machine' | 'command' | 'shell';

const KINDS: Readonly<Record<string, Kind>> = Object.freeze({
  run: 'file', build: 'file', doctor: 'file', conformance: 'file', list: 'nothing', ps: 'nothing', top: 'nothing', dmesg: 'nothing', kill: 'thread', stop: 'thread', park: 'thread', unpark: 'thread', freeze: 'nothing', thaw: 'nothing',
  wake: 'thread', renice: 'thread', taskset: 'thread', stack: 'thread', insmod: 'file', rmmod: 'module', lsmod: 'nothing', modinfo: 'module', sysctl: 'setting', cat: 'path', write: 'path', echo: 'path', ls: 'path', ioctl: 'path', mknod: 'path', metrics: 'nothing', trace: 'nothing',
  shell: 'nothing', completion: 'shell', help: 'command',
});

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** One command as Tab sees it. */
export interface Entry {
  readonly name: string;
  readonly about: string;
  readonly takes: Kind;
  readonly options: readonly Choice[];
}

export interface Choice {
  /** -n, --iterations */
  readonly flags: readonly string[];
  readonly about: string;
  /** Whether a value follows, and which there are, where that is known. */
  readonly value: boolean;
  readonly choices: readonly string[];
  readonly takes: Kind;
}

/** Every command of `program`, in the order of its help. Throws where this file does not know what a new one takes. */
export function entries(program: Command): Entry[] {
  return program.commands.map((command) => {
    const name = command.name();
    if (!Object.hasOwn(KINDS, name)) throw new Error(`words.ts does not say what ${name} takes`);
    return { name, about: command.description(), takes: KINDS[name], options: [...command.options.map(choice), { flags: ['-h', '--help'], about: 'print help', value: false, choices: [], takes: 'nothing' }] };
  });
}

const choice = (option: Option): Choice => ({
  flags: [option.short, option.long].filter((flag) => flag !== undefined), about: option.description, value: option.required || option.optional, choices: option.argChoices ?? [],
  takes: option.long === '--target' ? 'machine' : option.long === '--output' ? 'file' : 'nothing',
});

/** A part of a line: a word, or what stands between words in a shell, such as > and |. */
export interface Word {
  readonly text: string;
  readonly isOperator: boolean;
}

const OPERATORS = new Set('<>|&;');

/** A line as typed: its words and operators, with '...', "..." and \ as in a shell. The last is '' after a blank. Undefined where a quote is open. */
export function splitWords(line: string): Word[] | undefined {
  const words: Array<{ text: string; isOperator: boolean }> = [{ text: '', isOperator: false }];
  let began = false;
  let quote = '';
  for (let i = 0; i < line.length; i++) {
    const c = line[i];
    const last = words.at(-1)!;
    if (quote !== '') {
      if (c === quote) quote = '';
      else last.text += c === '\\' && quote === '"' && i + 1 < line.length ? line[++i] : c;
    } else if (c === '"' || c === "'") {
      quote = c;
      began = true;
    } else if (/\s/.test(c)) {
      if (began) words.push({ text: '', isOperator: false });
      began = false;
    } else if (c === '#' && !began) break;
    else if (OPERATORS.has(c)) {
      const text = line[i + 1] === c && c !== '<' && c !== ';' ? c + line[++i] : c;
      if (!began) words.pop();
      words.push({ text, isOperator: true }, { text: '', isOperator: false });
      began = false;
    } else {
      last.text += c === '\\' && i + 1 < line.length ? line[++i] : c;
      began = true;
    }
  }
  return quote === '' ? words : undefined;
}

/** The same as texts alone. */
export const splitLine = (line: string): string[] | undefined => splitWords(line)?.map(({ text }) => text);

/** What could stand for the last of `words`; `list` knows the words of a kind. */
export async function candidates(table: readonly Entry[], words: readonly string[], list: (kind: Kind, begun: string) => Promise<readonly string[]>): Promise<string[]> {
  const begun = words.at(-1) ?? '';
  return (await all()).filter((word) => word.startsWith(begun));

  async function all(): Promise<readonly string[]> {
    if (words.length > 2 && /^[<>]+$/.test(words.at(-2)!)) return list('path', begun);
    if (words.length <= 1) return [...table.map(({ name }) => name), 'help', 'exit'];
    if (words[0] === 'help') return table.map(({ name }) => name);
    const command = table.find(({ name }) => name === words[0]);
    if (!command) return [];
    const before = command.options.find(({ flags, value }) => value && flags.includes(words.at(-2)!));
    if (before) return before.choices.length > 0 ? before.choices : list(before.takes, begun);
    if (begun.startsWith('-')) return command.options.flatMap(({ flags }) => flags);
    return list(command.takes, begun);
  }
}

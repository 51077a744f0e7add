/**
 * A terminal of 80 columns and 24 rows that a test types into and reads: tmux(1), where there is one.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { until } from './terminal.fixture.js';

export const hasTmux = spawnSync('tmux', ['-V']).status === 0;

let terminals = 0;

export class Tmux {
  readonly #socket: string;

  /** Runs `command` in a shell of its own in `folder`; what the shell says after it is on the screen, too. */
  constructor(folder: string, env: NodeJS.ProcessEnv, command: string) {
    this.#socket = join(folder, `tmux-${++terminals}.sock`);
    const bare: NodeJS.ProcessEnv = { ...env, TERM: 'xterm', PS1: '$ ', LC_ALL: 'C.UTF-8' };
    delete bare.TMUX;
    this.#tmux(bare, '-f', '/dev/null', 'new-session', '-d', '-x', '80', '-y', '24', '-c', folder, 'sh');
    this.type(command);
    this.keys('Enter');
  }

  /** The lines that one sees, without the blanks at their ends; one that was broken at the edge is one line. */
  get screen(): string {
    return this.#tmux(process.env, 'capture-pane', '-p', '-J').replaceAll(/ +$/gm, '');
  }

  /** As written. */
  type(text: string): void {
    this.#tmux(process.env, 'send-keys', '-l', text);
  }

  /** By the names that tmux gives them: Enter, C-c, Up. */
  keys(...names: readonly string[]): void {
    this.#tmux(process.env, 'send-keys', ...names);
  }

  resize(columns: number, rows: number): void {
    this.#tmux(process.env, 'resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** What the terminal is set to: whether it shows a cursor, has its other screen, and echoes. */
  get modes(): { cursor: boolean; alternate: boolean } {
    const [cursor, alternate] = this.#tmux(process.env, 'display-message', '-p', '#{cursor_flag} #{alternate_on}').trim().split(' ');
    return { cursor: cursor === '1', alternate: alternate === '1' };
  }

  /** The process that has the terminal, when it is another one than the shell. */
  async foregroundPid(): Promise<number> {
    const shell = Number(this.#tmux(process.env, 'display-message', '-p', '#{pane_pid}'));
    const foreground = (): number => Number(execFileSync('ps', ['-o', 'tpgid=', '-p', String(shell)], { encoding: 'utf8' }));
    await until('a program in the foreground', () => foreground() !== shell);
    return foreground();
  }

  shows(pattern: RegExp): Promise<void> {
    return until(`${String(pattern)} on the screen`, () => pattern.test(this.screen), () => this.screen);
  }

  close(): void {
    spawnSync('tmux', ['-S', this.#socket, 'kill-server']);
  }

  #tmux(env: NodeJS.ProcessEnv, ...args: readonly string[]): string {
    return execFileSync('tmux', ['-S', this.#socket, ...args], { env, encoding: 'utf8' });
  }
}

/**
 * The whole screen of a terminal, for a command that redraws it. It gives the terminal back as it was on every way out that
 * a process can notice: close(), exit, an exception, a signal, Ctrl-Z. What is drawn is decided elsewhere.
 */
import { writeSync } from 'node:fs';

/** A line, and how all of it is painted. */
export interface Line {
  readonly text: string;
  readonly tone?: keyof typeof TONES;
}

const TONES = Object.freeze({ title: '\x1b[1m', header: '\x1b[7m', chosen: '\x1b[7m\x1b[1m', busy: '\x1b[1m', stuck: '\x1b[33m', faint: '\x1b[2m' });
const PLAIN = '\x1b[0m';
/** Another screen, no cursor, and long lines cut instead of wrapped; then all of it back. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l', LEAVE = '\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l';
const SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;
const CTRL_C = '\x03', CTRL_Z = '\x1a';

const KEYS: Readonly<Record<string, string>> = Object.freeze({
  '\x1b[A': 'up', '\x1b[B': 'down', '\x1bOA': 'up', '\x1bOB': 'down', '\x1b[5~': 'pageup', '\x1b[6~': 'pagedown', '\x1b[H': 'home', '\x1b[F': 'end', '\x1b[1~': 'home', '\x1b[4~': 'end',
  '\r': 'enter', '\n': 'enter', '\x1b': 'escape', [CTRL_C]: 'interrupt',
});

export interface ScreenEvents {
  /** One key: its character, or up, down, pageup, pagedown, home, end, enter, escape, interrupt (Ctrl-C). */
  key(key: string): void;
  /** The size has changed, or another program had the screen meanwhile. */
  redraw(): void;
}

/** Whether there is a terminal at both ends. */
export const hasScreen = (): boolean => process.stdin.isTTY && process.stdout.isTTY;

export class Screen implements Disposable {
  readonly #events: ScreenEvents;
  #entered = false;
  readonly #leave = (): void => this.#exit();
  readonly #die = (signal: NodeJS.Signals): void => {
    this.close();
    process.kill(process.pid, signal);
  };
  readonly #data = (data: Buffer): void => this.#hear(data.toString('utf8'));
  readonly #resize = (): void => this.#events.redraw();
  readonly #cont = (): void => {
    this.#entered = false; // Whoever had the terminal meanwhile may have left it in any mode.
    this.#enter();
    this.#events.redraw();
  };

  constructor(events: ScreenEvents) {
    this.#events = events;
    process.on('exit', this.#leave);
    process.on('uncaughtExceptionMonitor', this.#leave); // Before Node prints the exception, on a screen where one can read it.
    for (const signal of SIGNALS) process.on(signal, this.#die);
    process.on('SIGCONT', this.#cont);
    process.stdout.on('resize', this.#resize);
    process.stdin.on('data', this.#data);
    this.#enter();
  }

  get columns(): number {
    return process.stdout.columns || 80;
  }

  get rows(): number {
    return process.stdout.rows || 24;
  }

  /** As many as there is room for; what was there before goes. */
  draw(lines: readonly Line[]): void {
    if (!this.#entered) return;
    const shown = lines.slice(0, this.rows).map(({ text, tone }) => {
      const cut = text.slice(0, this.columns);
      return tone === undefined ? `${cut}\x1b[K` : `${TONES[tone]}${tone === 'header' || tone === 'chosen' ? cut.padEnd(this.columns) : cut}${PLAIN}\x1b[K`;
    });
    process.stdout.write(`\x1b[H${shown.join('\r\n')}\x1b[J`);
  }

  /** May be called again. */
  close(): void {
    this.#exit();
    process.off('exit', this.#leave);
    process.off('uncaughtExceptionMonitor', this.#leave);
    for (const signal of SIGNALS) process.off(signal, this.#die);
    process.off('SIGCONT', this.#cont);
    process.stdout.off('resize', this.#resize);
    process.stdin.off('data', this.#data);
    process.stdin.pause();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #enter(): void {
    if (this.#entered) return;
    this.#entered = true;
    process.stdin.setRawMode(true).resume();
    process.stdout.write(ENTER);
  }

  #exit(): void {
    if (!this.#entered) return;
    this.#entered = false;
    try {
      process.stdin.setRawMode(false);
      writeSync(process.stdout.fd, LEAVE); // There may be no turn of the event loop any more.
    } catch {
      // The terminal is gone.
    }
  }

  #hear(text: string): void {
    // eslint-disable-next-line no-control-regex -- keys are control characters
    for (const [key] of text.matchAll(/\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Z]|[\s\S]/gu)) {
      if (key !== CTRL_Z) this.#events.key(KEYS[key] ?? key);
      else {
        this.#exit();
        process.kill(process.pid, 'SIGTSTP');
      }
    }
  }
}

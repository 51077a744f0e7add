/**
 * For tests of modules in C: writes one into a folder of its own, loads it, and hands out what the log says from then on.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { LogReader, type Module } from '../index.js';
import type { Machine } from '../init/main.js';

/** How long a compiler may take to start on a busy computer, ms. */
export const COMPILE_MS = 120_000;

/** A folder for the sources of a test file; what was compiled is kept for the next run of the tests. */
export function sources(): { write(files: Readonly<Record<string, string>>): string } {
  process.env.KTHREAD_CACHE ??= join(tmpdir(), 'kthread-test-cache');
  const folder = mkdtempSync(join(tmpdir(), 'kthread-c-'));
  let n = 0;
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return {
    /** Writes files and returns the folder they are in. */
    write(files) {
      const into = join(folder, String(++n));
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(into, name)), { recursive: true });
        writeFileSync(join(into, name), text);
      }
      return into;
    },
  };
}

/** The lines of the log from now on, without levels and stamps. */
export function logFromNow(): () => string[] {
  const reader = new LogReader('next');
  const lines: string[] = [];
  return () => {
    for (let record = reader.next(); record; record = reader.next()) lines.push(...record.text.split('\n'));
    return lines;
  };
}

/** A function that loads a module of that name and text, and gives its lines of the log from then on. */
export function loader(machine: () => Machine): (name: string, text: string) => Promise<() => string[]> {
  const { write } = sources();
  return async (name, text) => {
    const lines = logFromNow();
    await machine().insmod(join(write({ [`${name}.c`]: text }), `${name}.c`));
    return lines;
  };
}

/** What every module of C begins with. */
export const HEAD = '#include <linux/module.h>\n#include <linux/kthread.h>\n#include <linux/delay.h>\nMODULE_LICENSE("GPL");\n';

/** Loads a module, lets it run until `ended`, removes it, and returns its lines. */
export async function runModule(machine: Machine, file: string, params: Readonly<Record<string, string>> = {}, ended: (lines: string[], module: Module) => boolean | Promise<boolean> = () => true): Promise<string[]> {
  const lines = logFromNow();
  const module = await machine.insmod(file, params);
  for (let i = 0; i < 3000 && !(await ended(lines(), module)); i++) await new Promise((resolve) => setTimeout(resolve, 20));
  await machine.rmmod(module.name);
  return lines();
}

/**
 * The scripts of kthread completion, in the shells that are here; bash is everywhere.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, existsSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Terminal } from './terminal.fixture.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const terminal = new Terminal();
const bin = join(terminal.folder, 'bin');
const env = { ...terminal.env, PATH: `${bin}:${process.env.PATH}` };
afterAll(() => terminal.close());

const has = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;

beforeAll(async () => {
  mkdirSync(bin);
  chmodSync(terminal.kthreadPath, 0o755);
  symlinkSync(terminal.kthreadPath, join(bin, 'kthread'));
  terminal.write('ticker.ts', '');
  for (const shell of ['bash', 'zsh', 'fish']) terminal.write(`kthread.${shell}`, (await terminal.kthread('completion', shell)).out);
  await terminal.program(`
    await k.boot({ control: true, name: 'shop' });
    for (const name of ['poll er', 'poll$(touch pwned)', 'other']) await k.kthreadRun(async () => { for (;;) await k.msleep(60_000); }, undefined, '%s', name);
  `);
});

test('every command and option is in every script', async () => {
  const table = JSON.parse((await terminal.kthread('completion', 'bash', '--json')).out) as Array<{ name: string; options: Array<{ flags: string[] }> }>;
  const help = (await terminal.kthread('--help')).out;
  expect(table.map(({ name }) => name)).toEqual([...help.matchAll(/^ {2}([a-z]+) (?=.*\S)/gm)].map(([, name]) => name).filter((name) => name !== 'help' && name !== 'kthread'));
  const scripts = await Promise.all(['bash', 'zsh', 'fish'].map(async (shell) => (await terminal.kthread('completion', shell)).out));
  for (const { name, options } of table) {
    for (const script of scripts) expect(script).toMatch(new RegExp(`\\b${name}\\b`));
    for (const flag of options.flatMap(({ flags }) => flags)) for (const script of scripts.slice(0, 2)) expect(script).toContain(flag);
  }
  expect(await terminal.kthread('completion', 'csh')).toMatchObject({ status: 2, err: expect.stringMatching(/Allowed choices are bash, zsh, fish/) as string });
});

describe.runIf(has('bash'))('bash', () => {
  /** What Tab offers after these words, the last of which is begun. */
  const complete = (...words: readonly string[]): string[] => execFileSync('bash', ['--norc', '-c', `source kthread.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _kthread; printf '%s\\n' "\${COMPREPLY[@]}"`, 'bash', 'kthread', ...words], { cwd: terminal.folder, env, encoding: 'utf8' }).split('\n').filter(Boolean);

  test('commands, options and their values', () => {
    expect(complete('st')).toEqual(['stop', 'stack']);
    expect(complete('dmesg', '--follow')).toEqual(['--follow', '--follow-new']);
    expect(complete('dmesg', '--color', 'a')).toEqual(['auto', 'always']);
    expect(complete('top', '--delay', '')).toEqual([]);
    expect(complete('completion', '')).toEqual(['bash', 'zsh', 'fish']);
    expect(complete('help', 'insm')).toEqual(['insmod']);
    expect(complete('insmod', 'tick')).toEqual(['ticker.ts']);
    expect(complete('nothing', '')).toEqual([]);
  });

  test('names of threads, settings, files of /proc and machines, none of which is expanded', () => {
    expect(complete('stack', 'poll')).toEqual(['poll\\ er', 'poll\\$\\(touch\\ pwned\\)']);
    expect(existsSync(join(terminal.folder, 'pwned'))).toBe(false);
    expect(complete('sysctl', 'kernel.hung_task_t')).toEqual(['kernel.hung_task_timeout_secs']);
    expect(complete('cat', '/proc/sys/kernel/pid')).toEqual(['/proc/sys/kernel/pid_max']);
    expect(complete('ps', '--target', '')).toEqual(['shop']);
    expect(complete('stack', '--target', 'nobody', '')).toEqual([]);
    expect(complete('stack', '--target', 'shop', 'oth')).toEqual(['other']);
  });
});

test.runIf(has('zsh'))('zsh reads its script', () => {
  expect(spawnSync('zsh', ['-f', '-c', 'autoload -U compinit; compinit -u -D; source ./kthread.zsh; print $_comps[kthread]; _kthread_list thread'], { cwd: terminal.folder, env, encoding: 'utf8' })).toMatchObject({ stdout: expect.stringMatching(/^_kthread\n(?:.*\n)*other\n/) as string, stderr: '' });
});

test.runIf(has('fish'))('fish completes with its script', () => {
  const complete = (line: string): string => execFileSync('fish', ['-N', '-c', `source kthread.fish; complete -C '${line}'`], { cwd: terminal.folder, env, encoding: 'utf8' });
  expect(complete('kthread sta')).toMatch(/^stack\tshow/);
  expect(complete('kthread stack oth')).toMatch(/^other/);
  expect(complete('kthread dmesg --color a')).toMatch(/^always\b.*\nauto\b/);
});

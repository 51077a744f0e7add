/**
 * What only the real platform shows: the names of OS threads as top -H would print them.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { kthreadStop, wakeUpProcess } from '../../index.js';
import { PLAIN, until, words } from '../../kernel/kinds.fixture.js';
import { WORDS, obedient } from '../../kernel/kthread.fixture.js';
import { oneMachine } from '../../kernel/machine.fixture.js';

oneMachine();

const names = (): string[] => readdirSync('/proc/self/task').map((tid) => readFileSync(`/proc/self/task/${tid}/comm`, 'utf8').trim());

test.runIf(process.platform === 'linux')('the OS thread of a plain thread bears its name while it runs, and the main thread keeps its own', async () => {
  const before = readFileSync('/proc/self/comm', 'utf8');
  const task = await PLAIN.create(obedient, { at: words(WORDS), value: 5 }, 'a miner of long name');
  wakeUpProcess(task);
  await until(() => names().includes('a miner of long'));
  await kthreadStop(task);
  await until(() => !names().includes('a miner of long'));
  expect(names()).toContain('kthread-host');
  expect(readFileSync('/proc/self/comm', 'utf8')).toBe(before);
});

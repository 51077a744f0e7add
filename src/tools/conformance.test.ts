/**
 * kthread conformance as a user runs it: cases that pass, that fail and why, each kind of step, and files that are wrong. The
 * cases are TypeScript, so that no compiler is needed; those in C are in test/conformance.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const program = fileURLToPath(new URL('./kthread.js', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'conformance-'));
afterAll(() => rmSync(dir, { recursive: true }));

const MODULE = `import { SIGUSR1, allowSignal, kthreadRun, kthreadShouldStop, kthreadStop, moduleExit, moduleInit, moduleParam, prErr, prInfo, signalPending, flushSignals, scheduleTimeoutInterruptible } from 'kthread';
const text = moduleParam(import.meta, 'text', 'charp', 'none');
let task;
moduleInit(async () => {
  prInfo('NAME: text is %s\\n', text.value);
  if (text.value === 'bad') return -19;
  task = await kthreadRun(async () => {
    allowSignal(SIGUSR1);
    while (!kthreadShouldStop()) {
      await scheduleTimeoutInterruptible(5000);
      if (signalPending() && !kthreadShouldStop()) prErr('NAME: a signal\\n');
      flushSignals();
    }
    return 3;
  }, undefined, 'NAME_thread');
  prInfo('NAME: done\\n');
  return 0;
});
moduleExit(async () => prInfo('NAME: %d\\n', await kthreadStop(task)));
`;

function write(name: string, expected: readonly string[], json?: object | string): void {
  writeFileSync(join(dir, `${name}.ts`), MODULE.replaceAll('NAME', name));
  writeFileSync(join(dir, `${name}.expected`), expected.map((line) => `${line}\n`).join(''));
  if (json !== undefined) writeFileSync(join(dir, `${name}.json`), typeof json === 'string' ? json : JSON.stringify(json));
}

const run = (...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> => new Promise((resolve) => {
  execFile(process.execPath, [program, 'conformance', dir, ...args], (error, stdout, stderr) => resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }));
});

test('cases that print what is expected pass, and every kind of step leaves its line', { timeout: 60_000 }, async () => {
  write('plain', ['plain: text is none', 'plain: done', 'plain: 3']);
  write('steps', [
    '$ echo 3 > /proc/sys/kernel/hung_task_warnings', '<6>steps: text is two words', '<6>steps: done', '$ kill USR1 steps_thread', '<3>steps: a signal', '$ kill TERM nobody: no such thread',
    '$ ps steps_thread: steps_thread S 2', '$ ps nobody: no such thread', '$ cat /proc/sys/kernel/hung_task_warnings: 3', "$ count 'steps: ': 3",
    '$ insmod: ERROR: could not insert module steps.ko: File exists', '$ rmmod: ERROR: Module nothing is not currently loaded', '<6>steps: 3', '$ echo 10 > /proc/sys/kernel/hung_task_warnings',
  ].filter((line) => !line.includes('Module nothing')), {
    levels: true, insmod: '\'text="two words"\'', before: [{ write: '/proc/sys/kernel/hung_task_warnings', value: '3' }],
    steps: [
      { waitFor: 'done' }, { sleep: 0.1 }, { kill: 'USR1', comm: 'steps_thread' }, { waitFor: 'a signal', max: 5 }, { sleep: 0.1 }, { kill: 'TERM', comm: 'nobody' },
      { ps: 'steps_thread', fields: ['comm', 'stat', 'ppid'] }, { ps: 'nobody', fields: ['comm'] }, { read: '/proc/sys/kernel/hung_task_warnings' }, { count: 'steps: ' }, { insmod: '' },
    ],
    after: [{ write: '/proc/sys/kernel/hung_task_warnings', value: '10' }],
  });
  write('fails', ['fails: text is bad', '$ insmod: ERROR: could not insert module fails.ko: No such device', '$ rmmod: ERROR: Module fails is not currently loaded'], { insmod: 'text=bad', fail: 'ENODEV', steps: [{ rmmod: true }] });
  write('other', ['other: TEXT is none', 'other: done', 'other: 3'], { deviates: { why: 'it whispers', subst: [['text (is)', 'TEXT \\1']] } });
  expect(await run('plain', 'steps', 'fails', 'other')).toEqual({ status: 0, stderr: '', stdout: 'ok   plain\nok   steps\nok   fails\nok   other (deviates: it whispers)\n4 passed, 0 failed\n' });
});

test('a case that differs is told with what is missing and what is too much', { timeout: 60_000 }, async () => {
  write('differs', ['differs: text is none', 'differs: done', 'differs: 4', 'differs: more']);
  const { status, stdout } = await run('differs', 'plain');
  expect([status, stdout]).toEqual([1, 'FAIL differs\n       differs: text is none\n       differs: done\n     - differs: 4\n     - differs: more\n     + differs: 3\nok   plain\n1 passed, 1 failed\n']);
});

test('what goes wrong besides the lines fails a case: a wait in vain, an insmod that should have failed', { timeout: 60_000 }, async () => {
  write('waits', ['waits: text is none', 'waits: done'], { steps: [{ waitFor: 'Godot', max: 0.2 }] });
  write('succeeds', ['succeeds: text is none', 'succeeds: done'], { fail: 'ENODEV' });
  const { status, stdout } = await run('waits', 'succeeds', 'plain', '--json');
  expect(status).toBe(1);
  expect(stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as unknown)).toEqual([
    expect.objectContaining({ name: 'waits', passed: false, wrong: ['"waits: Godot" was not in the log within 0.2 s'] }),
    expect.objectContaining({ name: 'succeeds', passed: false, wrong: ['insmod: it succeeded, but it must fail with ENODEV'] }),
    expect.objectContaining({ name: 'plain', passed: true, wrong: [] }),
    { passed: 1, failed: 2 },
  ]);
});

test.each([
  ['unknown', { colour: 'red' }, 'unknown key "colour"'],
  ['nostep', { steps: [{ dance: 1 }] }, '{"dance":1} is no step'],
  ['lacks', { steps: [{ kill: 'TERM' }] }, 'lacks "comm"'],
  ['nowhy', { deviates: {} }, '"deviates" needs a "why"'],
  ['pattern', { also: ['('] }, 'Unterminated group'],
  ['nojson', '{', 'JSON'],
])('a file that is wrong is named: %s', async (name, json, says) => {
  write(name, [], json);
  const { status, stderr } = await run(name);
  expect(status).toBe(2);
  expect(stderr).toContain(`${name}.json: `);
  expect(stderr).toContain(says);
  rmSync(join(dir, `${name}.expected`));
});

test('a case that is not there, and a directory without any', async () => {
  expect(await run('nowhere')).toMatchObject({ status: 2, stderr: expect.stringMatching(/^conformance: .* has no case nowhere; it has .*plain/) });
  expect(await run('--list', 'plain')).toMatchObject({ status: 0, stdout: 'plain\n' });
});

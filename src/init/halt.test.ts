/** The end of a machine, and with it of its program: what does not end in time is told, and nothing keeps the process alive. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { bareMachine } from '../kernel/bare.fixture.js';
import { w32 } from '../lib/memory.js';
import { layoutVersion } from '../lib/struct.js';
import { MACHINE, machineWord } from '../kernel/memlayout.js';
import { attach } from './join.js';

const PROGRAM = fileURLToPath(new URL('./halt.fixture.js', import.meta.url));

function run(what: string): { status: number | null; signal: string | null; err: string; report: { stopped: number; left: Array<{ comm: string; trace: string }> } } {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, what], { encoding: 'utf8', timeout: 60_000 });
  return { status, signal, err: stderr, report: JSON.parse(stdout || 'null') as ReturnType<typeof run>['report'] };
}

test('after a shutdown the process ends by itself', { timeout: 90_000 }, () => {
  expect(run('tidy')).toEqual({ status: 0, signal: null, err: '', report: { stopped: 3, left: [] } });
});

test('threads that do not stop in time are told by name and place, and keep nothing alive', { timeout: 90_000 }, () => {
  const { status, signal, report } = run('deaf');
  expect({ status, signal }).toEqual({ status: 0, signal: null });
  expect(report.left.map(({ comm }) => comm).toSorted()).toEqual(expect.arrayContaining(['loops', 'sleeps on']));
  expect(report.left.find(({ comm }) => comm === 'sleeps on')!.trace).toMatch(/^msleep\n[^]*sleepsOn \(.*halt\.fixture/);
  expect(report.stopped + report.left.length).toBe(5);
});

test('an isolate refuses a memory that another version of the library laid out, or nobody', () => {
  const memory = bareMachine();
  const ours = `0x${(layoutVersion() >>> 0).toString(16)}`;
  w32(machineWord(MACHINE.layout), 0xbad);
  expect(() => attach(memory, 3)).toThrow(`another version of kthread (its memory layout is 0xbad, ours ${ours})`);
  w32(machineWord(MACHINE.magic), 0);
  expect(() => attach(memory, 3)).toThrow('this memory holds no machine');
});

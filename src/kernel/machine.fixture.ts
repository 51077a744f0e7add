/**
 * One machine for all tests of a file, which start and end with no thread on it. Booting in each test would cost more than
 * the tests. Imported by tests only: other isolates have no vitest.
 */
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { snapshot, type ProcTask } from '../fs/proc.js';
import { boot, type BootOptions, type Machine, type Task } from '../index.js';
import { until } from './kinds.fixture.js';

/** What the file's machine told its owner. */
export interface Heard {
  readonly machine: () => Machine;
  /** Oopses since the last test began. */
  readonly oopses: Array<{ readonly task: Task; readonly error: Error }>;
}

/** Boots a machine of two CPUs, without watchers, before the first test of the file and halts it after the last. */
export function oneMachine(opt: BootOptions = {}): Heard {
  let machine: Machine;
  const oopses: Heard['oopses'] = [];
  const start = async (): Promise<void> => {
    machine = await boot({ cpus: 2, memory: 64 << 20, watchdog: false, onOops: (task, error) => void oopses.push({ task, error }), ...opt });
  };
  beforeAll(start);
  afterAll(async () => {
    expect(await machine.shutdown()).toMatchObject({ left: [] });
  });
  afterEach(async () => {
    try {
      await until(() => threads().length === 0, 'no thread is left', 5000);
    } catch (error) {
      await machine.shutdown({ timeout: 1000 }); // A test that failed leaves its threads: they are not the next one's.
      await start();
      throw error;
    } finally {
      oopses.length = 0;
    }
  });
  return { machine: () => machine, oopses };
}

/** All kernel threads but kthreadd and the machine's own. */
export const threads = (): ProcTask[] => snapshot().filter((t) => t.pid > 2 && t.ppid === 2 && !t.kflags.includes('system'));
export const findPid = (pid: number): ProcTask | undefined => snapshot().find((t) => t.pid === pid);

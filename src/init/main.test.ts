/**
 * One machine after the other in the same process.
 */
import { expect, test } from 'vitest';
import { boot, snapshot } from '../index.js';
import { until } from '../kernel/kinds.fixture.js';

test('a machine that boots while the one before it was still to start its watchers has watchers too', async () => {
  await (await boot({ cpus: 1, memory: 64 << 20 })).shutdown();
  await using machine = await boot({ cpus: 1, memory: 64 << 20 });
  expect(machine.cpus).toBe(1);
  await until(() => snapshot().filter(({ kflags }) => kflags.includes('system')).length === 2, 'khungtaskd and watchdogd run');
});

test('a machine that halts while its watchers start takes them along', async () => {
  for (const ms of [990, 1000, 1010, 1030]) {
    const machine = await boot({ cpus: 1, memory: 64 << 20, onOops: (task, error) => expect.fail(`${task.comm}: ${error.message}`) });
    await new Promise((resolve) => { setTimeout(resolve, ms); });
    expect(await machine.shutdown()).toEqual({ stopped: 0, left: [] });
  }
});

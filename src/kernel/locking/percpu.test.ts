/**
 * Being alone on a CPU: whom get_cpu() keeps out, and that it nests.
 */
import { expect, test } from 'vitest';
import { buffer } from '../../lib/memory.js';
import { until, words } from '../kinds.fixture.js';
import { getTaskStruct, kthreadCreateOnCpu, kthreadStopPut, wakeUpProcess } from '../kthread.js';
import { oneMachine } from '../machine.fixture.js';
import { onCpu } from './percpu.fixture.js';
import { cpuGuard, getCpu, putCpu, smpProcessorId } from './percpu.js';
import { preemptCount, preemptDisable, preemptEnable } from './preempt.js';

oneMachine();

test('it nests, and counts as atomic context', () => {
  expect([getCpu(), preemptCount(), getCpu(), preemptCount()]).toEqual([smpProcessorId(), 1, 0, 2]);
  putCpu();
  {
    using _ = cpuGuard();
    expect(preemptCount()).toBe(2);
  }
  putCpu();
  expect(preemptCount()).toBe(0);
  preemptDisable();
  preemptDisable();
  preemptEnable();
  expect(preemptCount()).toBe(1);
  preemptEnable();
});

test('two plain threads of one CPU and one of another: each count is its CPU\'s, and no round is lost', async () => {
  const counts = new Int32Array(buffer, words(4), 4);
  const tasks = [];
  for (const cpu of [0, 1, 1]) tasks.push(getTaskStruct(await kthreadCreateOnCpu(onCpu.plain, { counts, rounds: 20_000 }, cpu, 'percpu/%u')));
  tasks.push(getTaskStruct(await kthreadCreateOnCpu(onCpu.shared, { counts, rounds: 20_000 }, 1, 'percpu/%u')));
  for (const task of tasks) wakeUpProcess(task);
  for (const task of tasks) {
    await until(() => task.state === 'X');
    expect(await kthreadStopPut(task)).toBe(0);
  }
  expect([...counts]).toEqual([20_000, 60_000, 0, 0]);
});

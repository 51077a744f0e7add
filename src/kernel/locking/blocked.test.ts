/**
 * What the hung-task detector says of a task that waits for a lock.
 */
import { expect, test } from 'vitest';
import { boot, dmesg, sysctl } from '../../index.js';
import { HERE, PLAIN, until } from '../kinds.fixture.js';
import { newMutex } from './mutex.js';
import { newPuppet } from './puppet.fixture.js';
import { newRwsem } from './rwsem.js';
import { newSemaphore } from './semaphore.js';

test('T214 it names the lock, who has it, and where that one is', async () => {
  await using _ = await boot({ cpus: 2, memory: 64 << 20 });
  sysctl('kernel.hung_task_timeout_secs', 1);
  const locks = [newMutex(), newSemaphore(1), newRwsem()] as const;
  const owner = await newPuppet(HERE, 'owner', ...locks);
  const calls = ['mutexLock', 'down', 'downWrite'] as const;
  for (const [i, call] of calls.entries()) await owner.does(call, locks[i]);
  const waiters = await Promise.all(calls.map((call) => newPuppet(PLAIN, `waits ${call}`, ...locks)));
  for (const [i, call] of calls.entries()) await waiters[i].waits(i === 2 ? 'downRead' : call, locks[i]);
  const [a, b, c] = waiters.map((w) => `${w.task.comm}:${w.task.pid}`);
  const log = (): string => dmesg().map((line) => line.replace(/^\[[^\]]*\] /, '')).join('\n');
  await until(() => (log().match(/likely (owned|last held) by task.*\ntask:owner/g) ?? []).length >= 3, 'all three are reported');
  const by = `by task owner:${owner.task.pid}`;
  for (const [line, who] of [[`is blocked on a mutex likely owned ${by}.`, a], [`blocked on a semaphore likely last held ${by}`, b], [`<reader> blocked on an rw-semaphore likely owned ${by} <writer>`, c]]) {
    expect(log()).toMatch(new RegExp(`INFO: task ${who} blocked for more than [1-9]\\d* seconds\\.\n(.*\n)*?INFO: task ${who} ${line}\ntask:owner           state:I`));
  }
  for (const [i, call] of (['mutexUnlock', 'up', 'upWrite'] as const).entries()) await owner.does(call, locks[i]);
  for (const waiter of waiters) await waiter.result();
  await waiters[0].does('mutexUnlock', locks[0]);
  await waiters[2].does('upRead', locks[2]);
  await Promise.all([owner, ...waiters].map((puppet) => puppet.stop()));
});

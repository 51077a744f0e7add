/** A thread for lockdep.test.ts that is held while it looks for a circle. */
import { holdAt } from '../baton.fixture.js';
import { threadfn } from '../kthread.js';
import type { Task } from '../sched/handle.js';
import { TASK } from '../sched/task.js';
import { mutexLockSync, mutexUnlock, type Mutex } from './mutex.js';

interface Looks {
  readonly has: Mutex;
  readonly wants: Mutex;
  readonly owner: Task;
  readonly baton: number;
}

/** Has one mutex and wants another; stops when it has seen who owns that, before it looks what the owner waits for. */
export const looker = threadfn(import.meta, 'looker', ({ has, wants, owner, baton }: Looks) => {
  mutexLockSync(has);
  holdAt(baton, 'load', owner.addr + TASK.blocked_on);
  mutexLockSync(wants);
  mutexUnlock(wants);
  mutexUnlock(has);
});

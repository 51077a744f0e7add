/** Five philosophers share five forks, each a mutex. Three may block, two await, and all of them take the lower fork first, so nobody starves. */
import {
  type Mutex, type Task, declareMutex, kthreadRun, kthreadShouldStop, kthreadStop, moduleExit, moduleInit, msleep, msleepSync, mutexGuard, mutexGuardSync, printk, threadfn,
} from 'kthread';

const forks = [0, 1, 2, 3, 4].map((n) => declareMutex(import.meta, `fork${n}`));
const beside = (seat: number): readonly Mutex[] => [seat, (seat + 1) % 5].toSorted().map((n) => forks[n]);

const thinker = threadfn(import.meta, 'thinker', async (seat: number) => {
  let meals = 0;
  for (; !kthreadShouldStop(); meals++) {
    using _lower = await mutexGuard(beside(seat)[0]); // Given back at the end of the block, however it is left.
    using _upper = await mutexGuard(beside(seat)[1]);
    await msleep(5);
  }
  return meals;
});

const blocker = threadfn(import.meta, 'blocker', (seat: number) => {
  let meals = 0;
  for (; !kthreadShouldStop(); meals++) {
    using _lower = mutexGuardSync(beside(seat)[0]);
    using _upper = mutexGuardSync(beside(seat)[1]);
    msleepSync(5);
  }
  return meals;
});

const table: Task[] = [];
moduleInit(async () => {
  for (let seat = 0; seat < 5; seat++) table.push(await kthreadRun(seat % 2 === 0 ? blocker : thinker, seat, 'seat/%d', seat));
});

moduleExit(async () => {
  for (const task of table) printk('%s ate %d times\n', task.comm, await kthreadStop(task));
});

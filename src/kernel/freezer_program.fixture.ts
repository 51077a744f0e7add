/** A program that shuts its machine down while it is frozen. Run by freezer.test.ts in a process of its own. */
import { boot, current, findTaskByPid, frozen, kthreadRun, kthreadShouldStop, msleep, scheduleTimeoutInterruptible, setFreezable, tryToFreeze } from '../index.js';

const machine = await boot({ cpus: 1, memory: 16 << 20 });
const { pid } = await kthreadRun(async () => {
  await setFreezable();
  while (!kthreadShouldStop()) {
    await tryToFreeze();
    await scheduleTimeoutInterruptible(1000);
  }
  return current().pid;
}, undefined, 'polite');
while (findTaskByPid(pid)?.state !== 'S') await msleep(1);
await machine.freeze();
const state = frozen(findTaskByPid(pid)!) ? 'frozen' : 'not frozen';
const { stopped, left } = await machine.shutdown();
process.stdout.write(`${state}, ${stopped} stopped, ${left.length} left\n`);

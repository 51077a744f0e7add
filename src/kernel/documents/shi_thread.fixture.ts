/** The module of document 004: counts seconds up to 31, and tells at its end how far it came. */
import { KERN_INFO, KernelError, kthreadRun, kthreadShouldStop, kthreadStop, moduleExit, moduleInit, moduleParam, msleep, printk, type Task } from '../../index.js';

const second = moduleParam(import.meta, 'second', 'uint', 1000, 'milliseconds that count as a second');
let thread: Task | undefined;

async function threadFunction(): Promise<number> {
  let times = 0;
  do {
    printk('%sthread_function: %d times', KERN_INFO, ++times);
    await msleep(second.value);
  } while (!kthreadShouldStop() && times <= 30);
  return times;
}

moduleInit(async () => {
  printk('%sHello, world!\n', KERN_INFO);
  try {
    thread = await kthreadRun(threadFunction, undefined, 'shi_thread%d', 1);
    printk('%screate ktrhead ok!\n', KERN_INFO);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    printk('%screate kthread failed!\n', KERN_INFO);
  }
});

moduleExit(async () => {
  printk('%sHello, exit!\n', KERN_INFO);
  if (thread) printk('%sthread function has run %ds\n', KERN_INFO, await kthreadStop(thread));
});

/** A module that does what its parameters say, and notes in words of its test what it saw. For module.test.ts. */
import {
  completeAll, current, declareCompletion, kthreadCreateOnCpu, kthreadRun, kthreadShouldStop, kthreadStop, moduleExit, moduleInit, moduleParam, msleep, printk, scheduleTimeoutInterruptible, scheduleTimeoutInterruptibleSync,
  threadfn, waitForCompletion, wakeUpProcess, type Task,
} from '../index.js';
import { fetchAdd, load, store } from '../lib/atomic.js';
import { BEGAN, ENDED, EXIT, GO, INIT } from './module_words.fixture.js';

const at = moduleParam(import.meta, 'at', 'uint', 0, 'words of the test');
const returns = moduleParam(import.meta, 'returns', 'int', 0, 'what init returns');
const starts = moduleParam(import.meta, 'starts', 'charp', '', 'kinds of threads');
const waits = moduleParam(import.meta, 'waits', 'bool', false, 'init waits for GO');
const forgets = moduleParam(import.meta, 'forgets', 'bool', false, 'exit stops nobody');
const ends = moduleParam(import.meta, 'ends', 'charp', '', 'init or exit ends the isolate');
const lingers = moduleParam(import.meta, 'lingers', 'uint', 0, 'how long its threads take to go, ms');

/** A record of the module, by which it starts its threads all at once. */
const ready = declareCompletion(import.meta, 'ready');
const threads: Task[] = [];

const patient = async (): Promise<number> => {
  fetchAdd(at.value + BEGAN, 1);
  await waitForCompletion(ready);
  while (!kthreadShouldStop()) await scheduleTimeoutInterruptible(1000);
  await msleep(lingers.value);
  fetchAdd(at.value + ENDED, 1);
  return 3;
};
const shared = threadfn(import.meta, 'shared', patient);
const plain = threadfn(import.meta, 'plain', () => {
  fetchAdd(at.value + BEGAN, 1);
  while (!kthreadShouldStop()) scheduleTimeoutInterruptibleSync(1000);
  fetchAdd(at.value + ENDED, 1);
  return 3;
});
/** Asks nobody whether it shall stop, and never leaves the CPU. */
const deaf = threadfn(import.meta, 'deaf', () => {
  fetchAdd(at.value + BEGAN, 1);
  for (;;) load(at.value);
});

const START: Readonly<Record<string, (name: string) => Promise<Task>>> = {
  closure: (name) => kthreadRun(patient, undefined, '%s', name),
  shared: (name) => kthreadRun(shared, undefined, '%s', name),
  plain: (name) => kthreadRun(plain, undefined, '%s', name),
  deaf: (name) => kthreadRun(deaf, undefined, '%s', name),
  async cpu1(name) {
    const task = await kthreadCreateOnCpu(shared, undefined, 1, `${name}/%u`);
    wakeUpProcess(task);
    return task;
  },
  fresh: (name) => kthreadCreateOnCpu(shared, undefined, 0, `${name}/%u`),
};

moduleInit(async () => {
  if (at.value !== 0) store(at.value + INIT, current().comm === 'insmod' ? 1 : 2);
  if (ends.value === 'init') process.exit(3);
  for (const kind of starts.value.split(',').filter(Boolean)) threads.push(await START[kind](`my ${kind}`));
  completeAll(ready);
  while (waits.value && load(at.value + GO) === 0) await scheduleTimeoutInterruptible(1);
  return returns.value;
});

moduleExit(async () => {
  if (at.value !== 0) store(at.value + EXIT, current().comm === 'rmmod' ? 1 : 2);
  if (ends.value === 'exit') process.exit(3);
  while (waits.value && load(at.value + GO) === 1) await scheduleTimeoutInterruptible(1);
  if (!forgets.value) for (const task of threads) printk('%s: %d\n', task.comm, await kthreadStop(task));
});

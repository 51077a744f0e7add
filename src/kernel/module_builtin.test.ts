/** Modules that the program itself imports: they are there before the machine boots. Others are module.test.ts's. */
import { expect, test } from 'vitest';
import { boot, current, declareCompletion, dmesg, kthreadRun, kthreadShouldStop, kthreadStop, moduleExit, moduleInit, moduleParam, scheduleTimeoutInterruptible, KernelError, type Task } from '../index.js';
import { EBUSY } from '../lib/errno.js';

const did: string[] = [];
const period = moduleParam(import.meta, 'period', 'int', 7);
const label = moduleParam(import.meta, 'label', 'charp', 'tick');
const ready = declareCompletion(import.meta, 'ready');
let task: Task;

moduleInit(async () => {
  did.push(`first init in ${current().comm}, ${label.value} ${period.value}, ${ready.done}`);
  task = await kthreadRun(async () => {
    while (!kthreadShouldStop()) await scheduleTimeoutInterruptible(period.value);
    return period.value;
  }, undefined, label.value);
});
moduleExit(async () => {
  did.push(`first exit in ${current().comm}: ${await kthreadStop(task)}`);
});
moduleInit(() => { throw new RangeError('a slip'); });
moduleInit(() => { throw new KernelError(-EBUSY, 'not now'); });
moduleInit(() => -EBUSY);
moduleInit(() => void did.push('last init'));
moduleExit(() => { throw new Error('a slip at the end'); });

test('before boot a parameter has its default', () => {
  expect([period.value, label.value]).toEqual([7, 'tick']);
});

test('the inits run at boot in order, the exits at shutdown from the last one on; one that fails is told and the others go on', async () => {
  const oopses: string[] = [];
  const machine = await boot({ cpus: 1, memory: 64 << 20, watchdog: false, onOops: (who, error) => void oopses.push(`${who.comm}: ${error.message}`) });
  expect(did).toEqual(['first init in swapper/0, tick 7, 0', 'last init']);
  expect(oopses).toEqual(['swapper/0: a slip']);
  expect(dmesg({ time: 'none' })).toEqual(expect.arrayContaining(['swapper/0: EBUSY: not now', 'built-in module: init failed: -EBUSY']));
  expect(await machine.shutdown()).toEqual({ stopped: 0, left: [] });
  expect(did.slice(2)).toEqual(['first exit in rmmod: 7']);
  expect(oopses.slice(1)).toEqual(['rmmod: a slip at the end']);
});

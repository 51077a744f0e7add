/**
 * A module whose threads leave by themselves, each completing a static completion as it goes; its exit waits for those. The
 * test loads and removes it.
 */
import { kthreadCompleteAndExit } from '../exit.js';
import { kthreadRun, kthreadShouldStop, threadfn } from '../kthread.js';
import { moduleExit, moduleInit } from '../module.js';
import { printk } from '../printk/printk.js';
import { msleep, msleepSync } from '../time/sleep.js';
import { declareCompletion, waitForCompletion } from './completion.js';

const gone = declareCompletion(import.meta, 'gone');
const plain = threadfn(import.meta, 'plain leaver', (ms: number) => {
  if (!kthreadShouldStop()) msleepSync(ms);
  kthreadCompleteAndExit(gone, 1);
});
const shared = threadfn(import.meta, 'async leaver', async (ms: number) => {
  if (!kthreadShouldStop()) await msleep(ms);
  kthreadCompleteAndExit(gone, 1);
});

moduleInit(async () => {
  await kthreadRun(plain, 20, 'leaver/plain');
  await kthreadRun(shared, 20, 'leaver/async');
});

moduleExit(async () => {
  await waitForCompletion(gone);
  await waitForCompletion(gone);
  printk('leaving: both are gone\n');
});

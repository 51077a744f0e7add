/** One side of a rally between TypeScript and C (rally_c.c): the court, the ball and the end of the game are declared here. */
import { MAX_SCHEDULE_TIMEOUT, type Task, declareCompletion, declareShared, declareWaitQueueHead, exportSymbol, kthreadRun, kthreadStop, moduleExit, moduleInit, msleepInterruptible, printk, waitEventInterruptible, waitForCompletionInterruptible, wakeUp } from 'kthread';

const court = declareWaitQueueHead(import.meta, 'court');
const over = declareCompletion(import.meta, 'over');
const ball = declareShared(import.meta, 'ball', Int32Array, 1); // 1: it comes to us, 2: to the other side.
exportSymbol(import.meta, 'court', court);
exportSymbol(import.meta, 'over', over);
exportSymbol(import.meta, 'ball', ball);

async function play(): Promise<number> {
  let strokes = 0;
  // -512: we are asked to stop.
  while ((await waitEventInterruptible(court, () => Atomics.load(ball, 0) === 1)) === 0) {
    printk('TypeScript plays stroke %d\n', ++strokes);
    Atomics.store(ball, 0, 2);
    wakeUp(court);
  }
  return strokes;
}

async function judge(): Promise<void> {
  if ((await waitForCompletionInterruptible(over)) === 0) printk('game over\n');
  await msleepInterruptible(MAX_SCHEDULE_TIMEOUT); // Until the module is removed.
}

let threads: Task[] = [];
moduleInit(async () => {
  threads = [await kthreadRun(play, undefined, 'player/ts'), await kthreadRun(judge, undefined, 'umpire')];
});
moduleExit(async () => {
  for (const thread of threads) await kthreadStop(thread);
});

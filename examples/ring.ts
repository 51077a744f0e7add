/** Two consumers on different isolates take numbers out of one shared ring. Taking is part of the condition, so nothing is taken twice. */
import { type Task, declareShared, declareWaitQueueHead, kthreadRun, kthreadRunOnCpu, kthreadShouldStop, kthreadStop, moduleExit, moduleInit, msleep, printk, threadfn, waitEventInterruptible, waitEventInterruptibleExclusive, wakeUp } from 'kthread';

const HEAD = 0, TAIL = 1, SLOT = 2, SLOTS = 8; // Both counts only grow; what lies between them is in the ring.
const ring = declareShared(import.meta, 'ring', Int32Array, SLOT + SLOTS);
const filled = declareWaitQueueHead(import.meta, 'filled'), room = declareWaitQueueHead(import.meta, 'room');

function take(): number {
  const head = Atomics.load(ring, HEAD);
  if (head === Atomics.load(ring, TAIL)) return 0;
  const item = Atomics.load(ring, SLOT + (head % SLOTS));
  return Atomics.compareExchange(ring, HEAD, head, head + 1) === head ? item : take(); // Else the other one has it: once more.
}

const consume = threadfn(import.meta, 'consume', async () => {
  let sum = 0;
  for (let item = 0; (await waitEventInterruptibleExclusive(filled, () => (item = take()) > 0)) === 0; wakeUp(room)) sum = (sum + item) | 0;
  return sum;
});

async function fill(): Promise<number> {
  let sum = 0;
  for (let n = 1; !kthreadShouldStop() && (await waitEventInterruptible(room, () => n - Atomics.load(ring, HEAD) <= SLOTS)) === 0; n++) {
    Atomics.store(ring, SLOT + ((n - 1) % SLOTS), n);
    Atomics.store(ring, TAIL, n); // From here on it can be taken.
    sum = (sum + n) | 0;
    wakeUp(filled); // One exclusive waiter: one number, one consumer.
    await msleep(1);
  }
  return sum;
}

const threads: Task[] = [];
moduleInit(async () => {
  for (let cpu = 0; cpu < 2; cpu++) threads.push(await kthreadRunOnCpu(consume, undefined, cpu, 'consumer/%u'));
  threads.unshift(await kthreadRun(fill, undefined, 'filler'));
});

moduleExit(async () => {
  for (const thread of threads) printk('%s: sum %d\n', thread.comm, await kthreadStop(thread)); // The filler first: the others empty the ring.
});

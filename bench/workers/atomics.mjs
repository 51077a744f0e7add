// One side of a ping-pong by nothing but Atomics.wait() and Atomics.notify(): the least that JavaScript pays for sleeping and
// waking. The first one counts the time, and says in the end what a round trip took.
import { parentPort, workerData } from 'node:worker_threads';
import { pinThread } from '../lib/pin.mjs';

const { words, cpu, rounds, first } = workerData;
const SLEEPING = 1;
const [mine, theirs, second] = first ? [0, 16, 32] : [16, 0, 32]; // Each on a cache line of its own.
const warm = Math.ceil(rounds / 10);

pinThread(cpu);
if (first) lead();
else follow();

function lead() {
  let start = 0n;
  let used = process.cpuUsage();
  Atomics.wait(words, second, 0);
  for (let i = 0; i < warm + rounds; i++) {
    if (i === warm) {
      start = process.hrtime.bigint();
      used = process.cpuUsage();
    }
    Atomics.store(words, mine, SLEEPING);
    wakeOther();
    sleep();
  }
  const { user, system } = process.cpuUsage(used);
  parentPort.postMessage({ value: Number(process.hrtime.bigint() - start) / 1000 / rounds, cpu: (user + system) / rounds });
}

function follow() {
  Atomics.store(words, mine, SLEEPING);
  Atomics.store(words, second, 1);
  Atomics.notify(words, second);
  for (let i = 0; i < warm + rounds; i++) {
    sleep();
    Atomics.store(words, mine, SLEEPING);
    wakeOther();
  }
  parentPort.postMessage(undefined);
}

function sleep() {
  while (Atomics.load(words, mine) === SLEEPING) Atomics.wait(words, mine, SLEEPING);
}

function wakeOther() {
  Atomics.store(words, theirs, 0);
  Atomics.notify(words, theirs, 1);
}

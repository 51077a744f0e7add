// One side of a ping-pong by postMessage(): answers each message. The first one counts the time, and says in the end what a
// round trip took; the second one, that it is over.
import { parentPort, workerData } from 'node:worker_threads';
import { pinThread } from '../lib/pin.mjs';

const { port, cpu, rounds, first } = workerData;
const OVER = -1;
const warm = Math.ceil(rounds / 10);
let trips = 0;
let start = 0n;
let used = process.cpuUsage();

pinThread(cpu);
port.on('message', first ? count : answer);
if (first) port.postMessage(0);

function answer(message) {
  if (message === OVER) parentPort.postMessage(undefined);
  else port.postMessage(0);
}

function count() {
  if (trips++ === warm) {
    start = process.hrtime.bigint();
    used = process.cpuUsage();
  }
  if (trips <= warm + rounds) return port.postMessage(0);
  const { user, system } = process.cpuUsage(used);
  port.postMessage(OVER);
  return parentPort.postMessage({ value: Number(process.hrtime.bigint() - start) / 1000 / rounds, cpu: (user + system) / rounds });
}

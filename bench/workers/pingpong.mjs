// One side of a ping-pong by postMessage(): answers each message, and the first one counts the time.
import { parentPort, workerData } from 'node:worker_threads';
import { pinThread } from '../lib/pin.mjs';

const { port, cpu, rounds, first } = workerData;
pinThread(cpu);
const warm = Math.floor(rounds / 10);
let trips = 0;
let start = 0n;
let used = process.cpuUsage();

port.on('message', () => {
  if (!first) return void port.postMessage(0);
  if (trips++ === warm) {
    start = process.hrtime.bigint();
    used = process.cpuUsage();
  }
  if (trips <= warm + rounds) return void port.postMessage(0);
  const { user, system } = process.cpuUsage(used);
  parentPort.postMessage({ value: Number(process.hrtime.bigint() - start) / 1000 / rounds, cpu: (user + system) / rounds });
});
if (first) port.postMessage(0);

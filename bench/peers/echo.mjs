// A worker that adds one to each number it gets: the least that a pool can be made of.
import { parentPort, workerData } from 'node:worker_threads';
import { pinThread } from '../lib/pin.mjs';

pinThread(workerData.cpu);

parentPort.on('message', (number) => parentPort.postMessage(number + 1));

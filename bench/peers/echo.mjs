// A worker that adds one to each number it gets: the least that a pool can be made of.
import { parentPort } from 'node:worker_threads';

parentPort.on('message', (number) => parentPort.postMessage(number + 1));

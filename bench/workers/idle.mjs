// A worker that says when it began and then sleeps until it is terminated.
import { parentPort } from 'node:worker_threads';

const began = process.hrtime.bigint();
parentPort.on('message', () => {});
parentPort.postMessage(began);

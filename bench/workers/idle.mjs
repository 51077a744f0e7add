// A worker that says it is there and then sleeps until it is terminated.
import { parentPort } from 'node:worker_threads';

parentPort.on('message', () => {});
parentPort.postMessage('here');

// A worker that writes records to a file with pino as fast as it can, from an agreed moment on, and says how many nanoseconds
// each took.
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { pino } from 'pino';

const { file, records, begin } = workerData;
const destination = pino.destination({ dest: file, sync: false, minLength: 4096 });
await once(destination, 'ready');
const logger = pino({ base: null }, destination);
while (process.hrtime.bigint() < begin) continue;
for (let i = 0; i < records; i++) logger.info('request %d took %d us', i, 17);
destination.flushSync();
parentPort.postMessage(Number(process.hrtime.bigint() - begin) / records);
destination.end();

/**
 * Where a worker thread that the host worker started begins: it joins the machine and becomes the isolate it was
 * reserved as, shared or owned by plain threads in turn.
 */
import { workerData } from 'node:worker_threads';
import { joinAsIsolate } from '../../init/isolate.js';
import '../../cc/trace.js';
import '../../cc/warm.js';
import { setHost } from '../host.js';
import { joinWorker, nodeHost } from './host.js';

process.setSourceMapsEnabled(true);
setHost(nodeHost);
const { memory, number } = joinWorker(workerData);
await joinAsIsolate(memory, number);

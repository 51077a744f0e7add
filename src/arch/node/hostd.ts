/**
 * Where the host worker begins: the one thread that starts, reaps and ends all isolates and prints the console, and
 * runs nobody's code, so that it works while every CPU is stuck.
 */
import { workerData } from 'node:worker_threads';
import { joinAsHost } from '../../init/hostd.js';
import { setHost } from '../host.js';
import { nodeHost, type IsolateData } from './host.js';

process.setSourceMapsEnabled(true);
setHost(nodeHost);
const { memory, number } = (workerData as IsolateData).kthread;
joinAsHost(memory, number);

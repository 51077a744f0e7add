/** A file that cannot be imported on another isolate: it ends the OS thread that tries. */
import { isMainThread } from 'node:worker_threads';
import { threadfn } from './kthread.js';

if (!isMainThread) process.exit(9);
export const unreachable = threadfn(import.meta, 'unreachable', () => 1);

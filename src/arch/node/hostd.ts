/**
 * Where the host worker begins: the one thread that starts, reaps and ends all isolates and prints the console, and
 * runs nobody's code, so that it works while every CPU is stuck.
 */
import { workerData } from 'node:worker_threads';
import { joinAsHost } from '../../init/hostd.js';
import { r32 } from '../../lib/memory.js';
import { MACHINE, machineWord } from '../../kernel/memlayout.js';
import { KERN_ERR, printk } from '../../kernel/printk/printk.js';
import '../../cc/trace.js';
import { setHost } from '../host.js';
import { joinWorker, nodeHost } from './host.js';
import './nmi.js'; // Here before it is needed: nothing may be left to read when all is stuck.

/** Stands above this file, so it is loaded by name, and only by machines that are to be seen from outside. */
const CONTROL = new URL('../../server/control.js', import.meta.url);

process.setSourceMapsEnabled(true);
setHost(nodeHost);
const { memory, number } = joinWorker(workerData);
joinAsHost(memory, number);
if (r32(machineWord(MACHINE.control)) !== 0) {
  await import(CONTROL.href).catch((error: unknown) => void printk('%scontrol: no socket: %s\n', KERN_ERR, error instanceof Error ? (error.stack ?? error.message) : String(error)));
}

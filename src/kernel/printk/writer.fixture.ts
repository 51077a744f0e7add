/** An isolate that prints as fast as it can: `count` records whose text tells whether it is whole. It boots nothing. */
import { workerData } from 'node:worker_threads';
import { fetchAdd, futexWait } from '../../lib/atomic.js';
import { joinBare } from '../bare.fixture.js';
import { SPARE_AT } from '../memlayout.js';
import { KERN_INFO, printk, setPrintkCaller } from './printk.js';

/** Words of the test: one to start with, and how many writers are ready and done. */
export const GO = SPARE_AT, READY = SPARE_AT + 4, DONE = SPARE_AT + 8;

/** A text whose every character follows from who wrote it and the how-manieth it is. */
export function textOf(writer: number, n: number): string {
  return `${writer} ${n} ${String.fromCharCode(97 + (writer * 7 + n) % 26).repeat((n * 13) % 200)}`;
}

const order = workerData as { memory: SharedArrayBuffer; writer: number; count: number } | undefined;
if (order?.writer !== undefined) {
  joinBare(order.memory, order.writer);
  setPrintkCaller(() => order.writer);
  fetchAdd(READY, 1);
  futexWait(GO, 0, 10_000);
  for (let n = 0; n < order.count; n++) printk(`${KERN_INFO}%s\n`, textOf(order.writer, n));
  fetchAdd(DONE, 1);
}

// Writing to the log as fast as one can, from one and from two CPUs at once.
import { printk } from 'kthread';
import { once } from 'node:events';
import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { inWorker } from '../lib/in_worker.mjs';
import { runToEnd } from '../lib/run_to_end.mjs';
import { printer } from '../threads/printer.mjs';

const COST = 'the newest 1 MiB of text is kept in memory, older records are overwritten; a console or a file costs more, on the host worker';
const START_MS = 50;

export const rows = [
  {
    name: 'printk/one-cpu',
    title: 'one record into the log, written by the isolate that booted',
    unit: 'ns',
    cost: COST,
    ours: (ctx) => oursAlone(ctx.times(100_000)),
    peers: [{ name: 'pino to a file', must: { ratio: 0.333 }, aim: { ours: 300 }, run: (ctx) => inFile(ctx, (file) => pinoAlone(file, ctx.times(100_000))) }],
  },
  {
    name: 'printk/two-cpus',
    title: 'one record into the log while another CPU writes as fast: what the slower of the two needs',
    unit: 'ns',
    cost: COST,
    ours: (ctx) => oursTogether(ctx.times(100_000)),
    peers: [{ name: 'pino to a file', must: { ratio: 0.333 }, aim: { ours: 300 }, run: (ctx) => inFile(ctx, (file) => pinoTogether(file, ctx.times(100_000))) }],
  },
];

function oursAlone(records) {
  const start = performance.now();
  for (let i = 0; i < records; i++) printk('request %d took %d us\n', i, 17);
  return ((performance.now() - start) * 1e6) / records;
}

async function oursTogether(records) {
  const begin = process.hrtime.bigint() + BigInt(START_MS * 1e6);
  return Math.max(...(await Promise.all([0, 1].map(() => runToEnd(printer, { records, begin })))));
}

/** With pino's fastest settings: no pid and host name in each record, and a write of its own only every 4096 bytes. */
async function pinoAlone(file, records) {
  const destination = pino.destination({ dest: file, sync: false, minLength: 4096 });
  await once(destination, 'ready');
  const logger = pino({ base: null }, destination);
  const start = performance.now();
  for (let i = 0; i < records; i++) logger.info('request %d took %d us', i, 17);
  destination.flushSync();
  const took = performance.now() - start;
  destination.end();
  return (took * 1e6) / records;
}

async function pinoTogether(file, records) {
  const begin = process.hrtime.bigint() + BigInt(START_MS * 1e6);
  return Math.max(...(await Promise.all([0, 1].map(() => inWorker('pino.mjs', { file, records, begin })))));
}

async function inFile({ scratch }, write) {
  const file = join(scratch, 'pino.log');
  closeSync(openSync(file, 'w'));
  try {
    return await write(file);
  } finally {
    rmSync(file);
  }
}

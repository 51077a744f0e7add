// The least that beginning and stopping an asynchronous function costs on this platform, without any library: each is called
// with a context of its own, awaits a promise, and is awaited itself after that promise was resolved. In batches, so that each
// has run and sleeps when it is stopped. Once plain; once with an AsyncLocalStorage in use, which is how code behind an await knows
// whose it is; and once as a thread, too, has it: who asks for it awaits it, and it begins in a turn of its own, when it is woken.
//
//     node bench/limits/create_stop.mjs
import { AsyncLocalStorage } from 'node:async_hooks';

const TIMES = 400;
const BATCH = 100;
const ROUNDS = 200;

const storage = new AsyncLocalStorage();
const bare = await measured(begin);
const followed = await measured((sleeper) => storage.run({}, begin, sleeper));
const woken = await measured(async (sleeper) => storage.run({}, created, sleeper));
console.log(`begin and stop an async function: ${bare} us; with an AsyncLocalStorage: ${followed} us; and awaited, woken, begun in a turn of its own: ${woken} us`);

function begin(sleeper) {
  sleeper.ended = sleep(sleeper);
}

/** It exists before it begins: its first turn is another promise. */
function created(sleeper) {
  sleeper.ended = new Promise((resolve) => (sleeper.wake = resolve)).then(() => sleep(sleeper));
  sleeper.wake();
}

async function sleep(sleeper) {
  while (!sleeper.stop) await new Promise((resolve) => (sleeper.wake = resolve));
  return 7;
}

/** The fastest round: what others do on the computer counts for no side. */
async function measured(make) {
  const rounds = [];
  for (let i = 0; i < ROUNDS; i++) rounds.push(await lives(make));
  return Math.min(...rounds).toFixed(2);
}

async function lives(make) {
  const start = performance.now();
  for (let made = 0; made < TIMES; made += BATCH) {
    const sleepers = [];
    for (let i = 0; i < BATCH; i++) {
      const sleeper = { wake: undefined, stop: false, ended: undefined };
      await make(sleeper);
      sleepers.push(sleeper);
    }
    await undefined;
    for (const sleeper of sleepers) {
      sleeper.stop = true;
      sleeper.wake();
      if ((await sleeper.ended) !== 7) throw new Error('it was stopped before it ran');
    }
  }
  return ((performance.now() - start) * 1000) / TIMES;
}

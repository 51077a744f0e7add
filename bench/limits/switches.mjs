// The least that a switch between two async functions costs on this platform, without any library: each resolves the promise
// that the other awaits. Once plain, and once with an AsyncLocalStorage in use, which is how code behind an await knows whose it is.
//
//     node bench/limits/switches.mjs
import { AsyncLocalStorage } from 'node:async_hooks';

const TIMES = 4000;
const ROUNDS = 500;

const storage = new AsyncLocalStorage();
const plain = await measured((fn) => fn());
const followed = await measured((fn) => storage.run({}, fn));
console.log(`a switch by a promise: ${plain} us; with an AsyncLocalStorage: ${followed} us`);

/** The fastest round: what others do on the computer counts for no side. */
async function measured(run) {
  const rounds = [];
  for (let i = 0; i < ROUNDS; i++) rounds.push(await switches(run));
  return Math.min(...rounds).toFixed(3);
}

async function switches(run) {
  const open = [undefined, undefined];
  const side = (mine) => async () => {
    for (let i = 0; i < TIMES / 2; i++) {
      const gate = new Promise((resolve) => (open[mine] = resolve));
      open[1 - mine]?.();
      await gate;
    }
    open[1 - mine]();
  };
  const start = performance.now();
  await Promise.all([run(side(0)), run(side(1))]);
  return ((performance.now() - start) * 1000) / TIMES;
}

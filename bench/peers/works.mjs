// How long works take in a pool of one thread, or in a bare worker: one at a time, or all at once. Answers with microseconds
// for one. The argument says which pool; 'postMessage' is a worker without any pool.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { POOLS } from './pools.mjs';
import { serve } from './serve.mjs';

const [, , name] = process.argv;
const { oneAtATime, atOnce } = name === 'postMessage' ? await bare() : await pooled(await POOLS[name](1));

serve(async ({ times, together }) => {
  const start = performance.now();
  const sum = await (together ? atOnce : oneAtATime)(times);
  const took = performance.now() - start;
  if (sum !== (times * (times + 1)) / 2) throw new Error(`${name}: the results are wrong`);
  return (took * 1000) / times;
});

function pooled({ run, atOnceMax = Infinity }) {
  return {
    async oneAtATime(times) {
      let sum = 0;
      for (let i = 0; i < times; i++) sum += await run('increment', i);
      return sum;
    },
    async atOnce(times) {
      let sum = 0;
      for (let first = 0; first < times; first += atOnceMax) {
        const answers = await Promise.all(Array.from({ length: Math.min(atOnceMax, times - first) }, (_, i) => run('increment', first + i)));
        sum = answers.reduce((before, answer) => before + answer, sum);
      }
      return sum;
    },
  };
}

async function bare() {
  const worker = new Worker(new URL('echo.mjs', import.meta.url));
  await once(worker, 'online');
  let got;
  worker.on('message', (answer) => got(answer));
  return {
    async oneAtATime(times) {
      let sum = 0;
      for (let i = 0; i < times; i++) {
        const answer = new Promise((resolve) => (got = resolve));
        worker.postMessage(i);
        sum += await answer;
      }
      return sum;
    },
    atOnce: (times) => new Promise((resolve) => {
      let sum = 0;
      let left = times;
      got = (answer) => {
        sum += answer;
        if (--left === 0) resolve(sum);
      };
      for (let i = 0; i < times; i++) worker.postMessage(i);
    }),
  };
}

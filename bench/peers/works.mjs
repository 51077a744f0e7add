// How long works take in a pool of one thread, or in a bare worker: one at a time, or all at once. Answers with microseconds
// for one, and what that burns. The arguments say which pool ('postMessage' is a worker without any), and, where each of the two
// threads shall have a core of its own, which cores.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { pinThread } from '../lib/pin.mjs';
import { POOLS } from './pools.mjs';
import { serve } from './serve.mjs';

const [, , name, cpu, workerCpu] = process.argv;
const { oneAtATime, atOnce } = name === 'postMessage' ? await bare() : await pooled(await POOLS[name](1));
pinThread(cpu);

serve(async ({ times, together }) => {
  const used = process.cpuUsage();
  const start = performance.now();
  const sum = await (together ? atOnce : oneAtATime)(times);
  const took = performance.now() - start;
  const { user, system } = process.cpuUsage(used);
  if (sum !== (times * (times + 1)) / 2) throw new Error(`${name}: the results are wrong`);
  return { value: (took * 1000) / times, cpu: (user + system) / times };
});

async function pooled({ run, atOnceMax = Infinity }) {
  if (workerCpu !== undefined) await run('pin', workerCpu);
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
  const worker = new Worker(new URL('echo.mjs', import.meta.url), { workerData: { cpu: workerCpu } });
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

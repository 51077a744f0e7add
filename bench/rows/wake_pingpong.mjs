// Two plain threads wake each other in turn, each sleeping on its state word: a round trip is two wake-ups and two sleeps. On
// two cores of their own ("pinned"), and wherever the system puts them.
import { inWorker } from '../lib/in_worker.mjs';
import { runNative } from '../lib/native.mjs';
import { twoCores } from '../lib/pin.mjs';
import { runToEnd } from '../lib/run_to_end.mjs';
import { cpuNs, pinger } from '../threads/pingpong.mjs';

const POLLING_COST = 'a waiter that polls burns its core for up to kernel.halt_poll_us (50) before each sleep, and stops polling after three waits in vain; "cpu" is what a round trip burns on both cores together';
/** Pairs of threads in a crowd. */
const CROWD = 4;

export const rows = [
  variant('wake-pingpong', true, true, { ratio: 1 }, { ratio: 0.2 }),
  variant('wake-pingpong', true, false),
  variant('wake-pingpong', false, true, { ratio: 1.5 }, { ratio: 1.15 }),
  variant('wake-pingpong', false, false),
  {
    name: 'wake-pingpong/one-core',
    title: 'the same, polling allowed, both threads on one core: a round trip',
    unit: 'us',
    cost: 'polling cannot pay there, and is given up after three waits in vain; one wait in 64 tries it again',
    ours: (ctx) => oursPingPong(ctx.times(10_000), oneCore()),
    peers: [
      { name: 'C futex', run: (ctx) => futexPingPong(ctx, ctx.times(20_000), oneCore()) },
      { name: 'Atomics.wait', run: (ctx) => atomicsPingPong(ctx.times(10_000), oneCore()) },
      { name: 'postMessage', run: (ctx) => postMessagePingPong(ctx.times(5000), oneCore()) },
    ],
  },
  {
    name: 'wake-pingpong/crowd',
    title: `the same, polling allowed, ${CROWD} pairs of threads at a time on the cores that there are: a round trip`,
    unit: 'us',
    sysctls: { 'kernel.warm_isolates': 2 * CROWD },
    cost: 'more threads than cores: who polls takes the core from others, up to kernel.halt_poll_us (50) at a time',
    ours: (ctx) => crowd(() => oursPingPong(ctx.times(5000), [])),
    peers: [
      { name: 'C futex', run: (ctx) => crowd(() => futexPingPong(ctx, ctx.times(10_000), [])) },
      { name: 'Atomics.wait', run: (ctx) => crowd(() => atomicsPingPong(ctx.times(5000), [])) },
      { name: 'postMessage', run: (ctx) => crowd(() => postMessagePingPong(ctx.times(2500), [])) },
    ],
  },
];

function variant(base, polling, pinned, must, aim) {
  const cores = () => (pinned ? twoCores() : []);
  return {
    name: `${base}/${polling ? 'polling' : 'no-polling'}/${pinned ? 'pinned' : 'unpinned'}`,
    title: `two plain threads wake each other, ${polling ? '' : 'not '}polling before they sleep, ${pinned ? 'each on a core of its own' : 'wherever the system puts them'}: a round trip`,
    unit: 'us',
    sysctls: polling ? {} : { 'kernel.halt_poll_us': 0 },
    cost: polling ? POLLING_COST : 'no polling: two real sleeps and wake-ups of the operating system',
    ours: (ctx) => oursPingPong(ctx.times(8000), cores()),
    peers: [
      { name: 'C futex', must, aim, run: (ctx) => futexPingPong(ctx, ctx.times(8000), cores()) },
      { name: 'Atomics.wait', run: (ctx) => atomicsPingPong(ctx.times(8000), cores()) },
      { name: 'postMessage', run: (ctx) => postMessagePingPong(ctx.times(5000), cores()) },
    ],
  };
}

async function oursPingPong(rounds, cores) {
  const value = (await runToEnd(pinger, { rounds, cores })) / 1000;
  return { value, cpu: cpuNs()[0] / 1000 };
}

/** Both threads on one core. */
const oneCore = () => [twoCores()[0], twoCores()[0]];

/** What a round trip takes on average, when as many pairs run at the same time. */
async function crowd(pair) {
  const figures = await Promise.all(Array.from({ length: CROWD }, pair));
  return { value: figures.reduce((sum, { value }) => sum + value, 0) / CROWD };
}

async function futexPingPong({ scratch }, rounds, cores) {
  const [wall, cpu] = await runNative(scratch, 'futex_pingpong', rounds, ...cores);
  return { value: wall / 1000, cpu: cpu / 1000 };
}

/** Two workers with nothing between them but shared words. */
async function atomicsPingPong(rounds, cores) {
  const words = new Int32Array(new SharedArrayBuffer(256));
  const side = (cpu, first) => inWorker('atomics.mjs', { words, cpu, rounds, first });
  const [figure] = await Promise.all([side(cores[0], true), side(cores[1], false)]);
  return figure;
}

/** Two workers with a channel between them. */
async function postMessagePingPong(rounds, cores) {
  const { port1, port2 } = new MessageChannel();
  const side = (port, cpu, first) => inWorker('pingpong.mjs', { port, cpu, rounds, first }, [port]);
  const [, figure] = await Promise.all([side(port2, cores[1], false), side(port1, cores[0], true)]);
  return figure;
}

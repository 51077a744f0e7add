// The worker pools, each behind the same few calls: `threads` threads that run the functions of tasks.mjs. `asked` says how a
// task that runs is asked to stop; where that is not an AbortSignal, what run() returns has stop().
import { fileURLToPath } from 'node:url';

export const POOLS = {
  piscina: async (threads) => {
    const { Piscina } = await import('piscina');
    const pool = new Piscina({ filename: task('piscina'), minThreads: threads, maxThreads: threads });
    return { asked: 'AbortSignal', run: (name, data, signal) => pool.run(data, { name, signal }), end: () => pool.destroy() };
  },
  tinypool: async (threads) => {
    const { Tinypool } = await import('tinypool');
    const pool = new Tinypool({ filename: task('piscina'), minThreads: threads, maxThreads: threads });
    return { asked: 'AbortSignal', run: (name, data, signal) => pool.run(data, { name, signal }), end: () => pool.destroy() };
  },
  workerpool: async (threads) => {
    const { pool: makePool } = await import('workerpool');
    const pool = makePool(task('workerpool'), { minWorkers: threads, maxWorkers: threads, workerType: 'thread' });
    const run = (name, data) => {
      const answer = pool.exec(name, [data]);
      return Object.assign(answer, { stop: () => void answer.cancel() });
    };
    return { asked: 'cancel()', run, end: () => pool.terminate(true) };
  },
  poolifier: async (threads) => {
    const { FixedThreadPool } = await import('poolifier');
    const pool = new FixedThreadPool(threads, task('poolifier'));
    return { asked: 'AbortSignal', run: (name, data, signal) => pool.execute(data, name, signal), end: () => pool.destroy() };
  },
  multithreading: async (threads) => {
    const { initRuntime, move, shutdown, spawn } = await import('multithreading');
    const fns = await import('./tasks.mjs');
    initRuntime({ maxWorkers: threads });
    const run = (name, data) => {
      const handle = spawn(move(data), fns[name]);
      const answer = handle.join().then(({ ok, value, error }) => {
        if (!ok) throw error;
        return value;
      });
      return Object.assign(answer, { stop: () => handle.abort() });
    };
    // It keeps what it still waits for in a ring of 65,536 places: of more works at once it would lose the answers.
    return { asked: 'abort()', run, end: async () => shutdown(), atOnceMax: 50_000 };
  },
};

function task(pool) {
  return fileURLToPath(new URL(`task_${pool}.mjs`, import.meta.url));
}

// Runs a peer in a process of its own, where nothing of kthread is: what it is measured with is its own event loop, its own
// heap and plain awaits. It lives for all rounds, so that what it has learnt helps it as much as it helps ours.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Starts bench/peers/`file` with `args`, and `node` as options of Node.js. What it returns sends a request and resolves with the answer. */
export function startPeer(file, args = [], node = []) {
  const child = fork(fileURLToPath(new URL(`../peers/${file}`, import.meta.url)), args, { execArgv: node });
  const gone = once(child, 'exit').then(([code]) => {
    throw new Error(`${file} ${args.join(' ')} ended with status ${code}`);
  });
  gone.catch(() => {});
  return async (request) => {
    child.send(request);
    const [answer] = await Promise.race([once(child, 'message'), gone]);
    return answer;
  };
}

/** The pools of peers/pools.mjs, with what Node needs for each. */
export const POOLS = {
  piscina: [],
  tinypool: [],
  workerpool: [],
  poolifier: [],
  multithreading: ['--import', new URL('../peers/node22.mjs', import.meta.url).href],
};

/** Asks an HTTP server for news. Told to stop it does so within milliseconds, also in the middle of a request that takes long. */
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HZ, type Task, ioSchedule, kthreadRun, kthreadShouldStop, kthreadStop, kthreadStopSignal, moduleExit, moduleInit, printk, scheduleTimeoutInterruptible } from 'kthread';

let asked = 0;
// Answers twice; the third answer would take a minute.
const server: Server = createServer((_, answer) => void (++asked < 3 ? answer.end(`news ${asked}`) : setTimeout(() => answer.end(), 60_000).unref()));
let poller: Task;

async function poll(url: string): Promise<number> {
  let polls = 0;
  const signal = kthreadStopSignal();
  while (!kthreadShouldStop()) {
    try {
      const answer = await ioSchedule(fetch(url, { signal })); // Seen in ps as D, in io_schedule.
      printk('poll/%d: %s\n', ++polls, await ioSchedule(answer.text()));
    } catch (error) {
      if (!signal.aborted) printk('poll/%d: %s\n', ++polls, String(error));
    }
    await scheduleTimeoutInterruptible(HZ / 2);
  }
  return polls;
}

moduleInit(async () => {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  poller = await kthreadRun(poll, `http://127.0.0.1:${(server.address() as AddressInfo).port}/news`, 'poll/%s', 'news');
});

moduleExit(async () => {
  const since = performance.now();
  const polls = await kthreadStop(poller);
  printk('poller: stopped after %d polls, within %d ms\n', polls, Math.ceil(performance.now() - since));
  server.closeAllConnections();
  server.close();
});

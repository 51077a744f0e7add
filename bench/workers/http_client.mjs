// A worker that sends one HTTP request after the other for as many milliseconds as it is told, and answers with what each took.
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';

const agent = new Agent({ keepAlive: true });

parentPort.on('message', async (ms) => {
  const took = [];
  for (const end = performance.now() + ms; performance.now() < end; ) {
    const start = performance.now();
    const [response] = await once(get({ agent, host: '127.0.0.1', port: workerData.port }), 'response');
    response.resume();
    await once(response, 'end');
    took.push(performance.now() - start);
  }
  parentPort.postMessage(took);
});

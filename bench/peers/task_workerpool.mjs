// The tasks, as workerpool wants them. It has a way for a task to hear that it is cancelled, which the endless one uses here.
import { worker } from 'workerpool';
import { increment, pin } from './tasks.mjs';

/** As that of tasks.mjs, but it ends by itself when it is cancelled. */
async function endless(file) {
  const { writeFileSync } = process.getBuiltinModule('node:fs');
  let stopped = false;
  let over;
  const end = new Promise((resolve) => (over = resolve));
  this.worker.addAbortListener(async () => {
    stopped = true;
    await end;
  });
  try {
    for (let beat = 0; !stopped; beat++) {
      writeFileSync(file, `${beat}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return 7;
  } finally {
    writeFileSync(file, 'finally');
    over();
  }
}

worker({ endless, increment, pin });

/** How kthreadCreate() gets its thread from kthreadd: a request with a completion goes on a list, its maker is woken, and the completion is waited for. */
import {
  type Completion, TASK_INTERRUPTIBLE, TASK_RUNNING, type Task, complete, current, kthreadRun, kthreadShouldStop, kthreadStop, moduleExit, moduleInit, newCompletion, printk, schedule, setCurrentState, waitForCompletion,
  wakeUpProcess,
} from 'kthread';

interface Request { readonly what: string; readonly done: Completion; result?: string }

const requests: Request[] = [];
let maker: Task;

async function serve(): Promise<void> {
  for (;;) {
    setCurrentState(TASK_INTERRUPTIBLE);
    if (requests.length === 0 && !kthreadShouldStop()) await schedule();
    setCurrentState(TASK_RUNNING);
    if (requests.length === 0 && kthreadShouldStop()) return;
    for (let request = requests.shift(); request; request = requests.shift()) {
      request.result = `${request.what} of ${current().comm}`;
      complete(request.done); // All that was written before is seen by who waits.
    }
  }
}

async function order(what: string): Promise<string> {
  using done = newCompletion(); // Ours alone, so it may go as soon as the wait is over.
  const request: Request = { what, done };
  requests.push(request);
  wakeUpProcess(maker);
  await waitForCompletion(done);
  return request.result!;
}

moduleInit(async () => {
  maker = await kthreadRun(serve, undefined, 'maker');
  for (const made of await Promise.all(['a table', 'a chair', 'a lamp'].map(order))) printk('got %s\n', made);
});

moduleExit(async () => void (await kthreadStop(maker)));

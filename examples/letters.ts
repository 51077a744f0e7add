/** Uses the device of mailbox.c as two programs would, one that writes and one that reads. */
import { O_WRONLY, type Task, getTaskStruct, kthreadCreate, kthreadStopPut, kthreadStopSignal, moduleExit, moduleInit, openFile, printk, wakeUpProcess } from 'kthread';

const LETTERS = 3;

async function write(): Promise<void> {
  for (let n = 1; n <= LETTERS; n++) {
    await using box = await openFile('/dev/mailbox', { flags: O_WRONLY, name: 'writer' });
    await box.write(`letter ${n}`, { signal: kthreadStopSignal() }); // Sleeps, in its process, while a letter is there.
  }
}

async function read(): Promise<void> {
  for (let n = 1; n <= LETTERS; n++) {
    await using box = await openFile('/dev/mailbox', { name: 'reader' });
    const text = await box.read(64, { signal: kthreadStopSignal() }); // Sleeps until there is one.
    printk('%s took %s out\n', box.task.comm, new TextDecoder().decode(text));
  }
}

let threads: Task[] = [];
moduleInit(async () => {
  threads = [await kthreadCreate(read, undefined, 'letters/r'), await kthreadCreate(write, undefined, 'letters/w')];
  for (const thread of threads) wakeUpProcess(getTaskStruct(thread)); // Ours until we put it, also if the thread ends before.
});
moduleExit(async () => {
  for (const thread of threads) await kthreadStopPut(thread);
});

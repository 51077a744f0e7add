/** Uses the files of shelf.c as a shell would: echo cup > /proc/shelf, cat /proc/shelf. */
import { KernelError, O_WRONLY, type Task, getTaskStruct, kthreadCreate, kthreadStopPut, moduleExit, moduleInit, openFile, printk, wakeUpProcess } from 'kthread';

async function echo(text: string, path: string): Promise<void> {
  await using file = await openFile(path, { flags: O_WRONLY, name: 'echo' });
  await file.write(`${text}\n`);
}

async function cat(path: string): Promise<string> {
  await using file = await openFile(path);
  let text = '';
  for (let part = await file.read(64); part.length > 0; part = await file.read(64)) text += new TextDecoder().decode(part);
  return text;
}

async function store(thing: string): Promise<void> {
  try {
    await echo(thing, '/proc/shelf');
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    printk('no room for a %s: %s\n', thing, error.code);
  }
}

async function work(): Promise<void> {
  for (const thing of ['cup', 'plate', 'pot']) await store(thing);
  await echo('3', '/sys/module/shelf/parameters/room');
  await store('pan');
  printk('on the shelf: %s\n', (await cat('/proc/shelf')).trim().split('\n').join(', '));
}

let clerk: Task;
moduleInit(async () => {
  clerk = getTaskStruct(await kthreadCreate(work, undefined, 'clerk')); // Ours until we put it, also if the thread ends before.
  wakeUpProcess(clerk);
});
moduleExit(() => kthreadStopPut(clerk).then(() => {}));

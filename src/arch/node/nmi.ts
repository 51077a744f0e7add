/**
 * The call stack of code that hogs or blocks an OS thread, as an NMI would show it: the inspector evaluates a read-only
 * expression on top of whatever runs there. Connected for one look only, since an attached session slows console.log and
 * delays the process's end. Nothing answers from within a synchronous native call until that returns; of it only what the
 * operating system tells can be said.
 */
import { readFileSync } from 'node:fs';
import type { Session } from 'node:inspector';

/** Longest wait for an answer, ms. */
const PATIENCE_MS = 1000;
const EXPRESSION = `(() => {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.prepareStackTrace = undefined;
  Error.stackTraceLimit = 64;
  const { stack } = new Error();
  Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  return stack;
})()`;
const EVALUATE = { expression: EXPRESSION, returnByValue: true, silent: true };

/**
 * Called on a worker: lines of "at ..." of Node's thread `thread` (0: main), whose OS thread is `tid`; a line without "at" for one
 * that is in native code; empty where there is no inspector, or a debugger.
 */
export async function backtrace(thread: number, tid: number): Promise<string> {
  const inspector = await import('node:inspector').catch(() => undefined);
  if (!inspector || inspector.url() !== undefined) return ''; // A developer's debugger has the process.
  const session = new inspector.Session();
  try {
    session.connectToMainThread();
    const stack = await Promise.race([thread === 0 ? askMain(session) : askWorker(session, thread), silence()]);
    return stack === undefined ? nativePlace(tid) : stack.split('\n').map((line) => line.trim()).filter((line) => line.startsWith('at ') && !/^at <anonymous>:\d|\(node:|at node:/.test(line)).join('\n');
  } catch {
    return ''; // Not permitted here.
  } finally {
    session.post('NodeWorker.disable', () => session.disconnect());
  }
}

const silence = (): Promise<undefined> => new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, undefined).unref());

/** What an OS thread does that has not answered, as far as Linux tells. */
function nativePlace(tid: number): string {
  try {
    const [place, call] = ['wchan', 'syscall'].map((file) => readFileSync(`/proc/self/task/${tid}/${file}`, 'latin1').split(' ', 1)[0].trim());
    return /^\d+$/.test(call) && place !== '0' ? `${place} (in system call ${call}, called by native code)` : 'native code (which has not returned for a second)';
  } catch {
    return ''; // No Linux, or the thread is gone.
  }
}

function askMain(session: Session): Promise<string> {
  return new Promise((resolve, reject) => {
    session.post('Runtime.evaluate', EVALUATE, (error, answer?: { result?: { value?: unknown } }) => (error ? reject(error) : resolve(String(answer?.result?.value))));
  });
}

/** Workers are told by their title: the inspector's own numbers are others. */
function askWorker(session: Session, thread: number): Promise<string> {
  return new Promise((resolve, reject) => {
    session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
      if (!workerInfo.title.startsWith(`[worker ${thread}]`)) return;
      session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
        if (params.sessionId === sessionId) resolve(String((JSON.parse(params.message) as { result?: { result?: { value?: string } } }).result?.result?.value));
      });
      session.post('NodeWorker.sendMessageToWorker', { sessionId, message: JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: EVALUATE }) });
    });
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, (error) => void (error && reject(error)));
  });
}

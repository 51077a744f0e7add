/**
 * kernel/kthread.c for C modules: a thread's function is a number of the table, its data a word.
 */
import { load } from '../../lib/atomic.js';
import { cpumaskFromWords } from '../../lib/cpumask.js';
import { buffer, r32, readString, w32 } from '../../lib/memory.js';
import { sprintf } from '../../lib/printf.js';
import { KthreadExit, kthreadCompleteAndExit } from '../../kernel/exit.js';
import {
  createOnSync, getTaskStruct, kthreadParkSync, kthreadParkmeSync, kthreadShouldPark, kthreadShouldStop, kthreadShouldStopOrPark, kthreadStopSync, kthreadUnpark, putTaskStruct, wakeUpProcess,
} from '../../kernel/kthread.js';
import { KASAN_FREE, markAt } from '../../kernel/mm/kasan.js';
import { TASK_COMM_LEN } from '../../kernel/param.js';
import { Completion } from '../../kernel/sched/completion.js';
import { needThread } from '../../kernel/sched/core.js';
import { Task } from '../../kernel/sched/handle.js';
import { KTHREAD_SHOULD_PARK, TASK } from '../../kernel/sched/task.js';
import { kthreadBind, kthreadBindMask, kthreadIsPerCpu, kthreadSetPerCpu } from '../../kernel/sched/affinity.js';
import { checked, errnoOf, formatted, taskOf, text, type Imports } from '../abi.js';
import { cThread } from '../run.js';
import { functionName } from '../trace.js';

const create = (fn: number, data: number, cpu: number, name: string): number => errnoOf(() => {
  const { addr } = createOnSync(cThread, { fn, data }, cpu, name);
  w32(addr + TASK.threadfn, fn);
  w32(addr + TASK.data, data);
  return addr;
});

/** A thread as before kthread_run was: it runs at once, and nobody stops it. Returns its pid. C: kernel_thread. */
function kernelThread(fn: number, data: number): number {
  const at = create(fn, data, -1, functionName(fn).replace(/ .*/, '') || 'kernel_thread');
  if (at < 0 && at >= -4095) return at;
  const { pid } = taskOf(at);
  wakeUpProcess(taskOf(at));
  return pid;
}

export const kthread: Imports = {
  kthread_create_on_node: (fn: number, data: number, _node: number, format: number, args: number) => create(fn, data, -1, formatted(format, args)),
  kthread_create_on_cpu: (fn: number, data: number, cpu: number, format: number) => create(fn, data, cpu, sprintf(text(format), cpu)),
  kthread_bind: (task: number, cpu: number) => kthreadBind(taskOf(task), cpu),
  kthread_bind_mask: (task: number, mask: number) => kthreadBindMask(taskOf(task), cpumaskFromWords(r32(checked(mask, 8)), r32(mask + 4))),
  kthread_set_per_cpu: (task: number, cpu: number) => kthreadSetPerCpu(taskOf(task), cpu),
  kthread_is_per_cpu: (task: number) => kthreadIsPerCpu(taskOf(task)),
  kthread_data: (task: number) => r32(taskOf(task).addr + TASK.data),
  kthread_func: (task: number) => r32(taskOf(task).addr + TASK.threadfn),
  __kthread_should_park: (task: number) => (load(taskOf(task).addr + TASK.kflags) & KTHREAD_SHOULD_PARK) !== 0,
  kernel_thread: (fn: number, data: number) => kernelThread(fn, data),
  kthread_stop: (task: number) => stop(task),
  kthread_stop_put: (task: number) => {
    const code = stop(task);
    putTaskStruct(taskOf(task));
    return code;
  },
  kthread_should_stop: () => kthreadShouldStop(),
  kthread_should_park: () => kthreadShouldPark(),
  kthread_should_stop_or_park: () => kthreadShouldStopOrPark(),
  kthread_park: (task: number) => kthreadParkSync(taskOf(task)),
  kthread_unpark: (task: number) => kthreadUnpark(taskOf(task)),
  kthread_parkme: () => kthreadParkmeSync(),
  kthread_exit: (code: number) => exit(code),
  do_exit: (code: number) => exit(code),
  kthread_complete_and_exit: (done: number, code: number) => kthreadCompleteAndExit(done === 0 ? null : new Completion(checked(done, 16)), code),
  get_task_struct: (task: number) => getTaskStruct(taskOf(task)).addr,
  put_task_struct: (task: number) => putTaskStruct(taskOf(task)),
};

/** A thread that is gone is a warning, and what it returned: its record is not another task's yet, and still has its pid as tgid. */
function stop(at: number): number {
  const gone = markAt(at) === KASAN_FREE && at >>> 0 < buffer.byteLength;
  const task = gone ? new Task(at, r32(at + TASK.tgid), readString(at + TASK.comm, TASK_COMM_LEN)) : taskOf(at);
  return errnoOf(() => kthreadStopSync(task));
}

function exit(code: number): never {
  needThread('kthread_exit');
  throw new KthreadExit(code);
}

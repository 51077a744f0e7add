/**
 * What can be wrong with a module, by the words in which the machine reports it: a title, what a real kernel would have done,
 * and what to do about it. It reads a log; how the log came about is in doctor.ts.
 */

/** A line of the log; `ts` in ms since boot. */
export interface LogLine {
  readonly ts: number;
  readonly text: string;
}

export interface Finding {
  readonly title: string;
  /** What Linux would have done. */
  readonly linux: string;
  /** What to do. */
  readonly advice: string;
  /** The lines of the report. */
  readonly report: readonly string[];
  /** How often it was reported. */
  count: number;
}

type Kind = readonly [pattern: RegExp, title: string, linux: string, advice: string];

const CORRUPTS = 'Nothing says so there, unless it was built with KASAN: something else is overwritten, and crashes later and elsewhere.';
const OOPS = 'An oops: the thread is killed where it stands, with all locks that it holds, and the module cannot be removed before the next boot.';
const FREED_CODE = 'A page fault as soon as that code is reached: it was freed with the module. The machine goes down with it.';
const HANGS = 'It hangs for ever, in D, and so does whoever waits for it; kill -9 does not help.';

/** Each with the first pattern that fits; what a report says most precisely stands first. */
const KINDS: readonly Kind[] = [
  [/BUG: KASAN: slab-out-of-bounds in (.*)/, 'access beyond an allocated object, in $1', CORRUPTS, 'Compare the size that was allocated with the index that is used.'],
  [/BUG: KASAN: slab-use-after-free in (.*)/, 'use of memory after kfree(), in $1', CORRUPTS, 'Let the last user free it: a reference count (refcount_t), or a stop of the thread that uses it before the kfree.'],
  [/BUG: KASAN: (?:double-free|invalid-free) in (.*)/, 'kfree() of what is not allocated, in $1', 'The allocator hands the same memory to two owners, or stops with a BUG.', 'Set the pointer to NULL after kfree(): kfree(NULL) does nothing.'],
  [/BUG: KASAN: global-out-of-bounds in (.*)/, 'access beyond a variable, in $1', CORRUPTS, 'Check the bounds of the array.'],
  [/BUG: KASAN: wild-memory-access in (.*)/, 'use of a wild pointer, into memory of the kernel alone, in $1', CORRUPTS, 'Look where the pointer comes from: never set, overwritten, or counted beyond its object.'],
  [/BUG: KASAN: stack-out-of-bounds in (.*)/, 'access beyond a variable on the stack, in $1', 'The return address may be overwritten: a panic, or a way in for an attacker.', 'Check the bounds of the array.'],
  [/BUG: KASAN: (\S+) in (.*)/, 'forbidden access ($1), in $2', CORRUPTS, 'See the report.'],
  [/BUG: kernel NULL pointer dereference, address: (\w+)/, 'use of a NULL pointer (address $1)', OOPS, 'Check what the function before returned: NULL, or an ERR_PTR that is to be tested with IS_ERR().'],
  [/BUG: unable to handle page fault for address: (\w+)/, 'use of a pointer to nowhere (address $1)', OOPS, 'An address near 0xffffffff is an ERR_PTR() that was not tested with IS_ERR(); 0x6b6b6b6b is memory after kfree().'],
  [/BUG: TASK stack guard page was hit/, 'the stack is full', 'A double fault, and with it a panic: kernel stacks have 16 KiB and do not grow.', 'No deep recursion, no large arrays on the stack.'],
  [/Oops: divide error/, 'division by zero', OOPS, 'Test the divisor.'],
  [/kernel BUG at (.*)!/, 'BUG() was reached, at $1', OOPS, 'Use WARN_ON() and return an error where the machine can go on.'],
  [/kernel called through a pointer that is no function/, 'call of a pointer that is no function of that type', OOPS, 'Compare the function with the type of the pointer that it is called by.'],
  [/BUG: scheduling while atomic: (\S+)/, 'sleep with a spinlock held or preemption off, by $1', 'With one CPU, or when another one wants the lock, a deadlock: everything that spins for it hangs.', 'Give the spinlock back before anything that may sleep (msleep, mutex_lock, kmalloc(GFP_KERNEL), copy_to_user), or take a mutex instead.'],
  [/BUG: sleeping function called from invalid context(.*)/, 'call of what may sleep where that is forbidden$1', 'A deadlock once it really sleeps.', 'Give the spinlock back first, or take a mutex instead.'],
  [/WARNING: possible circular locking dependency/, 'locks taken in two orders', 'A deadlock as soon as two threads do it at the same time: both wait for ever.', 'Take locks in one order everywhere.'],
  [/(?:deadlock|wait-for cycle|circular)/i, 'threads that wait for each other', HANGS, 'Take locks in one order everywhere.'],
  [/mutex (\S+): (\S+) locks it twice/, 'mutex $1 is taken twice by $2', HANGS, 'A mutex is not recursive: split the function in one that takes the lock and one that expects it.'],
  [/(?:mutex|rw-semaphore) (\S+): (\S+) gives it back, but/, '$1 is given back by $2, who does not have it', 'The lock is corrupted: two threads are in at once, or nobody gets in any more.', 'Who takes a lock gives it back, on every way out of the function.'],
  [/WARNING: (\S+) exited with (.*) held/, '$1 ended with $2 held', `Whoever wants the lock next waits for ever. ${HANGS}`, 'Give it back on every way out of the thread function.'],
  [/exited with preempt_count/, 'a thread ended with a spinlock held', 'Whoever wants the lock next spins for ever.', 'Give it back on every way out of the thread function.'],
  [/watchdog: BUG: soft lockup - (CPU#\d+) .*\[(.*)\]/, '$2 never lets go of $1', 'The same report, and nothing else runs on that CPU; without preemption the machine stands still.', 'cond_resched() or a sleep in each long loop, and kthread_should_stop() as its condition.'],
  [/INFO: task (.*:\d+) blocked for more than (\d+) seconds/, '$1 sleeps uninterruptibly for more than $2 s', 'The same report after 120 s (it was sought here after less).', 'If nothing is late here: sleep interruptibly, or TASK_IDLE where a long sleep is meant.'],
  [/refcount_t: addition on 0; use-after-free\. kthread_stop of ([^,]+)/, 'kthread_stop() of $1, which had ended', 'Use of a freed task_struct: a crash, or the stop of another thread that got its place.', 'A thread that may end by itself: get_task_struct() before it runs, kthread_stop() and put_task_struct(); or let it wait for kthread_should_stop().'],
  [/kthread_stop: (\S+) was stopped before/, 'kthread_stop() of $1 twice', 'The second one never returns.', 'Set the pointer to NULL after kthread_stop().'],
  [/module (\S+) was removed, but its thread (\S+) still runs/, 'the thread $2 outlives its module', FREED_CODE, 'kthread_stop() in the exit function, for each thread, before it returns.'],
  [/(\S+) ended with (\d+) timers armed/, '$1 leaves $2 timers armed', FREED_CODE, 'timer_delete_sync() (del_timer_sync) before the thread or the module goes.'],
  [/(\S+) ended with (\d+) of its entries in wait queues/, '$1 leaves entries in wait queues', 'The next wake_up() walks over the freed stack of the thread.', 'finish_wait() or remove_wait_queue() on every way out.'],
  [/kthread_destroy_worker: (.*) are left/, 'a worker is destroyed with work left: $1', 'The work runs on a worker that is freed.', 'kthread_cancel_delayed_work_sync() and kthread_flush_worker() before.'],
  [/(\S+ 0x\w+) is freed, but somebody has it or waits for it/, '$1 is freed while it is used', 'Use after free by whoever wakes up next.', 'Stop those who use a lock before it is freed.'],
  [/refcount_t: (.*)/, 'a reference count that went wrong: $1', 'The same warning; the object leaks or is used after it was freed.', 'One put for each get.'],
  [/do not call blocking ops when !TASK_RUNNING/, 'a call that sleeps between set_current_state() and schedule()', 'The state is lost: a busy loop, or a wake-up that is missed.', 'Sleep with wait_event(), or use DEFINE_WAIT_FUNC(wait, woken_wake_function) and wait_woken().'],
  [/'init' suspiciously returned (-?\d+)/, 'init returned $1', 'The same message; the module stays loaded.', 'Return 0, or a negative errno.'],
  [/usleep_range: the upper bound is below|wrong timeout value/, 'a sleep with an impossible time', 'The same complaint.', 'A time is not negative, and max is not below min.'],
  [/Oops: (.*)/, 'a thread was ended: $1', OOPS, 'See the report.'],
  [/^WARNING: (.*)/, 'a warning: $1', 'The same, or worse: where this machine warns, a kernel may do anything.', 'See the report.'],
];

const BEGINS = /^-+\[ cut here \]-+$|^=+$/;
const ENDS = /^ *<\/TASK>$|end trace|^=+$/;
/** Said of a thread because of what was reported before: it ended without its code. */
const FOLLOWS = /Oops: KASAN|Oops: Error: its module \S+ was removed|kthread_stop of \S+\[(\d+)\]|\/(\d+) exited with/;
/** Who waits for the module's init or exit, as long as that takes on a busy computer: where one of them sleeps, that is its own report. */
const WAITS = /INFO: task init:\d+ blocked/;
const ENDED = /^Oops: /;
const WHOSE = /PID: (\d+) Comm: /;
const REPORT_LINES_MAX = 40;

/** What `log` says is wrong, in its order; the same thing found again is counted. */
export function findingsIn(log: readonly LogLine[]): Finding[] {
  const found = new Map<string, Finding>();
  const ended = endedThreads(log);
  for (let i = 0; i < log.length; i++) {
    const { text } = log[i];
    const [follows, ...pids] = FOLLOWS.exec(text) ?? [];
    if (WAITS.test(text) || (follows !== undefined && (follows.startsWith('Oops') || pids.some((pid) => ended.has(pid))))) {
      i = reportEnd(log, i) - 1;
      continue;
    }
    const kind = KINDS.find(([pattern]) => pattern.test(text));
    if (kind === undefined) continue;
    const [pattern, title, linux, advice] = kind;
    const said = fill(title, pattern.exec(text)!);
    const end = reportEnd(log, i);
    const key = said.replace(/\d+/g, '#');
    const known = found.get(key);
    if (known) known.count++;
    else found.set(key, { title: said, linux, advice, report: log.slice(i, end).map((line) => line.text), count: 1 });
    i = end - 1;
  }
  return [...found.values()];
}

/** Pids of the threads that a fault ended. */
function endedThreads(log: readonly LogLine[]): Set<string> {
  const pids = log.flatMap(({ text }, i) => (ENDED.test(text) ? log.slice(i, i + 3).map((line) => WHOSE.exec(line.text)?.[1] ?? '') : []));
  return new Set(pids.filter(Boolean));
}

/** Behind the last line of the report that begins at `from`: a lone line, or up to where its trace ends. */
function reportEnd(log: readonly LogLine[], from: number): number {
  const last = Math.min(log.length, from + REPORT_LINES_MAX);
  for (let i = from + 1; i < last; i++) {
    if (ENDS.test(log[i].text)) return i + 1;
    if (BEGINS.test(log[i].text)) break;
  }
  return from + 1;
}

const fill = (text: string, match: RegExpExecArray): string => text.replace(/\$(\d)/g, (_, n: string) => match[Number(n)] ?? '').trim();

/**
 * The scheduler: sleeping, waking and taking turns, for both kinds of isolate. A blocking algorithm is written once, as
 * a generator that yields where it would schedule(); a shared isolate drives it from its event loop, a plain thread's
 * own isolate by blocking. What to wait for is elsewhere (wait.ts, completion.ts, sleep.ts).
 *
 * A shared isolate runs one thread at a time. A runnable thread stands in the run queue; its turn begins by resolving
 * the promise it awaits (its gate) and ends at its next blocking call, which begins the next one's turn at once. A
 * thread that awaits some other promise in between gives no notice: the next turn of the event loop moves on without it.
 * After a budget of thread work (2 ms) the isolate goes through its event loop, so that I/O beside it is served.
 *
 * Tried and dropped: resolving all runnable gates at once, since then nobody knows whose CPU time it was; running the
 * next thread inside the waker's call, since a waiter's condition would run with the waker's locks held.
 */
import { host } from '../../arch/host.js';
import { cas, fetchOr, futexWait, futexWaitAsync, futexWake, load, store, xchg } from '../../lib/atomic.js';
import { bugOn } from '../../lib/bug.js';
import { EDEADLK, EPERM, KernelError } from '../../lib/errno.js';
import { listDelInit } from '../../lib/list.js';
import { r32, rf64, w32, wf64 } from '../../lib/memory.js';
import { MACHINE, isolateSlotAt, machineWord } from '../memlayout.js';
import { forEachTask } from '../pid.js';
import { ISOLATE, aboutToSleep, awake, isolateAlive, me, ringIfAsleep, self } from '../smp.js';
import { sysctlWord } from '../sysctl.js';
import { TimerWheel, type Timer } from '../time/timer.js';
import { jiffiesUntil, uptime } from '../time/time.js';
import { traceGone, traceRun, traceStop, traceWake } from '../trace.js';
import { HaltPoll } from './halt_poll.js';
import { getTask, putTask } from './ref.js';
import { freezableSleep } from './refrigerator.js';
import { initRunQueue, nrRunning, rqPush, rqShift } from './rq.js';
import { signalPendingState } from './signal.js';
import { KTHREAD_BLOCKING, KTHREAD_LISTENS, KTHREAD_MIGRATES, TASK, TASK_FREEZABLE, TASK_NEW, TASK_NORMAL, TASK_RUNNING, seenState, setTaskState, takePoke, taskState, tryToWake } from './task.js';
import { wchan } from './wchan.js';

/**
 * A blocking algorithm. It has set the task's state and tested what it waits for; then it yields the moment (ms since
 * boot) until which it would sleep, Infinity for no limit, and goes on when the task was woken or the moment came.
 */
export type Blocking<T> = Generator<number, T, void>;

export interface WaitOptions {
  /** Ends the wait: it rejects with the signal's reason and is no longer queued anywhere. */
  readonly signal?: AbortSignal;
}

const BUDGET_US = sysctlWord('kernel.sched_budget_us');

/**
 * A task as its own isolate sees it: what cannot be in shared memory. A field costs every thread 8 bytes and one that holds a
 * fraction 16 more, which is why few threads' things stand elsewhere. What awaits follow to know whose they are is the Thread
 * itself, empty once it ended: a timer that is left behind keeps no more of it alive.
 */
export class Thread implements Timer {
  /** The function it runs, and what that gets; null for a task that is none. */
  fn: ((data: never) => unknown) | null = null;
  data: unknown = null;
  /** Whether it has its place in this isolate. */
  alive = false;
  /** Resolves the promise that the thread awaits; null while it runs. */
  gate: ((value: unknown) => void) | null = null;
  /** A plain sleep's end, ms since boot: its result is the jiffies left. Null for a sleep without result. */
  deadline: number | null = null;
  /** The blocking algorithm it is in. */
  op: Blocking<unknown> | null = null;
  /** Ends the sleep when it fires: the algorithm is told instead of going on. */
  signal: AbortSignal | null = null;
  queued = false;
  due = 0;
  prev: Timer | null = null;
  next: Timer | null = null;
  /** Of a blocking call's own task: the thread that called, null where none did. What the call takes is the caller's. */
  caller: Thread | null | undefined = undefined;
  /** The tasks of its blocking calls beyond the first, while they sleep; null if there never were any. */
  borrowers: Set<Thread> | null = null;
  /** Called when somebody has news for it that is no wake-up, such as a stop. */
  onNews: (() => void) | null = null;

  constructor(readonly addr: number) {}

  get pid(): number {
    return r32(this.addr + TASK.pid);
  }

  /** A blocking call's own task: what follows the call is nobody's turn. */
  get borrowed(): boolean {
    return this.caller !== undefined;
  }

  expire(): void {
    wakeUpState(this.addr, TASK_NORMAL | r32(this.addr + TASK.__state));
  }

  /** Of its AbortSignal. */
  handleEvent(): void {
    wakeUpState(this.addr, -1);
  }
}

// --- This isolate -------------------------------------------------------------------------------------------------

/** Threads that live here, by TASK.local. */
const threads: Array<Thread | undefined> = [undefined];
const freeLocals: number[] = [];
/** Who sleeps until a time. */
let wheel: TimerWheel;
/** Functions to be called at a time: apart, since they may take long and wait for ksoftirqd, and no sleeper shall wait behind them. */
export let functions: TimerWheel;
/** Stands on `wheel` for the first of them. */
export const firstFunction: Timer = { due: 0, prev: null, next: null, expire: () => {} };
/** The thread whose turn it is; null between turns and while nothing runs. */
let onCpu: Thread | null = null;
/** The thread whose algorithm is being stepped right now. */
let stepping: Thread | null = null;
/** The one plain thread of an own isolate. */
let plain: Thread | null = null;
let switching = false;
let kicked = false;
/** A microtask by this costs a third of queueMicrotask. */
const settled = Promise.resolve();
let turnPending = false;
let turnStart = 0;
/** ms since boot at which the turn of whoever has the CPU began. */
let turnAt = 0;
let turnSwitches = 0;
let switches = 0;
let alarmAt = Infinity;
let bellArmed = false;
/** The bell as it was before this isolate last looked at everything. */
let bellSeen = 0;
let isShared = false;
let resynced = 0;
/** Threads whose awaits are being looked at. */
const probed = new Set<Thread>();
let contexts: ReturnType<typeof host.contextVar<Thread>>;
let adopt: (task: number) => void;
let migrant: () => Thread;
let onMail: () => void;
let onLook: () => void = () => {};
let borrow: () => Thread;
let giveBack: (thread: Thread) => void;

/** What other files of the kernel do for the scheduler; they import it, so they hand themselves in. */
export interface SchedulerHooks {
  /** Makes a Thread for a task that this isolate meets for the first time. */
  adopt(task: number): void;
  /** The thread that runs here for a task that any isolate may run. */
  migrant(): Thread;
  /** Looks at mail. */
  mail(): void;
  borrow(): Thread;
  giveBack(thread: Thread): void;
}

/** Every isolate, once it joined its machine: begins with no threads. */
export function initScheduler(shared: boolean, hooks: SchedulerHooks): void {
  threads.length = 1;
  freeLocals.length = 0;
  initRunQueue();
  onCpu = stepping = plain = null;
  switching = kicked = turnPending = bellArmed = false;
  alarmAt = Infinity;
  bellSeen = load(self + ISOLATE.bell);
  isShared = shared;
  wheel = new TimerWheel(uptime());
  functions = new TimerWheel(uptime());
  contexts ??= host.contextVar<Thread>();
  ({ adopt, migrant, mail: onMail, borrow, giveBack } = hooks);
  turnStart = uptime();
  host.onAlarm(onAlarm);
  if (shared) goIdle();
}

/** Leaves nothing behind: no alarm, no context tracking. */
export function endScheduler(): void {
  host.cancelAlarm();
  dropTimers();
  contexts.disable();
}

export const isSharedIsolate = (): boolean => isShared;

/** Gives `thread` its place in this isolate. */
export function installThread(thread: Thread): void {
  const local = freeLocals.pop() ?? threads.length;
  threads[local] = thread;
  thread.alive = true;
  w32(thread.addr + TASK.local, local);
  w32(self + ISOLATE.threads, r32(self + ISOLATE.threads) + 1);
}

/** Takes `thread` off this isolate. `last` is done before its turn ends: whom that wakes is next, and nobody need be told that the CPU is free. */
export function removeThread(thread: Thread, last = (): void => {}): void {
  const local = r32(thread.addr + TASK.local);
  threads[local] = undefined;
  freeLocals.push(local);
  wheel.cancel(thread);
  thread.alive = false;
  thread.fn = thread.data = null;
  w32(self + ISOLATE.threads, r32(self + ISOLATE.threads) - 1);
  if (onCpu !== thread) return last();
  const now = uptime();
  account(thread, now);
  last();
  onCpu = null;
  reschedule(now);
}

export const localThread = (task: number): Thread | undefined => threads[r32(task + TASK.local)];

/** Calls `visit` for every thread that lives here. */
export function forEachThread(visit: (thread: Thread) => void): void {
  for (const thread of threads) if (thread) visit(thread);
}

/** The thread that calls, or null outside of any. On a shared isolate it follows the chain of awaits. */
export function currentThread(): Thread | null {
  return stepping ?? plain ?? followed();
}

function followed(): Thread | null {
  const thread = contexts.get();
  return thread?.alive ? thread : null;
}

/** The thread on whose behalf the calling code runs: what it locks is that thread's, not its borrowed task's. Null outside of any. */
export function holder(): Thread | null {
  let thread = currentThread();
  while (thread?.caller !== undefined) thread = thread.caller;
  return thread;
}

/** The word that counts the spinlocks of `thread`, or of this isolate's code outside of any. */
export const preemptWord = (thread: Thread | null): number => (thread === null ? self + ISOLATE.preempt_count : thread.addr + TASK.preempt_count);

/** Runs `fn` as `thread`, and everything it awaits. */
export const runAs = <T>(thread: Thread, fn: () => T): T => contexts.run(thread, fn);

/** Runs `fn` as no thread at all, whichever it interrupts: the callback of a timer. */
export function runAsNobody(fn: () => void): void {
  const interrupted = plain;
  plain = null;
  try {
    if (followed()) contexts.run(undefined, fn);
    else fn();
  } finally {
    plain = interrupted;
  }
}

/** Stops following awaits while no async thread lives here; it costs them time on some platforms. */
export const forgetContexts = (): void => contexts.disable();

/** The plain thread that this own isolate runs from now on, or null. */
export function setPlainThread(thread: Thread | null): void {
  if (plain) account(plain, uptime());
  plain = thread;
  w32(self + ISOLATE.curr, thread?.addr ?? 0);
  if (!thread) return;
  turnAt = uptime();
  wf64(self + ISOLATE.heartbeat, turnAt);
  traceRun(thread.addr);
}

/** The calling thread; throws KernelError EPERM outside of one, naming `call` and what to do. */
export function needThread(call: string): Thread {
  const thread = currentThread();
  if (thread) return thread;
  throw new KernelError(-EPERM, `${call}() was called outside a kernel thread (a listener or foreign callback loses it: bind it with AsyncResource.bind)`);
}

// --- Waking -------------------------------------------------------------------------------------------------------

/** Wakes `task` if it sleeps in one of the states of `mask`; `unlink` is then off its list before it runs. Returns 1 if this call woke it, else 0. Never sleeps. C: wake_up_state. */
export function wakeUpState(task: number, mask: number, unlink = 0): 0 | 1 {
  if (!tryToWake(task, mask)) return 0;
  if (unlink !== 0) listDelInit(unlink);
  makeRunnable(task);
  return 1;
}

/** The winner of the state word puts the task where its isolate will find it. */
function makeRunnable(task: number): void {
  traceWake(task);
  const kflags = r32(task + TASK.kflags); // These two never change, and the isolate not while it sleeps.
  if ((kflags & KTHREAD_BLOCKING) !== 0) {
    futexWake(task + TASK.__state, 1);
    return;
  }
  if ((kflags & KTHREAD_MIGRATES) !== 0) {
    store(task + TASK.isolate, me);
    enqueue(migrant());
    return;
  }
  if (r32(task + TASK.isolate) !== me) pushWake(task);
  else {
    const thread = localThread(task);
    if (thread) enqueue(thread);
  }
}

/**
 * Puts `task` on its isolate's wake list, once, and rings. Winning the state word does not own the list node: the task
 * may run, sleep again and be woken by somebody else before the first waker comes here. So whoever turns on_wake_list
 * from 0 to its number pushes, and the isolate clears it before it looks at the state.
 *
 *     waker B              isolate            waker C
 *     wins the word
 *                          T runs, sleeps
 *                                             wins the word, pushes T  [core:push]
 *     on_wake_list is C:
 *     does not push
 *                          clears it, sees T RUNNING  [core:drain]
 *
 * T may as well have ended when B comes here. A place on the list is a reference, so no record on it is given to another
 * task, which would take along what stands behind it.
 */
export function pushWake(task: number): void {
  if (!getTask(task)) return;
  if (cas(task + TASK.on_wake_list, 0, me) !== 0) return putTask(task); // [core:push] pairs with core:drain
  const isolate = load(task + TASK.isolate);
  const at = isolateSlotAt(isolate);
  const head = at + ISOLATE.wake_list;
  for (;;) {
    const first = load(head);
    w32(task + TASK.wake_next, first);
    if (cas(head, first, task) === first) break; // [core:last] pairs with exit:last
  }
  if (isolateAlive(isolate)) ringIfAsleep(at);
  else emptyWakeList(at);
}

/** Moves everything from the wake list to the run queue. */
const drainWakeList = (): void => emptyWakeList(self, (task) => {
  const thread = localThread(task);
  if (!thread) return adopt(task);
  thread.onNews?.();
  if (taskState(task) === TASK_RUNNING) enqueue(thread);
});

/** Takes everything off a wake list, oldest first, and hands those that live here to `serve`; without it for an isolate that is no more. */
export function emptyWakeList(at: number, serve?: (task: number) => void): void {
  let reversed = 0;
  for (let task = xchg(at + ISOLATE.wake_list, 0); task !== 0; ) {
    const next = r32(task + TASK.wake_next);
    w32(task + TASK.wake_next, reversed);
    reversed = task;
    task = next;
  }
  for (let task = reversed; task !== 0; ) {
    const next = r32(task + TASK.wake_next);
    store(task + TASK.on_wake_list, 0); // [core:drain] pairs with core:push
    if (load(task + TASK.isolate) === me) serve?.(task);
    putTask(task);
    task = next;
  }
}

/** To the end of this isolate's run queue; starts turning if nobody does. */
export function enqueue(thread: Thread): void {
  if (thread.queued) return;
  thread.queued = true;
  rqPush(thread);
  if (onCpu !== null || switching || kicked || !isShared) return;
  kicked = true;
  void settled.then(kick); // Not at once: the waker may hold locks that a waiter's condition takes.
}

function kick(): void {
  kicked = false;
  reschedule();
}

function dequeue(): Thread | undefined {
  const thread = rqShift();
  if (thread) thread.queued = false;
  return thread;
}

const queueEmpty = (): boolean => nrRunning === 0;

// --- A shared isolate ---------------------------------------------------------------------------------------------

/** Gives the CPU to the next runnable thread, unless somebody has it. Called whenever a turn ends. */
function reschedule(now = uptime()): void {
  if (switching) return;
  switching = true;
  while (onCpu === null) {
    if (r32(self + ISOLATE.wake_list) !== 0) drainWakeList();
    if (queueEmpty()) {
      if (goIdle()) break;
      continue;
    }
    if (now - turnStart > r32(BUDGET_US) / 1000) {
      askForTurn();
      break;
    }
    const thread = dequeue()!;
    if (thread.gate !== null && seenState(thread.addr) === TASK_RUNNING) {
      const stepped = thread.op !== null;
      takeTurn(thread, now);
      if (stepped) now = uptime();
    } else if (probed.has(thread)) host.turn(() => enqueue(thread));
  }
  switching = false;
}

/** Nothing runs: true once the isolate may sleep, false if something came meanwhile. */
function goIdle(): boolean {
  w32(self + ISOLATE.curr, 0);
  aboutToSleep();
  if (load(self + ISOLATE.wake_list) !== 0) {
    awake();
    return false;
  }
  armBell();
  return true;
}

/** A ring since the last look at everything ends this wait at once: it may have been for mail, which no list shows. */
function armBell(): void {
  if (bellArmed) return;
  bellArmed = true;
  const rung = futexWaitAsync(self + ISOLATE.bell, bellSeen);
  if (rung) void rung.then(onBell);
  else host.turn(onBell);
}

/** Looks for what came before this isolate listened, and at `look`'s things from now on each time its bell rings. */
export function lookForWork(look: () => void = () => {}): void {
  onLook = look;
  onBell();
}

/** The doorbell was rung: a fresh turn of the event loop. */
function onBell(): void {
  bellArmed = false;
  if (self === 0) return;
  bellSeen = load(self + ISOLATE.bell);
  awake();
  turnStart = uptime();
  wf64(self + ISOLATE.answered, turnStart);
  if (load(self + ISOLATE.mail) !== 0) runAsNobody(onMail); // Not as the thread that was the last to go to sleep.
  onLook();
  resync();
  reschedule();
}

/** An isolate died, perhaps between making a thread RUNNING and telling us: looks at every thread that sleeps here. */
function resync(): void {
  const now = load(machineWord(MACHINE.resync));
  if (now === resynced) return;
  resynced = now;
  forEachTask((task) => {
    if (load(task + TASK.isolate) === me && taskState(task) === TASK_NEW) adopt(task);
  });
  takeFromTheDead();
  forEachThread((thread) => {
    if (thread.gate !== null && taskState(thread.addr) === TASK_RUNNING) enqueue(thread);
  });
}

/** A waker died between taking the place on our wake list for a thread and putting it there: nobody else could push it any more. */
function takeFromTheDead(): void {
  const claims: Array<readonly [task: number, by: number]> = [];
  forEachThread(({ addr }) => {
    const by = load(addr + TASK.on_wake_list);
    if (by !== 0 && !isolateAlive(by)) claims.push([addr, by]);
  });
  drainWakeList(); // What the dead did put there is gone from it now.
  for (const [task, by] of claims) if (cas(task + TASK.on_wake_list, by, 0) === by) putTask(task);
}

/** `thread` goes on: its algorithm is stepped, or its gate opened. */
function takeTurn(thread: Thread, now: number): void {
  switches++;
  if (thread.next !== null) wheel.cancel(thread);
  turnAt = now;
  w32(self + ISOLATE.curr, thread.addr);
  wf64(self + ISOLATE.heartbeat, now);
  traceRun(thread.addr);
  if (thread.op !== null) step(thread, now);
  else release(thread, thread.deadline === null ? undefined : jiffiesUntil(thread.deadline, now));
}

/** Drives the algorithm to its next sleep or its end. */
function step(thread: Thread, now: number): void {
  stepping = thread;
  try {
    const { signal } = thread;
    if (signal?.aborted) thread.signal = null;
    const result = signal?.aborted ? thread.op!.throw(signal.reason) : thread.op!.next();
    stepping = null;
    if (result.done) return release(thread, result.value);
    armTimeout(thread, result.value);
    account(thread, now);
  } catch (error) {
    stepping = null;
    release(thread, Promise.reject(error as Error));
  }
}

/** Opens the gate: the thread's own code runs as soon as the microtasks before it have. */
function release(thread: Thread, value: unknown): void {
  const open = thread.gate!;
  thread.gate = thread.op = null;
  w32(thread.addr + TASK.wchan, 0);
  endSleep(thread);
  if (!thread.borrowed) {
    onCpu = thread;
    askForTurn();
  }
  open(value);
}

/** Through the event loop once. Also finds out that the thread on the CPU awaits something foreign. */
function askForTurn(): void {
  if (turnPending) return;
  turnPending = true;
  turnSwitches = switches;
  host.turn(onTurn);
}

function onTurn(): void {
  turnPending = false;
  if (self === 0) return;
  turnStart = uptime();
  if (onCpu !== null && switches === turnSwitches) {
    // It has awaited something else for a whole turn. All that are runnable go on; whose time that is, is not known.
    atomicCheck(onCpu.addr);
    account(onCpu, turnStart);
    onCpu = null;
    for (let n = nrRunning; n > 0; n--) {
      onCpu = null;
      reschedule();
      if (queueEmpty()) break;
    }
  }
  if (onCpu !== null) askForTurn();
  else reschedule();
}

/** What goes with one blocking call is over: its abort listener, or the task it was carried by. */
function endSleep(thread: Thread): void {
  if (thread.signal !== null) {
    thread.signal.removeEventListener('abort', thread);
    thread.signal = null;
  }
  if (!thread.borrowed) return;
  traceGone(thread.addr);
  giveBack(thread);
}

/** Has `hear` called, and now, whenever `thread` may have been asked to stop or sent a signal, also while it runs. */
export function listenForNews(thread: Thread, hear: () => void): void {
  const before = thread.onNews;
  thread.onNews = before === null ? hear : () => {
    before();
    hear();
  };
  fetchOr(thread.addr + TASK.kflags, KTHREAD_LISTENS); // [core:listen] pairs with core:tell
  hear();
}

/** Makes `task` hear of news if it listens for them; they are there already. */
export function tellNews(task: number): void {
  if ((load(task + TASK.kflags) & KTHREAD_LISTENS) === 0) return; // [core:tell] pairs with core:listen
  if (load(task + TASK.isolate) !== me) pushWake(task);
  else queueMicrotask(() => localThread(task)?.onNews?.());
}

/** Ends a sleep that nobody awaits any more: its algorithm cleans up after itself, and what follows the call never runs. */
export function dropSleep(thread: Thread): void {
  thread.op?.return(undefined);
  thread.op = thread.gate = null;
  endSleep(thread);
}

/** Puts the calling thread to sleep, or to the end of the queue if its state is RUNNING. Resolves when its turn comes. */
function suspend(thread: Thread, deadline: number, op: Blocking<unknown> | null, result: number | null = null): Promise<unknown> {
  const now = uptime();
  atomicCheck(thread.addr);
  thread.op = op;
  thread.deadline = result;
  account(thread, now);
  const gate = makeGate(thread);
  if (seenState(thread.addr) === TASK_RUNNING) enqueue(thread);
  else armTimeout(thread, deadline);
  if (onCpu === thread) onCpu = null;
  reschedule(now);
  return gate;
}

let openGate: (value: unknown) => void;
const takeHandle = (open: typeof openGate): void => void (openGate = open);

/** The promise on which an async thread sleeps: nothing but a promise, so that a switch costs one, and nothing kept that could reject it: it is resolved with what does. */
function makeGate(thread: Thread): Promise<unknown> {
  const gate = new Promise<unknown>(takeHandle);
  thread.gate = openGate;
  return gate;
}

/**
 * The call trace of a thread that sleeps here, as lines of "at ..."; empty if it runs. The sleeper does not notice: its
 * gate is made to follow another promise, in whose reaction a stack capture walks the awaits behind the gate; what that
 * returns is a gate again. Sleeping costs nothing for it. (A gate with a reaction of its own costs each sleep a promise.)
 */
export function probeThread(thread: Thread): Promise<string> {
  const follow = thread.gate;
  if (follow === null) return Promise.resolve('');
  thread.gate = null;
  probed.add(thread);
  return new Promise((answer) => {
    const look = (): Promise<unknown> => {
      const trace = host.errorTrace(look);
      const gate = makeGate(thread);
      probed.delete(thread);
      answer(trace);
      return gate;
    };
    let begin!: () => void;
    follow(new Promise<void>((resolve) => { begin = resolve; }).then(look));
    host.turn(begin); // By then the gate follows it.
  });
}

function armTimeout(thread: Thread, deadline: number): void {
  if (deadline === Infinity) return;
  addTimer(thread, deadline);
}

/** Adds what the thread's turn took to its account. */
function account(thread: Thread, now: number): void {
  const at = thread.addr;
  traceStop(at);
  if (onCpu === thread || thread === plain) {
    wf64(at + TASK.run_time, rf64(at + TASK.run_time) + now - turnAt);
    wf64(self + ISOLATE.busy, rf64(self + ISOLATE.busy) + now - turnAt);
  }
  wf64(at + TASK.last_switch, now);
  w32(self + ISOLATE.nr_switches, r32(self + ISOLATE.nr_switches) + 1);
  const counter = at + (seenState(at) === TASK_RUNNING ? TASK.nivcsw : TASK.nvcsw);
  w32(counter, r32(counter) + 1);
}

// --- Timers of this isolate ---------------------------------------------------------------------------------------

/** Arms `timer` on this isolate for `when`, ms since boot. */
export function addTimer(timer: Timer, when: number): void {
  if (timer.next !== null) wheel.cancel(timer);
  wheel.add(timer, when);
  if (isShared && timer.due < alarmAt) setAlarm(timer.due);
}

/** Disarms `timer`; whether it was armed. */
export const cancelTimer = (timer: Timer): boolean => wheel.cancel(timer);

/** Disarms all timers of this isolate. Returns how many there were. */
export function dropTimers(): number {
  wheel.cancel(firstFunction);
  return wheel.clear() + functions.clear();
}

function setAlarm(at: number): void {
  alarmAt = at;
  if (at === Infinity) host.cancelAlarm();
  else host.alarm(Math.max(0, at - uptime()));
}

function onAlarm(): void {
  if (self === 0) return;
  awake();
  turnStart = uptime();
  alarmAt = Infinity;
  wheel.run(turnStart);
  const next = wheel.nextEvent();
  if (next < alarmAt) setAlarm(next);
  reschedule();
}

// --- An own isolate -----------------------------------------------------------------------------------------------

const poll = new HaltPoll();

/**
 * Blocks this OS thread until the plain thread's state is RUNNING again, at most until `deadline` (ms since boot), when
 * it wakes itself. Serves what only this isolate can do meanwhile: its timers and kthreadd. A futex wake that leaves
 * the state as it was says: look at those.
 */
function blockUntilRunning(thread: Thread, deadline: number): void {
  const word = thread.addr + TASK.__state;
  atomicCheck(thread.addr);
  account(thread, uptime());
  w32(self + ISOLATE.curr, 0);
  for (let state = takePoke(thread.addr); state !== TASK_RUNNING; state = takePoke(thread.addr)) {
    runDuties();
    const now = uptime();
    if (now >= deadline) {
      wakeUpState(thread.addr, -1);
      break;
    }
    const until = Math.min(deadline, wheel.nextEvent());
    if (poll.until(word, -1, TASK_RUNNING)) break;
    if (until > now) futexWait(word, state, until - now); // Returns at once if the word changed: [task:wake].
  }
  settleCpu(thread);
  turnAt = uptime();
  w32(self + ISOLATE.curr, thread.addr);
  wf64(self + ISOLATE.heartbeat, turnAt);
  traceRun(thread.addr);
}

/** The plain thread that calls takes the CPU that was chosen for it meanwhile, at a moment when it can hold no per-CPU lock. */
export function settleCpu({ addr }: Thread): void {
  const cpu = load(addr + TASK.wake_cpu);
  if (cpu === load(addr + TASK.cpu)) return;
  store(self + ISOLATE.cpu, cpu);
  store(addr + TASK.cpu, cpu);
}

/** What a blocked isolate does besides waiting. */
function runDuties(): void {
  if (load(self + ISOLATE.mail) !== 0) onMail();
  if (wheel.count > 0) wheel.run(uptime());
  for (let other = dequeue(); other; other = dequeue()) if (other.op) stepInline(other);
}

function stepInline(other: Thread): void {
  stepping = other;
  other.op!.next();
  stepping = null;
}

// --- The two drivers ----------------------------------------------------------------------------------------------

/**
 * Runs a blocking algorithm for the calling thread on a shared isolate. `why` is its wchan, a C name. Called outside of
 * a thread, or while the caller already sleeps (Promise.all), it runs in a task of its own.
 */
export function block<T>(why: string, start: (task: number) => Blocking<T>, opt?: WaitOptions): Promise<T> {
  mightSleep(why);
  return blockAtomic(why, start, opt);
}

/** As block, for an algorithm that gives back what its caller holds before it sleeps. */
export function blockAtomic<T>(why: string, start: (task: number) => Blocking<T>, opt?: WaitOptions): Promise<T> {
  if (plain) throw blocksInPlain(why);
  const caller = currentThread();
  const borrowed = caller === null || caller.gate !== null || caller === stepping; // It sleeps already, or is none.
  const thread = borrowed ? borrow() : caller;
  const op = start(thread.addr);
  w32(thread.addr + TASK.wchan, wchan(why));
  let first: IteratorResult<number, T>;
  const outer = stepping;
  stepping = thread;
  try {
    opt?.signal?.throwIfAborted();
    first = op.next();
  } catch (error) {
    stepping = outer;
    if (borrowed) giveBack(thread);
    return Promise.reject(error as Error);
  }
  stepping = outer;
  if (first.done) {
    if (borrowed) giveBack(thread);
    else w32(thread.addr + TASK.wchan, 0);
    return ready(first.value);
  }
  if (opt?.signal) {
    thread.signal = opt.signal;
    opt.signal.addEventListener('abort', thread, { once: true });
  }
  return suspend(thread, first.value, op) as Promise<T>;
}

/** Runs a blocking algorithm for the plain thread that calls, by blocking its isolate. `call` is the Sync spelling's plain name. */
export function blockSync<T>(why: string, call: string, start: (task: number) => Blocking<T>): T {
  mightSleep(why);
  return blockAtomicSync(why, call, start);
}

/** As blockSync, for an algorithm that gives back what its caller holds before it sleeps. */
export function blockAtomicSync<T>(why: string, call: string, start: (task: number) => Blocking<T>): T {
  const thread = needPlain(call);
  const op = start(thread.addr);
  for (;;) {
    const step = op.next();
    if (step.done) return step.value;
    w32(thread.addr + TASK.wchan, wchan(why));
    blockUntilRunning(thread, step.value);
  }
}

/** The plain thread that calls; throws KernelError EDEADLK on a shared isolate, naming the spelling to use there. */
export function needPlain(call: string): Thread {
  if (plain) return plain;
  throw new KernelError(-EDEADLK, `${call}Sync() would block an isolate that others share: await ${call}() instead`);
}

const blocksInPlain = (call: string): KernelError =>
  new KernelError(-EDEADLK, `${call}: a plain thread has no event loop that an await could go on from; use the Sync spelling, or declare the function async`);

/** A blocking call that need not sleep still counts: after the budget it goes through the event loop. */
export function ready<T>(value: T): Promise<T> {
  if (plain) throw blocksInPlain('this call');
  if (!overBudget() || r32(preemptWord(holder())) !== 0) return Promise.resolve(value); // A wait that dropped a spinlock has it again.
  const thread = currentThread();
  if (thread !== null && (thread.gate !== null || thread === stepping)) return Promise.resolve(value);
  return (thread === null ? turn() : suspend(thread, Infinity, null)).then(() => value);
}

/** Lets the event loop go round once, for code outside of threads. */
const turn = (): Promise<void> => new Promise((resolve) => {
  host.turn(() => {
    turnStart = uptime();
    resolve();
  });
});

/** Whether this shared isolate owes its event loop a turn. */
export const overBudget = (): boolean => uptime() - turnStart > r32(BUDGET_US) / 1000;

// --- schedule() ---------------------------------------------------------------------------------------------------

/**
 * Leaves the CPU: in a sleeping state until woken, in RUNNING to the end of the queue. A signal that the state allows
 * keeps it from sleeping. In a state with TASK_FREEZABLE it is frozen with the machine. Returns in RUNNING. Throws EPERM outside a
 * kernel thread. C: schedule.
 */
export function schedule(): Promise<void> {
  const thread = needThread('schedule');
  bugOn(thread.gate !== null, 'task %d sleeps in two places at once', thread.pid);
  if (isFreezable(thread.addr)) return block('schedule', (task) => freezableSleep(task, Infinity)).then(() => {});
  if (maySleep(thread.addr)) w32(thread.addr + TASK.wchan, wchan('schedule'));
  return suspend(thread, Infinity, null) as Promise<void>;
}

/** C: schedule. For plain threads; throws EDEADLK on a shared isolate. */
export function scheduleSync(): void {
  sleepUntilSync(needPlain('schedule'), Infinity, 'schedule');
}

/**
 * Sleeps in the state that was set, at most until `deadline` (ms since boot); in RUNNING it does not. Returns the jiffies
 * left then. What schedule_timeout stands on.
 */
export function sleepUntil(thread: Thread, deadline: number, why: string): Promise<number> {
  bugOn(thread.gate !== null, 'task %d sleeps in two places at once', thread.pid);
  if (isFreezable(thread.addr)) return block(why, (task) => freezableSleep(task, deadline));
  if (!maySleep(thread.addr)) return ready(jiffiesUntil(deadline));
  w32(thread.addr + TASK.wchan, wchan(why));
  return suspend(thread, deadline, null, deadline) as Promise<number>;
}

/** The thread that may sleep here and now without a task borrowed for it, or null. */
export function freeThread(): Thread | null {
  const thread = currentThread();
  return thread !== null && thread.gate === null && thread !== stepping && plain === null ? thread : null;
}

/** For plain threads; as sleepUntil. */
export function sleepUntilSync(thread: Thread, deadline: number, why: string): void {
  if (isFreezable(thread.addr)) return void blockSync(why, 'schedule', (task) => freezableSleep(task, deadline));
  if (!maySleep(thread.addr)) return runDuties();
  w32(thread.addr + TASK.wchan, wchan(why));
  blockUntilRunning(thread, deadline);
  w32(thread.addr + TASK.wchan, 0);
}

const isFreezable = (task: number): boolean => (seenState(task) & TASK_FREEZABLE) !== 0;

/** Whether the state says sleep and no signal says otherwise; the state is RUNNING if not. */
function maySleep(task: number): boolean {
  const state = seenState(task);
  if (state === TASK_RUNNING) return false;
  if (!signalPendingState(state, task)) return true;
  setTaskState(task, TASK_RUNNING);
  return false;
}

/** Whether somebody waits for this shared isolate, or its budget is used up. C: need_resched. */
export const needResched = (): boolean => !queueEmpty() || r32(self + ISOLATE.wake_list) !== 0 || overBudget();

/**
 * Lets others run if somebody waits or the isolate's budget is used up, and tells the watchdog that all is well. Returns
 * 1 if it did, else 0. C: cond_resched.
 */
export function condResched(): Promise<0 | 1> {
  const thread = currentThread();
  wf64(self + ISOLATE.touched, uptime());
  const due = needResched();
  if (!due || thread === null || thread.gate !== null || thread === stepping || plain !== null) return Promise.resolve(0);
  return suspend(thread, Infinity, null).then(() => 1 as const);
}

/** For plain threads; as condResched. Others on the CPU have OS threads of their own, so it only serves what waits for this one. */
export function condReschedSync(): 0 | 1 {
  needPlain('condResched');
  wf64(self + ISOLATE.touched, uptime());
  const due = !queueEmpty() || wheel.count > 0;
  runDuties();
  return due ? 1 : 0;
}

/** Who holds a spinlock must not leave the CPU: whoever wants the lock would spin for as long as it sleeps. */
function atomicCheck(task: number): void {
  if (r32(task + TASK.preempt_count) !== 0) reportAtomic(task);
}

/** Nor call what may sleep, whether or not it would: reports it, naming `why`. At the top of a function that may sleep. C: might_sleep. */
export function mightSleep(why = 'might_sleep'): void {
  const thread = holder();
  if (r32(preemptWord(thread)) !== 0) reportAtomic(thread?.addr ?? 0, why);
}

let reportAtomic: (task: number, why?: string) => void = () => {};

/** Who reports a task (0: code outside of any) that sleeps with a spinlock held, or that is in `why`, where it might. */
export function setAtomicReporter(report: typeof reportAtomic): void {
  reportAtomic = report;
}

/** What a new thread does in its first turn. Its gate is no promise yet, but follows one like any other: see probeThread(). */
export function startThread(thread: Thread, body: () => void): void {
  thread.gate = (followed) => void ((followed ?? settled) as Promise<unknown>).then(() => runAs(thread, body));
}

/** The first sleep of a plain thread: until somebody wakes it. */
export function waitForFirstWake(thread: Thread): void {
  blockUntilRunning(thread, Infinity);
  w32(thread.addr + TASK.wchan, 0);
}


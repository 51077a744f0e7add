/**
 * Signals: a thread ignores them until it allows one; then it is pending, ends the sleeps that it may end, and nothing else
 * happens. Waiting for an event with a signal pending is tested with wait_event; the order of sender and sleeper, one
 * access at a time, is signal.litmus.ts.
 */
import { afterEach, expect, test } from 'vitest';
import { load, store } from '../lib/atomic.js';
import { EINTR, EINVAL, EPERM, ERESTARTSYS, ESRCH } from '../lib/errno.js';
import { readProc, snapshot } from '../fs/proc.js';
import { CLOSURE, CPU1, HERE, KINDS, PLAIN, pause, until, words, type Kind } from './kinds.fixture.js';
import { CALLS, WORDS as KTHREAD_WORDS, obedient } from './kthread.fixture.js';
import { getTaskStruct, kthreadCreate, kthreadRun, kthreadStop, putTaskStruct, wakeUpProcess } from './kthread.js';
import { findPid, oneMachine } from './machine.fixture.js';
import { findTaskByPid, type Task } from './sched/handle.js';
import { TASK_IDLE, TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE } from './sched/task.js';
import { LONG, Puppet, correspondent, farAway, type Exchange } from './signal.fixture.js';
import {
  NSIG, SEND_SIG_NOINFO, SEND_SIG_PRIV, SIGHUP, SIGINT, SIGKILL, SIGRTMIN, SIGSEGV, SIGTERM, SIGUSR1, SIGUSR2, allowSignal, fatalSignalPending, flushSignals, ignoreSignals, kill, killPid, sendSig, sendSigInfo, signalPending, signalPendingState,
} from './signal.js';
import { scheduleTimeoutInterruptible } from './time/sleep.js';

oneMachine();
const ALL = Array.from({ length: NSIG }, (_, i) => i + 1);

const puppets: Puppet[] = [];
async function puppet(kind: Kind): Promise<Puppet> {
  const made = await Puppet.start(kind);
  puppets.push(made);
  return made;
}
afterEach(async () => {
  for (const { task } of puppets.splice(0)) await kthreadStop(task);
});

/** Neither pending nor awake: what shall not happen gets a moment to happen in. */
async function sleepsOn(task: Task, { isOver }: { isOver: () => boolean }, pending = false): Promise<void> {
  await pause(10);
  expect([isOver(), signalPending(task)]).toEqual([false, pending]);
}

test.each(KINDS)('T007 SIGKILL is pending for the creator: -EINTR, and the orphan ends without its function: $kind', async (kind) => {
  const p = await puppet(kind);
  await p.does('allow', SIGKILL);
  await p.does('allow', SIGTERM);
  sendSig(SIGTERM, p.task, true);
  for (const of of kind === PLAIN ? [1, 2] : [0, 1, 2]) {
    sendSig(SIGKILL, p.task, true);
    expect(await p.does('create', of)).toBe(-EINTR);
    await until(() => snapshot().every((t) => t.comm !== 'orphan'), 'the orphan is gone');
    await p.does('flush');
    const pid = await p.does('create', of); // It can make others, and so can everybody.
    expect(pid).toBeGreaterThan(2);
    expect(await kthreadStop(findTaskByPid(pid)!)).toBe(-EINTR);
  }
});

test('T007 a signal that is not fatal does not keep a creator from creating', async () => {
  const p = await puppet(PLAIN);
  await p.does('allow', SIGTERM);
  sendSig(SIGTERM, p.task, true);
  const pid = await p.does('create', 1);
  expect(await kthreadStop(findTaskByPid(pid)!)).toBe(-EINTR);
});

test('T007 a call outside of any thread is killed while it waits for its thread', async () => {
  const at = words(KTHREAD_WORDS);
  const creating = kthreadCreate(farAway, { at }, 'orphan'); // It needs a new isolate, which takes a while.
  const call = snapshot().find((t) => t.wchan === 'kthread_create')!;
  expect(kill(call.pid, SIGTERM)).toBe(0); // Would end a process.
  await expect(creating).rejects.toMatchObject({ errno: -EINTR });
  await until(() => snapshot().every((t) => t.comm !== 'orphan' && t.pid !== call.pid), 'both are gone');
  expect(load(at + CALLS)).toBe(0);
});

test.each(KINDS)('T007 a creator is killed at whatever moment: it gets its thread or -EINTR, and nothing is left: $kind', async (kind) => {
  const p = await puppet(kind);
  await p.does('allow', SIGKILL);
  const got = new Set<boolean>();
  for (let round = 0; round < 60; round++) {
    const creating = p.does('create', 1 + (round % 2));
    for (const end = performance.now() + (round % 20) / 10; performance.now() < end; ) await (kind === PLAIN ? undefined : Promise.resolve());
    sendSig(SIGKILL, p.task, true);
    const result = await creating;
    if (result > 0) await kthreadStop(findTaskByPid(result)!);
    else expect(result).toBe(-EINTR);
    got.add(result > 0);
    await p.does('flush');
  }
  await until(() => snapshot().every((t) => t.comm !== 'orphan'), 'no orphan is left');
});

test('T033 SIGKILL for kthreadd succeeds, and it goes on making threads', async () => {
  expect([kill(2, SIGKILL), killPid(2, SIGKILL, true), findTaskByPid(2)!.state]).toEqual([0, 0, 'S']);
  expect(await kthreadStop(await kthreadCreate(obedient.closure, { at: words(KTHREAD_WORDS), value: 0 }, 'after'))).toBe(-EINTR);
});

test.each(KINDS)('T106 an allowed signal ends schedule_timeout in S and not in D: $kind', async (kind) => {
  const p = await puppet(kind);
  await p.does('allow', SIGINT);
  const s = await p.sleeps('sleep', TASK_INTERRUPTIBLE);
  sendSig(SIGINT, p.task, false);
  const left = await s.ended;
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(LONG);
  await p.does('flush');
  const d = await p.sleeps('sleep', TASK_UNINTERRUPTIBLE);
  sendSig(SIGINT, p.task, false);
  await sleepsOn(p.task, d, true);
  wakeUpProcess(p.task);
  expect(await d.ended).toBeGreaterThan(0);
});

test.each(KINDS)('T107 schedule_timeout in killable state ends by an allowed SIGKILL only, in idle state by none: $kind', async (kind) => {
  const p = await puppet(kind);
  await p.does('allow', SIGTERM);
  const k = await p.sleeps('sleep', TASK_KILLABLE);
  for (const sig of [SIGTERM, SIGKILL]) sendSig(sig, p.task, false);
  await sleepsOn(p.task, k, true);
  wakeUpProcess(p.task);
  await k.ended;
  await p.does('allow', SIGKILL);
  const again = await p.sleeps('sleep', TASK_KILLABLE);
  sendSig(SIGKILL, p.task, false);
  expect(await again.ended).toBeGreaterThan(0);
  const idle = await p.sleeps('sleep', TASK_IDLE);
  expect(p.task.state).toBe('I');
  sendSig(SIGKILL, p.task, true);
  await sleepsOn(p.task, idle, true);
  wakeUpProcess(p.task);
  await idle.ended;
});

test.each(KINDS)('T109 msleep_interruptible tells what a signal left of it; a plain wake-up does not shorten it: $kind', async (kind) => {
  const p = await puppet(kind);
  await p.does('allow', SIGUSR2);
  const sleep = await p.sleeps('msleep', LONG, TASK_INTERRUPTIBLE);
  wakeUpProcess(p.task);
  await pause(50);
  expect(sleep.isOver()).toBe(false);
  kill(p.task.pid, SIGUSR2);
  const left = await sleep.ended;
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(LONG - 45);
});

test.each(KINDS)('T168 kill of a thread that allowed nothing succeeds and does nothing, whatever the signal: $kind', async (kind) => {
  const p = await puppet(kind);
  const sleep = await p.sleeps('sleep', TASK_INTERRUPTIBLE);
  for (const sig of ALL) expect(kill(p.task.pid, sig)).toBe(0);
  await sleepsOn(p.task, sleep);
  expect(p.task.state).toBe('S');
  wakeUpProcess(p.task);
  await sleep.ended;
});

test.each(KINDS)('T169 nor does what the kernel itself sends: $kind', async (kind) => {
  const p = await puppet(kind);
  const sleep = await p.sleeps('sleep', TASK_INTERRUPTIBLE);
  for (const sig of ALL) {
    expect([sendSig(sig, p.task, true), sendSig(sig, p.task, false), killPid(p.task.pid, sig, true)]).toEqual([0, 0, 0]);
    expect([sendSigInfo(sig, SEND_SIG_PRIV, p.task), sendSigInfo(sig, SEND_SIG_NOINFO, p.task)]).toEqual([0, 0]);
  }
  await sleepsOn(p.task, sleep);
  wakeUpProcess(p.task);
  await sleep.ended;
});

test.each(KINDS)('T170 after allow_signal, kill wakes an interruptible sleep, is pending, and the thread decides: $kind', async (kind) => {
  const p = await puppet(kind);
  await p.does('allow', SIGTERM);
  const sleep = await p.sleeps('sleep', TASK_INTERRUPTIBLE);
  for (const sig of ALL.filter((sig) => sig !== SIGTERM)) kill(p.task.pid, sig);
  await sleepsOn(p.task, sleep);
  expect(kill(p.task.pid, SIGTERM)).toBe(0);
  expect(await sleep.ended).toBeGreaterThan(0);
  expect([await p.does('pending'), signalPending(p.task), p.task.state]).toEqual([1, true, expect.stringMatching(/[RD]/)]);
});

test.each(KINDS)('T171 it does not wake an uninterruptible sleep, but is pending afterwards: $kind', async (kind) => {
  const p = await puppet(kind);
  await p.does('allow', SIGTERM);
  const sleep = await p.sleeps('wait', TASK_UNINTERRUPTIBLE);
  kill(p.task.pid, SIGTERM);
  await sleepsOn(p.task, sleep, true);
  p.completes();
  expect([(await sleep.ended) > 0, await p.does('pending')]).toEqual([true, 1]);
});

test.each(KINDS)('T172 SIGKILL, once allowed, kills nobody either: $kind', async (kind) => {
  const p = await puppet(kind);
  await p.does('allow', SIGKILL);
  expect(kill(p.task.pid, SIGKILL)).toBe(0);
  expect([await p.does('pending'), await p.does('fatal')]).toEqual([1, 0]); // For its group, and not for itself.
  expect(sendSig(SIGKILL, p.task, false)).toBe(0);
  expect([await p.does('pending'), await p.does('fatal'), fatalSignalPending(p.task)]).toEqual([1, 1, true]);
  expect([await p.does('dequeue'), await p.does('fatal'), await p.does('dequeue'), await p.does('pending')]).toEqual([SIGKILL, 0, SIGKILL, 0]);
});

test.each(KINDS)('T173 allow_kernel_signal: what a process sends is dropped, what the kernel sends arrives: $kind', async (kind) => {
  const p = await puppet(kind);
  await p.does('allowKernel', SIGHUP);
  expect([kill(p.task.pid, SIGHUP), killPid(p.task.pid, SIGHUP, false), sendSig(SIGHUP, p.task, false)]).toEqual([0, 0, 0]);
  expect(await p.does('pending')).toBe(0);
  sendSig(SIGHUP, p.task, true);
  expect(await p.does('dequeue')).toBe(SIGHUP);
  killPid(p.task.pid, SIGHUP, true);
  expect(await p.does('dequeue')).toBe(SIGHUP);
  await p.does('allow', SIGHUP); // From now on from anybody,
  kill(p.task.pid, SIGHUP);
  expect(await p.does('dequeue')).toBe(SIGHUP);
  await p.does('allowKernel', SIGHUP); // and no more.
  kill(p.task.pid, SIGHUP);
  expect(await p.does('pending')).toBe(0);
});

test.each(KINDS)('T174 disallow_signal drops one that is pending and ignores it again: $kind', async (kind) => {
  const p = await puppet(kind);
  for (const sig of [SIGUSR1, SIGUSR2]) await p.does('allow', sig);
  for (const sig of [SIGUSR1, SIGUSR2]) {
    sendSig(sig, p.task, true);
    killPid(p.task.pid, sig, true);
  }
  await p.does('disallow', SIGUSR1);
  sendSig(SIGUSR1, p.task, true);
  expect([await p.does('dequeue'), await p.does('dequeue'), await p.does('dequeue')]).toEqual([SIGUSR2, SIGUSR2, 0]);
});

test.each(KINDS)('T175 flush_signals forgets all; kernel_dequeue_signal takes one after the other, the lowest number first: $kind', async (kind) => {
  const p = await puppet(kind);
  const sent = [SIGTERM, SIGHUP, 64, SIGRTMIN + 1, SIGRTMIN, SIGSEGV, 31, SIGUSR2];
  for (const sig of sent) await p.does('allow', sig);
  for (const sig of sent) sendSig(sig, p.task, false);
  await p.does('flush');
  expect([await p.does('pending'), await p.does('dequeue')]).toEqual([0, 0]);
  for (const sig of sent) for (let i = 0; i < 3; i++) sendSig(sig, p.task, false); // Three times is once, also beyond SIGRTMIN.
  const taken: number[] = [];
  for (let sig = await p.does('dequeue'); sig !== 0; sig = await p.does('dequeue')) taken.push(sig);
  expect(taken).toEqual([SIGSEGV, 31, SIGHUP, SIGUSR2, SIGTERM, SIGRTMIN, SIGRTMIN + 1, 64]); // What is wrong here and now comes first.
  kill(p.task.pid, SIGHUP);
  sendSig(SIGTERM, p.task, false);
  expect([await p.does('dequeue'), await p.does('dequeue')]).toEqual([SIGTERM, SIGHUP]); // Its own before its group's.
});

test.each(KINDS)('T176 a signal that stays pending ends every later interruptible wait at once: $kind', async (kind) => {
  const p = await puppet(kind);
  await p.does('allow', SIGINT);
  kill(p.task.pid, SIGINT);
  for (let i = 0; i < 3; i++) {
    expect(await p.does('wait', TASK_INTERRUPTIBLE)).toBe(-ERESTARTSYS);
    expect(await p.does('sleep', TASK_INTERRUPTIBLE)).toBeGreaterThan(0);
    expect(await p.does('msleep', LONG)).toBeGreaterThan(0);
  }
  const keeps = () => [TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE].map((state) => signalPendingState(state, p.task));
  expect(keeps()).toEqual([true, false, false]); // A signal that does not kill keeps from sleeping in S only.
  await p.does('flush');
  expect(keeps()).toEqual([false, false, false]);
  const wait = await p.sleeps('wait', TASK_INTERRUPTIBLE);
  await sleepsOn(p.task, wait);
  p.completes();
  expect(await wait.ended).toBeGreaterThan(0);
});

test.each(KINDS)('T177 SigIgn is all ones; allow_signal takes the bit away and sets it in SigCgt: $kind', async (kind) => {
  const p = await puppet(kind);
  const mask = (name: string, status: string): string => new RegExp(`^${name}:\t(\\w+)$`, 'm').exec(status)![1];
  const masks = async (): Promise<string[]> => {
    const status = await readProc(`/proc/${p.task.pid}/status`);
    return ['SigIgn', 'SigCgt', 'SigPnd', 'ShdPnd'].map((name) => mask(name, status));
  };
  expect(await masks()).toEqual(['ffffffffffffffff', '0000000000000000', '0000000000000000', '0000000000000000']);
  await p.does('allow', SIGHUP);
  await p.does('allowKernel', 64);
  expect(await masks()).toEqual(['7ffffffffffffffe', '8000000000000001', '0000000000000000', '0000000000000000']);
  kill(p.task.pid, SIGHUP);
  sendSig(64, p.task, true);
  expect(await masks()).toEqual(['7ffffffffffffffe', '8000000000000001', '8000000000000000', '0000000000000001']);
  for (const sig of [SIGHUP, 64]) await p.does('disallow', sig);
  expect(await masks()).toEqual(['ffffffffffffffff', '0000000000000000', '0000000000000000', '0000000000000000']);
});

test('T178 a signal for a thread that ended is harmless', async () => {
  const held = getTaskStruct(await kthreadRun(obedient.closure, { at: words(KTHREAD_WORDS), value: 0 }, 'held'));
  const gone = await kthreadRun(obedient.closure, { at: words(KTHREAD_WORDS), value: 0 }, 'gone');
  await kthreadStop(held);
  await kthreadStop(gone);
  for (const task of [held, gone]) {
    expect([sendSig(SIGKILL, task, true), killPid(task.pid, SIGKILL, true), kill(task.pid, SIGKILL)]).toEqual([-ESRCH, -ESRCH, -ESRCH]);
    flushSignals(task);
    ignoreSignals(task);
  }
  expect([signalPending(gone), fatalSignalPending(gone)]).toEqual([false, false]);
  putTaskStruct(held);
});

// --- The two questions of document 000, answered in docs/signals.md ------------------------------------------------

test.each(KINDS)('document 000 asks: what do signals do to TASK_INTERRUPTIBLE and TASK_UNINTERRUPTIBLE? $kind', async (kind) => {
  const p = await puppet(kind);
  for (const state of [TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE]) {
    const ignoring = await p.sleeps('sleep', state);
    kill(p.task.pid, SIGTERM);
    await sleepsOn(p.task, ignoring); // One that is not allowed: nothing.
    wakeUpProcess(p.task);
    await ignoring.ended;
  }
  await p.does('allow', SIGTERM);
  const interruptible = await p.sleeps('sleep', TASK_INTERRUPTIBLE);
  kill(p.task.pid, SIGTERM);
  expect(await interruptible.ended).toBeGreaterThan(0); // Allowed: it ends this sleep,
  expect(await p.does('sleep', TASK_INTERRUPTIBLE)).toBeGreaterThan(0); // and does not let another begin.
  const uninterruptible = await p.sleeps('sleep', TASK_UNINTERRUPTIBLE);
  await sleepsOn(p.task, uninterruptible, true); // It is pending all the while.
  const stopping = kthreadStop(puppets.pop()!.task);
  expect(await uninterruptible.ended).toBeGreaterThan(0); // A stop ends both.
  await stopping;
});

test.each(KINDS)('document 000 asks: is a signal answered that the kernel sends, and not user space? $kind', async (kind) => {
  const p = await puppet(kind);
  const answers = async (send: () => number): Promise<boolean> => {
    const sleep = await p.sleeps('sleep', TASK_INTERRUPTIBLE);
    expect(send()).toBe(0); // Whether or not anybody listens.
    const answered = signalPending(p.task); // What is pending wakes it; that is T170's.
    if (!answered) await sleepsOn(p.task, sleep);
    if (!answered) wakeUpProcess(p.task);
    await sleep.ended;
    await p.does('flush');
    return answered;
  };
  const both = async (): Promise<boolean[]> => [await answers(() => kill(p.task.pid, SIGUSR1)), await answers(() => sendSig(SIGUSR1, p.task, true))];
  expect(await both()).toEqual([false, false]); // Neither, to begin with.
  await p.does('allow', SIGUSR1);
  expect(await both()).toEqual([true, true]);
  await p.does('allowKernel', SIGUSR1);
  expect(await both()).toEqual([false, true]);
  await p.does('disallow', SIGUSR1);
  expect(await both()).toEqual([false, false]);
});

test('a number that is no signal is EINVAL, a pid that is none ESRCH, and 0 only asks', async () => {
  const p = await puppet(HERE);
  for (const sig of [-1, 65, 1.5, NaN]) {
    expect([sendSig(sig, p.task, true), kill(p.task.pid, sig), kill(4_000_000, sig)]).toEqual([-EINVAL, -EINVAL, -ESRCH]);
  }
  for (const sig of [0, -1, 65]) for (const order of ['allow', 'allowKernel', 'disallow']) expect(await p.does(order, sig)).toBe(-EINVAL);
  expect([kill(p.task.pid, 0), sendSig(0, p.task, true), kill(-5, 0), kill(4_000_000, 0), await p.does('pending')]).toEqual([0, 0, -ESRCH, -ESRCH, 0]);
  expect(() => allowSignal(SIGTERM)).toThrow(expect.objectContaining({ errno: -EPERM }));
});

test('flush_signals does not take away what kthread_stop said', async () => {
  const p = await puppet(PLAIN);
  await p.does('allow', SIGTERM);
  const sleep = await p.sleeps('sleep', TASK_INTERRUPTIBLE);
  const stopping = kthreadStop(puppets.pop()!.task);
  await sleep.ended;
  flushSignals(p.task);
  expect([signalPending(p.task), fatalSignalPending(p.task)]).toEqual([p.task.exists, false]);
  await stopping;
});

test('ignore_signals from outside: nothing is allowed any more, nothing pending', async () => {
  const p = await puppet(CPU1);
  for (const sig of [SIGTERM, SIGKILL]) await p.does('allow', sig);
  await p.does('allowKernel', SIGHUP);
  sendSig(SIGTERM, p.task, false);
  ignoreSignals(p.task);
  for (const sig of [SIGTERM, SIGKILL, SIGHUP]) sendSig(sig, p.task, true);
  expect([signalPending(p.task), await p.does('dequeue')]).toEqual([false, 0]);
});

test('pid 1 is the program: signals for it are dropped', () => {
  expect([kill(1, SIGKILL), killPid(1, SIGTERM, true), signalPending(findTaskByPid(1))]).toEqual([0, 0, false]);
});

test('a blocking call outside of any thread is killed by what would end a process, and by nothing else', async () => {
  const sleeping = scheduleTimeoutInterruptible(LONG);
  const { pid } = snapshot().find((t) => t.borrowed)!;
  expect(kill(pid, 17)).toBe(0); // SIGCHLD
  expect(findPid(pid)?.letter).toBe('S');
  expect(kill(pid, SIGTERM)).toBe(0);
  expect(await sleeping).toBeGreaterThan(0);
  const next = scheduleTimeoutInterruptible(1); // The next call, though its record may be the same, starts afresh.
  expect(await next).toBe(0);
});

test.each([[CLOSURE, CLOSURE], [CLOSURE, CPU1], [CPU1, PLAIN], [PLAIN, PLAIN], [HERE, PLAIN]])('two threads send each other signals, 20,000 rounds, and none is missed: $0.kind, $1.kind', { timeout: 60_000 }, async (one, two) => {
  const [a, b] = [words(1), words(1)];
  const [peerOfA, peerOfB] = [words(2), words(2)];
  const make = (kind: Kind, data: Exchange): Promise<Task> => kind.create(correspondent, data);
  const tasks = [getTaskStruct(await make(one, { mine: a, yours: b, peer: peerOfA, rounds: 20_000 })), getTaskStruct(await make(two, { mine: b, yours: a, peer: peerOfB, rounds: 20_000 }))];
  for (const [peer, task] of [[peerOfA, tasks[1]], [peerOfB, tasks[0]]] as const) {
    store(peer + 4, task.pid);
    store(peer, task.addr);
  }
  for (const task of tasks) wakeUpProcess(task);
  await until(() => tasks.every((task) => task.state === 'X'), 'both are through', 50_000);
  for (const task of tasks) expect(await kthreadStop(task)).toBe(20_000);
  for (const task of tasks) putTaskStruct(task);
});

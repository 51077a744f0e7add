/**
 * The conformance cases sig_allow, sig_default, sig_killable, sig_restartsys and sig_user, translated: the right-hand
 * sides are the lines that a real kernel printed.
 */
import { afterEach, expect, test } from 'vitest';
import { load, store } from '../lib/atomic.js';
import { readProc, snapshot } from '../fs/proc.js';
import { parsePsArgs, ps } from '../server/ps.js';
import { CLOSURE, CPU1, PLAIN, pause, until, words, type Behaviour, type Kind } from './kinds.fixture.js';
import { kthreadStop, wakeUpProcess } from './kthread.js';
import { oneMachine } from './machine.fixture.js';
import { prInfo, printk } from './printk/printk.js';
import { clearLog, dmesg } from './printk/syslog.js';
import { completionDone, newCompletion, waitForCompletion } from './sched/completion.js';
import type { Task } from './sched/handle.js';
import { newWaitQueueHead, wakeUp, wakeUpInterruptible } from './sched/wait.js';
import { fatalSignalPending, kill, sendSig, signalPending, SIGCHLD, SIGHUP, SIGINT, SIGKILL, SIGSTOP, SIGTERM, SIGUSR1 } from './signal.js';
import { hearing, notHearing, sigAllow, sigDefault, sigKillable, sigRestartsys, type Stage } from './signal_cases.fixture.js';
import { uptime } from './time/time.js';

oneMachine();
afterEach(() => clearLog());

const stage = (): Stage => ({ wq: newWaitQueueHead(), started: newCompletion(), back: newCompletion(), go: words(1), result: words(1) });
const yes = (condition: boolean): number => Number(condition);

async function run({ create }: Kind, body: Behaviour<Stage>, on: Stage, name: string): Promise<Task> {
  const task = await create(body, on, name);
  wakeUpProcess(task);
  return task;
}

/** Ends the case and returns what it printed. */
async function ends(name: string, task: Task): Promise<string[]> {
  prInfo('%s: stop=%d\n', name, await kthreadStop(task));
  prInfo('%s: done\n', name);
  return printed(name);
}
const printed = (name: string): string[] => dmesg({ time: 'none' }).filter((line) => line.startsWith(`${name}: `) || line.startsWith('$ '));

test.each([CLOSURE, CPU1, PLAIN])('sig_allow: $kind', async (kind) => {
  const on = stage();
  const task = await run(kind, sigAllow, on, 'sig_allow');
  await waitForCompletion(on.back);
  expect(await ends('sig_allow', task)).toEqual([
    'sig_allow: start: pending=0 usr1=0 term=0',
    'sig_allow: sent before allow: pending=0 usr1=0 term=0',
    'sig_allow: allowed: pending=0 usr1=0 term=0',
    'sig_allow: sent: pending=1 usr1=1 term=0',
    'sig_allow: another that is not allowed: pending=1 usr1=1 term=0',
    'sig_allow: flushed: pending=0 usr1=0 term=0',
    'sig_allow: both: pending=1 usr1=1 term=1',
    'sig_allow: one disallowed: pending=1 usr1=0 term=1',
    'sig_allow: flushed again: pending=0 usr1=0 term=0',
    'sig_allow: sent after disallow: pending=0 usr1=0 term=0',
    'sig_allow: sig -1 ret=-22',
    'sig_allow: sig 65 ret=-22',
    'sig_allow: end: pending=0 usr1=0 term=0',
    'sig_allow: stop=0',
    'sig_allow: done',
  ]);
});

test.each([CLOSURE, CPU1, PLAIN])('T168 T169 sig_default: $kind', async (kind) => {
  const on = stage();
  const task = await run(kind, sigDefault, on, 'sig_default');
  await waitForCompletion(on.started);
  prInfo('sig_default: blocked set is empty=%d\n', yes(/^SigBlk:\t0{16}$/m.test(await readProc(`/proc/${task.pid}/status`))));
  const look = async (what: string, ret: number): Promise<void> => {
    await pause(10);
    prInfo('sig_default: %s: send=%d pending=%d state=%s\n', what, ret, yes(signalPending(task)), task.state);
  };
  await until(() => task.state === 'S');
  for (const sig of [SIGHUP, SIGINT, SIGUSR1, SIGTERM, SIGCHLD, SIGSTOP, SIGKILL]) await look(`sig ${sig}`, sendSig(sig, task, false));
  await look('sent by the kernel', sendSig(SIGTERM, task, true));
  store(on.go, 1);
  wakeUp(on.wq);
  await waitForCompletion(on.back);
  expect(await ends('sig_default', task)).toEqual([
    'sig_default: blocked set is empty=1',
    ...[1, 2, 10, 15, 17, 19, 9].map((sig) => `sig_default: sig ${sig}: send=0 pending=0 state=S`),
    'sig_default: sent by the kernel: send=0 pending=0 state=S',
    'sig_default: wait ret=0 pending=0',
    'sig_default: stop=0',
    'sig_default: done',
  ]);
});

test.each([CLOSURE, CPU1, PLAIN])('T107 T147 sig_killable: $kind', async (kind) => {
  const on = stage();
  const task = await run(kind, sigKillable, on, 'sig_killable');
  for (let i = 0; i < 2; i++) {
    await waitForCompletion(on.started);
    sendSig(SIGTERM, task, false);
    await until(() => task.state === 'D');
    await pause(10);
    prInfo('sig_killable: SIGTERM: pending=%d fatal=%d state=%s\n', yes(signalPending(task)), yes(fatalSignalPending(task)), task.state);
    sendSig(SIGKILL, task, false);
    await waitForCompletion(on.back);
  }
  expect(await ends('sig_killable', task)).toEqual([
    'sig_killable: SIGTERM: pending=1 fatal=0 state=D',
    'sig_killable: wait_event_killable ret=-512 fatal=1',
    'sig_killable: flushed: pending=0 fatal=0',
    'sig_killable: SIGTERM: pending=1 fatal=0 state=D',
    'sig_killable: schedule_timeout_killable cut short=1',
    'sig_killable: stop=0',
    'sig_killable: done',
  ]);
});

test.each([CLOSURE, CPU1, PLAIN])('T146 T148 T176 sig_restartsys: $kind', async (kind) => {
  const on = stage();
  const task = await run(kind, sigRestartsys, on, 'sig_rs');
  await waitForCompletion(on.started);
  sendSig(SIGTERM, task, false);
  await until(() => task.state === 'S');
  await pause(10);
  prInfo('sig_restartsys: after SIGTERM still waits=%d state=%s\n', yes(!completionDone(on.back)), task.state);
  sendSig(SIGINT, task, false);
  await waitForCompletion(on.back);
  await waitForCompletion(on.started);
  await until(() => task.state === 'S');
  sendSig(SIGINT, task, false);
  await waitForCompletion(on.back);
  await waitForCompletion(on.started);
  await until(() => task.state === 'S');
  store(on.go, 1);
  wakeUpInterruptible(on.wq);
  await waitForCompletion(on.back);
  prInfo('sig_restartsys: woken ret=%d\n', load(on.result));
  expect(await ends('sig_restartsys', task)).toEqual([
    'sig_restartsys: after SIGTERM still waits=1 state=S',
    'sig_restartsys: after SIGINT ret=-512 is ERESTARTSYS=1',
    'sig_restartsys: again: -512',
    'sig_restartsys: true condition: 0',
    'sig_restartsys: wait_event_timeout: 0',
    'sig_restartsys: schedule_timeout left>0 1',
    'sig_restartsys: sleep cut short=1 pending=1',
    'sig_restartsys: woken ret=0',
    'sig_restartsys: stop=0',
    'sig_restartsys: done',
  ]);
});

test.each([CLOSURE, CPU1, PLAIN])('T170 sig_user: $kind', async (kind) => {
  const on = stage();
  const hears = await run(kind, hearing, on, 'su_hears');
  await waitForCompletion(on.started);
  const deaf = await run(kind, notHearing, on, 'su_deaf');
  await waitForCompletion(on.started);
  prInfo('sig_user: ready\n');
  const doKill = (name: string, task: Task, sig: number): void => {
    printk('$ kill %s %s\n', name, task.comm);
    if (kill(task.pid, sig) !== 0) printk('$ kill: failed\n');
  };
  const doPs = async (task: Task): Promise<void> => {
    await until(() => task.state === 'S');
    const row = ps(snapshot(), parsePsArgs(['-p', String(task.pid), '-o', 'comm=,stat=,ppid=,args=']), { now: uptime(), bootWallTime: 0, user: 'root' });
    printk('$ ps %s: %s\n', task.comm, row.trim().replaceAll(/ +/g, ' '));
  };
  doKill('TERM', deaf, SIGTERM);
  doKill('KILL', deaf, SIGKILL);
  doKill('USR1', hears, SIGUSR1);
  await pause(20);
  await doPs(deaf);
  doKill('TERM', hears, SIGTERM);
  await waitForCompletion(on.back);
  await doPs(hears);
  prInfo('sig_user: deaf has no signal pending=%d\n', yes(!signalPending(deaf)));
  prInfo('sig_user: stop deaf=%d\n', await kthreadStop(deaf));
  prInfo('sig_user: stop hears=%d\n', await kthreadStop(hears));
  expect(printed('sig_user')).toEqual([
    'sig_user: ready',
    '$ kill TERM su_deaf',
    '$ kill KILL su_deaf',
    '$ kill USR1 su_hears',
    '$ ps su_deaf: su_deaf S 2 [su_deaf]',
    '$ kill TERM su_hears',
    'sig_user: got signal 15',
    'sig_user: taken, pending=0',
    'sig_user: done',
    '$ ps su_hears: su_hears S 2 [su_hears]',
    'sig_user: deaf has no signal pending=1',
    'sig_user: deaf: ret=0',
    'sig_user: stop deaf=0',
    'sig_user: stop hears=1',
  ]);
});

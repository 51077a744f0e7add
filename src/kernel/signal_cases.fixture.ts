/**
 * The threads of the conformance cases about signals, each for both kinds of threads. What they print is compared with
 * what a real kernel printed: signal_cases.test.ts.
 */
import { fetchAdd, load } from '../lib/atomic.js';
import { ERESTARTSYS } from '../lib/errno.js';
import { behaviour } from './kinds.fixture.js';
import { kthreadShouldStop } from './kthread.js';
import { prInfo } from './printk/printk.js';
import { complete, type Completion } from './sched/completion.js';
import { current } from './sched/handle.js';
import type { WaitQueueHead } from './sched/wait.js';
import {
  waitEventInterruptible, waitEventInterruptibleSync, waitEventKillable, waitEventKillableSync, waitEventTimeout, waitEventTimeoutSync,
} from './sched/wait_event.js';
import { TASK, TASK_INTERRUPTIBLE } from './sched/task.js';
import {
  SIGINT, SIGKILL, SIGTERM, SIGUSR1, allowSignal, disallowSignal, fatalSignalPending, flushSignals, kernelDequeueSignal, sendSig, signalPending,
} from './signal.js';
import {
  scheduleTimeout, scheduleTimeoutInterruptible, scheduleTimeoutInterruptibleSync, scheduleTimeoutKillable, scheduleTimeoutKillableSync, scheduleTimeoutSync, setCurrentState,
} from './time/sleep.js';
import { HZ } from './time/time.js';

/** What a case and its thread share. `go` and `result` are words. */
export interface Stage {
  readonly wq: WaitQueueHead;
  readonly started: Completion;
  readonly back: Completion;
  readonly go: number;
  readonly result: number;
}

const yes = (condition: boolean): number => Number(condition);
const ismember = (sig: number): number => yes((load(current().addr + TASK.sig_pending) & (1 << (sig - 1))) !== 0);

async function untilStopped(): Promise<number> {
  while (!kthreadShouldStop()) await scheduleTimeoutInterruptible(HZ);
  return 0;
}

function untilStoppedSync(): number {
  while (!kthreadShouldStop()) scheduleTimeoutInterruptibleSync(HZ);
  return 0;
}

/** sig_allow sleeps nowhere, so it is the same for both. */
function allowing({ back }: Stage): void {
  const show = (when: string): void => prInfo('sig_allow: %s: pending=%d usr1=%d term=%d\n', when, yes(signalPending()), ismember(SIGUSR1), ismember(SIGTERM));
  const me = current();
  show('start');
  sendSig(SIGUSR1, me, false);
  show('sent before allow');
  allowSignal(SIGUSR1);
  show('allowed');
  sendSig(SIGUSR1, me, false);
  show('sent');
  sendSig(SIGTERM, me, false);
  show('another that is not allowed');
  flushSignals(me);
  show('flushed');
  allowSignal(SIGTERM);
  sendSig(SIGTERM, me, false);
  sendSig(SIGUSR1, me, true);
  show('both');
  disallowSignal(SIGUSR1);
  show('one disallowed');
  flushSignals(me);
  show('flushed again');
  sendSig(SIGUSR1, me, false);
  show('sent after disallow');
  disallowSignal(SIGTERM);
  prInfo('sig_allow: sig -1 ret=%d\n', sendSig(-1, me, false));
  prInfo('sig_allow: sig 65 ret=%d\n', sendSig(65, me, false));
  show('end');
  complete(back);
}

export const sigAllow = behaviour<Stage>(import.meta, 'sig_allow', async (stage) => {
  allowing(stage);
  return untilStopped();
}, (stage) => {
  allowing(stage);
  return untilStoppedSync();
});

export const sigDefault = behaviour<Stage>(import.meta, 'sig_default', async ({ wq, started, back, go }) => {
  complete(started);
  const ret = await waitEventInterruptible(wq, () => load(go) !== 0);
  prInfo('sig_default: wait ret=%d pending=%d\n', ret, yes(signalPending()));
  complete(back);
  return untilStopped();
}, ({ wq, started, back, go }) => {
  complete(started);
  const ret = waitEventInterruptibleSync(wq, () => load(go) !== 0);
  prInfo('sig_default: wait ret=%d pending=%d\n', ret, yes(signalPending()));
  complete(back);
  return untilStoppedSync();
});

const waited = (ret: number): void => prInfo('sig_killable: wait_event_killable ret=%d fatal=%d\n', ret, yes(fatalSignalPending()));
function flushed(): void {
  flushSignals();
  prInfo('sig_killable: flushed: pending=%d fatal=%d\n', yes(signalPending()), yes(fatalSignalPending()));
}

export const sigKillable = behaviour<Stage>(import.meta, 'sig_killable', async ({ wq, started, back }) => {
  for (const sig of [SIGTERM, SIGKILL]) allowSignal(sig);
  complete(started);
  waited(await waitEventKillable(wq, () => false));
  flushed();
  complete(back);
  complete(started);
  const left = await scheduleTimeoutKillable(600 * HZ);
  prInfo('sig_killable: schedule_timeout_killable cut short=%d\n', yes(left > 0));
  flushSignals();
  complete(back);
  return untilStopped();
}, ({ wq, started, back }) => {
  for (const sig of [SIGTERM, SIGKILL]) allowSignal(sig);
  complete(started);
  waited(waitEventKillableSync(wq, () => false));
  flushed();
  complete(back);
  complete(started);
  const left = scheduleTimeoutKillableSync(600 * HZ);
  prInfo('sig_killable: schedule_timeout_killable cut short=%d\n', yes(left > 0));
  flushSignals();
  complete(back);
  return untilStoppedSync();
});

const interrupted = (ret: number): void => prInfo('sig_restartsys: after SIGINT ret=%d is ERESTARTSYS=%d\n', ret, yes(ret === -ERESTARTSYS));
function cutShort(left: number): void {
  prInfo('sig_restartsys: sleep cut short=%d pending=%d\n', yes(left > 0), yes(signalPending()));
  flushSignals();
}

export const sigRestartsys = behaviour<Stage>(import.meta, 'sig_rs', async ({ wq, started, back, go, result }) => {
  const goes = (): boolean => load(go) !== 0;
  allowSignal(SIGINT);
  complete(started);
  interrupted(await waitEventInterruptible(wq, goes));
  prInfo('sig_restartsys: again: %d\n', await waitEventInterruptible(wq, goes));
  prInfo('sig_restartsys: true condition: %d\n', await waitEventInterruptible(wq, () => !goes()));
  prInfo('sig_restartsys: wait_event_timeout: %d\n', await waitEventTimeout(wq, goes, 2));
  setCurrentState(TASK_INTERRUPTIBLE);
  prInfo('sig_restartsys: schedule_timeout left>0 %d\n', yes((await scheduleTimeout(600 * HZ)) > 0));
  flushSignals();
  complete(back);
  complete(started);
  cutShort(await scheduleTimeoutInterruptible(600 * HZ));
  complete(back);
  complete(started);
  fetchAdd(result, await waitEventInterruptible(wq, goes));
  complete(back);
  return untilStopped();
}, ({ wq, started, back, go, result }) => {
  const goes = (): boolean => load(go) !== 0;
  allowSignal(SIGINT);
  complete(started);
  interrupted(waitEventInterruptibleSync(wq, goes));
  prInfo('sig_restartsys: again: %d\n', waitEventInterruptibleSync(wq, goes));
  prInfo('sig_restartsys: true condition: %d\n', waitEventInterruptibleSync(wq, () => !goes()));
  prInfo('sig_restartsys: wait_event_timeout: %d\n', waitEventTimeoutSync(wq, goes, 2));
  setCurrentState(TASK_INTERRUPTIBLE);
  prInfo('sig_restartsys: schedule_timeout left>0 %d\n', yes(scheduleTimeoutSync(600 * HZ) > 0));
  flushSignals();
  complete(back);
  complete(started);
  cutShort(scheduleTimeoutInterruptibleSync(600 * HZ));
  complete(back);
  complete(started);
  fetchAdd(result, waitEventInterruptibleSync(wq, goes));
  complete(back);
  return untilStoppedSync();
});

function gotOne(): void {
  prInfo('sig_user: got signal %d\n', kernelDequeueSignal());
  prInfo('sig_user: taken, pending=%d\n', yes(signalPending()));
  prInfo('sig_user: done\n');
}

export const hearing = behaviour<Stage>(import.meta, 'su_hears', async ({ wq, started, back }) => {
  allowSignal(SIGTERM);
  complete(started);
  let got = 0;
  while (!kthreadShouldStop()) {
    if ((await waitEventInterruptible(wq, kthreadShouldStop)) !== -ERESTARTSYS) continue;
    got++;
    gotOne();
    complete(back);
  }
  return got;
}, ({ wq, started, back }) => {
  allowSignal(SIGTERM);
  complete(started);
  let got = 0;
  while (!kthreadShouldStop()) {
    if (waitEventInterruptibleSync(wq, kthreadShouldStop) !== -ERESTARTSYS) continue;
    got++;
    gotOne();
    complete(back);
  }
  return got;
});

export const notHearing = behaviour<Stage>(import.meta, 'su_deaf', async ({ wq, started }) => {
  complete(started);
  prInfo('sig_user: deaf: ret=%d\n', await waitEventInterruptible(wq, kthreadShouldStop));
}, ({ wq, started }) => {
  complete(started);
  prInfo('sig_user: deaf: ret=%d\n', waitEventInterruptibleSync(wq, kthreadShouldStop));
});

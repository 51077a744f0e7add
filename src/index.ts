/**
 * The contents page: everything a program or module may use, by the file that tells about it.
 */
import { setHost } from './arch/host.js';
import { nodeToolchain } from './arch/node/cc/toolchain.js';
import { nodeHost } from './arch/node/host.js';
import './cc/loader.js';
import { setToolchain } from './cc/toolchain.js';
import './cc/trace.js';

setHost(nodeHost);
setToolchain(nodeToolchain);

// Booting and halting, modules
export { boot, runningMachine, type BootOptions, type Machine, type ShutdownReport } from './init/main.js';
export { buildModule, type BuildModuleOptions } from './cc/build.js';
export { insmod, listModules, moduleExit, moduleInit, rmmod, type InsmodOptions, type Module, type RmmodOptions } from './kernel/module.js';
export { moduleParam, type Param, type ParamInfo, type ParamInput, type ParamType } from './kernel/params.js';
export { symbolGet, symbolPut } from './cc/symbols.js';
export { exportSymbol, type Exportable, type NumberFunction } from './kernel/symbols.js';
export { declareShared, type KernelWord, type Words } from './kernel/shared.js';
// Files of modules in C
export { KernelFile, openFile, type OpenOptions } from './cc/fs/process.js';
export { listDir, mknod, type DirItem } from './cc/fs/dcache.js';
export { O_APPEND, O_CREAT, O_EXCL, O_NONBLOCK, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } from './cc/fs/request.js';
// Kernel threads
export {
  NUMA_NO_NODE, getTaskStruct, kthreadCreate, kthreadCreateOnCpu, kthreadCreateOnNode, kthreadCreateSync, kthreadData, kthreadFunc, kthreadPark, kthreadParkSync, kthreadParkme, kthreadParkmeSync, kthreadRun,
  kthreadRunOnCpu, kthreadRunSync, kthreadShouldPark, kthreadShouldStop, kthreadShouldStopOrPark, kthreadStop, kthreadStopPut, kthreadStopSignal, kthreadStopSync, kthreadUnpark, putTaskStruct, threadfn, wakeUpProcess,
  wakeUpTaskState as wakeUpState, type Closure, type Exit, type ThreadFn, type ThreadFnOptions,
} from './kernel/kthread.js';
export { completeAndExit, kthreadCompleteAndExit, kthreadExit } from './kernel/exit.js';
export { taskTrace } from './kernel/stacktrace.js';
export { Task, current, findTaskByPid } from './kernel/sched/handle.js';
// Signals
export {
  NSIG, SEND_SIG_NOINFO, SEND_SIG_PRIV, SIGABRT, SIGALRM, SIGBUS, SIGCHLD, SIGCONT, SIGFPE, SIGHUP, SIGILL, SIGINT, SIGIO, SIGKILL, SIGPIPE, SIGPROF, SIGPWR, SIGQUIT, SIGRTMIN, SIGSEGV, SIGSTOP, SIGSYS, SIGTERM, SIGTRAP,
  SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGUSR1, SIGUSR2, SIGVTALRM, SIGWINCH, SIGXCPU, SIGXFSZ, allowKernelSignal, allowSignal, disallowSignal, fatalSignalPending, flushSignals, ignoreSignals, kernelDequeueSignal, kill, killPid,
  recalcSigpending, sendSig, sendSigInfo, signalPending, signalPendingState,
} from './kernel/signal.js';
// Workers and works
export {
  KthreadDelayedWork, KthreadWork, KthreadWorker, declareKthreadWork, kthreadCancelDelayedWorkSync, kthreadCancelDelayedWorkSyncSync, kthreadCancelWorkSync, kthreadCancelWorkSyncSync, kthreadCreateWorker,
  kthreadCreateWorkerOnCpu, kthreadCreateWorkerOnNode, kthreadCreateWorkerSync, kthreadDestroyWorker, kthreadDestroyWorkerSync, kthreadFlushWork, kthreadFlushWorkSync, kthreadFlushWorker, kthreadFlushWorkerSync,
  kthreadInitDelayedWork, kthreadInitWork, kthreadInitWorker, kthreadModDelayedWork, kthreadQueueDelayedWork, kthreadQueueWork, kthreadRunWorker, kthreadRunWorkerOnCpu, kthreadRunWorkerSync, kthreadWorkerFn,
  kthreadWorkerFnSync, workfn, type WorkBody, type WorkFn,
} from './kernel/kthread_worker.js';
export { KTW_BLOCKING, KTW_FREEZABLE } from './kernel/kthread_work.js';
export { cancelWork, kthreadCancelDelayedWorkSync as cancelDelayedWorkSync, kthreadCancelWorkSync as cancelWorkSync, kthreadCancelWorkSyncSync as cancelWorkSyncSync, kthreadInitDelayedWork as initDelayedWork, kthreadInitWork as initWork } from './kernel/kthread_worker.js';
export {
  WORK_BUSY_PENDING, WORK_BUSY_RUNNING, WQ_BLOCKING, WQ_CPU_INTENSIVE, WQ_FREEZABLE, WQ_HIGHPRI, WQ_MEM_RECLAIM, WQ_UNBOUND, Workqueue, allocOrderedWorkqueue, allocWorkqueue, destroyWorkqueue, destroyWorkqueueSync,
  flushDelayedWork, flushWork, flushWorkSync, flushWorkqueue, flushWorkqueueSync, modDelayedWork, queueDelayedWork, queueWork, queueWorkOn, scheduleDelayedWork, scheduleWork, systemWq, workBusy, workOnCpu, workOnCpuSync,
  workPending,
} from './kernel/workqueue.js';
// The freezer
export {
  freezableSchedule, freezableScheduleSync, freezableScheduleTimeout, freezableScheduleTimeoutSync, freezing, frozen, kthreadFreezableShouldStop, kthreadFreezableShouldStopSync, setFreezable, setFreezableSync, tryToFreeze,
  tryToFreezeSync, type WasFrozen,
} from './kernel/freezer.js';
export { freezeProcesses, freezeProcessesSync, thawProcesses } from './kernel/power/process.js';
// States and sleeping
export {
  PF_KTHREAD, PF_NOFREEZE, PF_NO_SETAFFINITY, SCHED_FIFO, SCHED_NORMAL, SCHED_RR, TASK_DEAD, TASK_FREEZABLE, TASK_FROZEN, TASK_IDLE, TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_NEW, TASK_NOLOAD, TASK_NORMAL, TASK_PARKED,
  TASK_RUNNING, TASK_UNINTERRUPTIBLE, TASK_WAKEKILL,
} from './kernel/sched/task.js';
export { ioSchedule } from './kernel/sched/io.js';
export { condResched, condReschedSync, mightSleep, schedule, scheduleSync, type WaitOptions } from './kernel/sched/core.js';
export {
  fsleep, fsleepSync, getCurrentState, mdelay, msleep, msleepInterruptible, msleepInterruptibleSync, msleepSync, ndelay, scheduleHrtimeout, scheduleHrtimeoutSync, scheduleTimeout, scheduleTimeoutIdle, scheduleTimeoutIdleSync,
  scheduleTimeoutInterruptible, scheduleTimeoutInterruptibleSync, scheduleTimeoutKillable, scheduleTimeoutKillableSync, scheduleTimeoutSync, scheduleTimeoutUninterruptible, scheduleTimeoutUninterruptibleSync,
  setCurrentState, ssleep, ssleepSync, udelay, usleepIdleRange, usleepIdleRangeSync, usleepRange, usleepRangeState, usleepRangeStateSync, usleepRangeSync, yieldCpu, yieldCpuSync,
} from './kernel/time/sleep.js';
export {
  HZ, MAX_JIFFY_OFFSET, MAX_SCHEDULE_TIMEOUT, jiffies, jiffiesToMsecs, jiffiesToUsecs, ktimeGet, msecsToJiffies, timeAfter, timeAfterEq, timeBefore, timeBeforeEq, timeInRange, timeIsAfterJiffies, timeIsBeforeJiffies, usecsToJiffies,
} from './kernel/time/time.js';
// Wait queues
export {
  WF_SYNC, WaitEntry, WaitQueueHead, __wakeUp, addWaitQueue, addWaitQueueExclusive, addWaitQueuePriority, autoremoveWakeFunction, declareWaitQueueHead, declareWaitqueue, defaultWakeFunction, defineWait, defineWaitFunc, describeWait,
  finishWait, initWaitqueueFuncEntry, initWaitqueueHead, newWaitQueueHead, prepareToWait, prepareToWaitEvent, prepareToWaitExclusive, removeWaitQueue, waitWoken, waitWokenSync, waitqueueActive, wakeUp, wakeUpAll, wakeUpAllLocked,
  wakeUpInterruptible, wakeUpInterruptibleAll, wakeUpInterruptibleNr, wakeUpInterruptiblePoll, wakeUpInterruptibleSync, wakeUpLocked, wakeUpLockedPoll, wakeUpNr, wakeUpPoll, wakeUpSync, wokenWakeFunction, wqHasSingleSleeper,
  wqHasSleeper, type Lockable, type WakeFunction,
} from './kernel/sched/wait.js';
export { WQ_FLAG_EXCLUSIVE, WQ_FLAG_PRIORITY, WQ_FLAG_WOKEN } from './kernel/sched/wait_queue.js';
export {
  ioWaitEvent, ioWaitEventSync, waitEvent, waitEventCmd, waitEventCmdSync, waitEventExclusiveCmd, waitEventExclusiveCmdSync, waitEventFreezable, waitEventFreezableExclusive, waitEventFreezableExclusiveSync, waitEventFreezableSync,
  waitEventFreezableTimeout, waitEventFreezableTimeoutSync, waitEventFreezekillable, waitEventFreezekillableSync, waitEventHrtimeout, waitEventHrtimeoutSync, waitEventIdle, waitEventIdleExclusive,
  waitEventIdleExclusiveSync, waitEventIdleExclusiveTimeout, waitEventIdleExclusiveTimeoutSync, waitEventIdleSync, waitEventIdleTimeout, waitEventIdleTimeoutSync, waitEventInterruptible, waitEventInterruptibleExclusive,
  waitEventInterruptibleExclusiveLocked, waitEventInterruptibleExclusiveLockedSync, waitEventInterruptibleExclusiveSync, waitEventInterruptibleHrtimeout, waitEventInterruptibleHrtimeoutSync, waitEventInterruptibleLockIrq,
  waitEventInterruptibleLockIrqCmd, waitEventInterruptibleLockIrqCmdSync, waitEventInterruptibleLockIrqSync, waitEventInterruptibleLockIrqTimeout, waitEventInterruptibleLockIrqTimeoutSync, waitEventInterruptibleLocked,
  waitEventInterruptibleLockedSync, waitEventInterruptibleSync, waitEventInterruptibleTimeout, waitEventInterruptibleTimeoutSync, waitEventKillable, waitEventKillableExclusive, waitEventKillableExclusiveSync, waitEventKillableSync,
  waitEventKillableTimeout, waitEventKillableTimeoutSync, waitEventLockIrq, waitEventLockIrqCmd, waitEventLockIrqCmdSync, waitEventLockIrqSync, waitEventLockIrqTimeout, waitEventLockIrqTimeoutSync, waitEventState, waitEventStateSync,
  waitEventSync, waitEventTimeout, waitEventTimeoutSync, type Condition,
} from './kernel/sched/wait_event.js';
export {
  SwaitQueueHead, declareSwaitQueueHead, finishSwait, newSwaitQueueHead, prepareToSwaitEvent, prepareToSwaitExclusive, swaitActive, swaitEventExclusive, swaitEventExclusiveSync, swaitEventIdleExclusive, swaitEventIdleExclusiveSync,
  swaitEventIdleTimeoutExclusive, swaitEventIdleTimeoutExclusiveSync, swaitEventInterruptibleExclusive, swaitEventInterruptibleExclusiveSync, swaitEventInterruptibleTimeoutExclusive, swaitEventInterruptibleTimeoutExclusiveSync,
  swaitEventTimeoutExclusive, swaitEventTimeoutExclusiveSync, swakeUpAll, swakeUpLocked, swakeUpOne, swqHasSleeper,
} from './kernel/sched/swait.js';
export {
  atomicDecAndWakeUp, clearAndWakeUpBit, testAndClearWakeUpBit, waitOnBit, waitOnBitIo, waitOnBitIoSync, waitOnBitLock, waitOnBitLockSync, waitOnBitSync, waitOnBitTimeout, waitOnBitTimeoutSync, waitVarEvent, waitVarEventInterruptible,
  waitVarEventInterruptibleSync, waitVarEventKillable, waitVarEventKillableSync, waitVarEventSync, waitVarEventTimeout, waitVarEventTimeoutSync, wakeUpBit, wakeUpVar,
} from './kernel/sched/wait_bit.js';
// Completions
export {
  Completion, complete, completeAll, completeOnCurrentCpu, completionDone, declareCompletion, initCompletion, newCompletion, reinitCompletion, tryWaitForCompletion, waitForCompletion, waitForCompletionInterruptible,
  waitForCompletionInterruptibleSync, waitForCompletionInterruptibleTimeout, waitForCompletionInterruptibleTimeoutSync, waitForCompletionIo, waitForCompletionIoSync, waitForCompletionIoTimeout, waitForCompletionIoTimeoutSync,
  waitForCompletionKillable, waitForCompletionKillableSync, waitForCompletionKillableTimeout, waitForCompletionKillableTimeoutSync, waitForCompletionState, waitForCompletionStateSync, waitForCompletionSync, waitForCompletionTimeout,
  waitForCompletionTimeoutSync,
} from './kernel/sched/completion.js';
// CPUs
export { PercpuThread, cpuDown, cpuUp, percpuThread, smpbootRegisterPercpuThread, smpbootUnregisterPercpuThread, type SmpHotplugThread } from './kernel/smpboot.js';
// Timers and softirqs
export {
  TIMER_DEFERRABLE, TIMER_IRQSAFE, TIMER_PINNED, TimerList, addTimer, modTimer, modTimerPending, timerDelete, timerDeleteSync, timerPending, timerReduce, timerSetup, timerShutdown,
} from './kernel/time/timer_list.js';
export {
  HRTIMER_MODE_ABS, HRTIMER_MODE_PINNED, HRTIMER_MODE_REL, HRTIMER_NORESTART, HRTIMER_RESTART, Hrtimer, hrtimerActive, hrtimerCancel, hrtimerForward, hrtimerForwardNow, hrtimerGetRemaining, hrtimerResolution, hrtimerSetup,
  hrtimerStart, hrtimerTryToCancel,
} from './kernel/time/hrtimer.js';
export { Tasklet, inInterrupt, inTask, taskletDisable, taskletEnable, taskletHiSchedule, taskletKill, taskletSchedule, taskletSetup } from './kernel/softirq.js';
// Locks
export { type Guard } from './kernel/locking/guard.js';
export { preemptCount, preemptDisable, preemptEnable } from './kernel/locking/preempt.js';
export { cpuGuard, getCpu, putCpu, smpProcessorId } from './kernel/locking/percpu.js';
export {
  SpinLock, declareSpinlock, newSpinlock, spinGuard, spinIsLocked, spinLock, spinLockBh, spinLockIrq, spinLockIrqsave, spinTrylock, spinUnlock, spinUnlockBh, spinUnlockIrq, spinUnlockIrqrestore,
} from './kernel/locking/spinlock.js';
export {
  Mutex, declareMutex, newMutex, mutexGuard, mutexGuardSync, mutexIsLocked, mutexLock, mutexLockInterruptible, mutexLockInterruptibleSync, mutexLockKillable, mutexLockKillableSync, mutexLockSync, mutexTrylock, mutexUnlock,
} from './kernel/locking/mutex.js';
export {
  Semaphore, declareSemaphore, newSemaphore, down, downInterruptible, downInterruptibleSync, downKillable, downKillableSync, downSync, downTimeout, downTimeoutSync, downTrylock, semaInit, semaphoreGuard, semaphoreGuardSync, up,
} from './kernel/locking/semaphore.js';
export {
  RwSemaphore, declareRwsem, newRwsem, downRead, downReadInterruptible, downReadInterruptibleSync, downReadKillable, downReadKillableSync, downReadSync, downReadTrylock, downWrite, downWriteKillable, downWriteKillableSync,
  downWriteSync, downWriteTrylock, downgradeWrite, rwsemIsLocked, rwsemReadGuard, rwsemReadGuardSync, rwsemWriteGuard, rwsemWriteGuardSync, upRead, upWrite,
} from './kernel/locking/rwsem.js';
export { RwLock, declareRwlock, newRwlock, readLock, readLockGuard, readTrylock, readUnlock, writeLock, writeLockGuard, writeTrylock, writeUnlock } from './kernel/locking/rwlock.js';
export { SeqLock, declareSeqlock, newSeqlock, readSeqbegin, readSeqretry, seqlockRead, writeSeqcountBegin, writeSeqcountEnd, writeSeqlock, writeSeqlockGuard, writeSequnlock } from './kernel/locking/seqlock.js';
export { Refcount, declareRefcount, newRefcount, refcountAdd, refcountDec, refcountDecAndTest, refcountInc, refcountIncNotZero, refcountRead, refcountSet, refcountSubAndTest } from './kernel/locking/refcount.js';
// The log
export * from './kernel/printk/printk.js';
export { LogReader, clearLog, dmesg, formatKmsg, formatRecord, type DmesgOptions } from './kernel/printk/syslog.js';
export { warn, warnOnce } from './kernel/panic.js';
export { touchSoftlockupWatchdog } from './kernel/watchdog.js';
// CPUs, and what is set on a task from outside
export {
  NO_CPU, cpumaskAnd, cpumaskAndnot, cpumaskEmpty, cpumaskFirst, cpumaskLast, cpumaskOf, cpumaskOr, cpumaskSubset, cpumaskTestCpu, cpumaskWeight, forEachCpu, type CpuMask,
} from './lib/cpumask.js';
export { cpuOnline, cpuOnlineMask, cpuPossible, forEachOnlineCpu, numOnlineCpus } from './kernel/cpu.js';
export { numPossibleCpus } from './kernel/smp.js';
export { cpusAllowed, kthreadAffinePreferred, kthreadBind, kthreadBindMask, kthreadIsPerCpu, kthreadSetPerCpu, schedGetaffinity, schedSetaffinity, setCpusAllowedPtr } from './kernel/sched/affinity.js';
export { MAX_NICE, MIN_NICE, schedSetFifo, schedSetFifoLow, schedSetNormal, schedSetscheduler, schedSetschedulerNocheck, setTaskComm, setUserNice, taskNice } from './kernel/sched/syscalls.js';
// Settings, /proc and ps
export { SYSCTLS, isSysctl, sysctl, type SysctlEntry, type SysctlName, type SysctlValue } from './kernel/sysctl.js';
export { readProc, snapshot, type ProcTask } from './fs/proc.js';
export { parsePsArgs, ps } from './server/ps.js';
export { metricsText } from './server/metrics.js';
// Errors and formats
export * from './lib/errno.js';
export { snprintf, sprintf, type PrintfArgs } from './lib/printf.js';

/**
 * Every limit and default of the machine, with its unit. Values that a running machine may change are sysctls
 * (sysctl.ts); what stands here is fixed when the machine boots.
 */

/** Most CPUs of a machine: an affinity mask is two words. */
export const NR_CPUS = 64;
/** Most isolates at a time, dead ones included until they are reaped. A plain thread owns one, at about 9 MB. */
export const NR_ISOLATES = 1024;
/** Pids run below this and then start again at RESERVED_PIDS. */
export const PID_MAX_LIMIT = 4194304;
export const RESERVED_PIDS = 300;
/** Bytes of task->comm with its NUL; the whole name is kept beside it. */
export const TASK_COMM_LEN = 16;
/** Bytes of the whole name with its NUL, as /proc shows it. */
export const TASK_NAME_LEN = 64;
/** Locks of one task that are given on when it dies; it may hold more, those are lost then. */
export const HELD_MAX = 8;
/** Threads whose exit value is remembered after their record is gone; a power of two. */
export const NR_TOMBSTONES = 16384;
/** Bytes of log text that dmesg can look back on; a power of two. */
export const LOG_BUF_LEN = 1 << 20;
/** Log records that the ring can hold, whatever their length; a power of two. */
export const LOG_RECORDS = 1 << 14;
/** Bytes of one log record's text; the rest is cut. */
export const LOG_LINE_MAX = 989;
/** Warnings that are said once and then remembered; those beyond are not said at all. */
export const WARN_ONCE_MAX = 64;
/** Default jiffies a second. */
export const HZ_DEFAULT = 1000;
/** The jiffies counter starts here, seconds before zero, so that its wrap is met five minutes after boot. */
export const INITIAL_JIFFIES_SECONDS = -300;
/** Bytes of kernel memory: default and most. */
export const MEMORY_MAX = 1 << 30;
/** Bytes of kernel memory at least: the fixed tables and some heap. */
export const MEMORY_MIN = 16 << 20;
/** Milliseconds of kthread work after which a shared isolate returns to its event loop. */
export const BUDGET_MS = 2;
/** The release that version lines and reports name. */
export const UTS_RELEASE = '6.12.0-kthread';
/** Longest poll before a blocking isolate sleeps, microseconds. */
export const HALT_POLL_US = 50;
/** Isolates kept ready for plain threads once the first one was asked for. */
export const WARM_ISOLATES = 2;
/** Idle isolates kept after their threads ended; more are let go. */
export const IDLE_ISOLATES_MAX = 8;
/** Wait queues that all waiters for bits and words share. */
export const WAIT_TABLE_SIZE = 256;

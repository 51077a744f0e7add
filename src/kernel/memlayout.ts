/**
 * The whole kernel memory on one page: its regions from bottom to top, checked when this file is loaded.
 * Addresses are bytes. A region's records are declared where they are used.
 *
 *     0x0000_0000  nothing: address 0 is NULL and belongs to nobody
 *     0x0001_0000  machine record, CPU table
 *     0x0002_0000  isolate table
 *     0x0006_0000  pid table (top level)
 *     0x0007_0000  tombstones: exit values of threads that are gone
 *     0x000a_0000  sysctl values
 *     0x000b_0000  log descriptors, then 0x0010_0000 .. the log's text
 *     0x0030_0000  wait queues shared by all bits and words (wait_bit.ts)
 *     0x0030_1000  spare
 *     0x0041_0000  shadow for address checks of C code, one byte for eight: memory size / 8, at a place that never moves;
 *                  no power of two, or the compiler would or it to an address instead of adding it
 *     after it     heap, to the end
 */
import { alignUp, bytes, f64Field, ptr, s32, struct, u32 } from '../lib/struct.js';
import { LOG_BUF_LEN, LOG_RECORDS, MEMORY_MIN, NR_CPUS, NR_ISOLATES, NR_TOMBSTONES, PID_MAX_LIMIT, WAIT_TABLE_SIZE, WARN_ONCE_MAX } from './param.js';

/** Tells a kernel memory from any other: 'kthd'. */
export const MACHINE_MAGIC = 0x6b746864;

export const MACHINE = struct('machine', {
  magic: u32('c'),
  layout: u32('c'), //          layoutVersion() of who booted it
  memory_size: u32('c'), //     bytes
  heap_start: ptr('c'), //      first byte after the shadow
  nr_cpus: u32('c'),
  hz: u32('c'),
  boot_time: f64Field('c'), //  host clock at boot, ms
  serial: u32('c'), //          tells this machine from an earlier one of the process
  state: u32('a'), //           MACHINE_*
  next_isolate: u32('a'), //    number of the next isolate; never used twice
  next_pid: u32('a'),
  live_tasks: s32('a'), //      tasks that keep the process alive
  next_module: u32('a'),
  nr_running_isolates: s32('a'),
  tainted: u32('a'), //         TAINT_* bits
  warned: u32('a', WARN_ONCE_MAX), // hashes of what was said once
  resync: u32('a'), //          isolates that died: everybody looks for wake-ups that died with them
  watched: u32('c'), //         1: khungtaskd and watchdogd look after the threads
  console: u32('c'), //         where the host worker prints the log: 0 nowhere, 1 standard output, 2 error
  control: u32('c'), //         CONTROL_*: whether the host worker serves the control socket
  control_open: u32('a'), //    1: it does
  tracing: u32('a'), //        1: the scheduler's events are written down, see trace.ts
  trace_lost: u32('a'), //     those of isolates that had no ring yet
  fail_nth: s32('a'), //        n > 0: the n-th allocation from now fails (fault injection)
  kthreadd: ptr('c'),
  khungtaskd: ptr('a'),
  watchdogd: ptr('a'),
  init_task: ptr('c'),
  heap_lock: u32('a'), //       guards the block map
  heap_next: u32('l'), //       first block never handed out
  heap_freed: u32('l'), //       blocks that were given back
  create_lock: u32('a'), //     guards create_list
  create_list: ptr('l', 2, 'struct list_head'),
  log_lock: u32('a'),
  log_bell: u32('a'), //        low word of log_next, changes with each record: readers that follow wait here
  log_followers: s32('a'), //   how many of them there are
  log_open: u32('l'), //        1: record log_next is written but has no end yet, and nobody sees it
  log_first: f64Field('l'), //  sequence number of the oldest record
  log_next: f64Field('l'), //   and of the next one
  log_head: u32('l'), //        next byte of text, counting on without wrap modulo 2^32
  log_stamp: f64Field('l'), //  time of the newest record
  log_cleared: f64Field('l'), // dmesg shows nothing before this sequence number
  log_console: f64Field('a'), // sequence number up to which the console has printed
  statics_lock: u32('a'),
  statics: ptr('l', 2, 'struct list_head'),
  modules_lock: u32('a'),
  modules: ptr('l', 2, 'struct list_head'),
  smpboot_lock: u32('a'),
  smpboot: ptr('l', 2, 'struct list_head'), // per-CPU threads that are registered
  hotplug: u32('a'), //         1: a CPU comes or goes
  lock_orders: ptr('l'), //     orders in which locks were taken: locking/lockdep.ts
  lock_orders_count: u32('l'),
  lock_orders_lock: u32('a'),
  lock_gen: u32('a'), //        locks that were freed
  freezing: u32('a'), //        1: threads that can be frozen shall be
  foreign: u32('a'), //         1: isolates that get warm read what modules of other languages need
  images_lock: u32('a'),
  images: ptr('l', 2, 'struct list_head'), // modules whose code is bytes in kernel memory
  symbols_lock: u32('a'),
  symbols: ptr('l', 2, 'struct list_head'), // what modules in TypeScript export
  next_table: u32('a'), //      first function index that no such module has had
  freed: ptr('a'), //           what such modules freed a short while ago: see mm/kasan.ts
  callbacks: ptr('a'), files: ptr('a'), // timers, tasklets and works of such modules: see cc/softirq.ts; names and files: cc/fs
  rcu_gp: u32('a'), //          grace periods begun: see cc/rcu.ts
  wchans: ptr('a'), //          names of what tasks wait in
  name: bytes('c', 64), //      what the machine is called where several are listed
  slab: ptr('l', 4 * 32), //    allocator classes: lock, free list, bump pointer, bump end
});

export const CPU = struct('cpu', {
  online: u32('a'),
  shared_isolate: u32('a'), //  number of the isolate that runs its async threads, 0 while there is none
  nr_switches: u32('a'), //     turns on isolates that are gone; those that are there count their own
  percpu_lock: u32('a'), //     spinlock of get_cpu()
  percpu_depth: u32('l'), //    how often its owner took it
  spare: bytes('o', 44),
});

/** Reading and changing, or reading only. 0: no socket. */
export const CONTROL_FULL = 1;
export const CONTROL_READ_ONLY = 2;

export const MACHINE_BOOTING = 1;
export const MACHINE_RUNNING = 2;
export const MACHINE_HALTING = 3;
export const MACHINE_HALTED = 4;

export const MACHINE_AT = 0x0001_0000;
export const CPUS_AT = 0x0001_8000;
export const ISOLATES_AT = 0x0002_0000;
export const ISOLATE_STRIDE = 256;
export const PIDS_AT = 0x0006_0000;
/** Words of one leaf of the pid table. */
export const PID_LEAF = 1024;
export const TOMBSTONES_AT = 0x0007_0000;
export const SYSCTLS_AT = 0x000a_0000;
export const LOG_DESC_AT = 0x000b_0000;
export const LOG_DESC_STRIDE = 32;
export const LOG_TEXT_AT = 0x0014_0000;
export const WAIT_TABLE_AT = 0x0030_0000;
export const SPARE_AT = 0x0030_2000;
export const SHADOW_AT = 0x0041_0000;
/** Bytes of one heap block; the block map has one word for each. */
export const HEAP_BLOCK = 0x1_0000;

const REGIONS: ReadonlyArray<readonly [name: string, at: number, size: number]> = [
  ['machine', MACHINE_AT, MACHINE.sizeof],
  ['cpus', CPUS_AT, NR_CPUS * CPU.sizeof],
  ['isolates', ISOLATES_AT, NR_ISOLATES * ISOLATE_STRIDE],
  ['pids', PIDS_AT, (PID_MAX_LIMIT / PID_LEAF) * 4],
  ['tombstones', TOMBSTONES_AT, NR_TOMBSTONES * 8],
  ['sysctls', SYSCTLS_AT, 0x1_0000],
  ['log descriptors', LOG_DESC_AT, LOG_RECORDS * LOG_DESC_STRIDE],
  ['log text', LOG_TEXT_AT, LOG_BUF_LEN],
  ['wait table', WAIT_TABLE_AT, WAIT_TABLE_SIZE * 24],
  ['spare', SPARE_AT, SHADOW_AT - SPARE_AT],
];

let end = 0x0001_0000;
for (const [name, at, size] of REGIONS) {
  if (at < end || at % 4096 !== 0) throw new Error(`memlayout: region ${name} at 0x${at.toString(16)} overlaps the one before, which ends at 0x${end.toString(16)}, or is not on a page`);
  end = at + size;
}
if (end > SHADOW_AT || MEMORY_MIN <= SHADOW_AT) throw new Error('memlayout: the fixed regions run into the shadow');

/** The address of a field of the machine record. */
export const machineWord = (offset: number): number => MACHINE_AT + offset;
export const cpuAt = (cpu: number): number => CPUS_AT + cpu * CPU.sizeof;
export const isolateSlotAt = (number: number): number => ISOLATES_AT + (number % NR_ISOLATES) * ISOLATE_STRIDE;
export const heapStart = (memorySize: number): number => alignUp(SHADOW_AT + memorySize / 8, HEAP_BLOCK);

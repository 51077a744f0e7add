/**
 * Everything of the kernel that a module of C can call, by its C name. To add a function: write it in the file of
 * src/cc/imports that is named after Linux's file for it, declare it in the header of include/linux where Linux has it, and
 * add a line to docs/c-modules.md. A module that wants a name that is not here is refused when it is loaded.
 */
import type { Imports } from './abi.js';
import './fs/own_file.js'; // Processes open these files, and nothing in C calls them.
import './fs/param.js';
import { asan } from './imports/asan.js';
import { bitwait } from './imports/bitwait.js';
import { completion } from './imports/completion.js';
import { debugfs } from './imports/debugfs.js';
import { freezer } from './imports/freezer.js';
import { fs } from './imports/fs.js';
import { rcu } from './imports/rcu.js';
import { softirq } from './imports/softirq.js';
import { timers } from './imports/timers.js';
import { workqueue } from './imports/workqueue.js';
import { kobject } from './imports/kobject.js';
import { kthread } from './imports/kthread.js';
import { locking } from './imports/locking.js';
import { printk } from './imports/printk.js';
import { params } from './imports/params.js';
import { procFs } from './imports/proc_fs.js';
import { sched } from './imports/sched.js';
import { seqFile } from './imports/seq_file.js';
import { signal } from './imports/signal.js';
import { slab } from './imports/slab.js';
import { string } from './imports/string.js';
import { time } from './imports/time.js';
import { wait } from './imports/wait.js';

export const imports: Imports = Object.freeze({
  ...asan, ...bitwait, ...completion, ...debugfs, ...freezer, ...fs, ...kobject, ...kthread, ...locking, ...params, ...printk, ...procFs, ...rcu, ...sched, ...seqFile, ...signal, ...slab, ...softirq, ...string, ...time, ...timers, ...wait, ...workqueue,
});

/**
 * The table of what a client of the control socket may ask. What each takes and gives is in protocol.ts.
 */
import type { Caller } from './connection.js';
import * as files from './files.js';
import * as look from './look.js';
import { CHANGES, type CallName, type Calls } from './protocol.js';
import * as steer from './steer.js';
import { trace } from './trace.js';

type Answers<N extends CallName> = Calls[N]['result'] | Promise<Calls[N]['result']> | AsyncGenerator<Calls[N]['item'], Calls[N]['result'], void>;
type Table = { readonly [N in CallName]: (args: Calls[N]['args'], caller: Caller) => Answers<N> };

const TABLE: Table = {
  stat: look.stat, ps: look.ps, dmesg: look.dmesg, clear: steer.clear, cat: look.cat, stack: look.stack, modules: look.modules, metrics: look.metrics,
  insmod: steer.insmod, rmmod: steer.rmmod, kill: steer.kill, stop: steer.stop, park: steer.park, unpark: steer.unpark, freeze: steer.freeze, thaw: steer.thaw, wake: steer.wake,
  ls: files.ls, mknod: files.mknod, open: files.open, read: files.read, write: files.write, ioctl: files.ioctl, close: files.close,
  renice: steer.renice, affinity: steer.affinity, sysctl: steer.sysctl, trace,
};

/** The same for who has a name and arguments from outside: each call checks what it is given. */
export const CALLS = Object.freeze(TABLE) as Readonly<Record<CallName, (args: object, caller: Caller) => object>>;

/** Whether the call, with these arguments, changes the machine. */
export const changes = (call: CallName, args: { readonly set?: unknown; readonly cpus?: unknown; readonly flags?: unknown }): boolean =>
  CHANGES.has(call) || (call === 'sysctl' && args.set !== undefined) || (call === 'affinity' && args.cpus !== undefined) || (call === 'open' && files.writes(args.flags));

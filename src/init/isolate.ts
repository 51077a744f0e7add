/**
 * The life of an isolate that the host worker started: shared, for the async threads of a CPU or a module, or owned by
 * plain threads in turn.
 */
import { host } from '../arch/host.js';
import { load, store } from '../lib/atomic.js';
import { r32 } from '../lib/memory.js';
import { setOopsAnnouncer } from '../kernel/exit.js';
import { BOOT_ISOLATE } from '../kernel/fork.js';
import { ownIsolate, retireIfDone } from '../kernel/isolate.js';
import { fileOf, kthreadOwn } from '../kernel/kthread.js';
import { sendMail, type Mail } from '../kernel/mail.js';
import { isolateSlotAt } from '../kernel/memlayout.js';
import { handleModuleMail, type ModuleMail } from '../kernel/module.js';
import { lookForWork } from '../kernel/sched/core.js';
import type { Task } from '../kernel/sched/handle.js';
import { ISOLATE, ISOLATE_BUSY, OWN, RETIRE_NOW, self } from '../kernel/smp.js';
import { attach, initIsolate } from './join.js';

/** News of an oops for the isolate that booted. */
export interface OopsMail extends Mail {
  readonly kind: 'oops';
  readonly task: Task;
  readonly error: { readonly name: string; readonly message: string; readonly stack: string };
}

/** Joins the machine in `memory` as isolate `number`; an own isolate returns when it is retired. */
export async function joinAsIsolate(memory: SharedArrayBuffer, number: number): Promise<void> {
  attach(memory, number);
  const own = r32(isolateSlotAt(number) + ISOLATE.kind) === OWN;
  initIsolate(!own, own ? 'kthread/idle' : `kcpu/${load(self + ISOLATE.cpu)}`, (mail) => void handleModuleMail(mail as ModuleMail));
  setOopsAnnouncer((task, { name, message, stack = '' }) => sendMail(BOOT_ISOLATE, { kind: 'oops', task, error: { name, message, stack } } satisfies OopsMail));
  if (own) return ownIsolate({ fileOf, run: kthreadOwn });
  host.keepAlive(true);
  store(self + ISOLATE.state, ISOLATE_BUSY);
  lookForWork(() => retireIfDone(RETIRE_NOW));
}

/**
 * Mail between isolates: values that are more than a word, by structured clone, as bytes in kernel memory. It needs no
 * port and no third party, reaches an isolate that is blocked or still starting, and is lost only with the machine.
 * (A BroadcastChannel per isolate did this before: 31 us to open one, lost mail while the other side was starting.)
 */
import { host } from '../arch/host.js';
import { cas, load, xchg } from '../lib/atomic.js';
import { ENOMEM, KernelError } from '../lib/errno.js';
import { r32, u8, w32 } from '../lib/memory.js';
import { isolateSlotAt } from './memlayout.js';
import { kfree, kmalloc } from './mm/slab.js';
import { revive } from './handle.js';
import { ISOLATE, ring, self } from './smp.js';

/** What isolates tell each other. */
export interface Mail {
  readonly kind: string;
}

const NEXT = 0, SIZE = 4, DATA = 8;

/** Puts a clone of `value` into kernel memory; returns its address. Throws what cannot be cloned as DataCloneError, ENOMEM when memory is out. */
export function packValue(value: unknown): number {
  const bytes = host.serialize(value);
  const at = kmalloc(DATA + bytes.length);
  if (at === 0) throw new KernelError(-ENOMEM, `kernel memory is out: no room for ${bytes.length} bytes of data`);
  w32(at + SIZE, bytes.length);
  u8.set(bytes, at + DATA);
  return at;
}

/** The value at `at`, with its handles made whole. */
export const readValue = (at: number): unknown => revive(host.deserialize(u8.slice(at + DATA, at + DATA + r32(at + SIZE))));

/** The same; frees it. */
export function unpackValue(at: number): unknown {
  try {
    return readValue(at);
  } finally {
    kfree(at);
  }
}

/** Sends `mail` to isolate `number` and makes it look. Never sleeps. */
export function sendMail<M extends Mail>(number: number, mail: M): void {
  const isolate = isolateSlotAt(number);
  const at = packValue(mail);
  for (;;) {
    const first = load(isolate + ISOLATE.mail);
    w32(at + NEXT, first);
    if (cas(isolate + ISOLATE.mail, first, at) === first) break; // [mail:push] pairs with mail:drain
  }
  ring(isolate);
}

const readers = new Map<string, (mail: Mail) => void>();

/** Says who reads mail of `kind`, on every isolate. */
export function onMailOf(kind: string, read: (mail: Mail) => void): void {
  readers.set(kind, read);
}

/** Has all mail for this isolate read, oldest first; what has no reader by `rest`. */
export function readMail(rest: (mail: Mail) => void): void {
  for (const mail of receiveMail()) (readers.get(mail.kind) ?? rest)(mail);
}

/** Frees the mail of an isolate that is gone. */
export function dropMail(isolate: number): void {
  for (let at = xchg(isolate + ISOLATE.mail, 0); at !== 0; ) {
    const next = r32(at + NEXT);
    kfree(at);
    at = next;
  }
}

/** All mail for this isolate, oldest first. */
function receiveMail(): Mail[] {
  const mails: Mail[] = [];
  for (let at = xchg(self + ISOLATE.mail, 0); at !== 0; ) { // [mail:drain] pairs with mail:push
    const next = r32(at + NEXT);
    mails.push(unpackValue(at) as Mail);
    at = next;
  }
  return mails.toReversed();
}

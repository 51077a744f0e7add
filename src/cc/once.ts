/**
 * Records that a machine has one of, and only if somebody asks for it.
 */
import { cas, load } from '../lib/atomic.js';
import { ENOMEM, KernelError } from '../lib/errno.js';
import { kfree, kzalloc } from '../kernel/mm/slab.js';

/**
 * The record whose address is in `word`. Whoever asks first makes it, of `size` bytes that `init` fills in; of two at the same
 * moment one is taken. Throws ENOMEM, which names `what` there is no room for.
 */
export function theRecord(word: number, size: number, what: string, init: (made: number) => void): number {
  const at = load(word);
  if (at !== 0) return at;
  const made = kzalloc(size);
  if (made === 0) throw new KernelError(-ENOMEM, `kernel memory is out: no room for ${what}`);
  init(made);
  if (cas(word, 0, made) === 0) return made;
  kfree(made);
  return load(word);
}

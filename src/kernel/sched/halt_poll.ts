/**
 * Looking before sleeping. A wake-up across OS threads costs tens of microseconds when both sides sleep, a few when the waiter
 * still looks at the word that the waker writes. So who waits for another CPU looks for a bounded time first. The bound
 * follows success, and after a few looks in vain it does not look any more, but for one time in 64. Linux calls it haltpoll.
 */
import { host } from '../../arch/host.js';
import { cpuRelax, load } from '../../lib/atomic.js';
import { sysctlWord } from '../sysctl.js';

const HALT_POLL_US = sysctlWord('kernel.halt_poll_us');
/** The shortest look that can pay, microseconds. */
const LEAST_US = 10;
const MISSES_MAX = 3;
/** One wait in so many tries again whether looking pays. */
const RETRY = 64;

/** What was learnt about the waits of one kind, on one isolate. */
export class HaltPoll {
  /** Looks that paid, in microseconds: an average. */
  private budget = 0;
  private misses = 0;

  /** Looks at the word until its bits of `mask` are `wanted`; false if that took too long, or is not worth a try. */
  until(word: number, mask: number, wanted: number): boolean {
    const limit = load(HALT_POLL_US);
    if (limit === 0 || (this.misses >= MISSES_MAX && ++this.misses % RETRY !== 0)) return false;
    const start = host.clock();
    const budget = Math.min(limit, Math.max(this.budget * 2, LEAST_US));
    do {
      for (let i = 0; i < 32; i++) {
        if ((load(word) & mask) === wanted) {
          this.budget = this.budget * 0.75 + (host.clock() - start) * 250;
          this.misses = 0;
          return true;
        }
        cpuRelax();
      }
    } while (host.clock() - start < budget / 1000);
    this.misses++;
    this.budget = Math.min(limit, budget * 2);
    return false;
  }
}

/**
 * What ksoftirqd/c calls that is no function of a module: the kernel's own part of a delayed work and of kfree_rcu. It stands
 * apart from softirq.ts, and imports nothing, because the files that have those parts import that one in a circle.
 */
export interface Deferred {
  /** The timer of a delayed work ran out. */
  delayOver(timer: number): void;
  /** The C function that such a work will call. */
  functionOf(timer: number): number;
  /** Frees memory of C. */
  free(at: number): void;
}

export const deferred: Deferred = { delayOver: () => {}, functionOf: () => 0, free: () => {} };

/**
 * A lock that is had until the end of a block, however the block is left: `using _ = await mutexGuard(m)`. Linux writes
 * guard(mutex)(&m); here each kind of lock has a function of its own, since what is awaited differs.
 */
export class Guard implements Disposable {
  constructor(
    private readonly unlock: (at: number) => void,
    private readonly addr: number,
  ) {}

  [Symbol.dispose](): void {
    this.unlock(this.addr);
  }
}

// Two things of Node 22 that the package multithreading uses, for a peer that runs on Node 20. On a newer one this does nothing.
import { availableParallelism } from 'node:os';

globalThis.navigator ??= { hardwareConcurrency: availableParallelism() };
Promise.withResolvers ??= function withResolvers() {
  let resolve;
  let reject;
  const promise = new this((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
};

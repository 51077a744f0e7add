// The least that one of very many costs more than one of a few, without any library: objects of the size of a timer are made and
// put into rings, as in a timer wheel, and taken out again; or words of a record each are written in shared memory, as when sleepers
// are woken. What grows is caches that do not hold them any more, and a collector that moves them.
//
//     node bench/limits/many_objects.mjs
const SLOTS = 512;
const PRIME = 7919;
const RECORD_WORDS = 100;

/** An object in the ring of a slot. */
class Timer {
  next = null;
  prev = null;
  due = 0;
  fn = null;
  pending = false;
  base = null;
}

function ringed(n) {
  const slots = Array.from({ length: SLOTS }, () => {
    const head = new Timer();
    head.next = head.prev = head;
    return head;
  });
  return Array.from({ length: n }, (_, i) => {
    const timer = new Timer();
    const head = slots[(i * PRIME) % SLOTS];
    timer.due = i;
    timer.next = head;
    timer.prev = head.prev;
    head.prev.next = timer;
    head.prev = timer;
    return timer;
  });
}

function unring(timers) {
  for (const timer of timers) {
    timer.prev.next = timer.next;
    timer.next.prev = timer.prev;
    timer.next = timer.prev = null;
  }
}

const records = new Int32Array(new SharedArrayBuffer(100_000 * RECORD_WORDS * 4));

function touch(n) {
  for (let i = 0; i < n; i++) Atomics.compareExchange(records, ((i * PRIME) % n) * RECORD_WORDS, 0, 1);
  for (let i = 0; i < n; i++) records[i * RECORD_WORDS] = 0;
}

/** Nanoseconds for one of `n`, the median of several rounds. */
function measured(n, once) {
  const figures = [];
  for (let round = 0; round < 7; round++) {
    let took = 0;
    let done = 0;
    for (; done < 200_000; done += n) took += once(n);
    figures.push((took * 1e6) / done);
  }
  return figures.toSorted((a, b) => a - b)[3];
}

const timed = (work) => {
  const start = performance.now();
  const result = work();
  return [performance.now() - start, result];
};
let kept; // So that nothing is left out because nobody looks.
const made = (n) => {
  const [took, timers] = timed(() => ringed(n));
  kept = timers;
  return took;
};

console.log('ns for one of        n: object made, put into a ring | taken out | a record touched');
for (const n of [1000, 10_000, 100_000, 1_000_000]) {
  const taken = measured(n, () => {
    kept = ringed(n);
    return timed(() => unring(kept))[0];
  });
  const touched = n <= 100_000 ? measured(n, () => timed(() => touch(n))[0]).toFixed(0) : '-';
  console.log(`${String(n).padStart(22)}: ${measured(n, made).toFixed(0).padStart(29)} | ${taken.toFixed(1).padStart(9)} | ${touched.padStart(8)}`);
}

/**
 * Lists whose changer died between any two of its stores: mended, they are lists again, and what it had in hand can be put in
 * or taken out by others.
 */
import { describe, expect, test } from 'vitest';
import { listAdd, listAddTail, listDelInit, listEmpty, listInit, listRepair } from './list.js';
import { attachMemory, r32, w32 } from './memory.js';

attachMemory(new SharedArrayBuffer(4096));
const HEAD = 8, A = 16, B = 24, C = 32, NEW = 40, OTHER = 48;
const PREV = 4;

function list(): void {
  for (const at of [HEAD, A, B, C, NEW, OTHER]) listInit(at);
  for (const at of [A, B, C]) listAddTail(at, HEAD);
}

/** The nodes from HEAD along one direction, eight at most. */
function walk(direction: number): number[] {
  const nodes: number[] = [];
  for (let node = r32(HEAD + direction); node !== HEAD && nodes.length < 8; node = r32(node + direction)) nodes.push(node);
  return nodes;
}

type Stores = ReadonlyArray<readonly [addr: number, value: number]>;
/** What putting NEW between two nodes, and taking a node out, consist of. */
const putBetween = (prev: number, next: number): Stores => [[NEW, next], [NEW + PREV, prev], [prev, NEW], [next + PREV, NEW]];
const takeOut = (prev: number, node: number, next: number): Stores => [[next + PREV, prev], [prev, next], [node, node], [node + PREV, node]];

const CHANGES: ReadonlyArray<readonly [what: string, node: number, stores: Stores]> = [
  ['puts a node first', NEW, putBetween(HEAD, A)], ['puts a node last', NEW, putBetween(C, HEAD)],
  ['takes the first out', A, takeOut(HEAD, A, B)], ['takes one out', B, takeOut(A, B, C)], ['takes the last out', C, takeOut(B, C, HEAD)],
];

test('the stores are those of the real thing', () => {
  for (const [change, stores] of [[() => listAdd(NEW, HEAD), putBetween(HEAD, A)], [() => listAddTail(NEW, HEAD), putBetween(C, HEAD)], [() => listDelInit(B), takeOut(A, B, C)]] as const) {
    list();
    change();
    expect(stores.map(([addr]) => r32(addr))).toEqual(stores.map(([, value]) => value));
  }
});

describe.each(CHANGES)('one dies that %s', (_, node, stores) => {
  test.each([0, 1, 2, 3, 4])('after %d stores', (cut) => {
    for (const meanwhile of [() => {}, () => listDelInit(C), () => listDelInit(A), () => (listAdd(OTHER, HEAD), listDelInit(OTHER)), () => (listAddTail(OTHER, HEAD), listDelInit(OTHER))]) {
      list();
      for (const [addr, value] of stores.slice(0, cut)) w32(addr, value);
      listRepair(HEAD);
      meanwhile();
      listDelInit(node);
      expect(listEmpty(node)).toBe(true);
      expect(walk(0)).toEqual(walk(PREV).toReversed());
      expect(walk(0)).toEqual([A, B, C].filter((at) => at !== node && !listEmpty(at)));
    }
  });
});

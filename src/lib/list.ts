/**
 * Circular doubly linked lists in kernel memory, as in the kernel's list.h: a head and its nodes are two words, next
 * and prev. Not safe by itself: the list's lock is held around every call.
 *
 *     head <-> a <-> b <-> head        an empty head points at itself
 *
 * Whoever holds that lock may die between any two of these stores. Their order is such that the list can be walked
 * forwards all the same; who takes the lock over calls listRepair().
 */
import { r32, w32 } from './memory.js';

/** Bytes of a head or node. */
export const LIST_HEAD = 8;
const PREV = 4;

export function listInit(head: number): void {
  w32(head, head);
  w32(head + PREV, head);
}

export const listEmpty = (head: number): boolean => r32(head) === head;
export const listNext = (node: number): number => r32(node);

/** Whether the list has one node exactly. */
export const listIsSingular = (head: number): boolean => !listEmpty(head) && r32(head) === r32(head + PREV);

/** Whether `head` is a list at all: false for memory that was never one or was freed. */
export const listValid = (head: number): boolean => r32(r32(head) + PREV) === head;

/** Makes `head` no list any more. */
export const listPoison = (head: number): void => w32(head, 0);

function link(node: number, prev: number, next: number): void {
  w32(node, next);
  w32(node + PREV, prev);
  w32(prev, node);
  w32(next + PREV, node);
}

/** Puts `node` first. */
export function listAdd(node: number, head: number): void {
  link(node, head, r32(head));
}

/** Puts `node` last. */
export function listAddTail(node: number, head: number): void {
  link(node, r32(head + PREV), head);
}

/** Takes `node` out and leaves it pointing at itself, so that it reads as not queued. Also one that was only half put in, or half taken out. */
export function listDelInit(node: number): void {
  const next = r32(node);
  const prev = r32(node + PREV);
  if (r32(next + PREV) === node) w32(next + PREV, prev);
  if (r32(prev) === node) w32(prev, next);
  listInit(node);
}

/** Mends a list whose changer died: every node of it knows the one before it again. */
export function listRepair(head: number): void {
  let prev = head;
  for (let node = r32(head); node !== head && node !== 0; node = r32(node)) {
    w32(node + PREV, prev);
    prev = node;
  }
  w32(head + PREV, prev);
}

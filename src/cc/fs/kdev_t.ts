/**
 * Numbers of devices: which driver, and which of its devices. C: include/linux/kdev_t.h.
 */

const MINORBITS = 20;
export const MINORMASK = (1 << MINORBITS) - 1;

export const majorOf = (dev: number): number => dev >>> MINORBITS;
export const minorOf = (dev: number): number => dev & MINORMASK;
export const mkdev = (major: number, minor: number): number => (major << MINORBITS) | minor;

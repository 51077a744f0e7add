/** What module.fixture.ts and module.test.ts agree on. Apart, because who imports a module is one. */

/** Words: 1 for an init in a task named insmod, else 2, and the same for exit and rmmod; threads that began; threads that ended by themselves; a word by which the test tells it something. */
export const INIT = 0, EXIT = 4, BEGAN = 8, ENDED = 12, GO = 16, WORDS = 5;

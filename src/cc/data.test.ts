/**
 * What modules in C have of lib/: each file of test/modules looks at one or a few headers, from C and with address checks,
 * and says what is not so.
 */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { oneMachine } from '../kernel/machine.fixture.js';
import { COMPILE_MS, runModule, sources } from './c_module.fixture.js';

const { machine } = oneMachine();
sources();

const MODULES = ['kfifo', 'lists', 'locks', 'rbtree', 'small', 'waits', 'xarray'];

test.each(MODULES)('test/modules/%s.c', async (name) => {
  const file = fileURLToPath(new URL(`../../test/modules/${name}.c`, import.meta.url));
  const lines = await runModule(machine(), file);
  expect(lines.slice(0, -1)).toEqual([]);
  expect(lines.at(-1)).toMatch(new RegExp(`^${name}: 0 of [1-9]\\d* failed$`));
}, COMPILE_MS);

/**
 * What a person may name as a module of C, and what of a Makefile counts. Nothing is compiled.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { sourcesOf, takes } from './kbuild.js';

const root = mkdtempSync(join(tmpdir(), 'kthread-kbuild-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let n = 0;

function folder(name: string, files: Readonly<Record<string, string>>): string {
  const at = join(root, String(++n), name);
  mkdirSync(at, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(at, file), text);
  return at;
}

describe('a path', () => {
  test('is for C when it is a .c, a .ko or a folder', () => {
    const at = folder('my-driver', { 'a.c': '' });
    expect([join(at, 'a.c'), join(at, 'gone.c'), join(at, 'a.ko'), at].map(takes)).toEqual([true, true, true, true]);
    expect([join(at, 'a.ts'), join(at, 'gone')].map(takes)).toEqual([false, false]);
  });

  test('names the module: without ending, - as _', () => {
    const at = folder('my-driver', { 'kthread-test.c': '', 'b.c': '' });
    expect(sourcesOf(join(at, 'kthread-test.c'))).toMatchObject({ name: 'kthread_test', files: ['kthread-test.c'] });
    expect(sourcesOf(at)).toMatchObject({ name: 'my_driver', files: ['b.c', 'kthread-test.c'] });
  });

  test('that is not there, and a folder without sources', () => {
    expect(() => sourcesOf(join(root, 'gone.c'))).toThrow(/ENOENT.*looked for .*gone\.c/);
    expect(() => sourcesOf(folder('empty', { README: '' }))).toThrow(/ENOENT.*has neither a Makefile nor \.c files/);
  });
});

describe('a Makefile', () => {
  const module = (text: string, ...sources: readonly string[]): string => folder('m', { Makefile: text, ...Object.fromEntries(sources.map((name) => [name, ''])) });

  test('of one file, as tutorials have it', () => {
    const at = module('obj-m += hello.o\n\nKDIR := /lib/modules/$(shell uname -r)/build\nall:\n\t$(MAKE) -C $(KDIR) M=$(PWD) modules\nclean:\n\trm -f *.o\n', 'hello.c');
    expect(sourcesOf(at)).toMatchObject({ name: 'hello', files: ['hello.c'], flags: [] });
  });

  test('under ifneq, of several files over two lines, with -y and a comment', () => {
    const at = module('ifneq ($(KERNELRELEASE),)\n\tobj-m := pair.o # the module\n\tpair-objs := a.o \\\n\t\tb.o\n\tpair-y += c.o\nelse\nall:\n\tmake\nendif\n', 'a.c', 'b.c', 'c.c');
    expect(sourcesOf(at)).toMatchObject({ name: 'pair', files: ['a.c', 'b.c', 'c.c'] });
  });

  test('gives its definitions and folders to the compiler, and to a single file beside it', () => {
    const at = module('obj-m := a.o\nccflags-y := -DDEBUG -I$(src)/inc -Wall -O3\nEXTRA_CFLAGS += -DN=2\n', 'a.c');
    expect(sourcesOf(at).flags).toEqual(['-DDEBUG', '-I./inc', '-DN=2']);
    expect(sourcesOf(join(at, 'a.c')).flags).toEqual(['-DDEBUG', '-I./inc', '-DN=2']);
  });

  test('of several modules, of none, and of a source that is missing', () => {
    expect(() => sourcesOf(module('obj-m := a.o b.o\n', 'a.c', 'b.c'))).toThrow(/EINVAL.*names several modules \(a, b\): load them one by one, such as .*a\.c/);
    expect(() => sourcesOf(module('all:\n', 'a.c'))).toThrow(/ENOENT.*names no module: it has no obj-m/);
    expect(() => sourcesOf(module('obj-m := a.o\na-objs := x.o\n', 'a.c'))).toThrow(/ENOENT.*wants x\.c, which is not there/);
  });
});

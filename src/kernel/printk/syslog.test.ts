/** What readers of the log are shown: dmesg and its options, /dev/kmsg, the console, and those who follow. */
import { beforeEach, expect, test } from 'vitest';
import { load, witnessAccesses } from '../../lib/atomic.js';
import { bareMachine, clock } from '../bare.fixture.js';
import { MACHINE, machineWord } from '../memlayout.js';
import { LOG_RECORDS } from '../param.js';
import { sysctl } from '../sysctl.js';
import { KERN_CONT, KERN_DEBUG, KERN_ERR, KERN_INFO, prErr, prInfo, printk, setPrintkCaller } from './printk.js';
import { Console, LogReader, clearLog, consoleIsDone, dmesg, formatKmsg } from './syslog.js';

beforeEach(() => {
  bareMachine();
  setPrintkCaller(() => 100);
});

const followers = (): number => load(machineWord(MACHINE.log_followers));

test('T223 a line is [seconds.microseconds] and the text; lines of one record share the stamp', () => {
  prInfo('boot\n');
  clock.now = 3991325.662;
  prInfo('pid->%d\ncomm->%s\n\n', 7712, 'test');
  clock.now = 123456789012.346;
  prInfo('much later\n');
  expect(dmesg()).toEqual([
    '[    0.000000] boot', '[ 3991.325662] pid->7712', '[ 3991.325662] comm->test', '[ 3991.325662] ', '[123456789.012346] much later',
  ]);
});

test('T229 dmesg -x, -r, -t and -T', () => {
  clock.now = 1500;
  prErr('grüß\x1b[31m\tdich\n');
  expect(dmesg({ decode: true })).toEqual(['kern  :err   : [    1.500000] grüß\\x1b[31m\tdich']);
  expect(dmesg({ raw: true })).toEqual(['<3>[    1.500000] grüß\\x1b[31m\tdich']);
  expect(dmesg({ time: 'none', decode: true })).toEqual(['kern  :err   : grüß\\x1b[31m\tdich']);
  expect(dmesg({ time: 'ctime' })[0]).toMatch(/^\[\w{3} Jan  \d \d\d:\d\d:13 2024\] grüß/);
});

test('T229 dmesg -l shows some levels, --since leaves out what is older', () => {
  for (const level of [KERN_ERR, KERN_INFO, KERN_DEBUG]) {
    clock.now += 10;
    printk(`${level}at ${clock.now}\n`);
  }
  expect(dmesg({ levels: [3, 7], time: 'none' })).toEqual(['at 10', 'at 30']);
  expect(dmesg({ since: 20, time: 'none' })).toEqual(['at 20', 'at 30']);
});

test('T229 dmesg -c and -C clear the view and not the log', () => {
  prInfo('one\n');
  expect(dmesg({ clear: true, time: 'none' })).toEqual(['one']);
  expect(dmesg()).toEqual([]);
  prInfo('two\n');
  expect(dmesg({ time: 'none' })).toEqual(['two']);
  clearLog();
  expect(dmesg()).toEqual([]);
  expect(new LogReader().next()?.text).toBe('one');
});

test('T229 a record of /dev/kmsg has priority, number, microseconds and flags, and its text escaped', () => {
  clock.now = 12.345;
  printk('Linux version\n');
  printk(`${KERN_ERR}a\\b\n☃\n`);
  printk(`${KERN_CONT}late\n`);
  const reader = new LogReader();
  expect(Array.from({ length: 3 }, () => formatKmsg(reader.next()!))).toEqual([
    '4,0,12345,-;Linux version\n', '3,1,12345,-;a\\x5cb\\x0a\\xe2\\x98\\x83\n', '4,2,12345,c;late\n',
  ]);
});

test('dmesg -w goes on where it was, and says what it missed', () => {
  const reader = new LogReader('next');
  prInfo('0\n');
  expect(dmesg({ reader, time: 'none' })).toEqual(['0']);
  for (let i = 1; i <= LOG_RECORDS + 12; i++) prInfo('%d\n', i);
  expect(dmesg({ reader, time: 'none' }).slice(0, 2)).toEqual(['** 12 printk messages dropped **', '13']);
  expect(dmesg({ reader })).toEqual([]);
  expect(reader.lost).toBe(12);
});

test('T224 the console shows what is below its level, once, and says how far it is', () => {
  const out: string[] = [];
  const console = new Console((text) => out.push(text));
  printk(`${KERN_INFO}shown\n`);
  printk(`${KERN_DEBUG}not shown\n`);
  expect(consoleIsDone()).toBe(false);
  expect([console.flush(), console.flush(), consoleIsDone()]).toEqual([1, 0, true]);
  sysctl('kernel.printk', 4);
  printk(`${KERN_INFO}quiet\n`);
  printk(`${KERN_ERR}first line\nsecond line\n`);
  expect(console.flush()).toBe(2);
  expect(out).toEqual(['[    0.000000] shown\n', '[    0.000000] first line\n[    0.000000] second line\n']);
});

test('the console says what it lost; the next console goes on after it; closing shows the line that has no newline', () => {
  const out: string[] = [];
  new Console((text) => out.push(text)).flush();
  for (let i = 0; i < LOG_RECORDS + 5; i++) prInfo('%d\n', i);
  new Console((text) => out.push(text)).flush();
  expect(out[0]).toMatch(/^\*\* 5 printk messages dropped \*\*\n\[ {4}0\.000000\] 5\n/);
  prErr('the last words');
  const last = new Console((text) => out.push(text));
  expect([last.flush(), last.close(), out.at(-1)]).toEqual([0, 1, '[    0.000000] the last words\n']);
});

test('a console with a writer that never stops comes to an end', () => {
  let said = 0;
  let writing = false;
  witnessAccesses((op) => {
    if (op !== 'load' || writing || said === 10_000) return;
    writing = true;
    prInfo('%d\n', said++);
    writing = false;
  });
  prInfo('first\n');
  const printed = new Console(() => {}).flush();
  witnessAccesses(undefined);
  expect([printed > 0, printed < 10, said > 10]).toEqual([true, true, true]);
});

test('who follows is woken by the next complete record; who reads all and asks again misses none', async () => {
  const reader = new LogReader();
  expect(followers()).toBe(0);
  const more = reader.more();
  expect(followers()).toBe(1);
  prInfo('one\n');
  await more;
  expect(reader.more()).toBeUndefined();
  expect(reader.next()?.text).toBe('one');
  const last = reader.more();
  reader.close();
  reader.close();
  await last;
  expect(followers()).toBe(0);
});

test('a record comes between the look at the log and the wait: there is no wait', () => {
  const reader = new LogReader();
  witnessAccesses((op) => {
    if (op !== 'load') return;
    witnessAccesses(undefined);
    prInfo('just now\n');
  });
  expect(reader.more()).toBeUndefined();
  expect(reader.next()?.text).toBe('just now');
  reader.close();
});

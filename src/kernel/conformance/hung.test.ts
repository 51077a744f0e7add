/**
 * The conformance cases of the hung-task detector: modules as on a real kernel, the same steps from outside, and the lines that
 * the real kernel (6.1) printed, in its order. Times are halved, and so are the limits; kernels since then tell more in
 * the line of the task, which is taken out here.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parsePsArgs, ps } from '../../server/ps.js';
import { readProc, snapshot } from '../../fs/proc.js';
import { boot, type Machine } from '../../index.js';
import { pause, until } from '../kinds.fixture.js';
import { prInfo } from '../printk/printk.js';
import { LogReader } from '../printk/syslog.js';
import { sysctl, type SysctlName } from '../sysctl.js';
import { uptime } from '../time/time.js';

let machine: Machine;
beforeAll(async () => {
  machine = await boot({ cpus: 2, memory: 64 << 20, console: 'stderr', loglevel: 0 });
});
afterAll(async () => {
  expect(await machine.shutdown()).toMatchObject({ left: [] });
});

const WARNINGS = '/proc/sys/kernel/hung_task_warnings';
const TIMEOUT = '/proc/sys/kernel/hung_task_timeout_secs';

/** One case: what is done from outside says so in the log, at its place. */
function begin(name: string) {
  const reader = new LogReader('next');
  const lines: string[] = [];
  const look = (): string[] => {
    for (let record = reader.next(); record; record = reader.next()) lines.push(record.text);
    return lines;
  };
  return {
    load: () => machine.insmod(new URL(`./${name}.fixture.js`, import.meta.url), {}, { as: name }),
    remove: () => machine.rmmod(name),
    waitFor: (text: string) => until(() => look().some((line) => line.includes(`${name}: ${text}`)), text, 20_000),
    write(path: string, value: number) {
      prInfo('$ echo %d > %s\n', value, path);
      sysctl(path.slice('/proc/sys/'.length).replaceAll('/', '.') as SysctlName, value);
    },
    read: async (path: string) => prInfo('$ cat %s: %s', path, await readProc(path)),
    count: (text: string) => prInfo('$ count \'%s\': %d\n', text, look().filter((line) => line.includes(text)).length),
    ps(comm: string, fields: string) {
      const { pid } = snapshot().find((t) => t.comm === comm)!;
      prInfo('$ ps %s: %s\n', comm, ps(snapshot(), parsePsArgs(['-o', fields, '-p', `${pid}`]), { now: uptime(), bootWallTime: 0, user: 'root' }).trim().replaceAll(/ +/g, ' '));
    },
    /** The lines that belong to the case, with what differs from run to run made the same. */
    lines: () => look().filter((line) => new RegExp(`^(\\$ |${name}:|INFO: task | {6}(Tainted:|Not tainted)|"echo 0 > |task:|Call Trace:)`).test(line)).map((line) => line
      .replace(/^INFO: task (.*):\d+ blocked for more than \d+ seconds\.$/, 'INFO: task $1:PID blocked for more than N seconds.')
      .replace(/^ {6}(Tainted|Not tainted).*$/, '      TAINT VERSION')
      .replace(/tgid:\d+ *|task_flags:0x[0-9a-f]+ */g, '')
      .replace(/stack:\d+ *pid:\d+ *ppid:2 *flags:0x[0-9a-f]+$/, 'stack:N pid:PID ppid:2 flags:F')),
  };
}

test('hung_basic: the report, once, since one warning was left', async () => {
  const hung = begin('hung_basic');
  hung.write(WARNINGS, 1);
  hung.write(TIMEOUT, 1);
  await hung.load();
  await pause(500);
  hung.ps('hung task&1', 'stat=,ppid=,comm=');
  await hung.waitFor('done');
  await hung.read(WARNINGS);
  await hung.remove();
  hung.write(TIMEOUT, 120);
  hung.write(WARNINGS, 10);
  expect(hung.lines()).toEqual([
    `$ echo 1 > ${WARNINGS}`,
    `$ echo 1 > ${TIMEOUT}`,
    'hung_basic: hung task&1 sleeps',
    '$ ps hung task&1: D 2 hung task&1',
    'INFO: task hung task&1:PID blocked for more than N seconds.',
    '      TAINT VERSION',
    '"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.',
    'task:hung task&1     state:D stack:N pid:PID ppid:2 flags:F',
    'Call Trace:',
    'hung_basic: back again',
    'hung_basic: done',
    `$ cat ${WARNINGS}: 0`,
    'hung_basic: stop=4',
    `$ echo 120 > ${TIMEOUT}`,
    `$ echo 10 > ${WARNINGS}`,
  ]);
});

test('hung_ignored: sleepers in S, K, I and P, and one that naps, are not reported', async () => {
  const hung = begin('hung_ignored');
  hung.write(WARNINGS, 5);
  hung.write(TIMEOUT, 1);
  await hung.load();
  await hung.waitFor('done');
  await hung.read(WARNINGS);
  hung.count('blocked for more than');
  await hung.remove();
  hung.write(TIMEOUT, 120);
  hung.write(WARNINGS, 10);
  expect(hung.lines()).toEqual([
    `$ echo 5 > ${WARNINGS}`,
    `$ echo 1 > ${TIMEOUT}`,
    'hung_ignored: interruptible state=S',
    'hung_ignored: killable state=D',
    'hung_ignored: idle state=I',
    'hung_ignored: parked state=P',
    'hung_ignored: done',
    `$ cat ${WARNINGS}: 5`,
    '$ count \'blocked for more than\': 0',
    'hung_ignored: all stopped',
    `$ echo 120 > ${TIMEOUT}`,
    `$ echo 10 > ${WARNINGS}`,
  ]);
});

test('hung_off: no report without a limit, nor without warnings', async () => {
  const hung = begin('hung_off');
  hung.write(WARNINGS, 10);
  hung.write(TIMEOUT, 0);
  await hung.load();
  await hung.waitFor('asleep');
  await pause(1500);
  await hung.read(WARNINGS);
  hung.write(WARNINGS, 0);
  hung.write(TIMEOUT, 1);
  await hung.waitFor('done');
  hung.count('blocked for more than');
  await hung.read(WARNINGS);
  await hung.remove();
  hung.write(TIMEOUT, 120);
  hung.write(WARNINGS, 10);
  expect(hung.lines()).toEqual([
    `$ echo 10 > ${WARNINGS}`,
    `$ echo 0 > ${TIMEOUT}`,
    'hung_off: asleep',
    `$ cat ${WARNINGS}: 10`,
    `$ echo 0 > ${WARNINGS}`,
    `$ echo 1 > ${TIMEOUT}`,
    'hung_off: left=0',
    'hung_off: done',
    '$ count \'blocked for more than\': 0',
    `$ cat ${WARNINGS}: 0`,
    'hung_off: stop=0',
    `$ echo 120 > ${TIMEOUT}`,
    `$ echo 10 > ${WARNINGS}`,
  ]);
});

/**
 * The control socket under people and programs that do not behave: stuck machines, killed ones, many, and clients that
 * send rubbish, never read, or vanish.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { Terminal, until, type Started } from '../tools/terminal.fixture.js';
import { BAD_FRAMES_MAX, CLIENTS_MAX, REQUESTS_MAX, REQUEST_MAX } from './protocol.js';

// Each command is a process of its own, which takes its time on a busy computer.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

const terminal = new Terminal();
const sockets = new Set<Socket>();
/** Those of one test. */
const machines: Started[] = [];
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const machine of machines.splice(0)) await machine.kill('SIGKILL');
});
afterAll(() => terminal.close());

type Frame = Readonly<Record<string, unknown>>;

/** A client that sends what it is told. */
class Raw {
  readonly frames: Frame[] = [];
  readonly closed: Promise<void>;
  isClosed = false;
  #rest = '';

  constructor(readonly socket: Socket) {
    sockets.add(socket);
    socket.on('error', () => {}).setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n');
      this.#rest = lines.pop()!;
      for (const line of lines) if (line !== '') this.frames.push(JSON.parse(line) as Frame);
    });
    this.closed = new Promise((resolve) => socket.once('close', () => {
      sockets.delete(socket);
      this.isClosed = true;
      resolve();
    }));
  }

  /** Connected, and greeted unless `silent`. */
  static async to(path: string, silent = false): Promise<Raw> {
    const raw = new Raw(createConnection(path));
    if (!silent) await raw.frame((f) => f.hello === 'kthread' || 'error' in f);
    return raw;
  }

  async frame(is: (frame: Frame) => boolean): Promise<Frame> {
    await until('frame that fits', () => this.isClosed || this.frames.some(is), () => JSON.stringify(this.frames.slice(-5)));
    const frame = this.frames.find(is);
    if (!frame) throw new Error(`the connection was closed after ${JSON.stringify(this.frames.slice(-5))}`);
    return frame;
  }

  async ask(id: number, call: string, args: object = {}): Promise<Frame> {
    this.socket.write(`${JSON.stringify({ id, call, args })}\n`);
    return this.frame((f) => f.id === id && ('result' in f || 'error' in f));
  }
}

/** A machine with a thread; `more` is run after that. */
const lasting = (more = '', options = 'control: true', name?: string): Promise<Started> => terminal.program(`
  const machine = await k.boot({ memory: 16 * 2 ** 20, cpus: 1, ${options} });
  await k.kthreadRun(async () => { while (!k.kthreadShouldStop()) await k.msleepInterruptible(60_000); }, undefined, 'idle');
  ${more}
`, name);

/** One that the test's end ends. */
async function service(...how: Parameters<typeof lasting>): Promise<Started> {
  const machine = await lasting(...how);
  machines.push(machine);
  return machine;
}

const resident = async (pid: number): Promise<number> => {
  const { stdout } = spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
  return Number(stdout) * 1024;
};

describe('a machine in trouble', () => {
  test('main is stuck in a loop, and says where to whoever asks', async () => {
    await service('function spin() { for (let i = 0; ; i++) globalThis.i = i; }\n setTimeout(() => spin(), 200);', 'control: true', 'stuck.mjs');
    await until('main stuck', async () => /spin/.test((await terminal.kthread('stack', '1')).out));
    expect((await terminal.kthread('stack', '1')).out).toMatch(/^init\[1\] S\n {4}spin \(.*stuck\.mjs:\d+:\d+\)\n/);
    expect((await terminal.kthread('ps', '-C', 'idle', '-o', 'stat,comm')).out).toBe('STAT COMMAND\nS    idle\n');
    expect((await terminal.kthread('dmesg')).out).toMatch(/kthread: 1 CPUs/);
    // A thread of the isolate that is stuck cannot stop; the wait for it holds up nobody.
    const waiting = terminal.start('stop', 'idle');
    await until('the stop in ps', async () => /stop/.test((await terminal.kthread('ps', '-C', 'stop', '-o', 'stat,wchan:20,comm')).out));
    expect((await terminal.kthread('stop', 'idle', '--timeout', '100ms')).err).toMatch(/^stop: ETIMEDOUT .*idle\[\d+\] was asked to stop and has not within 0\.1 s: /);
    await waiting.kill('SIGINT');
    await until('the stop gone', async () => (await terminal.kthread('ps', '-C', 'stop', '-o', 'comm=')).out === '');
  });

  test('main is in native code that does not return', async () => {
    await service("import { readSync } from 'node:fs';\nsetTimeout(() => readSync(0, Buffer.alloc(1)), 200);", 'control: true', 'native.mjs');
    await until('the call', async () => /^init\[1\] S\n {4}(\w+ \(in system call \d+, called by native code\)|native code \(which has not returned for a second\))\n$/.test((await terminal.kthread('stack', '1')).out));
  });

  test('one that was killed leaves a socket, which the next command takes away', async () => {
    const killed = await service();
    await killed.kill('SIGKILL');
    expect(terminal.socketNames()).toContain(`${killed.pid}.sock`);
    const { out, err, status } = await terminal.kthread('ps');
    expect({ out, status }).toEqual({ out: '', status: 3 });
    expect(err).toBe('ps: no machine runs that you could see; start one with kthread run FILE, or boot({ control: true }) in a service\n');
    expect(terminal.socketNames()).toEqual([]);
  });

  test('one whose process is stopped does not answer, which holds up nobody who names another', async () => {
    const other = await service();
    const stopped = await service('', "control: true, name: 'stopped'", 'stopped.mjs');
    stopped.child.kill('SIGSTOP');
    expect((await terminal.kthread('cat', '/proc/1/comm', '--target', String(other.pid))).out).toBe('init\n');
    const { err, out } = await terminal.kthread('list');
    expect(err).toMatch(new RegExp(`^list: .*/${stopped.pid}\\.sock does not answer: .*; its process may be stopped\\n$`));
    expect(out).toMatch(new RegExp(`^ *${other.pid}  service `, 'm'));
  });

  test('one that ends while somebody follows its log says its last words and takes its socket away', async () => {
    const ending = await service("process.stdin.once('data', async () => { process.stdin.destroy(); await k.kthreadRun(async () => { for (;;) await k.msleep(1e6); }, undefined, 'deaf'); await machine.shutdown({ timeout: 100 }); });");
    const follower = terminal.start('dmesg', '-w', '-t');
    await follower.says(/1 CPUs/);
    ending.child.stdin!.write('\n');
    await ending.ended;
    expect(await follower.ended).toBe(0);
    expect(follower.out).toMatch(/shutdown: deaf\[\d+\] did not stop\n$/);
    expect(terminal.socketNames()).toEqual([]);
  });

  test('a machine without control has no socket', async () => {
    const quiet = terminal.write('quiet.mjs', `import * as k from ${JSON.stringify(new URL('../index.js', import.meta.url).href)};\nconst m = await k.boot({ console: 'stdout', loglevel: 8 });\nawait k.msleep(300);\nawait m.shutdown();\n`);
    const { status, stdout } = spawnSync(process.execPath, [quiet], { env: terminal.env, encoding: 'utf8' });
    expect(status).toBe(0);
    expect(stdout).not.toMatch(/control/);
    expect(terminal.socketNames()).toEqual([]);
  });
});

describe('who may connect', () => {
  test('directory and socket are the user\'s alone, and a second user is refused by them', async () => {
    const machine = await service();
    const path = await terminal.socket(machine.pid);
    expect(lstatSync(terminal.sockets).mode & 0o777).toBe(0o700);
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    if (process.getuid?.() === 0) { // Only root can try what another user can do.
      chmodSync(terminal.folder, 0o755);
      const script = `require('net').connect(${JSON.stringify(path)}).on('error', ({ code }) => console.log(code)).on('connect', () => process.exit(console.log('connected')))`;
      const { stdout } = spawnSync(process.execPath, ['-e', script], { uid: 65534, gid: 65534, encoding: 'utf8', cwd: '/' });
      chmodSync(terminal.folder, 0o700);
      expect(stdout).toBe('EACCES\n');
    }
  });

  test('a directory that others may enter, or that is none, is not used', async () => {
    const open = join(terminal.folder, 'open');
    mkdirSync(join(open, 'kthread'), { recursive: true, mode: 0o700 });
    chmodSync(open, 0o700);
    chmodSync(join(open, 'kthread'), 0o777);
    const boot = terminal.write('boots.mjs', `import * as k from ${JSON.stringify(new URL('../index.js', import.meta.url).href)};\nconst m = await k.boot({ control: true });\nfor (let i = 0; i < 500 && !k.dmesg().join().includes('control'); i++) await k.msleep(20);\nconsole.log(k.dmesg().join('\\n'));\nawait m.shutdown();\n`);
    const run = (runtime: string): string => spawnSync(process.execPath, [boot], { env: { ...terminal.env, XDG_RUNTIME_DIR: runtime }, encoding: 'utf8' }).stdout;
    expect(run(open)).toMatch(/control: nobody can see this machine from outside: others may enter .*open\/kthread: chmod 700 /);
    const link = join(terminal.folder, 'link');
    mkdirSync(link, { mode: 0o700 });
    symlinkSync(open, join(link, 'kthread'));
    expect(run(link)).toMatch(/nobody can see this machine from outside: .*link\/kthread is no directory; remove it/);
    const long = join(terminal.folder, 'x'.repeat(90));
    mkdirSync(long, { mode: 0o700 });
    expect(run(long)).toMatch(/nobody can see this machine from outside: the path .* is longer than the 100 bytes/);
  });
});

describe('clients that do not behave', () => {
  let machine: Started;
  let path: string;
  const start = async (): Promise<void> => {
    if (machine) return;
    machine = await lasting("process.stdin.on('data', () => { for (let i = 0; i < 20_000; i++) k.printk('record %d %s\\n', i, 'x'.repeat(500)); });");
    path = await terminal.socket(machine.pid);
  };

  test('ten thousand lines of rubbish: some are answered, then the connection ends', async () => {
    await start();
    const rubbish = ['hello', '{', '[]', '{"id":"1","call":"ps"}', '{"id":1}', 'null', '42', '"x"', '{"call":"ps"}', '\u0000\u0001\u0002'];
    const raw = await Raw.to(path);
    raw.socket.write(Array.from({ length: 10_000 }, (_, i) => `${rubbish[i % rubbish.length]}\n`).join(''));
    await raw.closed;
    const errors = raw.frames.filter((f) => 'error' in f);
    expect(errors).toHaveLength(BAD_FRAMES_MAX + 1);
    expect(errors[0]).toEqual({ error: { errno: -71, code: 'EPROTO', message: 'bad frame: this is no JSON' } });
    // And each on a connection of its own, some of them cut in the middle.
    for (let i = 0; i < 200; i += 20) {
      await Promise.all(Array.from({ length: 20 }, async (_, j) => {
        const raw = await Raw.to(path);
        raw.socket.write(`${rubbish[(i + j) % rubbish.length]}${j % 2 ? '\n' : ''}`);
        raw.socket.destroy();
        await raw.closed;
      }));
    }
    expect(await (await Raw.to(path)).ask(1, 'cat', { path: '/proc/1/comm' })).toEqual({ id: 1, result: { text: 'init\n' } });
  });

  test('ten thousand requests that are JSON but make no sense', async () => {
    await start();
    const seed = Date.now() & 0xffff;
    let state = seed;
    const random = (n: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor(state / 2 ** 32 * n);
    };
    const values = [0, -1, 1, 2.5, 1e308, 4096, 2 ** 53, '', 'idle', '../../etc', '/proc/1/stat', '/proc/sys/__proto__', '__proto__', '\u0000', null, true, [], {}, ['a'], [1], [[]], { a: 1 }, 'x'.repeat(5000), 'oldest', 'file:///%00'];
    const names = ['who', 'path', 'file', 'name', 'names', 'set', 'signal', 'nice', 'cpus', 'from', 'since', 'levels', 'follow', 'params', 'as', 'cpu', 'seq', 'timeout', 'force', 'fd', 'text', 'data', 'cmd', 'arg', 'major', 'minor', '__proto__', 'constructor'];
    const calls = ['stat', 'ps', 'dmesg', 'clear', 'cat', 'stack', 'modules', 'insmod', 'rmmod', 'kill', 'unpark', 'wake', 'renice', 'affinity', 'sysctl', 'thaw', 'ls', 'read', 'write', 'ioctl', 'close', 'mknod', 'toString', ''];
    const pick = <T>(list: readonly T[]): T => list[random(list.length)];
    for (let round = 0; round < 10; round++) {
      const raw = await Raw.to(path);
      for (let id = 0; id < 1000; id++) raw.socket.write(`${JSON.stringify({ id, call: pick(calls), args: Object.fromEntries(Array.from({ length: random(4) }, () => [pick(names), pick(values)])) })}\n`);
      await until(`all answered (seed ${seed})`, () => new Set(raw.frames.filter((f) => 'result' in f || 'error' in f || (f.item as { lost?: number } | undefined)?.lost === 0).map(({ id }) => id)).size >= 900 || raw.isClosed);
      raw.socket.destroy();
    }
    expect(await (await Raw.to(path)).ask(1, 'cat', { path: '/proc/1/comm' })).toEqual({ id: 1, result: { text: 'init\n' } });
    expect(machine.err).toBe('');
  });

  test('wrong calls and arguments are answered each in a sentence', async () => {
    await start();
    const raw = await Raw.to(path);
    const message = async (id: number, call: string, args: unknown): Promise<string> => {
      const { error } = await raw.ask(id, call, args as object) as { error?: { code: string; message: string } };
      return `${error?.code}: ${error?.message}`;
    };
    expect(await message(1, 'fly', {})).toMatch(/^ENOSYS: there is no call "fly"; there are stat, ps, /);
    expect(await message(2, 'constructor', {})).toMatch(/^ENOSYS: /);
    expect(await message(3, 'stop', {})).toBe('EINVAL: stop: who, which is a pid or a name, takes a text, not undefined');
    expect(await message(4, 'stop', [])).toBe('EINVAL: stop: args is an object');
    expect(await message(5, 'stack', { who: 1.5 })).toMatch(/^EINVAL: stack: who takes a whole number/);
    expect(await message(6, 'kill', { who: 1, signal: 65 })).toMatch(/^EINVAL: kill: signal takes a whole number from 0 to 64, not 65/);
    expect(await message(7, 'sysctl', { set: 'x' })).toMatch(/^EINVAL: sysctl: set takes an object/);
    expect(await message(8, 'dmesg', { levels: [9] })).toMatch(/^EINVAL: dmesg: level takes a whole number from 0 to 7, not 9/);
    expect(await message(9, 'insmod', { file: '/x', params: { a: {} } })).toMatch(/^EINVAL: insmod: parameter a takes/);
    expect(await message(10, 'affinity', { who: 'idle', cpus: [] })).toMatch(/^EINVAL: affinity: idle/);
    expect(await message(11, 'ps', { who: 'idle' })).toMatch(/^EINVAL: ps: who takes a list/);
    expect(await message(12, 'sysctl', { names: ['__proto__'] })).toMatch(/^ENOENT: sysctl: there is no setting "__proto__"/);
  });

  test('a request that is too long ends the connection, and costs no memory', async () => {
    await start();
    const before = await resident(machine.pid);
    const raw = await Raw.to(path);
    const block = Buffer.alloc(2 ** 20, 'x');
    for (let i = 0; i < 200 && !raw.isClosed; i++) if (!raw.socket.write(block)) await Promise.race([new Promise((resolve) => { raw.socket.once('drain', resolve); }), raw.closed]);
    await raw.closed;
    expect(raw.frames.at(-1)).toEqual({ error: { errno: -90, code: 'EMSGSIZE', message: `a request has at most ${REQUEST_MAX} bytes, its newline included` } });
    expect(await resident(machine.pid) - before).toBeLessThan(64 * 2 ** 20);
    // One that just fits, sent in small pieces, is served.
    const patient = await Raw.to(path);
    const request = `{"id":1,"call":"stat"${' '.repeat(REQUEST_MAX - 24)}}\n`;
    for (let i = 0; i < request.length; i += 1000) patient.socket.write(request.slice(i, i + 1000));
    expect(await patient.frame((f) => f.id === 1)).toHaveProperty('result');
  });

  test('two hundred clients at once, each with a few requests, some of which leave without waiting', async () => {
    await start();
    const clients = await Promise.all(Array.from({ length: 200 }, () => Raw.to(path)));
    clients.forEach(({ socket }, i) => {
      socket.write('{"id":1,"call":"ps"}\n{"id":2,"call":"cat","args":{"path":"/proc/loadavg"}}\n{"id":3,"call":"dmesg","args":{"follow":true,"from":"next"}}\n');
      if (i % 4 === 3) socket.destroy();
    });
    for (const client of clients.filter((_, i) => i % 4 !== 3)) {
      expect(await client.frame((f) => f.id === 1 && 'item' in f)).toMatchObject({ item: expect.arrayContaining([expect.objectContaining({ name: 'idle' })]) as unknown });
      expect(await client.frame((f) => f.id === 2)).toHaveProperty('result');
    }
  });

  test('one client too many is told so', async () => {
    await start();
    await until('earlier clients gone', async () => {
      const clients = await Promise.all(Array.from({ length: CLIENTS_MAX }, () => Raw.to(path)));
      const all = clients.every(({ frames }) => 'hello' in frames[0]);
      if (!all) {
        for (const { socket } of clients) socket.destroy();
        return false;
      }
      const refused = await Raw.to(path);
      expect(refused.frames).toEqual([{ error: { errno: -11, code: 'EAGAIN', message: `${CLIENTS_MAX} clients are connected already; try again when one of them has left` } }]);
      expect((await terminal.kthread('ps')).err).toMatch(/does not answer: 512 clients are connected already/);
      for (const { socket } of clients) socket.destroy();
      return true;
    });
    await until('room', async () => (await terminal.kthread('ps')).status === 0);
  });

  test('who does not read is sent no more, misses what is overwritten, and is told how much', async () => {
    await start();
    const before = await resident(machine.pid);
    const slow = await Raw.to(path);
    slow.socket.pause();
    slow.socket.write('{"id":1,"call":"dmesg","args":{"follow":true,"from":"next"}}\n');
    const other = await Raw.to(path);
    await other.ask(1, 'stat');
    machine.child.stdin!.write('go\n'); // 20,000 records, ten megabytes, of which the log keeps one.
    await until('all logged', async () => {
      const { error, result } = await other.ask(Date.now() + Math.random(), 'dmesg', { from: 'next' }) as { error?: unknown; result?: { next: number } };
      expect(error).toBeUndefined();
      return result!.next >= 20_000;
    });
    expect(await resident(machine.pid) - before).toBeLessThan(64 * 2 ** 20);
    slow.socket.resume();
    let seen = 0;
    await until('all records, seen or lost', () => {
      seen = slow.frames.filter((f) => 'item' in f).reduce((sum, { item }) => {
        const { lost, records } = item as { lost: number; records: Array<{ text: string }> };
        return sum + lost + records.filter(({ text }) => text.startsWith('record ')).length;
      }, 0);
      return seen >= 20_000;
    });
    expect(slow.frames.some((f) => (f.item as { lost: number } | undefined)?.lost)).toBe(true);
  });

  test('who asks a thousand things at once and reads nothing is served little by little', async () => {
    await start();
    const before = await resident(machine.pid);
    const greedy = await Raw.to(path);
    greedy.socket.pause();
    for (let id = 0; id < 1000; id++) greedy.socket.write(`{"id":${id},"call":"dmesg","args":{"from":"oldest"}}\n`);
    const other = await Raw.to(path);
    for (let i = 1; i < 20; i++) expect(await other.ask(i, 'stat')).toHaveProperty('result');
    expect(await resident(machine.pid) - before).toBeLessThan((REQUESTS_MAX + 64) * 2 ** 20);
    expect(machine.err).toBe('');
    greedy.socket.destroy();
  });

  test('a request is cancelled, a double one refused, and a side that ends gets its answers', async () => {
    await start();
    const raw = await Raw.to(path);
    raw.socket.write('{"id":1,"call":"dmesg","args":{"follow":true,"from":"next"}}\n{"id":1,"call":"stat"}\n');
    expect(await raw.frame((f) => f.id === 1)).toMatchObject({ error: { code: 'EINVAL', message: 'request 1 still goes on; take another id' } });
    raw.socket.write('{"cancel":1}\n{"cancel":77}\n');
    expect(await raw.frame((f) => f.id === 1 && (f.error as { code?: string } | undefined)?.code === 'ECANCELED')).toBeDefined();
    raw.socket.end('{"id":2,"call":"dmesg","args":{"follow":true}}\n{"id":3,"call":"stack","args":{"who":"idle"}}\n');
    await raw.closed;
    expect(raw.frames.filter((f) => 'result' in f).map(({ id }) => id).toSorted()).toEqual([2, 3]);
    // Also if it reads them late.
    const late = await Raw.to(path);
    late.socket.pause();
    late.socket.end(Array.from({ length: 40 }, (_, id) => `{"id":${id},"call":"dmesg","args":{"from":"oldest"}}\n`).join(''));
    await new Promise((resolve) => { setTimeout(resolve, 2000); });
    late.socket.resume();
    await late.closed;
    expect(late.frames.filter((f) => 'result' in f)).toHaveLength(40);
  });
});

test('fifty machines at once', async () => {
  // Five at a time, since each takes a fifth of a second of a core to start.
  for (let i = 0; i < 50; i += 5) await Promise.all(Array.from({ length: 5 }, (_, j) => service('', `control: true, watchdog: false, name: 'm${i + j}'`, `m${i + j}.mjs`)));
  const list = JSON.parse((await terminal.kthread('list', '--json')).out) as Array<{ hello: { pid: number; name: string } }>;
  expect(list.map(({ hello }) => hello.name).filter((name) => /^m\d+$/.test(name)).toSorted()).toEqual(Array.from({ length: 50 }, (_, i) => `m${i}`).toSorted());
  expect((await terminal.kthread('cat', '/proc/1/comm', '--target', 'm33')).out).toBe('init\n');
  expect((await terminal.kthread('ps', '--target', 'm99')).err).toMatch(/^ps: no machine is called m99; there are /);
  const killed = machines.splice(0, 40);
  await Promise.all(killed.map((machine) => machine.kill('SIGKILL')));
  await until('only those left that live', async () => (JSON.parse((await terminal.kthread('list', '--json')).out) as unknown[]).length <= 11);
  expect(killed.filter(({ pid }) => existsSync(join(terminal.sockets, `${pid}.sock`)))).toEqual([]);
}, 300_000);

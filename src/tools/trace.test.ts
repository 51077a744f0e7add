/**
 * kthread trace: the CPUs' view of what isolates did, and a trace of a real machine, asked with Perfetto's own trace_processor.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { TraceEvent } from '../server/protocol.js';
import { Client } from './client.js';
import { perfettoTrace, timeline } from './perfetto.js';
import { Terminal, until, type Started } from './terminal.fixture.js';
import { TraceProcessor } from './trace_processor.fixture.js';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

const hello = { name: 'shop', cpus: 2, version: '0' };
const run = (time: number, isolate: number, pid: number, cpu = 0): TraceEvent => ['run', time, isolate, pid, `t${pid}`, cpu, 120];
const stop = (time: number, isolate: number, pid: number, state = 'S', wchan = 'msleep'): TraceEvent => ['stop', time, isolate, pid, `t${pid}`, state, wchan];
const wake = (time: number, isolate: number, pid: number, cpu = 0): TraceEvent => ['wake', time, isolate, pid, `t${pid}`, cpu, 120];

describe('from isolates to CPUs', () => {
  /** "time cpu: prev state next", or "time cpu: by wakes pid". */
  const lines = (events: readonly TraceEvent[], to = 100): string[] => timeline({ hello, events, to }).cpuEvents.map((e) => `${e.time} ${e.cpu}: ${e.kind === 'switch' ? `${e.prev.pid} ${e.state} ${e.next.pid}` : `${e.by} wakes ${e.task.pid}`}`);

  test('two that run on one CPU at once are shown on two, and the first place is taken again', () => {
    expect(lines([run(1, 5, 10), stop(9, 5, 10), run(2, 6, 11), stop(4, 6, 11), run(5, 6, 12), stop(6, 6, 12, 'D'), run(10, 6, 11), stop(11, 6, 11)])).toEqual([
      '1 0: 0 0 10', '2 2: 0 0 11', '4 2: 11 1 0', '5 2: 0 0 12', '6 2: 12 2 0', '9 0: 10 1 0', '10 0: 0 0 11', '11 0: 11 1 0',
    ]);
  });

  test('who wakes is who runs on the waking isolate', () => {
    expect(lines([run(1, 5, 10), wake(2, 5, 11, 1), stop(3, 5, 10), wake(4, 5, 10)])).toEqual(['1 0: 0 0 10', '2 0: 10 wakes 11', '3 0: 10 1 0', '4 0: 0 wakes 10']);
  });

  test('begins and ends that were lost leave nobody on a CPU twice', () => {
    expect(lines([run(1, 5, 10), run(2, 5, 11), stop(3, 5, 11), stop(4, 5, 12)])).toEqual(['1 0: 0 0 10', '2 0: 10 0 0', '2 0: 0 0 11', '3 0: 11 1 0', '4 0: 0 0 12', '4 0: 12 1 0']);
    expect(lines([run(1, 5, 10)], 7)).toEqual(['1 0: 0 0 10', '7 0: 10 0 0']);
  });

  test('sleeps have what they sleep in; who only waits for its turn does not sleep', () => {
    expect(timeline({ hello, to: 9, events: [run(1, 5, 10), stop(2, 5, 10), run(4, 5, 10), stop(5, 5, 10, 'R'), run(6, 5, 10), stop(7, 5, 10, 'D', 'down')] }).sleeps).toEqual([
      { pid: 10, wchan: 'msleep', from: 2, to: 4 }, { pid: 10, wchan: 'down', from: 7, to: 9 },
    ]);
  });

  test('trace_processor sees states, wake-ups, sleeps and names', async () => {
    const trace = perfettoTrace({ hello, to: 20, lost: 0, tasks: [{ pid: 10, ppid: 2, name: 'a name of more than 15 bytes ö' }], events: [run(1, 5, 10), stop(3, 5, 10, 'D'), run(4, 6, 11, 1), wake(6, 6, 10), run(7, 5, 10), stop(9, 5, 10), stop(10, 6, 11, 'I', 'worker_thread')] });
    const processor = await TraceProcessor.load(trace);
    try {
      expect(await processor.query('select ts, dur, cpu, tid, end_state from sched join thread using(utid) where tid != 0 order by ts')).toEqual([
        [1e6, 2e6, 0, 10, 'D'], [4e6, 6e6, 1, 11, 'I'], [7e6, 2e6, 0, 10, 'S'],
      ]);
      expect(await processor.query('select state, dur from thread_state join thread using(utid) where tid = 10 and ts > 2000000 order by ts')).toEqual([['D', 3e6], ['R', 1e6], ['Running', 2e6], ['S', expect.any(Number)]]);
      expect(await processor.query('select slice.name, tid, dur from slice join thread_track on slice.track_id = thread_track.id join thread using(utid) order by slice.ts')).toEqual([['msleep', 10, 4e6], ['msleep', 10, 11e6], ['worker_thread', 11, 10e6]]);
      expect(await processor.query('select name from thread where tid = 10')).toEqual([['a name of more than 15 bytes ö']]);
      expect(await processor.query("select name from stats where value > 0 and severity != 'info'")).toEqual([]);
    } finally {
      processor.close();
    }
  });
});

describe('a machine', () => {
  const terminal = new Terminal();
  let service: Started;
  let socket: string;
  afterAll(() => terminal.close());
  beforeAll(async () => {
    service = await terminal.program(`
      await k.boot({ control: true, cpus: 2, name: 'shop' });
      const bell = k.newWaitQueueHead();
      let rung = 0;
      await k.kthreadRun(async () => { for (let seen = 0; ; seen = rung) await k.waitEventInterruptible(bell, () => rung > seen); }, undefined, 'hears');
      await k.kthreadRun(async () => { for (;;) { await k.msleepInterruptible(10); rung++; k.wakeUp(bell); } }, undefined, 'rings');
      await k.kthreadRun(async () => { for (;;) { await k.msleep(20); for (let i = 0; i < 300; i++) await k.yieldCpu(); } }, undefined, 'yields');
    `);
    socket = await terminal.socket(service.pid);
  });

  test('is recorded: per CPU what ran, in what states, who woke whom', async () => {
    const { out, err, status } = await terminal.kthread('trace', '-d', '2s', '-o', 'x.trace', '--json');
    expect(err).toBe('');
    expect(status).toBe(0);
    const said = JSON.parse(out) as { runs: number; wakes: number; lost: number; bytes: number };
    const bytes = readFileSync(join(terminal.folder, 'x.trace'));
    expect(said.bytes).toBe(bytes.length);
    const processor = await TraceProcessor.load(bytes);
    try {
      const count = async (sql: string): Promise<number> => (await processor.query(sql))[0][0] as number;
      expect(await count("select count(*) from sched join thread using(utid) where name = 'hears' and cpu = 0 and end_state = 'S'")).toBeGreaterThan(5);
      expect(await count("select count(*) from sched join thread using(utid) where name = 'yields' and end_state = 'R'")).toBeGreaterThan(5);
      expect(await count("select count(*) from thread_state join thread using(utid) where name = 'rings' and state = 'S'")).toBeGreaterThan(5);
      expect(await count("select count(*) from slice join thread_track on slice.track_id = thread_track.id join thread using(utid) where thread.name = 'rings' and slice.name = 'msleep_interruptible' and dur >= 9000000")).toBeGreaterThan(5);
      expect(await count("select count(*) from instant join thread on instant.ref = thread.utid where instant.name = 'sched_waking' and thread.name = 'hears'")).toBeGreaterThan(5);
      expect(await processor.query("select name from stats where value > 0 and severity != 'info'")).toEqual([]);
    } finally {
      processor.close();
    }
  });

  test('one client records at a time; one that goes away, or has enough, ends it, and then nothing is written', async () => {
    using first = await Client.connect(socket);
    using second = await Client.connect(socket);
    const enough = new AbortController();
    let events = 0;
    const recording = first.call('trace', { ms: 60_000 }, { onItem: (item) => { events += item.events.length; }, signal: enough.signal });
    recording.catch(() => {});
    await until('events', () => events > 100);
    await expect(second.call('trace', { ms: 10 }, {})).rejects.toThrow('another client records a trace of this machine already; try again when it is done');
    enough.abort();
    let done: { lost: number } | undefined;
    await until('an end of the recording', async () => {
      done = await second.call('trace', { ms: 10 }, {}).catch(() => undefined);
      return done !== undefined;
    });
    events = 0;
    const gone = first.call('trace', { ms: 60_000 }, { onItem: (item) => { events += item.events.length; } });
    gone.catch(() => {});
    await until('a recording again', () => events > 0);
    first.close();
    await until('its end', () => second.call('trace', { ms: 1 }).then(() => true, () => false));
    await expect(second.call('trace', { ms: 0 })).rejects.toThrow('trace: ms takes a whole number from 1 to 3600000, not 0');
  });

  test('what was lost on the way to a client that reads slowly is said, in parts and in total', async () => {
    using slow = await Client.connect(socket);
    let lost = 0;
    const result = slow.call('trace', { ms: 3000 }, { onItem(item) {
      lost += item.lost;
      slow.pause();
      setTimeout(() => slow.resume(), 1500);
    } });
    const { lost: total } = await result;
    expect(lost).toBe(total);
  });

  test('Ctrl-C ends it early, and the file has what there is', async () => {
    const recording = terminal.start('trace', '-d', '60s', '-o', 'early.trace');
    await until('a recording', () => recording.err !== '');
    expect(recording.err).toBe('trace: recording shop; Ctrl-C ends it early\n');
    recording.child.kill('SIGINT');
    expect(await recording.ended).toBe(0);
    expect(recording.out).toMatch(/^\d+ threads ran \d+ times and were woken \d+ times in [\d.]+ s; early\.trace has \d+ KiB; /);
    const processor = await TraceProcessor.load(readFileSync(join(terminal.folder, 'early.trace')));
    expect((await processor.query('select count(*) from thread'))[0][0]).toBeGreaterThan(3);
    processor.close();
  });

  test('a file that cannot be written is said', async () => {
    expect(await terminal.kthread('trace', '-d', '10ms', '-o', 'no/such/folder')).toMatchObject({ status: 1, err: expect.stringMatching(/^trace: cannot write the trace: ENOENT: /m) as string });
  });
});

/**
 * kthread trace: records what the scheduler of a machine does for some seconds, as a file for Perfetto.
 */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { ProcTask } from '../index.js';
import type { TraceEvent } from '../server/protocol.js';
import { FAILED, STATUS_HELP, onMachine, type Surroundings } from './command.js';
import { parseDuration } from './duration.js';
import { perfettoTrace } from './perfetto.js';
import { printable } from './top_view.js';

interface TraceOptions {
  readonly duration: number;
  readonly output: string;
}

const HELP = `
The file shows what ran on each CPU, the state of each thread, who woke it, and what it slept in. Open it at
https://ui.perfetto.dev, which sends it nowhere, or ask it with trace_processor. Ctrl-C ends the recording early.

While it records, the machine's scheduler writes its events down; otherwise that costs it a look at one word. If there are more
events than can be fetched in time, they are lost, and it is said how many. One recording at a time.

Where two plain threads of one CPU run at once, the second is shown on CPU + n, the third on CPU + 2n; the machine has n CPUs.

Examples:
  kthread trace -d 2s
  kthread trace --target shop -d 500ms -o slow.perfetto-trace
${STATUS_HELP}`;

export function addTrace(program: Command, around: Surroundings): void {
  const command = program.command('trace').description('record what the scheduler does, for Perfetto')
    .option('-d, --duration <time>', 'how long: 500ms, 5s, 2m', parseDuration, 5000)
    .option('-o, --output <file>', 'where to', 'kthread.perfetto-trace')
    .addHelpText('after', HELP);
  onMachine<TraceOptions>(command, around, async ({ client, options: { duration, output, json: asJson }, around, json }) => {
    const events: TraceEvent[] = [];
    const tasks = new Map<number, ProcTask>();
    const know = async (): Promise<number> => {
      const { items, result } = await client.collect('ps', {});
      for (const task of items.flat()) tasks.set(task.pid, task);
      return result.now;
    };
    const from = await know();
    let lost = 0;
    let begun = false;
    using interrupted = onInterrupt(around.signal);
    const { signal } = interrupted;
    await client.call('trace', { ms: duration }, {
      onItem(item) {
        if (!begun && !asJson) around.complain(`trace: recording ${printable(client.hello.name)}; Ctrl-C ends it early\n`);
        begun = true;
        for (const event of item.events) events.push(event);
        lost += item.lost;
      },
      signal,
    }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    // A shell has ended the connection, too, when it was interrupted.
    const to = signal.aborted ? events.reduce((last, [, time]) => Math.max(last, time), from) : await know();
    const bytes = perfettoTrace({ hello: client.hello, events, tasks: [...tasks.values()], to, lost });
    try {
      writeFileSync(output, bytes);
    } catch (error) {
      around.complain(`trace: cannot write the trace: ${(error as Error).message}\n`);
      return FAILED;
    }
    const count = (kind: TraceEvent[0]): number => events.filter((event) => event[0] === kind).length;
    const [runs, wakes, threads] = [count('run'), count('wake'), new Set(events.map(([, , , pid]) => pid)).size];
    if (asJson) json({ file: output, bytes: bytes.length, ms: to - from, runs, wakes, threads, lost });
    else {
      await around.print(`${threads} threads ran ${runs} times and were woken ${wakes} times in ${((to - from) / 1000).toFixed(1)} s; ${output} has ${Math.ceil(bytes.length / 1024)} KiB; open it at https://ui.perfetto.dev\n`);
      if (lost > 0) around.complain(`trace: ${lost} events came faster than they could be fetched and are lost; what the trace shows around them is not right\n`);
    }
    return undefined;
  });
}

/** Fires at Ctrl-C, also of the shell around. */
function onInterrupt(outer: AbortSignal | undefined): Disposable & { readonly signal: AbortSignal } {
  const interrupted = new AbortController();
  const abort = (): void => interrupted.abort();
  process.once('SIGINT', abort);
  return { signal: outer ? AbortSignal.any([outer, interrupted.signal]) : interrupted.signal, [Symbol.dispose]: () => void process.off('SIGINT', abort) };
}

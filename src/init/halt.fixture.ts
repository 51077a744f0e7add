/** A program that boots, starts threads of all kinds, halts, and has nothing more to say: it must end by itself. With the argument "deaf" some of its threads do not care. For halt.test.ts. */
import { boot, kthreadRun, kthreadRunOnCpu, kthreadShouldStop, msleep, scheduleTimeoutInterruptible, scheduleTimeoutInterruptibleSync, snapshot, threadfn } from '../index.js';

const patient = async (): Promise<void> => {
  while (!kthreadShouldStop()) await scheduleTimeoutInterruptible(1000);
};
const shared = threadfn(import.meta, 'shared', patient);
const plain = threadfn(import.meta, 'plain', () => {
  while (!kthreadShouldStop()) scheduleTimeoutInterruptibleSync(1000);
});
const loops = threadfn(import.meta, 'loops', () => {
  for (;;) continue;
});

async function main(deaf: boolean): Promise<void> {
  const machine = await boot({ cpus: 2, memory: 64 << 20 });
  await kthreadRun(patient, undefined, 'closure');
  await kthreadRunOnCpu(shared, undefined, 1, 'cpu/%u');
  await kthreadRun(plain, undefined, 'plain');
  if (deaf) {
    await kthreadRun(async function sleepsOn() { for (;;) await msleep(60_000); }, undefined, 'sleeps on');
    await kthreadRun(loops, undefined, 'loops');
    while (['sleeps on', 'loops'].some((name) => !snapshot().find(({ comm }) => comm === name)?.kflags.includes('started'))) await msleep(1); // Else they end before they begin.
  }
  const { stopped, left } = await machine.shutdown({ timeout: deaf ? 1500 : 20_000 });
  process.stdout.write(`${JSON.stringify({ stopped, left: left.map(({ task, trace }) => ({ comm: task.comm, trace })) })}\n`);
}

const [, , what] = process.argv;
if (what === 'deaf' || what === 'tidy') await main(what === 'deaf');

// Measures one row in a process of its own, started by run.mjs: what another row left behind, a warm isolate or a grown heap,
// must not help or hurt. Ours and every peer take turns, round after round, so that a slow minute of the computer meets all.
//
//     node measure.mjs FILE INDEX {"rounds":7,"quick":false,"alone":false,"scratch":"..."}
import { boot, sysctl } from 'kthread';
import { Skipped } from './skipped.mjs';
import { median, percentile, spread } from './stats.mjs';
import { figure } from './table.mjs';

/** A contender that is so slow that its rounds would take longer has fewer of them, at least one, and the table says so. */
const CONTENDER_MS = 5000;

const [, , file, index, settings] = process.argv;
const { rounds: asked, quick, alone, scratch } = JSON.parse(settings);
const { rows } = await import(file);
const row = rows[Number(index)];
const rounds = Math.min(asked, row.roundsMax ?? Infinity);

process.on('disconnect', () => process.exit(1)); // Nobody waits for the results any more.

const machine = await boot({ cpus: 2 });
for (const [setting, value] of Object.entries(row.sysctls ?? {})) sysctl(setting, value);
const kept = new Map();
const ctx = {
  machine, quick, scratch, size: row.size,
  /** How often to do a thing: a tenth when in a hurry. */
  times: (full) => (quick ? Math.max(10, Math.round(full / 10)) : full),
  /** What is prepared once and kept for all rounds. */
  keep: (key, make) => kept.get(key) ?? kept.set(key, make()).get(key),
};

const contenders = [{ name: 'kthread', run: row.ours }, ...(alone ? [] : (row.peers ?? []))].map((contender) => ({ ...contender, rounds: [], spent: 0 }));
for (let round = row.warmUp === false ? 1 : 0; round <= rounds; round++) {
  for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
    if (contender.skipped || (contender.spent > CONTENDER_MS && contender.rounds.length > 0)) continue;
    process.send({ progress: round === 0 ? `${contender.name} warms up` : `${contender.name} ${round}/${rounds}` });
    const start = performance.now();
    const taken = await take(contender);
    contender.spent += performance.now() - start;
    if (taken && round > 0) contender.rounds.push(taken);
  }
}
process.send({ results: results() }, () => process.exit(0)); // Without a shutdown: nothing that comes is worth the wait.

async function take(contender) {
  try {
    const taken = await contender.run(ctx);
    if (typeof taken === 'number') return { samples: [taken] };
    return taken.samples ? taken : { ...taken, samples: [taken.value] };
  } catch (error) {
    if (!(error instanceof Skipped)) throw error;
    contender.skipped = error.message;
    return undefined;
  }
}

/** One figure for each percentile and each peer. */
function results() {
  return (row.percentiles ?? [50]).flatMap((percent) => {
    const ours = summary(contenders[0], percent);
    const common = {
      row: row.percentiles ? `${row.name} ${percent === 100 ? 'worst' : `p${percent}`}` : row.name,
      name: row.name, ours: ours.value, unit: row.unit, spread: ours.spread, cpu: ours.cpu, rounds: ours.rounds, details: ours.details, n: row.size ?? null,
    };
    const alone = { ...common, peer: null, peerName: null, ratio: null, ...verdict(ours.value, null, row.goals ?? {}) };
    if (ours.skipped) return [{ ...alone, met: null, skipped: ours.skipped }];
    if (contenders.length === 1) return [alone];
    return contenders.slice(1).map((contender, i) => {
      const peer = summary(contender, percent);
      const ratio = peer.value === null ? null : ours.value / peer.value;
      const goals = i === 0 ? { ...row.goals, ...contender } : contender; // What is a bound of its own is said once.
      return {
        ...common, peer: peer.value, peerName: contender.name, ratio, ...verdict(ours.value, ratio, goals),
        peerSpread: peer.spread, peerCpu: peer.cpu, peerRounds: peer.rounds, peerDetails: peer.details, ...(peer.skipped && { skipped: peer.skipped }),
      };
    });
  });
}

/** A percentile of all samples; how far the rounds lie apart is that of their medians. */
function summary({ rounds: taken, skipped }, percent) {
  if (skipped) return { value: null, spread: null, cpu: null, rounds: 0, details: null, skipped };
  return {
    value: percentile(taken.flatMap(({ samples }) => [...samples]), percent),
    spread: spread(taken.map(({ samples }) => median(samples))),
    cpu: taken[0].cpu === undefined ? null : median(taken.map(({ cpu }) => cpu)),
    rounds: taken.length,
    details: taken.at(-1).details ?? null,
  };
}

/** Whether the figure reaches what it must and what it aims at: a ratio to the peer, or a bound of its own. */
function verdict(ours, ratio, { must, aim }) {
  const said = (goal) => goal && (goal.ours === undefined ? `ratio <= ${figure(goal.ratio)}` : `<= ${goal.ours} ${row.unit}`);
  const reached = (goal) => goal !== undefined && (goal.ours === undefined ? ratio !== null && ratio <= goal.ratio : ours <= goal.ours);
  const measured = [must, aim].some((goal) => goal && (goal.ours !== undefined || ratio !== null));
  return { must: said(must) ?? null, aim: said(aim) ?? null, met: !measured ? null : reached(aim) ? 'aim' : reached(must) ? 'must' : 'no' };
}

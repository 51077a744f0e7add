// Measures one row in a process of its own, started by run.mjs: what another row left behind, a warm isolate or a grown heap,
// must not help or hurt. Ours and every peer take turns, round after round, so that a slow minute of the computer meets all.
//
//     node measure.mjs FILE INDEX {"rounds":7,"quick":false,"alone":false,"scratch":"..."}
import { boot, sysctl } from 'kthread';
import { Skipped } from './skipped.mjs';
import { median, percentile, spread } from './stats.mjs';

const [, , file, index, settings] = process.argv;
const { rounds, quick, alone, scratch } = JSON.parse(settings);
const { rows } = await import(file);
const row = rows[Number(index)];

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

const contenders = [{ name: 'kthread', run: row.ours, rounds: [] }, ...(alone ? [] : (row.peers ?? [])).map((peer) => ({ ...peer, rounds: [] }))];
for (let round = row.warmUp === false ? 1 : 0; round <= rounds; round++) {
  for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
    if (contender.skipped) continue;
    process.send({ progress: round === 0 ? `${contender.name} warms up` : `${contender.name} ${round}/${rounds}` });
    const figure = await take(contender);
    if (figure && round > 0) contender.rounds.push(figure);
  }
}
process.send({ results: results() }, () => process.exit(0)); // Without a shutdown: nothing that comes is worth the wait.

async function take(contender) {
  try {
    const taken = await contender.run(ctx);
    if (typeof taken === 'number') return { samples: [taken] };
    return taken.samples ? taken : { samples: [taken.value], cpu: taken.cpu };
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
    const common = { row: row.percentiles ? `${row.name} ${percent === 100 ? 'worst' : `p${percent}`}` : row.name, ours: ours.value, unit: row.unit, spread: ours.spread, cpu: ours.cpu, n: row.size ?? null, rounds };
    if (ours.skipped) return [{ ...common, skipped: ours.skipped }];
    if (contenders.length === 1) return [{ ...common, ...verdict(ours.value, null, row) }];
    return contenders.slice(1).map((contender) => {
      const { value: peer, spread: peerSpread, cpu: peerCpu, skipped } = summary(contender, percent);
      const ratio = peer === null ? null : ours.value / peer;
      return { ...common, peer, peerName: contender.name, ratio, ...verdict(ours.value, ratio, contender), peerSpread, peerCpu, ...(skipped && { skipped }) };
    });
  });
}

/** A percentile of all samples; how far the rounds lie apart is that of their medians. */
function summary({ rounds, skipped }, percent) {
  if (skipped) return { value: null, spread: null, cpu: null, skipped };
  return {
    value: percentile(rounds.flatMap(({ samples }) => [...samples]), percent),
    spread: spread(rounds.map(({ samples }) => median(samples))),
    cpu: rounds[0].cpu === undefined ? null : median(rounds.map(({ cpu }) => cpu)),
  };
}

/** Whether the figure reaches what it must and what it aims at: a ratio to the peer, or a bound of its own. */
function verdict(ours, ratio, { must, aim }) {
  const said = (goal) => goal && (goal.ours === undefined ? `ratio <= ${goal.ratio}` : `<= ${goal.ours} ${row.unit}`);
  const reached = (goal) => goal !== undefined && (goal.ours === undefined ? ratio !== null && ratio <= goal.ratio : ours <= goal.ours);
  const measured = [must, aim].some((goal) => goal && (goal.ours !== undefined || ratio !== null));
  return { must: said(must) ?? null, aim: said(aim) ?? null, met: !measured ? null : reached(aim) ? 'aim' : reached(must) ? 'must' : 'no' };
}

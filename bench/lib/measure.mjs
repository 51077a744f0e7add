// Measures one row in a process of its own, started by run.mjs: what another row left behind, a warm isolate or a grown heap,
// must not help or hurt. Ours and every peer take turns, round after round, so that a slow minute of the computer meets all.
//
//     node measure.mjs FILE ROW {"rounds":7,"quick":false,"scratch":"..."}
import { boot, sysctl } from 'kthread';
import { Skipped } from './skipped.mjs';
import { median, percentile, spread } from './stats.mjs';

const [, , file, name, settings] = process.argv;
const { rounds, quick, scratch } = JSON.parse(settings);
const { rows } = await import(file);
const row = rows.find((candidate) => candidate.name === name);

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

const contenders = [{ name: 'kthread', run: row.ours, rounds: [] }, ...(row.peers ?? []).map((peer) => ({ ...peer, rounds: [] }))];
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
    const [ours, ...peers] = contenders.map((contender) => summary(contender, percent));
    const title = row.percentiles ? `${row.name} p${percent}` : row.name;
    const common = { row: title, ours: ours.value, unit: row.unit, spread: ours.spread, cpu: ours.cpu, n: row.size ?? null, rounds };
    if (ours.skipped) return [{ ...common, skipped: ours.skipped }];
    if (peers.length === 0) return [{ ...common, ...verdict(ours.value, undefined, row) }];
    return peers.map((peer) => ({
      ...common, peer: peer.value, peerName: peer.name, ratio: peer.value === null ? null : ours.value / peer.value,
      ...verdict(ours.value, peer.value, peer), peerSpread: peer.spread, peerCpu: peer.cpu, ...(peer.skipped && { skipped: peer.skipped }),
    }));
  });
}

/** A percentile of all samples; how far the rounds lie apart is that of their medians. */
function summary({ name, rounds, skipped }, percent) {
  if (skipped || rounds.length === 0) return { name, value: null, spread: null, cpu: null, skipped };
  return {
    name,
    value: percentile(rounds.flatMap(({ samples }) => [...samples]), percent),
    spread: spread(rounds.map(({ samples }) => median(samples))),
    cpu: rounds[0].cpu === undefined ? null : median(rounds.map(({ cpu }) => cpu)),
  };
}

/** Whether the figure reaches what it must and what it aims at: a ratio to the peer or a bound of its own. */
function verdict(ours, peer, { must, aim }) {
  const reached = (goal) => (goal.ours === undefined ? peer !== null && ours / peer <= goal.ratio : ours <= goal.ours);
  const said = (goal) => (goal === undefined ? null : goal.ours === undefined ? `ratio <= ${goal.ratio}` : `<= ${goal.ours} ${row.unit}`);
  const judged = must !== undefined && (must.ratio === undefined || peer !== null);
  return { must: said(must), aim: said(aim), met: !judged ? null : aim && reached(aim) ? 'aim' : reached(must) ? 'must' : 'no' };
}

// How results are shown: lines of a fixed width while they come, and a Markdown table for docs/performance.md.

/** Fewer are worth a word. */
const ROUNDS = 3;

const COLUMNS = [
  { head: 'row', width: 34, of: ({ row, n }) => (n === null ? row : `${row} n=${n}`) },
  { head: 'kthread', width: 9, right: true, of: ({ ours }) => figure(ours) },
  { head: 'peer', width: 9, right: true, of: ({ peer }) => figure(peer) },
  { head: 'unit', width: 9, of: ({ unit }) => unit },
  { head: 'ratio', width: 8, right: true, of: ({ ratio }) => figure(ratio) },
  { head: 'spread', width: 12, right: true, of: ({ spread, peerSpread }) => pair(spread, peerSpread, percent) },
  { head: 'cpu', width: 13, right: true, of: ({ cpu, peerCpu }) => pair(cpu, peerCpu, figure) },
  { head: 'must', width: 13, of: ({ must }) => must ?? '' },
  { head: 'aim', width: 13, of: ({ aim }) => aim ?? '' },
  { head: 'met', width: 7, of: ({ met, skipped }) => (skipped ? 'skipped' : (met ?? '')) },
  { head: 'beside', width: 1, of: ({ peerName, skipped, peerRounds }) => [peerName, skipped ? `(${skipped})` : peerRounds < ROUNDS && peerRounds > 0 && `(rounds: ${peerRounds})`].filter(Boolean).join(' ') },
];

export const header = () => line(COLUMNS.map(({ head }) => head));
export const resultLine = (result) => line(COLUMNS.map(({ of }) => of(result)));

function line(cells) {
  return COLUMNS.map(({ width, right }, i) => (right ? cells[i].padStart(width) : cells[i].padEnd(width))).join('  ').trimEnd();
}

/** The same as a Markdown table. */
export function markdownTable(results) {
  const row = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    row(COLUMNS.map(({ head }) => head)),
    row(COLUMNS.map(({ right }) => (right ? '---:' : '---'))),
    ...results.map((result) => row(COLUMNS.map(({ of }) => of(result)))),
  ].join('\n');
}

/** Three digits that count. */
export function figure(value) {
  if (isMissing(value)) return '-';
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return value === 0 ? '0' : value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));
}

const isMissing = (value) => value === undefined || value === null;
const pair = (ours, theirs, show) => [ours, theirs].filter((value) => !isMissing(value)).map(show).join(' / ');
const percent = (share) => `${Math.round(share * 100)}%`;

// What a run leaves behind: docs/performance.md between its two marks, a picture for each row, and JSON.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { picture } from './svg.mjs';
import { figure, markdownTable } from './table.mjs';

const BEGIN = '<!-- bench begins -->';
const END = '<!-- bench ends -->';
const FLAT = 2;

/** `{ machine, date, rows }`, where a row has what it is called, both figures, the goals and whether they were met. */
export function json({ machine, date, results }) {
  const rows = results.map(({ row, ours, peer, peerName, unit, ratio, must, aim, met, spread, n, skipped }) =>
    ({ row, ours, peer, peerName: skipped ? `${peerName ?? 'kthread'} (skipped: ${skipped})` : peerName, unit, ratio, must, aim, met, spread, n }));
  return `${JSON.stringify({ machine, date, rows }, null, 2)}\n`;
}

/** Writes a picture for each row into `folder`. */
export function writePictures(folder, rows, results) {
  mkdirSync(folder, { recursive: true });
  for (const { name, title } of rows) {
    const drawn = picture(title, results.filter((result) => result.name === name));
    if (drawn) writeFileSync(join(folder, fileOf(name)), drawn);
  }
}

const fileOf = (name) => `${name.replaceAll('/', '-')}.svg`;

/** Puts the results between the marks of `file`; what stands around them was written by people. Pictures are those in `folder`, as the file sees it. */
export function writeMarkdown(file, folder, rows, { machine: { cpu, cpus: count, memoryMiB, os, node, load }, date, results }) {
  const text = readFileSync(file, 'utf8');
  const before = text.slice(0, text.indexOf(BEGIN) + BEGIN.length);
  const after = text.slice(text.indexOf(END));
  const where = `Measured on ${date.slice(0, 10)}: ${count} x ${cpu}, ${memoryMiB} MiB, ${os}, Node ${node}; load before the run ${load.toFixed(1)}.`;
  const groups = groupBy(rows, groupOf);
  const sections = [...groups].flatMap(([group, members]) => section(group, members, results, folder));
  writeFileSync(file, [before, where, '', ...reached(results), ...sections, after].join('\n'));
}

const groupOf = ({ name }) => name.split('/')[0];

function groupBy(things, keyOf) {
  const groups = new Map();
  for (const thing of things) groups.set(keyOf(thing), [...(groups.get(keyOf(thing)) ?? []), thing]);
  return groups;
}

/** Which goals were reached, before anything else. */
function reached(results) {
  const judged = results.filter(({ met }) => met);
  const named = (verdict) => [...new Set(judged.filter(({ met }) => met === verdict).map(goal))];
  const missed = judged.filter(({ met }) => met === 'no');
  return [
    `Of ${judged.length} figures with a goal, ${judged.filter(({ met }) => met === 'aim').length} reach what they aim at, ${judged.filter(({ met }) => met === 'must').length} what they must, ${missed.length} neither:`, '',
    ...(missed.length > 0 ? named('no').map((line) => `- ${line}`) : ['- none']), '',
  ];
}

const goal = ({ row, n, ours, unit, ratio, must, aim, peerName }) =>
  `${row}${n === null ? '' : ` n=${n}`}: ${figure(ours)} ${unit}${ratio === null ? '' : `, ${figure(ratio)} of ${peerName}`}; ${[must && `must ${must}`, aim && `aim ${aim}`].filter(Boolean).join(', ')}`;

function section(group, members, results, folder) {
  const names = new Set(members.map(({ name }) => name));
  const mine = results.filter(({ name }) => names.has(name));
  const once = [...new Map(members.map((row) => [row.name, row])).values()];
  return [
    `## ${group}`, '',
    ...once.map(({ name, title, cost }) => `- **${name}**: ${title}.${cost ? ` What it costs: ${cost}.` : ''}`), '',
    markdownTable(mine), '',
    ...results.filter(({ of }) => names.has(of)).flatMap(({ says }) => [says, '']),
    ...detailsTable(mine),
    ...once.filter(({ name }) => mine.some((result) => result.name === name && result.ours !== null)).map(({ name }) => `![${name}](${folder}/${fileOf(name)})`), '',
  ];
}

/** What a row tells beside its figures, as a table: ours first. */
function detailsTable(results) {
  const [first] = results;
  if (!first?.details) return [];
  const lines = [['kthread', first.details], ...results.filter(({ peerDetails }) => peerDetails).map(({ peerName, peerDetails }) => [peerName, peerDetails])];
  const yes = (is) => (is ? 'yes' : 'no');
  return [
    '| | asked by | finally ran | value returned | the caller has an answer after | still runs afterwards |', '| --- | --- | --- | --- | ---: | --- |',
    ...lines.map(([name, { asked, finallyRan, value, error, ms, stillRuns }]) => `| ${name} | ${asked} | ${yes(finallyRan)} | ${value ?? `no: ${error}`} | ${figure(ms)} ms | ${yes(stillRuns)} |`), '',
  ];
}

/**
 * A result for each row that was measured at several sizes: how many times dearer one is where there are most than where it is
 * cheapest. `says` is that in words. Rows with `flat` must not get dearer.
 */
export function growth(results, rows) {
  const sized = results.filter(({ n, ours }) => n !== null && ours !== null);
  return [...groupBy(sized, ({ row }) => row)].flatMap(([row, group]) => {
    const [{ n: first, name }] = group;
    const { n: last, ours } = group.at(-1);
    if (first === last) return [];
    const figures = group.map((result) => result.ours);
    const dearer = ours / Math.min(...figures);
    const factor = Math.max(...figures) / Math.min(...figures);
    const shape = factor <= FLAT ? 'flat' : dearer <= FLAT ? 'no dearer the more there are' : 'it bends';
    const judged = rows.some((one) => one.name === name && one.flat);
    return [{
      row: `${row} growth`, of: name, name: `${name} growth`, ours: dearer, unit: 'x', peer: null, peerName: null, ratio: null, spread: null, n: null,
      must: judged ? `<= ${FLAT} x` : null, aim: null, met: judged ? (dearer <= FLAT ? 'must' : 'no') : null,
      says: `growth: ${row} differs by ${factor.toFixed(2)}x from n=${first} to n=${last}: ${shape}`,
    }];
  });
}

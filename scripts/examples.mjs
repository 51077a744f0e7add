// Runs every example through the real program and compares what it prints, line by line, with what examples/README.md promises.
// Numbers that differ from run to run are patterns; how much may differ is said here. Needs dist/.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HELP = `Usage: node scripts/examples.mjs [name...]

Runs examples/*.ts and *.c, or those named, each for a few seconds, and compares their output. Exits 1 when one differs.
`;
const RUN_MS_MAX = 60_000;
const HZ = 1000;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const program = join(root, 'dist', 'tools', 'kthread.js');

const once = (pattern) => ({ patterns: [pattern], min: 1, max: 1 });
const times = (min, max, pattern) => ({ patterns: [pattern], min, max });
/** As many lines as there are patterns, in any order. */
const anyOrder = (...patterns) => ({ patterns, min: patterns.length, max: patterns.length, each: true });

/** What each example prints after the machine's own first line, and what must hold for the numbers in it. */
const EXAMPLES = {
  'ticker.ts': {
    args: ['--for', '3500ms'],
    lines: [once(/^pid->\d+:prio->120:comm->param test&123$/), once(/^HZ:1000$/), times(2, 4, /^kthread:(-?\d+)$/)],
    holds(lines) {
      const jiffies = lines.slice(2).map((line) => Number(line.slice('kthread:'.length)));
      // The last one is early: it is the stop that woke the thread.
      const deltas = jiffies.slice(1, -1).map((at, i) => at - jiffies[i]);
      if (deltas.some((delta) => delta < HZ)) return `it slept less than HZ jiffies: ${deltas}`;
      // A busy computer delays one tick or the other.
      return deltas.length > 0 && deltas.every((delta) => delta > HZ + 50) ? `every tick came more than 50 jiffies late: ${deltas}` : undefined;
    },
  },
  'counter.ts': {
    args: ['limit=2', '--for', '2500ms'],
    lines: [once(/^counter\/1: 1$/), once(/^counter\/1: 2$/), once(/^counter: it came to 2$/)],
  },
  'percpu.ts': {
    args: ['--cpus', '2', '--for', '2s'],
    lines: [
      anyOrder(/^patrol\/0: round 1 on CPU 0$/, /^patrol\/0: round 2 on CPU 0$/, /^patrol\/1: round 1 on CPU 1$/, /^patrol\/1: round 2 on CPU 1$/),
      once(/^patrol\/0 did 2 rounds$/), once(/^patrol\/1 did 2 rounds$/),
    ],
  },
  'blocking.ts': {
    args: ['--for', '2s'],
    lines: [times(1, 4, /^beat: \d+ ms late$/), once(/^primes: [1-9]\d*$/), once(/^beat: \d+$/)],
  },
  'philosophers.ts': {
    args: ['--for', '2s'],
    lines: [0, 1, 2, 3, 4].map((seat) => once(new RegExp(`^seat/${seat} ate [1-9]\\d* times$`))),
  },
  'prodcons.ts': {
    args: ['--for', '1500ms'],
    lines: [times(2, 20, /^customer\/[12] buys loaf \d+$/), once(/^baker: \d+$/), once(/^customer\/1: \d+$/), once(/^customer\/2: \d+$/)],
    holds(lines) {
      const loaves = lines.slice(0, -3).map((line) => Number(/loaf (\d+)$/.exec(line)[1]));
      if (loaves.some((loaf, i) => loaf !== i + 1)) return `a loaf was bought out of order, twice or never: ${loaves}`;
      const [baked, one, two] = lines.slice(-3).map((line) => Number(line.split(': ')[1]));
      return baked === loaves.length && one + two === baked ? undefined : 'not every loaf was bought once';
    },
  },
  'doublewake.ts': {
    args: ['--for', '500ms'],
    // On a busy computer it may sleep by then, and then it looks once more.
    lines: [once(/^again at once: woke [01]$/), times(3, 3, /^in S: woke 1$/), once(/^begun 1 time, looked \d+ times$/)],
    holds(lines) {
      const woken = lines.filter((line) => line.endsWith('woke 1')).length;
      return lines.at(-1).includes(`looked ${1 + woken + 1} times`) ? undefined : 'it did not look once for each wake-up out of a sleep';
    },
  },
  'handshake.ts': {
    args: ['--for', '500ms'],
    lines: [once(/^got a table of maker$/), once(/^got a chair of maker$/), once(/^got a lamp of maker$/)],
  },
  'ring.ts': {
    args: ['--cpus', '2', '--for', '1500ms'],
    lines: [once(/^filler: sum \d+$/), once(/^consumer\/0: sum \d+$/), once(/^consumer\/1: sum \d+$/)],
    holds(lines) {
      const [made, one, two] = lines.map((line) => Number(line.split('sum ')[1]));
      return made > 0 && one + two === made ? undefined : 'what was taken is not what was put in';
    },
  },
  'rally.ts': {
    args: ['examples/rally_c.c', '--for', '1s'],
    asks: /compiler/, // Only where nothing is built yet.
    lines: [1, 2, 3].flatMap((stroke) => [once(new RegExp(`^TypeScript plays stroke ${stroke}$`)), once(new RegExp(`^C plays stroke ${stroke}$`))]).concat(once(/^game over$/)),
  },
  'hello.c': {
    args: ['period=200', '--for', '1s'],
    asks: /compiler/,
    lines: [times(2, 6, /^hello number \d+ from greeter\/200, pid \d+$/), once(/^it greeted \d+ times$/)],
  },
  'later.c': {
    args: ['--for', '1s'],
    asks: /compiler/,
    lines: [{ patterns: [/^time is up: in a task 0$/, /^round \d+: in a task 1, by kworker$/], min: 2, max: 30 }, once(/^\d+ rounds$/)],
  },
  'shelf.c': {
    args: ['examples/clerk.ts', '--for', '2s'],
    asks: /compiler/,
    lines: [once(/^no room for a pot: ENOSPC$/), once(/^on the shelf: cup, plate, pan$/)],
  },
  'mailbox.c': {
    args: ['examples/letters.ts', '--for', '1500ms'],
    asks: /compiler/,
    // A reader may say what it has a moment after the next letter is in.
    lines: [anyOrder(...[1, 2, 3].flatMap((n) => [/^writer puts a letter of 8 bytes in$/, new RegExp(`^reader took letter ${n} out$`)]))],
    holds: (lines) => (lines.filter((line) => line.startsWith('reader')).every((line, i) => line === `reader took letter ${i + 1} out`) ? undefined : 'the letters came in another order'),
  },
  'freezer.ts': {
    args: ['--cpus', '2', '--for', '1500ms'],
    lines: [
      times(5, 60, /^(Freezing remaining freezable tasks( completed \(elapsed \d+\.\d{3} seconds\))?|audit: 800|Restarting tasks: (Starting|Done))$/),
      once(/^auditor: [1-9]\d*$/), once(/^teller\/1: [1-9]\d*$/), once(/^teller\/0: [1-9]\d*$/),
    ],
  },
  'poller.ts': {
    args: ['--for', '2500ms'],
    lines: [once(/^poll\/1: news 1$/), once(/^poll\/2: news 2$/), once(/^poller: stopped after 2 polls, within \d+ ms$/)],
    holds: (lines) => (Number(/(\d+) ms/.exec(lines[2])[1]) < 5000 ? undefined : 'the stop waited for the slow answer'),
  },
};

/** Examples that are there in TypeScript and in C, and print the same. */
const TWINS = ['ticker', 'counter', 'percpu', 'blocking', 'philosophers', 'prodcons', 'doublewake', 'handshake', 'ring', 'freezer', 'poller'];
for (const name of TWINS) EXAMPLES[`${name}.c`] = { ...EXAMPLES[`${name}.ts`], asks: /compiler/ };

/** Files that another example loads. */
const PARTS = new Set(['clerk.ts', 'letters.ts', 'rally_c.c']);

main(process.argv.slice(2));

function main(args) {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(HELP);
    return;
  }
  if (!existsSync(program)) {
    process.stderr.write('examples: dist/tools/kthread.js is missing; run npm run build first\n');
    process.exitCode = 1;
    return;
  }
  const files = readdirSync(join(root, 'examples')).filter((file) => /\.(ts|c)$/.test(file) && !PARTS.has(file));
  const wanted = args.length === 0 ? files : files.filter((file) => args.some((arg) => file === arg || file.replace(/\.\w+$/, '') === arg));
  if (wanted.length === 0) {
    process.stderr.write(`examples: there is no ${args.join(', ')}; there are ${files.join(', ')}\n`);
    process.exitCode = 2;
    return;
  }
  let failed = 0;
  for (const file of wanted) {
    const { lines, trouble } = tryExample(file);
    if (trouble !== undefined) failed++;
    console.log(trouble === undefined ? `ok    ${file} (${lines} lines)` : `FAIL  ${file}: ${trouble.replaceAll('\n', '\n        ')}`);
  }
  console.log(`${wanted.length - failed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}

function tryExample(file) {
  const example = EXAMPLES[file];
  if (!example) return { lines: 0, trouble: 'scripts/examples.mjs does not know what it prints; add it to EXAMPLES' };
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [program, 'run', join('examples', file), ...example.args], { cwd: root, encoding: 'utf8', timeout: RUN_MS_MAX });
  const printed = stdout.trimEnd().split('\n');
  const lines = printed.map((line) => line.replace(/^\[ *\d+\.\d{6}\] /, ''));
  const trouble = compare(lines, example) ?? (stderr !== '' && !example.asks?.test(stderr) ? `standard error: ${stderr}` : status === 0 ? undefined : `exit ${status ?? signal}`);
  return { lines: lines.length, trouble: trouble === undefined ? undefined : `${trouble}\n${printed.join('\n')}${stderr}` };
}

/** What is wrong with `lines`, or undefined. */
function compare(lines, { lines: expected, holds }) {
  if (!/^kthread: \d+ CPUs, \d+ MiB of kernel memory, HZ=1000$/.test(lines[0])) return 'the machine does not introduce itself';
  const said = lines.slice(1);
  let at = 0;
  for (const { patterns, min, max, each } of expected) {
    const left = [...patterns];
    let matched = 0;
    for (; matched < max && at < said.length; matched++, at++) {
      const which = left.findIndex((pattern) => pattern.test(said[at]));
      if (which < 0) break;
      if (each) left.splice(which, 1);
    }
    if (matched < min) return `line ${at + 2} should be like ${left.join(' or ')}`;
  }
  if (at < said.length) return `line ${at + 2} is one too many`;
  return holds?.(said);
}

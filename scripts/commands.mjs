// docs/commands.md from what the commands say about themselves: writes it, or with --check says whether it is what they say now.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HELP = `Usage: node scripts/commands.mjs [--check]

Writes docs/commands.md from the --help of every command. Build first.

  --check   write nothing; exit 1 when the file is not what it would be
  --help    print this
`;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(root, 'docs/commands.md');

main(process.argv.slice(2));

function main(args) {
  if (args.includes('--help')) {
    process.stdout.write(HELP);
    return;
  }
  const unknown = args.find((arg) => arg !== '--check');
  if (unknown) {
    process.stderr.write(`commands: unknown argument ${unknown}\n\n${HELP}`);
    process.exitCode = 2;
    return;
  }
  const text = reference();
  if (!args.includes('--check')) writeFileSync(target, text);
  else if (readFileSync(target, 'utf8') !== text) {
    process.stderr.write('docs/commands.md is not what the commands say; run node scripts/commands.mjs\n');
    process.exitCode = 1;
  }
}

function reference() {
  const overview = help();
  const names = [...overview.matchAll(/^ {2}([a-z]+)(?: \[options\]| \[|  |$)/gm)].map(([, name]) => name).filter((name) => name !== 'help' && name !== 'kthread');
  const sections = names.map((name) => `## kthread ${name}\n\n${indented(help(name))}`);
  return `${intro(indented(overview.slice(overview.indexOf('Options:'))))}\n${sections.join('\n')}`;
}

/** As wide as it is printed where there is no terminal. */
function help(...command) {
  const env = { ...process.env, NO_COLOR: '1' };
  delete env.FORCE_COLOR;
  return execFileSync(process.execPath, [join(root, 'dist/tools/kthread.js'), ...command, '--help'], { encoding: 'utf8', env });
}

function indented(text) {
  return text.trimEnd().split('\n').map((line) => `${line === '' ? '' : `    ${line}`}\n`).join('');
}

function intro(overview) {
  return `# Commands

<!-- Written by scripts/commands.mjs from the --help of each command; change it there. -->

\`kthread run\` boots a machine and loads modules into it; [kthread-run.md](kthread-run.md) has more about it. All other commands
look at a machine in another process of the same user, or steer it, over its [control socket](protocol.md). They work while
its main thread and all its CPUs are stuck.

**Which machine.** If only one runs, it is that. Else say \`--target PID\` or \`--target NAME\`; \`kthread list\` shows both. A machine is
seen if it was booted with \`boot({ control: true })\` or by \`kthread run\` without \`--no-control\`, and belongs to you.

**For programs.** With \`--json\` a command prints JSON: one value, or for what goes on, and for several threads or files, one on
each line.

**Status.** 0; 1 when the machine refused or could not do it; 2 for wrong usage; 3 when there is no such machine. What went
wrong is said in one sentence on standard error: the command, the error, what it was about and what can be done.

    stop: ETIMEDOUT (Connection timed out): deaf/7[6] was asked to stop and has not within 5 s: state D in msleep
        msleep
        async deaf (service.ts:16:34)

${overview}`;
}

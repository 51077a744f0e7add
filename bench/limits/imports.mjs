// What importing files costs by itself, without anything in them: as many files as the library has, with no imports, then with as
// many imports of each other; and beside them the library. In milliseconds of CPU time, the least of some rounds.
//
//     node bench/limits/imports.mjs
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROUNDS = 9;
const INDEX = fileURLToPath(new URL('../../dist/index.js', import.meta.url));
const IMPORT = /^(?:import|export) (?:[^;']* from )?'(\.[^']+)';/gm;

const files = new Map();
read(INDEX);
const imports = [...files.values()].reduce((sum, { length }) => sum + length, 0);
const folder = mkdtempSync(join(tmpdir(), 'kthread-limits-'));
try {
  const list = [...files.keys()].map((file) => `./${file.slice(dirname(INDEX).length + 1)}`);
  const alone = empty('alone', () => []);
  const linked = empty('linked', (file) => files.get(join(dirname(INDEX), file)));
  writeFileSync(join(alone, 'all.js'), list.map((file) => `import '${file}';\n`).join(''));
  const contenders = { [`${files.size} empty files`]: join(alone, 'all.js'), [`with ${imports} imports of each other`]: join(linked, 'index.js'), 'the library': INDEX };
  const taken = Object.fromEntries(Object.keys(contenders).map((name) => [name, Infinity]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, file] of Object.entries(contenders)) taken[name] = Math.min(taken[name], cpuMs(file));
  }
  for (const [name, ms] of Object.entries(taken)) console.log(`${ms.toFixed(1).padStart(6)} ms  ${name}`);

  /** The same files without what stands in them, each with the imports that `importsOf` says. */
  function empty(name, importsOf) {
    const root = join(folder, name);
    for (const file of list) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), [...importsOf(file).map((other) => `import '${other}';\n`), 'export const a = 1;\n'].join(''));
    }
    writeFileSync(join(root, 'package.json'), '{ "type": "module" }\n');
    return root;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function read(file) {
  if (files.has(file)) return;
  const found = [...readFileSync(file, 'utf8').matchAll(IMPORT)].map(([, other]) => other);
  files.set(file, found);
  for (const other of found) read(join(dirname(file), other));
}

function cpuMs(file) {
  const program = `const before = process.cpuUsage(); await import(${JSON.stringify(pathToFileURL(file).href)}); const { user, system } = process.cpuUsage(before); console.log((user + system) / 1000)`;
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }));
}

// What importing files costs by itself, without anything in them: so many empty ES modules that one module imports.
//
//     node bench/limits/imports.mjs [FILES]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROUNDS = 7;
const [, , files = '100'] = process.argv;
const folder = mkdtempSync(join(tmpdir(), 'kthread-limits-'));
try {
  const names = Array.from({ length: Number(files) }, (_, i) => `m${i}.mjs`);
  for (const name of names) writeFileSync(join(folder, name), 'export const a = 1;\n');
  writeFileSync(join(folder, 'all.mjs'), names.map((name) => `import './${name}';\n`).join(''));
  const program = `const start = performance.now(); await import(${JSON.stringify(pathToFileURL(join(folder, 'all.mjs')).href)}); console.log(performance.now() - start)`;
  const rounds = Array.from({ length: ROUNDS }, () => Number(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })));
  console.log(`importing ${files} empty files: ${rounds.toSorted((a, b) => a - b)[ROUNDS >> 1].toFixed(1)} ms`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

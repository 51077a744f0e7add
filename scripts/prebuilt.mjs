// Builds the examples in C to .ko files beside them, which go into the package: there they run where no compiler is. Needs dist/
// and a compiler. It builds what is older than its source or than the library, and says what it did.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const examples = join(root, 'examples');
const changed = (file) => statSync(file).mtimeMs;

for (const name of readdirSync(examples).filter((name) => name.endsWith('.c'))) {
  const source = join(examples, name);
  const ko = source.replace(/\.c$/, '.ko');
  if (existsSync(ko) && changed(ko) > Math.max(changed(source), changed(join(root, 'dist', 'index.js')))) continue;
  // From the root, so that traces show examples/NAME.c whoever built it.
  const { status } = spawnSync(process.execPath, ['dist/tools/kthread.js', 'build', `examples/${name}`, '-o', `examples/${name.replace(/\.c$/, '.ko')}`], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}

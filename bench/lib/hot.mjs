// Reads CPU profiles and says in which functions the time went: their own time, without what they called.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const SHOWN = 30;

/** Lines of "share  microseconds  function file:line", the dearest first, of all profiles in `folder`. */
export function hotFunctions(folder) {
  const self = new Map();
  let total = 0;
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'))) {
    const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
    for (const [i, id] of samples.entries()) {
      const name = names.get(id);
      if (name === '(idle)') continue;
      self.set(name, (self.get(name) ?? 0) + timeDeltas[i]);
      total += timeDeltas[i];
    }
  }
  return [...self].toSorted(([, a], [, b]) => b - a).slice(0, SHOWN)
    .map(([name, us]) => `${((100 * us) / total).toFixed(1).padStart(6)}%  ${String(us).padStart(9)} us  ${name}`);
}

function nameOf({ functionName, url, lineNumber }) {
  const file = url.replace(/^.*\/(dist|node_modules|bench)\//, '');
  return `${functionName || '(anonymous)'}${file ? ` ${file}:${lineNumber + 1}` : ''}`;
}

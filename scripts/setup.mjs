// Makes a fresh clone ready to run: installs what package-lock.json names, then compiles src/ into dist/. It does only what is
// missing and says so; when nothing is missing it is silent and takes a few milliseconds. Not a build tool: tsc is.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => join(root, ...parts);
// Lives in node_modules so that a new install, which may bring another compiler, also means a new build.
const stampFile = at('node_modules', '.cache', 'kthread', 'build');

const missing = whyInstall();
if (missing) install(missing);
const stale = whyBuild();
if (stale) build(stale);
// In npm start the shell steps aside with exec, or it would die of a Ctrl-C that the program ends well from. cmd.exe has no exec.
if (process.platform === 'win32') writeFileSync(at('node_modules', '.bin', 'exec.cmd'), '@%*\r\n');

/**
 * Why the installed packages are not those of the lock file, or undefined. Compares what is recorded, not times: switching
 * branches back and forth must not cost an install.
 */
function whyInstall() {
  const wanted = readJson(at('package-lock.json'));
  const have = readJson(at('node_modules', '.package-lock.json'));
  if (!have) return 'node_modules is missing';
  if (!wanted) return undefined;
  for (const [path, want] of Object.entries(wanted.packages)) {
    if (path === '') continue;
    const got = have.packages[path];
    // A package for another platform is never installed, and that is right.
    if (!got && (want.optional || want.peer)) continue;
    if (!got || got.version !== want.version || got.integrity !== want.integrity) return `${path} is not the one in package-lock.json`;
  }
  return undefined;
}

function install(why) {
  console.log(`setup: ${why}; running npm ci`);
  const args = ['ci', '--no-audit', '--no-fund', '--include=dev'];
  // npm tells its scripts where it is. Started by hand, this finds npm by name, which on Windows only a shell can do.
  const npm = process.env.npm_execpath;
  const done = npm?.endsWith('.js') && npm.includes('npm-cli')
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: 'inherit' })
    : spawnSync('npm', args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  if (done.status === 0) return;
  console.error('setup: npm ci failed; it needs to reach the package registry once. What it said is above.');
  process.exit(1);
}

/** Why dist/ is not what src/ compiles to, or undefined. */
function whyBuild() {
  const sources = filesUnder('src').filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
  const outputs = new Set(filesUnder('dist'));
  if (outputs.size === 0) return { reason: 'dist is missing', clear: false };

  const expected = new Set(sources.map((file) => file.replace(/\.ts$/, '')));
  const orphan = [...outputs].find((file) => !expected.has(file.replace(/(\.d\.ts|\.js)(\.map)?$/, '')));
  if (orphan) return { reason: `dist/${orphan} has no source any more`, clear: true };
  const unbuilt = sources.find((file) => !outputs.has(file.replace(/\.ts$/, '.js')));
  if (unbuilt) return { reason: `src/${unbuilt} is new`, clear: false };
  if (readText(stampFile) !== stamp(sources)) return { reason: 'src or a setting changed', clear: false };
  return undefined;
}

/**
 * One line for each file that decides what dist/ is. Size and time are enough to notice an edit, an older copy put back, or a
 * file moved over another. The lock file stands for the version of the compiler.
 */
function stamp(sources) {
  const inputs = ['tsconfig.json', 'package-lock.json', 'package.json', ...sources.map((file) => `src/${file}`)];
  return inputs.filter((file) => existsSync(at(file))).map((file) => {
    const { size, mtimeMs } = statSync(at(file));
    return `${file} ${size} ${mtimeMs}`;
  }).join('\n');
}

function build({ reason, clear }) {
  console.log(`setup: ${reason}; running tsc`);
  if (clear) rmSync(at('dist'), { recursive: true, force: true });
  // Read the stamp first: a file saved while tsc runs must count as changed the next time. A build that fails leaves none.
  const sources = filesUnder('src').filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
  const before = stamp(sources);
  rmSync(stampFile, { force: true });
  const done = spawnSync(process.execPath, [at('node_modules', 'typescript', 'bin', 'tsc'), '-p', root], { cwd: root, stdio: 'inherit' });
  if (done.status !== 0) {
    console.error('setup: the compiler found errors; see above.');
    process.exit(1);
  }
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, before);
}

/** Paths below a folder of the project, with forward slashes, relative to that folder. */
function filesUnder(folder, below = '') {
  if (!existsSync(at(folder, below))) return [];
  return readdirSync(at(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    return entry.isDirectory() ? filesUnder(folder, path) : [path];
  });
}

function readText(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function readJson(file) {
  const text = readText(file);
  return text === undefined ? undefined : JSON.parse(text);
}

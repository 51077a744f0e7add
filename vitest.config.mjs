// Runs the compiled tests. They run from dist/ and not from src/ because a test that boots the machine starts other isolates by
// URL, and Node must be able to load what it finds there.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['dist/**/*.{test,litmus}.js'],
    // There is one machine per process, so every file gets a process of its own.
    pool: 'forks',
    isolate: true,
    // Each file may start several busy isolates; more files at once would make time limits a matter of luck on a small computer.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    teardownTimeout: 10_000,
    reporters: ['default'],
    // Node itself loads what the tests import. Otherwise vitest would hold a second copy of each module, next to the one that
    // Node loads for a path or for the name 'kthread', and the two copies would each think they own the machine.
    server: { deps: { external: [/\/dist\/(?!.*\.(test|litmus)\.js$)/] } },
  },
});

// What the pools are asked to run. Each function stands on its own: one of the pools sends its text to its workers.

export function increment(number) {
  return number + 1;
}

/** Puts its worker on one core. */
export function pin(cpu) {
  const { readlinkSync } = process.getBuiltinModule('node:fs');
  const { execFileSync } = process.getBuiltinModule('node:child_process');
  execFileSync('taskset', ['-cp', String(cpu), readlinkSync('/proc/thread-self').split('/').pop()], { stdio: 'ignore' });
}

/** Runs until somebody ends it, writes a sign of life every few milliseconds, and its last word when `finally` runs. */
export async function endless(file) {
  const { writeFileSync } = process.getBuiltinModule('node:fs');
  let beat = 0;
  try {
    for (;;) {
      writeFileSync(file, `${beat++}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  } finally {
    writeFileSync(file, 'finally');
  }
}

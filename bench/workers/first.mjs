// The first thing that a process does: `import NAME` or `boot NAME`. Prints how many milliseconds it took.
const [, , what, name] = process.argv;

const before = performance.now();
const library = await import(name);
if (what === 'import') await done(before);
const start = performance.now();
if (name === 'kthread') await library.boot();
else {
  const pool = new library.Piscina({ filename: new URL('../peers/task_piscina.mjs', import.meta.url).href, maxThreads: 1 });
  await pool.run(1, { name: 'increment' });
}
done(start);

async function done(from) {
  process.stdout.write(`${performance.now() - from}`, () => process.exit(0));
  await new Promise(() => {});
}

// The peer's side of lib/peer.mjs: answers each request with what `measure` makes of it, and ends when nobody asks any more.

export function serve(measure) {
  process.on('message', async (request) => process.send(await measure(request)));
  process.on('disconnect', () => process.exit(0));
}

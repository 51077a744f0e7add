/**
 * The control socket: who runs the machine looks at it, and steers it, from another terminal. The host worker imports this
 * file, so it answers while main and every CPU are stuck. What a client may ask is in calls.ts, how it asks in protocol.ts.
 *
 * Only the file system keeps others out: the directory is its owner's alone. A client can send what it likes, as slowly
 * as it likes, or vanish; it costs the machine a bounded amount of memory and nobody else's time.
 */
import { chmodSync, readFileSync, unlinkSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { host } from '../arch/host.js';
import { nodeToolchain } from '../arch/node/cc/toolchain.js';
import '../cc/loader.js';
import { setToolchain } from '../cc/toolchain.js';
import { store } from '../lib/atomic.js';
import { r32, readString } from '../lib/memory.js';
import { onMailOf } from '../kernel/mail.js';
import { CONTROL_READ_ONLY, MACHINE, machineWord } from '../kernel/memlayout.js';
import { KERN_DEBUG, KERN_WARNING, printk } from '../kernel/printk/printk.js';
import { uptime } from '../kernel/time/time.js';
import { refuse, serve, type Client } from './connection.js';
import { CLIENTS_MAX, PROTOCOL_VERSION, type Hello } from './protocol.js';
import { makeSocketDirectory, ownUid, socketName } from './protocol/directory.js';

/** Machines in other containers that share the directory and have the same pid. */
const SAME_PIDS_MAX = 10;

const readOnly = r32(machineWord(MACHINE.control)) === CONTROL_READ_ONLY;
const clients = new Set<Client>();
/** How long clients have to read the last that they asked for when the machine halts, ms. */
const FAREWELL_MS = 500;

setToolchain(nodeToolchain); // insmod is asked for here as well.

try {
  const path = await listen(makeSocketDirectory());
  printk('%scontrol: listening on %s%s\n', KERN_DEBUG, path, readOnly ? ', read-only' : '');
} catch (error) {
  printk('%scontrol: nobody can see this machine from outside: %s\n', KERN_WARNING, (error as Error).message);
}

/** Opens the socket in `directory` and returns its path. */
async function listen(directory: string): Promise<string> {
  for (let nth = 0; nth < SAME_PIDS_MAX; nth++) {
    const path = join(directory, socketName(process.pid, nth));
    if (await isTaken(path)) continue;
    const server = createServer({ allowHalfOpen: true });
    await bind(server, path);
    chmodSync(path, 0o600); // Until here the directory alone guarded it, which is enough.
    server.on('connection', (socket) => {
      if (clients.size >= CLIENTS_MAX) return refuse(socket);
      const client = serve(socket, hello(), readOnly);
      clients.add(client);
      return void socket.on('close', () => clients.delete(client));
    });
    onMailOf('halt', () => close(server));
    store(machineWord(MACHINE.control_open), 1);
    server.on('error', (error) => printk('%scontrol: %s\n', KERN_WARNING, error.message));
    return path;
  }
  throw new Error(`${SAME_PIDS_MAX} live machines of pid ${process.pid} have their sockets in ${directory}`);
}

/** The machine halts, and waits for this. */
function close(server: Server): void {
  const done = (): void => store(machineWord(MACHINE.control_open), 0);
  setTimeout(done, FAREWELL_MS).unref();
  server.close(done);
  for (const client of clients) client.farewell();
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Whether somebody answers there. The socket of a process that was killed is taken away. */
function isTaken(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'ECONNREFUSED') unlinkSync(path);
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT');
    });
  });
}

function hello(): Hello {
  return {
    hello: 'kthread', protocol: PROTOCOL_VERSION, version: version(), pid: process.pid, name: readString(machineWord(MACHINE.name), 64),
    access: readOnly ? 'read-only' : 'full', node: process.version, cpus: r32(machineWord(MACHINE.nr_cpus)), hz: r32(machineWord(MACHINE.hz)),
    bootWallTime: Math.round(host.wallClock() - uptime()), user: userName(), uid: ownUid(),
  };
}

let packageVersion: string | undefined;

function version(): string {
  packageVersion ??= (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;
  return packageVersion;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(ownUid()); // A container whose user has no name.
  }
}

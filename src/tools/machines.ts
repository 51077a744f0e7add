/**
 * The machines of this user that answer, and choosing one of them by --target.
 */
import { lstatSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { checkDirectory, isSocketName, socketDirectory } from '../server/protocol/directory.js';
import { Client, ControlError } from './client.js';

/** A socket of a process that we cannot ask after is taken for dead when it has not answered for so long, ms. */
const FRESH_MS = 5000;
/** Machines asked at a time. */
const AT_ONCE = 16;

/** No machine, or not the one that was meant. Its message says what to do. */
export class NoTarget extends Error {}

/** Somebody who has a socket but does not talk to us. */
export interface Mute {
  readonly socket: string;
  readonly why: string;
}

/** Connects to all machines that run, by ascending pid, or only to those at sockets that are wanted; takes away sockets whose process was killed. */
export async function allMachines(wanted: (socket: string) => boolean = () => true): Promise<{ machines: Client[]; mute: Mute[] }> {
  const directory = socketDirectory();
  const paths = socketsIn(directory).filter(wanted);
  const machines: Client[] = [];
  const mute: Mute[] = [];
  for (let i = 0; i < paths.length; i += AT_ONCE) {
    await Promise.all(paths.slice(i, i + AT_ONCE).map(async (path) => {
      const client = await tryConnect(path);
      if (client instanceof Client) machines.push(client);
      else if (client) mute.push({ socket: path, why: client });
    }));
  }
  machines.sort((a, b) => a.hello.pid - b.hello.pid);
  return { machines, mute };
}

/**
 * The machine that `target` (a pid or a name) means; without one, the only machine there is. Throws NoTarget when there
 * is none or more than one.
 */
export async function connectTo(target: string | undefined): Promise<Client> {
  // Who says a pid need not wait for machines that do not answer.
  const byPid = target !== undefined && /^\d+$/.test(target) ? await allMachines((socket) => pidOf(socket) === Number(target)) : undefined;
  const { machines, mute } = byPid && byPid.machines.length > 0 ? byPid : await allMachines();
  const fits = machines.filter(({ hello }) => target === undefined || String(hello.pid) === target || hello.name === target);
  if (fits.length === 1) {
    for (const machine of machines) if (machine !== fits[0]) machine.close();
    return fits[0];
  }
  for (const machine of machines) machine.close();
  const silent = mute.map(({ socket, why }) => `; ${socket} does not answer: ${why}`).join('');
  if (machines.length === 0) throw new NoTarget(`no machine runs that you could see${silent}; start one with kthread run FILE, or boot({ control: true }) in a service`);
  const list = machines.map(({ hello }) => `${hello.pid} (${hello.name})`).join(', ');
  if (fits.length > 1) throw new NoTarget(`${target === undefined ? `${fits.length} machines run` : `${fits.length} machines are called ${target}`}: ${fits.map(({ hello }) => `${hello.pid} (${hello.name})`).join(', ')}; say which with --target PID`);
  throw new NoTarget(`no machine is called ${target}${silent}; there ${machines.length === 1 ? 'is' : 'are'} ${list}`);
}

function socketsIn(directory: string): string[] {
  try {
    const names = readdirSync(directory);
    checkDirectory(directory);
    return names.filter(isSocketName).map((name) => join(directory, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The client, why there is none, or nothing where the socket was left by a process that is gone. */
async function tryConnect(path: string): Promise<Client | string | undefined> {
  try {
    return await Client.connect(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined; // It ended just now.
    if (code !== 'ECONNREFUSED') return error instanceof ControlError ? message : `${code}: ${message}`;
    return forget(path) ? undefined : 'nobody listens there';
  }
}

/** Takes a dead socket away. A process that lives may have bound it and not begun to listen. */
function forget(path: string): boolean {
  try {
    const age = Date.now() - lstatSync(path).mtimeMs;
    if (age < FRESH_MS && processLives(pidOf(path))) return false;
    unlinkSync(path);
  } catch {
    // Somebody else took it away.
  }
  return true;
}

const pidOf = (socket: string): number => Number(/(\d+)(-\d+)?\.sock$/.exec(socket)?.[1]);

function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

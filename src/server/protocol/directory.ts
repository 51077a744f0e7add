/**
 * Where the sockets of this user's machines are: one directory that nobody else can enter, and in it a file for each
 * process, <pid>.sock. Both ends look here; it opens no socket.
 */
import { chmodSync, lstatSync, mkdirSync, type Stats } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Longest path of a socket, bytes: the smallest limit of the systems that Node runs on. Older versions of Node cut a longer one without a word. */
const SOCKET_PATH_MAX = 100;
/** Anything for people who are not the owner. */
const OTHERS = 0o077;

/** Not userInfo().uid: in a container the user may have no name. */
export const ownUid = (): number => process.getuid?.() ?? 0;

/** Why there is no place for sockets, as a sentence that says what to do. */
export class NoDirectory extends Error {}

/** The socket of process `pid` in `directory`; `nth` above 0 for a pid that another one, in another container, has too. */
export const socketName = (pid: number, nth = 0): string => `${pid}${nth > 0 ? `-${nth}` : ''}.sock`;

/** Whether a file in the directory is a machine's socket. */
export const isSocketName = (name: string): boolean => /^\d+(-\d+)?\.sock$/.test(name);

/**
 * The directory: $XDG_RUNTIME_DIR/kthread where that is this user's alone, else kthread-<uid> in the directory for temporary
 * files. Throws NoDirectory when somebody else owns it or can enter it, or its path is too long.
 */
export function socketDirectory(env: NodeJS.ProcessEnv = process.env): string {
  if (process.platform === 'win32') throw new NoDirectory('there is no control socket on Windows, whose pipes anybody may read');
  const uid = ownUid();
  const runtime = env.XDG_RUNTIME_DIR;
  const directory = runtime && isOwnAlone(runtime, uid) ? join(runtime, 'kthread') : join(tmpdir(), `kthread-${uid}`);
  const longest = join(directory, socketName(2 ** 22, 9));
  if (Buffer.byteLength(longest) > SOCKET_PATH_MAX) {
    throw new NoDirectory(`the path ${longest} is longer than the ${SOCKET_PATH_MAX} bytes that a socket's may have; set XDG_RUNTIME_DIR or TMPDIR to a shorter one`);
  }
  return directory;
}

/** Makes the directory unless it is there. Throws NoDirectory as socketDirectory. */
export function makeSocketDirectory(env?: NodeJS.ProcessEnv): string {
  const directory = socketDirectory(env);
  try {
    mkdirSync(directory, { mode: 0o700 });
    chmodSync(directory, 0o700); // Whatever the umask says.
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw new NoDirectory(`cannot make ${directory}: ${(error as Error).message}`);
  }
  checkDirectory(directory);
  return directory;
}

/** Throws NoDirectory where `directory` is not a directory of this user alone: somebody may have put it there to listen. */
export function checkDirectory(directory: string): void {
  const stats = statOf(directory);
  const uid = ownUid();
  if (!stats) throw new NoDirectory(`there is no directory ${directory}`);
  if (!stats.isDirectory()) throw new NoDirectory(`${directory} is no directory; remove it`);
  if (stats.uid !== uid) throw new NoDirectory(`${directory} belongs to user ${stats.uid}, not to you (${uid}); set XDG_RUNTIME_DIR or TMPDIR to a directory of your own`);
  if ((stats.mode & OTHERS) !== 0) throw new NoDirectory(`others may enter ${directory}: chmod 700 ${directory}`);
}

function isOwnAlone(directory: string, uid: number): boolean {
  const stats = statOf(directory);
  return stats !== undefined && stats.isDirectory() && stats.uid === uid && (stats.mode & OTHERS) === 0;
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/**
 * The error numbers of Linux: their names, their sentences, and the two ways to hand one on. TypeScript gets a thrown
 * {@link KernelError}, C a pointer that `IS_ERR` recognises. Not for what must never happen: that is `bugOn`.
 */

/** Every number a kernel thread may meet: asm-generic 1..133, then those that never leave the kernel. */
export const errnoTable = freezeRows({
  EPERM: [1, 'Operation not permitted'],
  ENOENT: [2, 'No such file or directory'],
  ESRCH: [3, 'No such process'],
  EINTR: [4, 'Interrupted system call'],
  EIO: [5, 'Input/output error'],
  ENXIO: [6, 'No such device or address'],
  E2BIG: [7, 'Argument list too long'],
  ENOEXEC: [8, 'Exec format error'],
  EBADF: [9, 'Bad file descriptor'],
  ECHILD: [10, 'No child processes'],
  EAGAIN: [11, 'Resource temporarily unavailable'],
  ENOMEM: [12, 'Cannot allocate memory'],
  EACCES: [13, 'Permission denied'],
  EFAULT: [14, 'Bad address'],
  ENOTBLK: [15, 'Block device required'],
  EBUSY: [16, 'Device or resource busy'],
  EEXIST: [17, 'File exists'],
  EXDEV: [18, 'Invalid cross-device link'],
  ENODEV: [19, 'No such device'],
  ENOTDIR: [20, 'Not a directory'],
  EISDIR: [21, 'Is a directory'],
  EINVAL: [22, 'Invalid argument'],
  ENFILE: [23, 'Too many open files in system'],
  EMFILE: [24, 'Too many open files'],
  ENOTTY: [25, 'Inappropriate ioctl for device'],
  ETXTBSY: [26, 'Text file busy'],
  EFBIG: [27, 'File too large'],
  ENOSPC: [28, 'No space left on device'],
  ESPIPE: [29, 'Illegal seek'],
  EROFS: [30, 'Read-only file system'],
  EMLINK: [31, 'Too many links'],
  EPIPE: [32, 'Broken pipe'],
  EDOM: [33, 'Numerical argument out of domain'],
  ERANGE: [34, 'Numerical result out of range'],
  EDEADLK: [35, 'Resource deadlock avoided'],
  ENAMETOOLONG: [36, 'File name too long'],
  ENOLCK: [37, 'No locks available'],
  ENOSYS: [38, 'Function not implemented'],
  ENOTEMPTY: [39, 'Directory not empty'],
  ELOOP: [40, 'Too many levels of symbolic links'],
  ENOMSG: [42, 'No message of desired type'],
  EIDRM: [43, 'Identifier removed'],
  ECHRNG: [44, 'Channel number out of range'],
  EL2NSYNC: [45, 'Level 2 not synchronized'],
  EL3HLT: [46, 'Level 3 halted'],
  EL3RST: [47, 'Level 3 reset'],
  ELNRNG: [48, 'Link number out of range'],
  EUNATCH: [49, 'Protocol driver not attached'],
  ENOCSI: [50, 'No CSI structure available'],
  EL2HLT: [51, 'Level 2 halted'],
  EBADE: [52, 'Invalid exchange'],
  EBADR: [53, 'Invalid request descriptor'],
  EXFULL: [54, 'Exchange full'],
  ENOANO: [55, 'No anode'],
  EBADRQC: [56, 'Invalid request code'],
  EBADSLT: [57, 'Invalid slot'],
  EBFONT: [59, 'Bad font file format'],
  ENOSTR: [60, 'Device not a stream'],
  ENODATA: [61, 'No data available'],
  ETIME: [62, 'Timer expired'],
  ENOSR: [63, 'Out of streams resources'],
  ENONET: [64, 'Machine is not on the network'],
  ENOPKG: [65, 'Package not installed'],
  EREMOTE: [66, 'Object is remote'],
  ENOLINK: [67, 'Link has been severed'],
  EADV: [68, 'Advertise error'],
  ESRMNT: [69, 'Srmount error'],
  ECOMM: [70, 'Communication error on send'],
  EPROTO: [71, 'Protocol error'],
  EMULTIHOP: [72, 'Multihop attempted'],
  EDOTDOT: [73, 'RFS specific error'],
  EBADMSG: [74, 'Bad message'],
  EOVERFLOW: [75, 'Value too large for defined data type'],
  ENOTUNIQ: [76, 'Name not unique on network'],
  EBADFD: [77, 'File descriptor in bad state'],
  EREMCHG: [78, 'Remote address changed'],
  ELIBACC: [79, 'Can not access a needed shared library'],
  ELIBBAD: [80, 'Accessing a corrupted shared library'],
  ELIBSCN: [81, '.lib section in a.out corrupted'],
  ELIBMAX: [82, 'Attempting to link in too many shared libraries'],
  ELIBEXEC: [83, 'Cannot exec a shared library directly'],
  EILSEQ: [84, 'Invalid or incomplete multibyte or wide character'],
  ERESTART: [85, 'Interrupted system call should be restarted'],
  ESTRPIPE: [86, 'Streams pipe error'],
  EUSERS: [87, 'Too many users'],
  ENOTSOCK: [88, 'Socket operation on non-socket'],
  EDESTADDRREQ: [89, 'Destination address required'],
  EMSGSIZE: [90, 'Message too long'],
  EPROTOTYPE: [91, 'Protocol wrong type for socket'],
  ENOPROTOOPT: [92, 'Protocol not available'],
  EPROTONOSUPPORT: [93, 'Protocol not supported'],
  ESOCKTNOSUPPORT: [94, 'Socket type not supported'],
  EOPNOTSUPP: [95, 'Operation not supported'],
  EPFNOSUPPORT: [96, 'Protocol family not supported'],
  EAFNOSUPPORT: [97, 'Address family not supported by protocol'],
  EADDRINUSE: [98, 'Address already in use'],
  EADDRNOTAVAIL: [99, 'Cannot assign requested address'],
  ENETDOWN: [100, 'Network is down'],
  ENETUNREACH: [101, 'Network is unreachable'],
  ENETRESET: [102, 'Network dropped connection on reset'],
  ECONNABORTED: [103, 'Software caused connection abort'],
  ECONNRESET: [104, 'Connection reset by peer'],
  ENOBUFS: [105, 'No buffer space available'],
  EISCONN: [106, 'Transport endpoint is already connected'],
  ENOTCONN: [107, 'Transport endpoint is not connected'],
  ESHUTDOWN: [108, 'Cannot send after transport endpoint shutdown'],
  ETOOMANYREFS: [109, 'Too many references: cannot splice'],
  ETIMEDOUT: [110, 'Connection timed out'],
  ECONNREFUSED: [111, 'Connection refused'],
  EHOSTDOWN: [112, 'Host is down'],
  EHOSTUNREACH: [113, 'No route to host'],
  EALREADY: [114, 'Operation already in progress'],
  EINPROGRESS: [115, 'Operation now in progress'],
  ESTALE: [116, 'Stale file handle'],
  EUCLEAN: [117, 'Structure needs cleaning'],
  ENOTNAM: [118, 'Not a XENIX named type file'],
  ENAVAIL: [119, 'No XENIX semaphores available'],
  EISNAM: [120, 'Is a named type file'],
  EREMOTEIO: [121, 'Remote I/O error'],
  EDQUOT: [122, 'Disk quota exceeded'],
  ENOMEDIUM: [123, 'No medium found'],
  EMEDIUMTYPE: [124, 'Wrong medium type'],
  ECANCELED: [125, 'Operation canceled'],
  ENOKEY: [126, 'Required key not available'],
  EKEYEXPIRED: [127, 'Key has expired'],
  EKEYREVOKED: [128, 'Key has been revoked'],
  EKEYREJECTED: [129, 'Key was rejected by service'],
  EOWNERDEAD: [130, 'Owner died'],
  ENOTRECOVERABLE: [131, 'State not recoverable'],
  ERFKILL: [132, 'Operation not possible due to RF-kill'],
  EHWPOISON: [133, 'Memory page has hardware error'],

  // Below here the kernel talks to itself; C libraries have no sentence for these.
  ERESTARTSYS: [512, 'Interrupted by a signal; start the call again if its handler allows'],
  ERESTARTNOINTR: [513, 'Interrupted by a signal; always start the call again'],
  ERESTARTNOHAND: [514, 'Interrupted by a signal; start the call again if there is no handler'],
  ENOIOCTLCMD: [515, 'No such ioctl command'],
  ERESTART_RESTARTBLOCK: [516, 'Interrupted by a signal; go on through the restart block'],
  EPROBE_DEFER: [517, 'The driver asks to be probed again later'],
  EOPENSTALE: [518, 'The open found a stale entry'],
  ENOPARAM: [519, 'Parameter not supported'],
  EBADHANDLE: [521, 'Illegal file handle'],
  ENOTSYNC: [522, 'Update synchronization mismatch'],
  EBADCOOKIE: [523, 'Stale cookie'],
  ENOTSUPP: [524, 'Operation is not supported'],
  ETOOSMALL: [525, 'Buffer or request is too small'],
  ESERVERFAULT: [526, 'An error that has no translation'],
  EBADTYPE: [527, 'Type not supported by the server'],
  EJUKEBOX: [528, 'Request started, but it will take long'],
  EIOCBQUEUED: [529, 'Queued; the completion will follow'],
  ERECALLCONFLICT: [530, 'Conflict with state that was recalled'],
  ENOGRACE: [531, 'Refused after the grace period'],
});

type Table = typeof errnoTable;
export type ErrnoName = keyof Table;

/** The positive numbers by name. Aliases are left out: EWOULDBLOCK is EAGAIN, EDEADLOCK is EDEADLK. */
export const {
  EPERM, ENOENT, ESRCH, EINTR, EIO, ENXIO, E2BIG, ENOEXEC, EBADF, ECHILD, EAGAIN, ENOMEM, EACCES, EFAULT, EBUSY, EEXIST,
  EXDEV, ENODEV, ENOTDIR, EISDIR, EINVAL, ENFILE, EMFILE, ENOTTY, EFBIG, ENOSPC, ESPIPE, EROFS, EPIPE, EDOM, ERANGE,
  EDEADLK, ENAMETOOLONG, ENOLCK, ENOSYS, ENOTEMPTY, ELOOP, ENOMSG, ENODATA, ETIME, ENOPKG, EPROTO, EBADMSG, EOVERFLOW, EBADFD,
  EILSEQ, ERESTART, EUSERS, EMSGSIZE, EOPNOTSUPP, EADDRINUSE, ECONNABORTED, ECONNRESET, ENOBUFS, ENOTCONN, ESHUTDOWN,
  ETIMEDOUT, ECONNREFUSED, EALREADY, EINPROGRESS, ESTALE, EDQUOT, ECANCELED, EKEYREJECTED, EOWNERDEAD, ENOTRECOVERABLE,
  ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ENOIOCTLCMD, ERESTART_RESTARTBLOCK, EPROBE_DEFER, ENOTSUPP,
} = numbersByName(errnoTable);

/** The last 4095 addresses are errors, so -4095 is one and -4096 is not. */
export const MAX_ERRNO = 4095;

/** What a C caller gets as `ERR_PTR(-ENOMEM)`, thrown: `ENOMEM: cannot create thread "poll/a": no free pid`. */
export class KernelError extends Error {
  /** Negative, as a C function would return it. */
  readonly errno: number;
  readonly code: string;
  /** The thread concerned, as `name[pid]`; absent when there is none. */
  declare readonly thread?: string;

  static {
    // On the prototype, so that the first line of the stack has it and no inspector lists it as data.
    Object.defineProperty(this.prototype, 'name', { value: 'KernelError', writable: true, configurable: true });
  }

  /** `errno` may have either sign; `message` is the human sentence, without the code. */
  constructor(errno: number, message: string, opt: { cause?: unknown; thread?: string | undefined } = {}) {
    super(`${errnoName(errno)}: ${message}`, 'cause' in opt ? { cause: opt.cause } : undefined);
    this.errno = -Math.abs(errno);
    this.code = errnoName(errno);
    if (opt.thread !== undefined) this.thread = opt.thread;
  }
}

/** errname(): 'EPERM' for 1 and for -1. A number without a name stays a number: '4000'. */
export function errnoName(errno: number): string {
  return byNumber.get(Math.abs(errno))?.name ?? String(Math.abs(errno));
}

/** strerror(): 'Operation not permitted' for 1 and for -1. */
export function strerror(errno: number): string {
  if (errno === 0) return 'Success';
  return byNumber.get(Math.abs(errno))?.sentence ?? `Unknown error ${Math.abs(errno)}`;
}

// Pointers below are 32-bit numbers. WebAssembly hands them out signed, so both signs are understood; results that are
// pointers are unsigned.

/** ERR_PTR(): the pointer that carries a (negative) error number. */
export function errPtr(errno: number): number {
  return errno >>> 0;
}

/** PTR_ERR(): the error number a pointer carries; ask {@link isErr} first. */
export function ptrErr(pointer: number): number {
  return pointer | 0;
}

/** IS_ERR(): does this pointer carry an error? NULL does not. */
export function isErr(pointer: number): boolean {
  return isErrValue(pointer);
}

/** IS_ERR_OR_NULL() */
export function isErrOrNull(pointer: number): boolean {
  return pointer === 0 || isErrValue(pointer);
}

/** IS_ERR_VALUE(): the same question about an unsigned long. */
export function isErrValue(value: number): boolean {
  return value >>> 0 >= FIRST_ERROR;
}

/** ERR_CAST(): the same error as a pointer of another type. */
export function errCast(pointer: number): number {
  return pointer >>> 0;
}

/** PTR_ERR_OR_ZERO() */
export function ptrErrOrZero(pointer: number): number {
  return isErrValue(pointer) ? ptrErr(pointer) : 0;
}

const FIRST_ERROR = -MAX_ERRNO >>> 0;

const byNumber: ReadonlyMap<number, { name: string; sentence: string }> = new Map(
  Object.entries(errnoTable).map(([name, [errno, sentence]]) => [errno, { name, sentence }]),
);

function freezeRows<const T extends Readonly<Record<string, readonly [number, string]>>>(rows: T): Readonly<T> {
  Object.values(rows).forEach(Object.freeze);
  return Object.freeze(rows);
}

function numbersByName(table: Table): { readonly [K in ErrnoName]: Table[K][0] } {
  const numbers = Object.entries(table).map(([name, [errno]]) => [name, errno]);
  return Object.fromEntries(numbers) as ReturnType<typeof numbersByName>;
}

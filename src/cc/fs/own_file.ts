/**
 * Open files of the kernel's own: their text is the one that there was when they were opened, see own.ts. A setting can be
 * written.
 */
import { EFAULT, EINVAL } from '../../lib/errno.js';
import { r32, u8 } from '../../lib/memory.js';
import { nameOf } from './dcache.js';
import { setFileOps } from './file.js';
import { KIND_OWN } from './kinds.js';
import { writeOwn } from './own.js';
import { ENTRY, FILE } from './records.js';
import { read64, write64 } from './seq_file.js';
import { userBytes } from './uaccess.js';

setFileOps(KIND_OWN, {
  read(file, buf, count, pos) {
    const entry = r32(file + FILE.entry);
    const [text, size, at] = [r32(entry + ENTRY.target), r32(entry + ENTRY.data), read64(pos)];
    const n = Math.max(0, Math.min(count, size - at));
    if (n > 0 && userBytes(buf, n, true) !== n) return -EFAULT;
    u8.copyWithin(buf, text + at, text + at + n);
    write64(pos, at + n);
    return n;
  },
  write(file, buf, count) {
    if (userBytes(buf, count, false) !== count) return -EFAULT;
    return writeOwn(nameOf(r32(file + FILE.entry)), new TextDecoder().decode(u8.slice(buf, buf + count))) || count;
  },
  llseek(file, offset, whence) {
    const to = offset + [0, read64(file + FILE.f_pos), r32(r32(file + FILE.entry) + ENTRY.data)][whence];
    if (!(to >= 0)) return -EINVAL;
    write64(file + FILE.f_pos, to);
    return to;
  },
});

/**
 * The records of kernel memory as C has them: one header made from the tables that TypeScript's offsets come from, so that
 * the two cannot disagree. What the records mean to C, and what else C knows, is in include/linux.
 */
import { allLayouts, type Layout } from '../lib/struct.js';
import '../kernel/records.js';

/** Records that modules see, those that others have in them first, by their names in the tables and in C; and fields that older code calls otherwise. */
const RECORDS: Readonly<Record<string, { readonly tag?: string; readonly also?: Readonly<Record<string, string>> }>> = {
  completion: {},
  wait_queue_head: {},
  wait_queue_entry: {},
  mutex: {},
  semaphore: {},
  rw_semaphore: {},
  spinlock: {},
  rwlock: {},
  seqlock: {},
  refcount: { tag: 'refcount_struct' },
  module: {},
  task_struct: { also: { __state: 'state' } },
};

const TYPES = { s32: 'int', u32: 'unsigned int', f64: 'double', u8: 'char', ptr: 'void *' } as const;

/** The text of generated/records.h. */
export function recordsHeader(): string {
  const records = Object.keys(RECORDS).map((name) => declare(allLayouts().find((layout) => layout.name === name)!));
  return `/* Made from the record tables of this version of kthread. */\n#ifndef _GENERATED_RECORDS_H\n#define _GENERATED_RECORDS_H\n#include <linux/list_types.h>\n\n${records.join('\n')}\n#endif\n`;
}

function declare({ name, size, fields }: Layout): string {
  const { tag = name, also = {} } = RECORDS[name];
  const lines = fields.map((field) => {
    const [type, count] = field.ctype === undefined ? [TYPES[field.kind], field.count] : [field.ctype, 1];
    const member = (as: string): string => `${type} ${as}${count === 1 ? '' : `[${count}]`};`;
    const other = also[field.name];
    return other ? `\tunion { ${member(field.name)} ${member(other)} };` : `\t${member(field.name)}`;
  });
  const last = fields.at(-1)!;
  const rest = size - last.offset - last.count * (last.kind === 'u8' ? 1 : last.kind === 'f64' ? 8 : 4);
  if (rest > 0) lines.push(`\tchar __rest[${rest}];`); // Whole: the kernel may touch it to the end.
  const asserts = fields.map((field) => `_Static_assert(__builtin_offsetof(struct ${tag}, ${field.name}) == ${field.offset}, "${tag}.${field.name}");`);
  return `struct ${tag} {\n${lines.join('\n')}\n};\n_Static_assert(sizeof(struct ${tag}) == ${size}, "${tag}");\n${asserts.join('\n')}\n`;
}

/**
 * Rows under headers, each column as wide as its longest cell. ps has its own, with the fixed widths of ps(1).
 */

/** `headers` that begin with > are of columns that stand to the right. Each line with its newline. */
export function table(headers: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const titles = headers.map((header) => header.replace('>', ''));
  const widths = titles.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  return [titles, ...rows].map((row) => `${row.map((cell, i) => (headers[i].startsWith('>') ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('  ').trimEnd()}\n`).join('');
}

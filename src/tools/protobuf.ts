/**
 * Writes protocol buffers: numbers, texts and messages within messages, into one buffer that grows. It knows no schema and
 * reads nothing.
 */

const VARINT = 0, DELIMITED = 2;
/** Bytes kept free for the length of a message, which is known at its end: up to 256 MiB. */
const LENGTH_SIZE = 4;
/** A varint of 64 bits. */
const VARINT_MAX = 10;

export class ProtoWriter {
  #bytes = new Uint8Array(1 << 16);
  #at = 0;
  readonly #open: number[] = [];
  readonly #encoder = new TextEncoder();

  /** A whole number from 0 to 2^53. */
  number(field: number, value: number): void {
    this.#reserve(2 * VARINT_MAX);
    this.#varint(field * 8 + VARINT);
    this.#varint(value);
  }

  text(field: number, text: string): void {
    this.#reserve(2 * VARINT_MAX + text.length * 3);
    this.#varint(field * 8 + DELIMITED);
    const { written } = this.#encoder.encodeInto(text, this.#bytes.subarray(this.#at + LENGTH_SIZE));
    this.#length(written);
    this.#at += written;
  }

  /** What `fill` writes is a message within this one. */
  message(field: number, fill: () => void): void {
    this.#reserve(VARINT_MAX + LENGTH_SIZE);
    this.#varint(field * 8 + DELIMITED);
    this.#open.push(this.#at);
    this.#at += LENGTH_SIZE;
    fill();
    const [start, end] = [this.#open.pop()!, this.#at];
    this.#at = start;
    this.#length(end - start - LENGTH_SIZE);
    this.#at = end;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + size));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#bytes[this.#at++] = (rest % 128) | 128;
    this.#bytes[this.#at++] = rest;
  }

  /** A varint with leading zeros, so that its size is known beforehand. */
  #length(length: number): void {
    for (let i = 0; i < LENGTH_SIZE; i++) this.#bytes[this.#at++] = ((length >> (7 * i)) & 127) | (i < LENGTH_SIZE - 1 ? 128 : 0);
  }
}

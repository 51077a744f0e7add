/**
 * Structured clone to bytes and back, with one addition: a typed array over kernel memory stays one, since that memory
 * is the same everywhere. Other shared buffers cannot travel as bytes and are refused.
 */
import { Deserializer, Serializer } from 'node:v8';
import { buffer } from '../../lib/memory.js';

const TYPES = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView] as const;
const SHARED = 1;
const COPIED = 0;

/** What @types/node leaves out of the documented interface of node:v8. */
interface ViewsAsHostObjects {
  _setTreatArrayBufferViewsAsHostObjects(on: boolean): void;
}

class KernelSerializer extends Serializer {
  /** V8 hands over what it does not clone itself: views, since we say so, and host objects, which have no clone. */
  _writeHostObject(view: ArrayBufferView): void {
    const type = TYPES.findIndex((t) => view.constructor === t || (t === Uint8Array && view instanceof Uint8Array));
    if (!ArrayBuffer.isView(view) || type < 0) throw new DataCloneError(`${Object.prototype.toString.call(view)} could not be cloned.`);
    const shared = view.buffer === buffer;
    if (!shared && view.buffer instanceof SharedArrayBuffer) throw new DataCloneError('a shared buffer could not be cloned; share memory with declareShared().');
    this.writeUint32(type);
    this.writeUint32(shared ? SHARED : COPIED);
    this.writeUint32(view.byteLength);
    if (shared) this.writeUint32(view.byteOffset);
    else this.writeRawBytes(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  }

  /** Called without new. */
  _getDataCloneError = (message: string): Error => new DataCloneError(message);

  _getSharedArrayBufferId(): number {
    throw new DataCloneError('a SharedArrayBuffer could not be cloned; share memory with declareShared().');
  }
}

class DataCloneError extends Error {
  override readonly name = 'DataCloneError';
}

class KernelDeserializer extends Deserializer {
  _readHostObject(): ArrayBufferView {
    const make = TYPES[this.readUint32()] as unknown as { new (buffer: ArrayBufferLike, offset: number, length: number): ArrayBufferView; BYTES_PER_ELEMENT?: number };
    const shared = this.readUint32() === SHARED;
    const size = this.readUint32();
    const length = size / (make.BYTES_PER_ELEMENT ?? 1);
    if (shared) return new make(buffer, this.readUint32(), length);
    return new make(Uint8Array.from(this.readRawBytes(size)).buffer, 0, length);
  }
}

export function serialize(value: unknown): Uint8Array {
  const out = new KernelSerializer();
  (out as unknown as ViewsAsHostObjects)._setTreatArrayBufferViewsAsHostObjects(true);
  out.writeHeader();
  out.writeValue(value);
  return out.releaseBuffer();
}

export function deserialize(bytes: Uint8Array): unknown {
  const input = new KernelDeserializer(bytes);
  input.readHeader();
  return input.readValue();
}

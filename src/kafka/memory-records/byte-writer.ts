import {putBytes} from '../../common/put-bytes.ts';
import {recordMemory} from './record-memory.ts';

/** Node's own, without the argument checks of `write`. */
interface FastBuffer extends Buffer {
  utf8Write(text: string, offset: number): number;
}

/** Up to here a loop is faster than a view and a copy, and than a call of the encoder. */
const SHORT_BYTES = 32;
/** Of what grows. */
const MIN_BYTES = 1024;

/** Writes bytes one after the other into memory that grows; whoever writes by hand calls `reserve` before. */
export class ByteWriter {
  #buffer: FastBuffer;
  /** Where the next byte goes. */
  at = 0;

  constructor(capacity = 0) {
    this.#buffer = allocate(capacity);
  }

  /** What has been written, up to `at`, and room behind it; another one after each `reserve`. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  /** Begins anew in memory of its own: what was written stays with whoever has the buffer. */
  renew(capacity: number): void {
    this.#buffer = allocate(capacity);
    this.at = 0;
  }

  /** Makes room for so many bytes more. */
  reserve(bytes: number): void {
    const {at} = this;
    const buffer = this.#buffer;
    if (at + bytes <= buffer.length) return;
    const larger = allocate(Math.max(at + bytes, buffer.length * 2, MIN_BYTES));
    buffer.copy(larger, 0, 0, at);
    this.#buffer = larger;
  }

  byte(byte: number): void {
    this.reserve(1);
    this.#buffer[this.at++] = byte;
  }

  /** The first `length` bytes. */
  bytes(source: Uint8Array, length = source.length): void {
    if (length < source.length) return this.range(source, 0, length);
    this.reserve(length);
    this.at = putBytes(this.#buffer, this.at, source);
  }

  /** `source[start, end)`. */
  range(source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.reserve(length);
    const {at} = this;
    const buffer = this.#buffer;
    if (length <= SHORT_BYTES) {
      for (let i = 0; i < length; i++) buffer[at + i] = source[start + i] as number;
    } else {
      buffer.set(source.subarray(start, end), at);
    }
    this.at = at + length;
  }

  /** In UTF-8. */
  text(text: string): void {
    const {length} = text;
    // No UTF-16 unit takes more than three bytes.
    this.reserve(length * 3);
    const {at} = this;
    const buffer = this.#buffer;
    if (length <= SHORT_BYTES) {
      let i = 0;
      for (; i < length; i++) {
        const code = text.charCodeAt(i);
        if (code > 0x7f) break;
        buffer[at + i] = code;
      }
      if (i === length) {
        this.at = at + length;
        return;
      }
    }
    this.at = at + buffer.utf8Write(text, at);
  }
}

function allocate(capacity: number): FastBuffer {
  return recordMemory.take(capacity) as FastBuffer;
}

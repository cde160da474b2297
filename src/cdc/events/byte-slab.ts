/** Room for a few hundred rows; a slice that lives on keeps at most this much memory with it. */
const SLAB_BYTES = 64 * 1024;

const NOTHING = new Uint8Array(0);

/** Node's own, without the argument checks of `write`. */
interface FastBuffer extends Buffer {
  utf8Write(text: string, offset: number): number;
}

/** Turns texts into bytes, many to one allocation; three times as fast as a `Buffer.from` each. */
export class ByteSlab {
  #bytes = Buffer.allocUnsafeSlow(SLAB_BYTES) as FastBuffer;
  #at = 0;

  /** `header` followed by `text` in UTF-8, then `ending`. */
  write(header: Uint8Array, text: string, ending: Uint8Array = NOTHING): Buffer {
    // No UTF-16 unit takes more than three bytes.
    const start = this.#reserve(header.length + text.length * 3 + ending.length);
    const bytes = this.#bytes;
    for (let i = 0; i < header.length; i++) bytes[start + i] = header[i] as number;
    const body = start + header.length;
    this.#at = body + bytes.utf8Write(text, body);
    if (ending.length > 0) {
      bytes.set(ending, this.#at);
      this.#at += ending.length;
    }
    return bytes.subarray(start, this.#at);
  }

  copy(source: Uint8Array): Buffer {
    const start = this.#reserve(source.length);
    const bytes = this.#bytes;
    for (let i = 0; i < source.length; i++) bytes[start + i] = source[i] as number;
    this.#at = start + source.length;
    return bytes.subarray(start, this.#at);
  }

  #reserve(length: number): number {
    if (this.#at + length > this.#bytes.length) {
      this.#bytes = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, length)) as FastBuffer;
      this.#at = 0;
    }
    return this.#at;
  }
}

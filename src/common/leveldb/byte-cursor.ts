/** Reads LevelDB's variable-length numbers and strings; past the end it reads zeros and sets `overrun`. */
export class ByteCursor {
  readonly #bytes: Buffer;
  at: number;
  overrun = false;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#bytes.length;
  }

  /** Exact up to 2^53, which file numbers and sizes do not reach. */
  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) this.overrun = true;
      if (byte === undefined || factor > Number.MAX_SAFE_INTEGER) return value;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  bytes(length: number): Buffer {
    const from = this.at;
    this.at += length;
    if (this.at > this.#bytes.length) this.overrun = true;
    return this.#bytes.subarray(from, this.at);
  }

  string(): Buffer {
    return this.bytes(this.varint());
  }
}

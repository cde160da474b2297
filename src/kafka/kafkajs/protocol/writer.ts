/** Writes a request's body in the flexible encoding of KIP-482: big-endian numbers, compact strings and arrays, tags. */
export class Writer {
  readonly #parts: Buffer[] = [];
  #buffer: Buffer;
  #at = 0;
  /** Where what is not among the parts yet begins. */
  #from = 0;

  constructor(size = 256) {
    this.#buffer = Buffer.allocUnsafe(size);
  }

  /** What was written; a view that the next write may invalidate. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  /** What was written, in pieces, with what is referred to among them. */
  get parts(): readonly Buffer[] {
    return [...this.#parts, this.#buffer.subarray(this.#from, this.#at)];
  }

  boolean(value: boolean): this {
    return this.int8(value ? 1 : 0);
  }

  int8(value: number): this {
    const at = this.#reserve(1);
    this.#buffer.writeInt8(value, at);
    return this;
  }

  int16(value: number): this {
    const at = this.#reserve(2);
    this.#buffer.writeInt16BE(value, at);
    return this;
  }

  int32(value: number): this {
    const at = this.#reserve(4);
    this.#buffer.writeInt32BE(value, at);
    return this;
  }

  int64(value: number): this {
    const at = this.#reserve(8);
    this.#buffer.writeBigInt64BE(BigInt(value), at);
    return this;
  }

  unsignedVarint(value: number): this {
    let rest = value;
    while (rest > 0x7f) {
      this.#byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.#byte(rest);
    return this;
  }

  string(value: string): this {
    return this.bytesOf(Buffer.from(value));
  }

  nullableString(value: string | null): this {
    return value === null ? this.unsignedVarint(0) : this.string(value);
  }

  /** Compact bytes: their length + 1, then they. */
  bytesOf(value: Uint8Array): this {
    this.unsignedVarint(value.length + 1);
    return this.raw(value);
  }

  /** The same of bytes that are not copied and that must not change until the request is answered; not part of `bytes`. */
  referTo(value: Buffer): this {
    this.unsignedVarint(value.length + 1);
    this.#parts.push(this.#buffer.subarray(this.#from, this.#at), value);
    this.#from = this.#at;
    return this;
  }

  raw(value: Uint8Array): this {
    const at = this.#reserve(value.length);
    this.#buffer.set(value, at);
    return this;
  }

  array<T>(values: readonly T[], write: (value: T) => void): this {
    this.unsignedVarint(values.length + 1);
    for (const value of values) write(value);
    return this;
  }

  nullableArray<T>(values: readonly T[] | null, write: (value: T) => void): this {
    return values === null ? this.unsignedVarint(0) : this.array(values, write);
  }

  /** A string of the encoding before KIP-482, as the group protocol's metadata have it. */
  shortString(value: string): this {
    const bytes = Buffer.from(value);
    return this.int16(bytes.length).raw(bytes);
  }

  /** An empty section of tagged fields, which ends each structure. */
  tags(): this {
    return this.int8(0);
  }

  #byte(value: number): void {
    const at = this.#reserve(1);
    this.#buffer[at] = value;
  }

  #reserve(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, at + bytes));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    this.#at = at + bytes;
    return at;
  }
}

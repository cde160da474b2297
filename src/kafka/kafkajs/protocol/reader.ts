/** Reads a response's body in the flexible encoding of KIP-482. Throws RangeError where the bytes end too early. */
export class Reader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  boolean(): boolean {
    return this.int8() !== 0;
  }

  int8(): number {
    const value = this.#buffer.readInt8(this.#at);
    this.#at += 1;
    return value;
  }

  int16(): number {
    const value = this.#buffer.readInt16BE(this.#at);
    this.#at += 2;
    return value;
  }

  int32(): number {
    const value = this.#buffer.readInt32BE(this.#at);
    this.#at += 4;
    return value;
  }

  /** Offsets, producer ids and times stay below 2^53. */
  int64(): number {
    const value = Number(this.#buffer.readBigInt64BE(this.#at));
    if (!Number.isSafeInteger(value)) throw new RangeError(`int64 ${value} is beyond 2^53`);
    this.#at += 8;
    return value;
  }

  unsignedVarint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#buffer.readUInt8(this.#at++);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
      if (shift >= 28) throw new RangeError('a varint has more than five bytes');
    }
  }

  string(): string {
    return this.nullableString() ?? '';
  }

  nullableString(): string | null {
    return this.nullableBytes()?.toString() ?? null;
  }

  /** A view of the response. */
  nullableBytes(): Buffer | null {
    const length = this.unsignedVarint() - 1;
    return length < 0 ? null : this.raw(length);
  }

  uuid(): string {
    return this.raw(16).toString('hex');
  }

  raw(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#buffer.length) throw new RangeError('the response ends within a field');
    const bytes = this.#buffer.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  /** A null array is an empty one. */
  array<T>(read: () => T): T[] {
    const values: T[] = [];
    for (let left = this.unsignedVarint() - 1; left > 0; left--) values.push(read());
    return values;
  }

  /** A string of the encoding before KIP-482. */
  shortString(): string {
    return this.raw(this.int16()).toString();
  }

  /** Skips the tagged fields that end a structure: none of them is needed. */
  tags(): void {
    for (let left = this.unsignedVarint(); left > 0; left--) {
      this.unsignedVarint();
      this.raw(this.unsignedVarint());
    }
  }
}

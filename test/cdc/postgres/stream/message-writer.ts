/** Writes pgoutput messages as the server does. */
export class MessageWriter {
  readonly #parts: Buffer[] = [];

  constructor(tag: string) {
    this.#parts.push(Buffer.from(tag, 'latin1'));
  }

  u8(value: number): this {
    return this.#add(Buffer.from([value]));
  }

  u16(value: number): this {
    const part = Buffer.alloc(2);
    part.writeUInt16BE(value);
    return this.#add(part);
  }

  u32(value: number): this {
    const part = Buffer.alloc(4);
    part.writeUInt32BE(value);
    return this.#add(part);
  }

  u64(value: bigint): this {
    const part = Buffer.alloc(8);
    part.writeBigUInt64BE(value);
    return this.#add(part);
  }

  text(value: string): this {
    return this.#add(Buffer.from(`${value}\0`));
  }

  bytes(value: Buffer): this {
    return this.u32(value.length).#add(value);
  }

  tuple(kind: string, values: readonly (string | null | undefined)[]): this {
    this.#add(Buffer.from(kind, 'latin1')).u16(values.length);
    for (const value of values) {
      if (typeof value === 'string') this.u8(0x74).bytes(Buffer.from(value));
      else this.u8(value === null ? 0x6e : 0x75);
    }
    return this;
  }

  done(): Buffer {
    return Buffer.concat(this.#parts);
  }

  #add(part: Buffer): this {
    this.#parts.push(part);
    return this;
  }
}

/**
 * Reads the records of a batch one field after the other; `corrupt` makes the error for what does not fit in.
 *
 * Fields are not held to the end of the bytes one by one: the caller compares `at` with the record's end.
 */
export class RecordCursor {
  readonly #bytes: Buffer;
  readonly #corrupt: () => Error;
  /** Where the last name in each place of a list of headers stands, and its text: records of a batch repeat them. */
  readonly #names: {start: number; length: number; text: string}[] = [];
  at: number;

  constructor(bytes: Buffer, at: number, corrupt: () => Error) {
    this.#bytes = bytes;
    this.at = at;
    this.#corrupt = corrupt;
  }

  get isAtEnd(): boolean {
    return this.at === this.#bytes.length;
  }

  /** Reads the length of a record and returns where it ends. */
  recordEnd(): number {
    const length = this.varint();
    const end = this.at + length;
    if (length < 0 || end > this.#bytes.length) throw this.#corrupt();
    return end;
  }

  /** Length, attributes and deltas. */
  skipRecordStart(): void {
    this.recordEnd();
    this.at++;
    this.varint();
    this.varint();
  }

  /** Zigzag, of up to 64 bits; exact to 2^53. */
  varint(): number {
    const bytes = this.#bytes;
    // Where there is no byte any more a varint ends too.
    const first = bytes[this.at++] as number;
    if (first < 0x80) return (first >>> 1) ^ -(first & 1);
    const second = bytes[this.at++] as number;
    let value = (first & 0x7f) + (second & 0x7f) * 0x80;
    if (second < 0x80) return (value >>> 1) ^ -(value & 1);
    let byte: number;
    let factor = 0x4000;
    do {
      byte = bytes[this.at++] as number;
      value += (byte & 0x7f) * factor;
      factor *= 0x80;
    } while (byte >= 0x80 && factor < 2 ** 70);
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  nullableBytes(): Buffer | null {
    const length = this.varint();
    if (length < 0) return null;
    const start = this.at;
    this.at = start + length;
    return this.#bytes.subarray(start, this.at);
  }

  /** The name of the header in this place of its list. */
  headerName(place: number): string {
    const length = this.varint();
    const start = this.at;
    if (length < 0) throw this.#corrupt();
    this.at = start + length;
    const known = this.#names[place];
    if (known?.length === length && this.#isSame(known.start, start, length)) return known.text;
    const text = this.#bytes.toString('utf8', start, this.at);
    this.#names[place] = {start, length, text};
    return text;
  }

  #isSame(a: number, b: number, length: number): boolean {
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) if (bytes[a + i] !== bytes[b + i]) return false;
    return true;
  }
}

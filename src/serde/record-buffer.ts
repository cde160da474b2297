/** Room for about a hundred rows; a slice that lives on keeps at most this much memory with it. */
const slabBytes = 32 * 1024;

/** Longer strings go through the platform's encoder, whose cost per call then no longer matters. */
const longString = 1024;

const quote = 0x22;
const backslash = 0x5c;
const hexDigits = '0123456789abcdef';

/** What follows the backslash of JSON's short escapes. */
const shortEscapes: Readonly<Record<number, number>> = {
  0x08: 0x62,
  0x09: 0x74,
  0x0a: 0x6e,
  0x0c: 0x66,
  0x0d: 0x72,
  [quote]: quote,
  [backslash]: backslash,
};

/** 1 for the ASCII characters that stand for themselves in a JSON string. */
const plain = Uint8Array.from({length: 0x80}, (_, unit) =>
  unit >= 0x20 && unit !== quote && unit !== backslash ? 1 : 0,
);

/** Bytes that are written often, laid out to be copied four at a time. */
export interface Label {
  readonly words: Int32Array;
  readonly length: number;
}

export function label(text: string): Label {
  const length = Buffer.byteLength(text);
  const bytes = Buffer.alloc(Math.ceil(length / 4) * 4);
  bytes.write(text);
  const words = Int32Array.from({length: bytes.length / 4}, (_, i) => bytes.readInt32LE(i * 4));
  return {words, length};
}

/**
 * Space in which records are written one after another, byte by byte, and handed out as slices.
 *
 * Twice as fast for rows of short strings as building their text and encoding it. `begin`, any writes, `end`; a
 * `begin` without `end` discards what was written since the last one.
 */
export class RecordBuffer {
  #bytes = Buffer.allocUnsafeSlow(slabBytes);
  #view = viewOf(this.#bytes);
  #start = 0;
  #at = 0;

  begin(): void {
    this.#at = this.#start;
  }

  end(): Buffer {
    const record = this.#bytes.subarray(this.#start, this.#at);
    this.#start = this.#at;
    return record;
  }

  raw(source: Uint8Array): void {
    const length = source.length;
    this.#ensure(length);
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = 0; i < length; i++) bytes[at++] = source[i] as number;
    this.#at = at;
  }

  label({words, length}: Label): void {
    // The last word may reach beyond the label; what comes next overwrites it.
    this.#ensure(length + 3);
    const view = this.#view;
    const count = words.length;
    for (let i = 0, at = this.#at; i < count; i++, at += 4) {
      view.setInt32(at, words[i] as number, true);
    }
    this.#at += length;
  }

  /** Text of ASCII characters, as it is. */
  ascii(text: string): void {
    const length = text.length;
    this.#ensure(length);
    if (length > longString) {
      this.#at += this.#bytes.write(text, this.#at, 'latin1');
      return;
    }
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = 0; i < length; i++) bytes[at++] = text.charCodeAt(i);
    this.#at = at;
  }

  /** A JSON string in UTF-8, escaped exactly as `JSON.stringify` does. */
  string(text: string): void {
    const length = text.length;
    if (length > longString) return this.#longString(text);
    // The longest form of one UTF-16 unit is \uXXXX.
    this.#ensure(length * 6 + 2);
    const bytes = this.#bytes;
    let at = this.#at;
    bytes[at++] = quote;
    let i = 0;
    for (const view = this.#view; i + 4 <= length; i += 4, at += 4) {
      const a = text.charCodeAt(i);
      const b = text.charCodeAt(i + 1);
      const c = text.charCodeAt(i + 2);
      const d = text.charCodeAt(i + 3);
      if ((a | b | c | d) >= 0x80) break;
      if ((plain[a]! & plain[b]! & plain[c]! & plain[d]!) === 0) break;
      view.setInt32(at, a | (b << 8) | (c << 16) | (d << 24), true);
    }
    for (; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit < 0x80) {
        if (unit >= 0x20 && unit !== quote && unit !== backslash) bytes[at++] = unit;
        else at = escape(bytes, at, unit);
      } else if (unit < 0x800) {
        bytes[at++] = 0xc0 | (unit >> 6);
        bytes[at++] = 0x80 | (unit & 0x3f);
      } else if (unit < 0xd800 || unit > 0xdfff) {
        bytes[at++] = 0xe0 | (unit >> 12);
        bytes[at++] = 0x80 | ((unit >> 6) & 0x3f);
        bytes[at++] = 0x80 | (unit & 0x3f);
      } else {
        const point = text.codePointAt(i) as number;
        if (point < 0x10000) {
          at = escape(bytes, at, unit);
        } else {
          i++;
          bytes[at++] = 0xf0 | (point >> 18);
          bytes[at++] = 0x80 | ((point >> 12) & 0x3f);
          bytes[at++] = 0x80 | ((point >> 6) & 0x3f);
          bytes[at++] = 0x80 | (point & 0x3f);
        }
      }
    }
    bytes[at++] = quote;
    this.#at = at;
  }

  #longString(text: string): void {
    const json = JSON.stringify(text);
    this.#ensure(Buffer.byteLength(json));
    this.#at += this.#bytes.write(json, this.#at);
  }

  #ensure(length: number): void {
    if (this.#at + length > this.#bytes.length) this.#grow(length);
  }

  /** Takes a new slab along with the record begun; slices of the old one stay valid. */
  #grow(length: number): void {
    const written = this.#at - this.#start;
    const needed = (written + length) * 2;
    const slab = Buffer.allocUnsafeSlow(Math.max(slabBytes, needed));
    this.#bytes.copy(slab, 0, this.#start, this.#at);
    this.#bytes = slab;
    this.#view = viewOf(slab);
    this.#start = 0;
    this.#at = written;
  }
}

function viewOf({buffer, byteOffset, byteLength}: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function escape(bytes: Buffer, from: number, unit: number): number {
  let at = from;
  bytes[at++] = backslash;
  const short = shortEscapes[unit];
  if (short !== undefined) {
    bytes[at++] = short;
    return at;
  }
  bytes[at++] = 0x75;
  for (let shift = 12; shift >= 0; shift -= 4) {
    bytes[at++] = hexDigits.charCodeAt((unit >> shift) & 0xf);
  }
  return at;
}

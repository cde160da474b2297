import {appendFileSync, writeFileSync} from 'node:fs';
import {RejectedRowError} from '../warehouse-sink.ts';
import type {SinkRow} from '../warehouse-sink.ts';

/** What each line carries besides the value's own columns. */
export interface LineShape {
  /** The record's key as `_key_text` and `_key_hash`: upsert. */
  readonly identity: boolean;
  /** The record's key as `_k`, for columns that are copied from it; `text` when it has to be quoted. */
  readonly copiedKey: 'none' | 'json' | 'text';
}

/**
 * A batch as newline-delimited JSON in a file: each record's own bytes, behind the members that the sink adds in front.
 *
 * The value is not parsed. Line breaks in it can only be white space between its tokens, and become spaces.
 *
 * It goes to the file in pieces: a batch takes no memory here, however large it is.
 */
export class NdjsonFile {
  readonly path: string;
  readonly #shape: LineShape;
  #buffer = Buffer.allocUnsafe(pieceBytes);
  #length = 0;
  /** Where the lines of the buffer end. Their breaks are set last, so that two searches find all others. */
  readonly #ends: number[] = [];
  /** Bytes of the longest line since `clear`. */
  longest = 0;

  constructor(path: string, shape: LineShape) {
    this.path = path;
    this.#shape = shape;
    writeFileSync(path, '');
  }

  clear(): void {
    writeFileSync(this.path, '');
    // One huge value must not keep its memory for ever.
    if (this.#buffer.length > pieceBytes) this.#buffer = Buffer.allocUnsafe(pieceBytes);
    this.#length = 0;
    this.#ends.length = 0;
    this.longest = 0;
  }

  /** @throws RejectedRowError when the value is no JSON object. */
  add(row: Pick<SinkRow, 'offset' | 'key'>, value: Buffer, keyHash: number): void {
    const open = value[0] === brace ? 0 : objectStart(row.offset, value);
    this.#reserve(headBytes + (row.key?.length ?? 0) * keyBytes + value.length);
    const start = this.#length;
    this.#head(row, keyHash);
    const comma = this.#length - 1;
    if (isEmpty(value, open + 1)) {
      this.#length = comma + value.copy(this.#buffer, comma, open + 1);
    } else {
      // The brace goes where the comma belongs: copying the whole is faster than a part.
      this.#buffer.set(open === 0 ? value : value.subarray(open), comma);
      this.#buffer[comma] = commaByte;
      this.#length = comma + value.length - open;
    }
    this.#buffer[this.#length] = space;
    this.#ends.push(this.#length++);
    this.longest = Math.max(this.longest, this.#length - start);
  }

  /** Writes what is not in the file yet: the lines since `clear` are complete. */
  save(): void {
    const lines = this.#buffer.subarray(0, this.#length);
    replaceAll(lines, newline);
    replaceAll(lines, carriageReturn);
    for (const end of this.#ends) lines[end] = newline;
    appendFileSync(this.path, lines);
    this.#length = 0;
    this.#ends.length = 0;
  }

  /** The members in front of the value's own, up to and with the comma. */
  #head({offset, key}: Pick<SinkRow, 'offset' | 'key'>, keyHash: number): void {
    const {identity, copiedKey} = this.#shape;
    this.#ascii('{"_offset":');
    this.#number(offset);
    if (identity) {
      this.#ascii(',"_key_hash":');
      this.#number(keyHash);
      this.#ascii(',"_key_text":');
      this.#quoted(key);
    }
    if (copiedKey !== 'none') this.#ascii(',"_k":');
    if (copiedKey === 'text') this.#quoted(key);
    if (copiedKey === 'json') this.#length += this.#buffer.write(key ?? 'null', this.#length);
    this.#ascii(',');
  }

  #ascii(text: string): void {
    for (let i = 0; i < text.length; i++) this.#buffer[this.#length++] = text.charCodeAt(i);
  }

  /** A whole number from 0 to 2^53 - 1, as two that fit 32 bits: making text of a larger one is slow. */
  #number(value: number): void {
    const high = Math.floor(value / 1e9);
    const low = value - high * 1e9;
    if (high > 0) this.#digits(high, digitsOf(high));
    this.#digits(low, high > 0 ? 9 : digitsOf(low));
  }

  #digits(value: number, width: number): void {
    let rest = value;
    for (let at = this.#length + width - 1; at >= this.#length; at--) {
      const tenth = Math.trunc(rest / 10);
      this.#buffer[at] = zero + rest - tenth * 10;
      rest = tenth;
    }
    this.#length += width;
  }

  /** A JSON string; null for none. */
  #quoted(text: string | null): void {
    if (text === null || !isPlain(text)) {
      this.#length += this.#buffer.write(JSON.stringify(text), this.#length);
      return;
    }
    this.#buffer[this.#length++] = quote;
    this.#ascii(text);
    this.#buffer[this.#length++] = quote;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    this.save();
    if (bytes > this.#buffer.length) this.#buffer = Buffer.allocUnsafe(bytes);
  }
}

/** What is written to the file at once, unless one line is longer. */
const pieceBytes = 1 << 18;
const [brace, closingBrace, newline, carriageReturn, space, tab] = [
  0x7b, 0x7d, 0x0a, 0x0d, 0x20, 0x09,
];
const [commaByte, quote, backslash, zero, tilde] = [0x2c, 0x22, 0x5c, 0x30, 0x7e];

/** What the members of a line that are not the value's own take without the key: names, punctuation and two numbers. */
const headBytes = 128;
/** At most, for a UTF-16 unit of the key: `\u0000`, twice. */
const keyBytes = 12;

function replaceAll(lines: Buffer, byte: number): void {
  for (let at = lines.indexOf(byte); at >= 0; at = lines.indexOf(byte, at + 1)) lines[at] = space;
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  return digits;
}

/** Whether a text is its own JSON between quotes, and a byte each character. */
function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < space || unit > tilde || unit === quote || unit === backslash) return false;
  }
  return true;
}

function isSpace(byte: number | undefined): boolean {
  return byte === space || byte === newline || byte === carriageReturn || byte === tab;
}

function objectStart(offset: number, value: Buffer): number {
  let at = 0;
  while (isSpace(value[at])) at++;
  if (value[at] !== brace) throw new RejectedRowError(offset, 'its value is not a JSON object');
  return at;
}

function isEmpty(value: Buffer, from: number): boolean {
  let at = from;
  while (isSpace(value[at])) at++;
  return value[at] === closingBrace;
}

import {writeFileSync} from 'node:fs';
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
 */
export class NdjsonFile {
  readonly path: string;
  readonly #shape: LineShape;
  #buffer = Buffer.allocUnsafe(1 << 16);
  #length = 0;
  /** Bytes of the longest line since `clear`. */
  longest = 0;

  constructor(path: string, shape: LineShape) {
    this.path = path;
    this.#shape = shape;
    writeFileSync(path, '');
  }

  clear(): void {
    this.#length = 0;
    this.longest = 0;
  }

  /** @throws RejectedRowError when the value is no JSON object. */
  add(row: SinkRow, value: Buffer, keyHash: number): void {
    const open = value[0] === brace ? 0 : objectStart(row.offset, value);
    const head = this.#head(row, keyHash);
    const rest = value.length - open - 1;
    this.#reserve(head.length * 3 + rest + 2);
    const start = this.#length;
    this.#length += this.#buffer.write(head, start);
    if (isEmpty(value, open + 1)) this.#length--;
    this.#length += value.copy(this.#buffer, this.#length, open + 1);
    this.#spaces(start, newline);
    this.#spaces(start, carriageReturn);
    this.#buffer[this.#length++] = newline;
    this.longest = Math.max(this.longest, this.#length - start);
  }

  save(): void {
    writeFileSync(this.path, this.#buffer.subarray(0, this.#length));
    // One huge value must not keep its memory for ever.
    if (this.#buffer.length > keptBytes) this.#buffer = Buffer.allocUnsafe(1 << 16);
  }

  /** The members in front of the value's own, up to and with the comma. */
  #head({offset, key}: SinkRow, keyHash: number): string {
    const {identity, copiedKey} = this.#shape;
    let head = `{"_offset":${offset},`;
    if (identity) head += `"_key_hash":${keyHash},"_key_text":${JSON.stringify(key)},`;
    if (copiedKey === 'text') head += `"_k":${JSON.stringify(key)},`;
    if (copiedKey === 'json') head += `"_k":${key ?? 'null'},`;
    return head;
  }

  #spaces(from: number, byte: number): void {
    const body = this.#buffer.subarray(from, this.#length);
    for (let at = body.indexOf(byte); at >= 0; at = body.indexOf(byte, at + 1)) body[at] = space;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + bytes));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

const [brace, closingBrace, newline, carriageReturn, space, tab] = [
  0x7b, 0x7d, 0x0a, 0x0d, 0x20, 0x09,
];
/** Room for two default batches of `buffer.bytes`. */
const keptBytes = 16 << 20;

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

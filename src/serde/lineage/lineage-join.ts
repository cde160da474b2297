import {putValue, valueSize} from '../../common/deferred-header.ts';
import {putBytes} from '../../common/put-bytes.ts';
import {putVarint, varintSize} from '../../common/unsigned-varint.ts';
import {ELEMENT, LineageHeader, elementSize, lineageAt, withLonger} from './lineage-bytes.ts';
import type {Header} from './lineage-bytes.ts';

/** Whether the record met the row when it came, or waited for it. */
export type Meeting = 'met' | 'waited';

/** Adds to a record's lineage that of a row which it is joined with. */
export type LineageJoin = (
  headers: readonly Header[],
  /** The row's; undefined where nobody knows: its store was written before there was any. */
  row: Buffer | undefined,
) => readonly Header[];

/** For joins with one table. A record without a lineage gets none: then nobody wants any. */
export function lineageJoin(table: string, meeting: Meeting = 'met'): LineageJoin {
  const name = Buffer.from(table);
  const start = Buffer.alloc(1 + varintSize(name.length) + name.length);
  start[0] = meeting === 'waited' ? 1 : 0;
  putBytes(start, putVarint(start, 1, name.length), name);
  return (headers, row) => {
    const at = lineageAt(headers);
    if (at < 0) return headers;
    return withLonger(headers, at, new Joined(headers[at] as Header, start, row ?? UNKNOWN));
  };
}

const UNKNOWN = Buffer.alloc(0);

class Joined extends LineageHeader {
  readonly #before: Header;
  /** How they met, and the table's name. */
  readonly #start: Buffer;
  readonly #row: Buffer;

  constructor(before: Header, start: Buffer, row: Buffer) {
    super(valueSize(before) + elementSize(start.length + row.length));
    this.#before = before;
    this.#start = start;
    this.#row = row;
  }

  writeTo(target: Buffer, start: number): number {
    let at = putValue(target, start, this.#before);
    target[at] = ELEMENT.join;
    at = putVarint(target, at + 1, this.#start.length + this.#row.length);
    at = putBytes(target, at, this.#start);
    return putBytes(target, at, this.#row);
  }
}

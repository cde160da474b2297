import type {ConsumedRecord, RecordHeader} from '../client.ts';
import {RecordCursor} from './record-cursor.ts';

const NO_HEADERS: readonly RecordHeader[] = Object.freeze([]);

/** Records of Kafka's message format 2 that are known to be whole. */
export interface EncodedRecords {
  readonly buffer: Buffer;
  /** Where the first of them begins. */
  readonly start: number;
  readonly count: number;
  /** Milliseconds: what the records' own timestamps are counted from. */
  readonly baseTimestamp: number;
}

/** Which of them are read. */
interface OffsetRange {
  /** From this offset on; those before are passed over. */
  readonly from?: number;
  /** Before this offset. */
  readonly to?: number;
}

/** And how much of each. */
export interface DecodeOptions extends OffsetRange {
  /** Whether they have their headers; none otherwise. */
  readonly headers?: boolean;
}

/** And how many. */
export interface CopyOptions extends OffsetRange {
  /** No further once there are so many bytes. */
  readonly maxBytes?: number;
}

/** Appends the records to `into`; their offset deltas count from `baseOffset`, and keys, values and header values are views. */
export function appendRecords(
  into: ConsumedRecord[],
  {buffer, start, count, baseTimestamp}: EncodedRecords,
  baseOffset: number,
  {from = 0, to = Infinity, headers = true}: DecodeOptions = {},
): void {
  const cursor = new RecordCursor(buffer, start, noRecords);
  for (let i = 0; i < count; i++) {
    const end = cursor.recordEnd();
    cursor.at++;
    const timestamp = baseTimestamp + cursor.varint();
    const offset = baseOffset + cursor.varint();
    if (offset >= to) break;
    if (offset >= from) {
      const key = cursor.nullableBytes();
      const value = cursor.nullableBytes();
      into.push({
        key,
        value,
        timestamp,
        headers: headers ? headersAt(cursor) : NO_HEADERS,
        offset,
      });
    }
    cursor.at = end;
  }
}

/** Those that are wanted, in memory of their own; their offset deltas still count from `baseOffset`. */
export function copyRecords(
  {buffer, start, count, baseTimestamp}: EncodedRecords,
  baseOffset: number,
  {from = 0, to = Infinity, maxBytes = Infinity}: CopyOptions,
): EncodedRecords {
  const cursor = new RecordCursor(buffer, start, noRecords);
  let begin = start;
  let wanted = 0;
  for (let i = 0; i < count && cursor.at - begin < maxBytes; i++) {
    const at = cursor.at;
    const end = cursor.recordEnd();
    cursor.at++;
    cursor.varint();
    const offset = baseOffset + cursor.varint();
    cursor.at = end;
    if (offset >= to) {
      cursor.at = at;
      break;
    }
    if (offset < from) begin = end;
    else wanted++;
  }
  const copy = Buffer.allocUnsafe(cursor.at - begin);
  buffer.copy(copy, 0, begin, cursor.at);
  return {buffer: copy, start: 0, count: wanted, baseTimestamp};
}

/** All of them. */
export function decodeRecords(records: EncodedRecords, baseOffset: number): ConsumedRecord[] {
  const read: ConsumedRecord[] = [];
  appendRecords(read, records, baseOffset);
  return read;
}

/** Whether one of them has no key. */
export function hasNullKey({buffer, start, count}: EncodedRecords): boolean {
  const cursor = new RecordCursor(buffer, start, noRecords);
  for (let i = 0; i < count; i++) {
    const end = cursor.recordEnd();
    cursor.at++;
    cursor.varint();
    cursor.varint();
    if (cursor.varint() < 0) return true;
    cursor.at = end;
  }
  return false;
}

function headersAt(cursor: RecordCursor): readonly RecordHeader[] {
  const count = cursor.varint();
  if (count === 0) return NO_HEADERS;
  // An array that grows takes room for seventeen, and records have one header or two.
  if (count === 1) return [headerAt(cursor, 0)];
  if (count === 2) return [headerAt(cursor, 0), headerAt(cursor, 1)];
  const headers: RecordHeader[] = [];
  for (let i = 0; i < count; i++) headers.push(headerAt(cursor, i));
  return headers;
}

function headerAt(cursor: RecordCursor, place: number): RecordHeader {
  return {key: cursor.headerName(place), value: cursor.nullableBytes() as Buffer};
}

function noRecords(): Error {
  return new Error('these are no records');
}

import type {ProducerRecord, RecordHeader} from '../client.ts';
import {RECORDS_AT} from './memory-records.ts';
import type {MemoryRecords} from './memory-records.ts';
import {RecordCursor} from './record-cursor.ts';

const NO_HEADERS: readonly RecordHeader[] = Object.freeze([]);

/** The records, one by one; keys, values and header values are views. */
export function readMemoryRecords({bodies}: MemoryRecords): ProducerRecord[] {
  const records: ProducerRecord[] = [];
  for (const {buffer, count, baseTimestamp} of bodies) {
    const cursor = new RecordCursor(buffer, RECORDS_AT, () => new Error('these are no records'));
    for (let i = 0; i < count; i++) {
      cursor.recordEnd();
      cursor.at++;
      const timestamp = baseTimestamp + cursor.varint();
      cursor.varint();
      const key = cursor.nullableBytes();
      const value = cursor.nullableBytes();
      records.push({key, value, timestamp, headers: headersAt(cursor)});
    }
  }
  return records;
}

function headersAt(cursor: RecordCursor): readonly RecordHeader[] {
  const count = cursor.varint();
  if (count === 0) return NO_HEADERS;
  // An array that grows takes room for seventeen, and records have one header mostly.
  if (count === 1) return [headerAt(cursor, 0)];
  const headers: RecordHeader[] = [];
  for (let i = 0; i < count; i++) headers.push(headerAt(cursor, i));
  return headers;
}

function headerAt(cursor: RecordCursor, place: number): RecordHeader {
  return {key: cursor.headerName(place), value: cursor.nullableBytes() as Buffer};
}

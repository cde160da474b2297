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
  const headers: RecordHeader[] = [];
  for (let i = 0; i < count; i++) {
    headers.push({key: cursor.headerName(i), value: cursor.nullableBytes() as Buffer});
  }
  return headers;
}

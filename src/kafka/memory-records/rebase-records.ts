import type {ByteWriter} from './byte-writer.ts';
import {RecordCursor} from './record-cursor.ts';
import {VARINT_BYTES, putVarint, varintSize} from './varint.ts';

/** Records that stand next to each other in one body. */
interface RecordsRange {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
  readonly baseTimestamp: number;
}

/**
 * Copies the records to the end of `target`, as the first ones of a body with the base timestamp `baseTimestamp`. Returns
 * their number and the newest of their timestamps.
 */
export function rebaseRecords(
  range: RecordsRange,
  target: ByteWriter,
  baseTimestamp: number,
): {readonly count: number; readonly maxTimestamp: number} {
  const {buffer, start, end} = range;
  const cursor = new RecordCursor(buffer, start, () => new Error('these are no records'));
  let maxTimestamp = -Infinity;
  let count = 0;
  while (cursor.at < end) {
    const next = cursor.recordEnd();
    const attributes = buffer[cursor.at++] as number;
    const timestamp = range.baseTimestamp + cursor.varint();
    cursor.varint();
    if (timestamp > maxTimestamp) maxTimestamp = timestamp;
    const delta = timestamp - baseTimestamp;
    const rest = next - cursor.at;
    target.reserve(rest + 3 * VARINT_BYTES + 1);
    const {buffer: bytes} = target;
    let at = putVarint(bytes, target.at, 1 + varintSize(delta) + varintSize(count) + rest);
    bytes[at++] = attributes;
    at = putVarint(bytes, putVarint(bytes, at, delta), count);
    buffer.copy(bytes, at, cursor.at, next);
    target.at = at + rest;
    cursor.at = next;
    count++;
  }
  return {count, maxTimestamp};
}

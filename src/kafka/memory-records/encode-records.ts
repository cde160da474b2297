import {putValue, valueSize} from '../../common/deferred-header.ts';
import {putBytes} from '../../common/put-bytes.ts';
import type {ProducerRecord, RecordHeader} from '../client.ts';
import {HeaderNames} from './header-names.ts';
import {RECORDS_AT} from './memory-records.ts';
import type {RecordsBody} from './memory-records.ts';
import {putVarint, varintSize} from './varint.ts';

/** A record's attributes, its length, deltas, lengths and header count take at most this much. */
const RECORD_OVERHEAD = 1 + 5 + 8 + 5 + 5 + 5 + 5;
const HEADER_OVERHEAD = 10;

/**
 * Encodes records that are there already; they are not empty.
 *
 * @param offsetDeltas where each stands behind the first offset of the batch, ascending. Default: one behind the other.
 */
export function encodeRecords(
  records: readonly ProducerRecord[],
  offsetDeltas?: readonly number[],
): RecordsBody {
  const names = new HeaderNames();
  let bound = RECORDS_AT;
  for (const record of records) bound += encodedBound(record);
  const buffer = Buffer.allocUnsafe(bound);
  const baseTimestamp = (records[0] as ProducerRecord).timestamp;
  let maxTimestamp = baseTimestamp;
  let end = RECORDS_AT;
  for (let i = 0; i < records.length; i++) {
    const record = records[i] as ProducerRecord;
    const {timestamp} = record;
    if (timestamp > maxTimestamp) maxTimestamp = timestamp;
    const offsetDelta = offsetDeltas?.[i] ?? i;
    end = putRecord(buffer, end, record, timestamp - baseTimestamp, offsetDelta, names);
  }
  return {buffer: buffer.subarray(0, end), count: records.length, baseTimestamp, maxTimestamp};
}

/** Most bytes that the record takes when it is encoded. */
export function encodedBound({key, value, headers}: ProducerRecord): number {
  let bytes = RECORD_OVERHEAD + (key?.length ?? 0) + (value?.length ?? 0);
  for (let h = 0; h < headers.length; h++) {
    const header = headers[h] as RecordHeader;
    // No UTF-16 unit takes more than three bytes.
    bytes += HEADER_OVERHEAD + header.key.length * 3 + valueSize(header);
  }
  return bytes;
}

function putRecord(
  target: Buffer,
  start: number,
  {key, value, headers}: ProducerRecord,
  timestampDelta: number,
  offsetDelta: number,
  names: HeaderNames,
): number {
  let length =
    1 +
    varintSize(timestampDelta) +
    varintSize(offsetDelta) +
    fieldSize(key) +
    fieldSize(value) +
    varintSize(headers.length);
  for (let h = 0; h < headers.length; h++) {
    const header = headers[h] as RecordHeader;
    const size = valueSize(header);
    length += names.of(header.key).length + varintSize(size) + size;
  }
  let end = putVarint(target, start, length);
  target[end++] = 0;
  end = putVarint(target, end, timestampDelta);
  end = putVarint(target, end, offsetDelta);
  end = putField(target, end, key);
  end = putField(target, end, value);
  end = putVarint(target, end, headers.length);
  for (let h = 0; h < headers.length; h++) {
    const header = headers[h] as RecordHeader;
    end = putBytes(target, end, names.of(header.key));
    end = putValue(target, putVarint(target, end, valueSize(header)), header);
  }
  return end;
}

function fieldSize(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : varintSize(bytes.length) + bytes.length;
}

/** Null has length -1. */
function putField(target: Buffer, start: number, bytes: Uint8Array | null): number {
  if (bytes === null) return putVarint(target, start, -1);
  return putBytes(target, putVarint(target, start, bytes.length), bytes);
}

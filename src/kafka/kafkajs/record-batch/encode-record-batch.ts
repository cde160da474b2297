import {crc32c} from '@node-rs/crc32';
import {putValue, valueSize} from '../../../common/deferred-header.ts';
import type {ProducerRecord, RecordHeader} from '../../client.ts';
import {RECORDS_AT} from '../../memory-records/memory-records.ts';
import type {RecordsBody} from '../../memory-records/memory-records.ts';
import {recordMemory} from '../../memory-records/record-memory.ts';
import {putVarint, varintSize} from '../../memory-records/varint.ts';
import {at, attribute, MAGIC} from './batch-layout.ts';
import {codecs, compressionTypes} from './compression.ts';
import type {CompressionType} from './compression.ts';

export interface BatchOptions {
  /** Exact as a number: brokers hand them out one after the other. -1 where the producer is not idempotent. */
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Sequence number of the first record. */
  readonly baseSequence: number;
  readonly isTransactional: boolean;
  readonly compression: CompressionType;
}

/** A record's attributes, its length, deltas, lengths and header count take at most this much. */
const RECORD_OVERHEAD = 1 + 5 + 8 + 5 + 5 + 5 + 5;
const HEADER_OVERHEAD = 10;

/** One batch of the records, which are not empty; the broker gives them their offsets. */
export function encodeRecordBatch(
  records: readonly ProducerRecord[],
  options: BatchOptions,
): Buffer {
  const names = new HeaderNames();
  const buffer = Buffer.allocUnsafe(RECORDS_AT + boundOf(records, names));
  const baseTimestamp = (records[0] as ProducerRecord).timestamp;
  let maxTimestamp = baseTimestamp;
  let end: number = RECORDS_AT;
  for (let i = 0; i < records.length; i++) {
    const record = records[i] as ProducerRecord;
    if (record.timestamp > maxTimestamp) maxTimestamp = record.timestamp;
    end = putRecord(buffer, end, record, record.timestamp - baseTimestamp, i, names);
  }
  const count = records.length;
  return sealRecordBatch(
    {buffer: buffer.subarray(0, end), count, baseTimestamp, maxTimestamp},
    options,
  );
}

/** The batch of records that are encoded already, in their memory where they are not compressed. */
export function sealRecordBatch(body: RecordsBody, options: BatchOptions): Buffer {
  const {compression} = options;
  let batch = body.buffer;
  if (compression !== 'none') {
    const compressed = codecs[compression].compress(batch.subarray(at.records));
    batch = Buffer.concat([batch.subarray(0, at.records), compressed]);
    recordMemory.give(body.buffer);
  }
  batch.writeBigInt64BE(0n, at.baseOffset);
  batch.writeInt32BE(batch.length - at.leaderEpoch, at.length);
  batch.writeInt32BE(-1, at.leaderEpoch);
  batch[at.magic] = MAGIC;
  const attributes = options.isTransactional ? attribute.transactional : 0;
  batch.writeInt16BE(attributes | compressionTypes.indexOf(compression), at.attributes);
  batch.writeInt32BE(body.count - 1, at.lastOffsetDelta);
  batch.writeBigInt64BE(BigInt(body.baseTimestamp), at.baseTimestamp);
  batch.writeBigInt64BE(BigInt(body.maxTimestamp), at.maxTimestamp);
  batch.writeBigInt64BE(BigInt(options.producerId), at.producerId);
  batch.writeInt16BE(options.producerEpoch, at.producerEpoch);
  batch.writeInt32BE(options.baseSequence, at.baseSequence);
  batch.writeInt32BE(body.count, at.count);
  batch.writeUInt32BE(crc32c(batch.subarray(at.attributes)), at.crc);
  return batch;
}

/** The UTF-8 of header names, of which a batch has few. */
class HeaderNames {
  readonly #bytes = new Map<string, Buffer>();

  of(name: string): Buffer {
    let bytes = this.#bytes.get(name);
    if (bytes === undefined) {
      bytes = Buffer.from(name);
      this.#bytes.set(name, bytes);
    }
    return bytes;
  }
}

function boundOf(records: readonly ProducerRecord[], names: HeaderNames): number {
  let bytes = 0;
  for (let i = 0; i < records.length; i++) {
    const {key, value, headers} = records[i] as ProducerRecord;
    bytes += RECORD_OVERHEAD;
    if (key !== null) bytes += key.length;
    if (value !== null) bytes += value.length;
    for (let h = 0; h < headers.length; h++) {
      const header = headers[h] as RecordHeader;
      bytes += HEADER_OVERHEAD + names.of(header.key).length + valueSize(header);
    }
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
    bytesSize(key) +
    bytesSize(value) +
    varintSize(headers.length);
  for (let h = 0; h < headers.length; h++) {
    const header = headers[h] as RecordHeader;
    const size = valueSize(header);
    length += bytesSize(names.of(header.key)) + varintSize(size) + size;
  }
  let end = putVarint(target, start, length);
  target[end++] = 0;
  end = putVarint(target, end, timestampDelta);
  end = putVarint(target, end, offsetDelta);
  end = putBytes(target, end, key);
  end = putBytes(target, end, value);
  end = putVarint(target, end, headers.length);
  for (let h = 0; h < headers.length; h++) {
    const header = headers[h] as RecordHeader;
    end = putBytes(target, end, names.of(header.key));
    end = putValue(target, putVarint(target, end, valueSize(header)), header);
  }
  return end;
}

function bytesSize(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : varintSize(bytes.length) + bytes.length;
}

/** Null has length -1. */
function putBytes(target: Buffer, start: number, bytes: Uint8Array | null): number {
  if (bytes === null) return putVarint(target, start, -1);
  const body = putVarint(target, start, bytes.length);
  target.set(bytes, body);
  return body + bytes.length;
}

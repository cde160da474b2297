import {crc32c} from '@node-rs/crc32';
import type {ProducerRecord, RecordHeader} from '../../client.ts';
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
  const {compression} = options;
  const names = new HeaderNames();
  let batch = Buffer.allocUnsafe(at.records + boundOf(records, names));
  const first = (records[0] as ProducerRecord).timestamp;
  let latest = first;
  let end: number = at.records;
  for (let i = 0; i < records.length; i++) {
    const record = records[i] as ProducerRecord;
    if (record.timestamp > latest) latest = record.timestamp;
    end = putRecord(batch, end, record, record.timestamp - first, i, names);
  }
  if (compression !== 'none') {
    const compressed = codecs[compression].compress(batch.subarray(at.records, end));
    batch = Buffer.concat([batch.subarray(0, at.records), compressed]);
    end = batch.length;
  }
  batch.writeBigInt64BE(0n, at.baseOffset);
  batch.writeInt32BE(end - at.leaderEpoch, at.length);
  batch.writeInt32BE(-1, at.leaderEpoch);
  batch[at.magic] = MAGIC;
  const attributes = options.isTransactional ? attribute.transactional : 0;
  batch.writeInt16BE(attributes | compressionTypes.indexOf(compression), at.attributes);
  batch.writeInt32BE(records.length - 1, at.lastOffsetDelta);
  batch.writeBigInt64BE(BigInt(first), at.baseTimestamp);
  batch.writeBigInt64BE(BigInt(latest), at.maxTimestamp);
  batch.writeBigInt64BE(BigInt(options.producerId), at.producerId);
  batch.writeInt16BE(options.producerEpoch, at.producerEpoch);
  batch.writeInt32BE(options.baseSequence, at.baseSequence);
  batch.writeInt32BE(records.length, at.count);
  batch.writeUInt32BE(crc32c(batch.subarray(at.attributes, end)), at.crc);
  return batch.subarray(0, end);
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
      bytes += HEADER_OVERHEAD + names.of(header.key).length + header.value.length;
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
    length += bytesSize(names.of(header.key)) + bytesSize(header.value);
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
    end = putBytes(target, putBytes(target, end, names.of(header.key)), header.value);
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

function varintSize(value: number): number {
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  let size = 1;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** Zigzag: small numbers of either sign are short. */
function putVarint(target: Buffer, start: number, value: number): number {
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  let end = start;
  while (rest > 0x7fffffff) {
    target[end++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest > 0x7f) {
    target[end++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[end] = rest;
  return end + 1;
}

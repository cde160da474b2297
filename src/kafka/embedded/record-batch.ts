import {crc32} from 'node:zlib';
import type {ConsumedRecord, ProducerRecord} from '../client.ts';
import type {EncodedRecords} from '../memory-records/decode-records.ts';
import {encodeRecords} from '../memory-records/encode-records.ts';
import {RECORDS_AT} from '../memory-records/memory-records.ts';
import type {RecordsBody} from '../memory-records/memory-records.ts';
import {splitRecords} from '../memory-records/split-records.ts';

/*
 * A batch is, little-endian: u32 record count, u32 format, f64 base timestamp, and the records as they were encoded when they were
 * produced, whose deltas count from the batch's base offset.
 */
const PREFIX_BYTES = 16;
const FORMAT = 2;

/**
 * Records that come as objects are encoded in batches of this size: what a reader decodes at once, and what it reads more than it
 * asked for. Bigger ones save index entries, smaller ones memory.
 */
export const MAX_BATCH_BYTES = 256 << 10;

/** The records of a batch, and how many bytes they have. */
export interface BatchBody extends EncodedRecords {
  readonly bytes: number;
}

/** What a producer has encoded, as it is. */
export function bodyOf({buffer, count, baseTimestamp}: RecordsBody): BatchBody {
  return {buffer, start: RECORDS_AT, bytes: buffer.length - RECORDS_AT, count, baseTimestamp};
}

/** Batches of the usual size of these records. */
export function bodiesOf(records: readonly ProducerRecord[]): BatchBody[] {
  return splitRecords(records, MAX_BATCH_BYTES).map((part) => bodyOf(encodeRecords(part)));
}

/** The body of records that keep their offsets, whatever is missing between them. */
export function bodyWithGaps(records: readonly ConsumedRecord[]): BatchBody {
  const {offset: base} = records[0] as ConsumedRecord;
  return bodyOf(
    encodeRecords(
      records,
      records.map(({offset}) => offset - base),
    ),
  );
}

/** How many bytes a batch takes in the journal. */
export function batchSize({bytes}: BatchBody): number {
  return PREFIX_BYTES + bytes;
}

/** Writes the batch and returns where it ends; the caller has made room for its `batchSize`. */
export function putBatch(target: Buffer, at: number, body: BatchBody): number {
  const {buffer, start, bytes, count, baseTimestamp} = body;
  target.writeUInt32LE(count, at);
  target.writeUInt32LE(FORMAT, at + 4);
  target.writeDoubleLE(baseTimestamp, at + 8);
  buffer.copy(target, at + PREFIX_BYTES, start, start + bytes);
  return at + PREFIX_BYTES + bytes;
}

/** The body of a batch that stands in the journal, a view of `batch`; undefined where it is in another format. */
export function readBatch(batch: Buffer): BatchBody | undefined {
  if (batch.readUInt32LE(4) !== FORMAT) return undefined;
  return {
    buffer: batch,
    start: PREFIX_BYTES,
    bytes: batch.length - PREFIX_BYTES,
    count: batch.readUInt32LE(0),
    baseTimestamp: batch.readDoubleLE(8),
  };
}

/** The checksum that tells damaged bytes. */
export function checksum(bytes: Uint8Array): number {
  return crc32(bytes);
}

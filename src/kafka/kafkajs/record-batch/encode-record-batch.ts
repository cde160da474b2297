import {crc32c} from '@node-rs/crc32';
import type {ProducerRecord} from '../../client.ts';
import {encodeRecords} from '../../memory-records/encode-records.ts';
import type {RecordsBody} from '../../memory-records/memory-records.ts';
import {recordMemory} from '../../memory-records/record-memory.ts';
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

/** One batch of the records, which are not empty; the broker gives them their offsets. */
export function encodeRecordBatch(
  records: readonly ProducerRecord[],
  options: BatchOptions,
): Buffer {
  return sealRecordBatch(encodeRecords(records), options);
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

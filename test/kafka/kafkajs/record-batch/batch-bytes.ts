import {crc32c} from '@node-rs/crc32';
import type {ConsumedRecord} from '../../../../src/kafka/client.ts';
import {at} from '../../../../src/kafka/kafkajs/record-batch/batch-layout.ts';
import {encodeRecordBatch} from '../../../../src/kafka/kafkajs/record-batch/encode-record-batch.ts';
import {recordBatches} from '../../../../src/kafka/kafkajs/record-batch/record-batch.ts';

const producer = {producerId: 40, producerEpoch: 3, baseSequence: 0, isTransactional: true};

/** A batch of one record, as a broker hands it out. */
export function smallBatch(baseOffset: number, value: string): Buffer {
  const record = {key: null, value: Buffer.from(value), timestamp: 1, headers: []};
  const bytes = encodeRecordBatch([record], {...producer, compression: 'none'});
  bytes.writeBigInt64BE(BigInt(baseOffset), at.baseOffset);
  return bytes;
}

/** A copy with the bytes that stand at `position` replaced, and a checksum that fits. */
export function patched(batch: Buffer, position: number, ...bytes: readonly number[]): Buffer {
  const copy = Buffer.from(batch);
  copy.set(bytes, position);
  return withChecksum(copy);
}

/** The header of `batch` over other records, with a length and a checksum that fit. */
export function withRecords(batch: Buffer, records: Uint8Array): Buffer {
  const copy = Buffer.concat([batch.subarray(0, at.records), records]);
  copy.writeInt32BE(copy.length - at.leaderEpoch, at.length);
  return withChecksum(copy);
}

/** All records from `from` on, control batches left out. */
export function readAll(bytes: Buffer, from = 0): ConsumedRecord[] {
  const records: ConsumedRecord[] = [];
  for (const batch of recordBatches(bytes)) batch.appendTo(records, from);
  return records;
}

function withChecksum(batch: Buffer): Buffer {
  batch.writeUInt32BE(crc32c(batch.subarray(at.attributes)), at.crc);
  return batch;
}

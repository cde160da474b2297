import {FatalError} from '../../../common/errors.ts';
import type {ProducerRecord, TopicPartition} from '../../client.ts';
import {encodedBound} from '../../memory-records/encode-records.ts';
import {RECORDS_AT} from '../../memory-records/memory-records.ts';
import type {RecordsBody} from '../../memory-records/memory-records.ts';
import {RecordCursor} from '../../memory-records/record-cursor.ts';
import {splitBody} from '../../memory-records/split-body.ts';
import type {Cut} from '../../memory-records/split-body.ts';
import {splitRecords} from '../../memory-records/split-records.ts';
import {partitionName} from '../protocol/topic-partitions.ts';

/**
 * Cuts the records of one partition into batches of at most `maxBytes` before compression.
 *
 * @throws FatalError KAFKA_RECORD_TOO_LARGE for a record that fits into none.
 */
export function splitBatches(
  records: readonly ProducerRecord[],
  maxBytes: number,
  partition: TopicPartition,
): readonly (readonly ProducerRecord[])[] {
  const parts = splitRecords(records, maxBytes);
  for (const part of parts) {
    const bound = part.length === 1 ? encodedBound(part[0] as ProducerRecord) : 0;
    if (bound > maxBytes) throw tooLarge(partition, bound, maxBytes);
  }
  return parts;
}

/**
 * The same of records that are encoded already.
 *
 * @throws FatalError KAFKA_RECORD_TOO_LARGE for a record that fits into none.
 */
export function splitBodies(
  bodies: readonly RecordsBody[],
  maxBytes: number,
  partition: TopicPartition,
): readonly RecordsBody[] {
  const parts: RecordsBody[] = [];
  for (let body of bodies) {
    while (body.buffer.length - RECORDS_AT > maxBytes) {
      const [before, after] = splitBody(body, cutWithin(body, maxBytes, partition));
      parts.push(before);
      body = after;
    }
    parts.push(body);
  }
  return parts;
}

/** After as many records as fit. */
function cutWithin(body: RecordsBody, maxBytes: number, partition: TopicPartition): Cut {
  const {buffer, baseTimestamp} = body;
  const cursor = new RecordCursor(buffer, RECORDS_AT, () => new Error('these are no records'));
  let cut: Cut = {end: RECORDS_AT, count: 0, maxTimestamp: -Infinity};
  for (;;) {
    const end = cursor.recordEnd();
    if (end - cut.end > maxBytes) throw tooLarge(partition, end - cut.end, maxBytes);
    if (end - RECORDS_AT > maxBytes) return cut;
    cursor.at++;
    const timestamp = baseTimestamp + cursor.varint();
    const maxTimestamp = Math.max(cut.maxTimestamp, timestamp);
    cut = {end, count: cut.count + 1, maxTimestamp};
    cursor.at = end;
  }
}

function tooLarge(partition: TopicPartition, size: number, maxBytes: number): FatalError {
  return new FatalError(
    'KAFKA_RECORD_TOO_LARGE',
    `A record for ${partitionName(partition)} has ${size} bytes, more than max.request.size (${maxBytes}); raise it, and max.message.bytes of the topic`,
  );
}

import {FatalError} from '../../../common/errors.ts';
import type {ProducerRecord, TopicPartition} from '../../client.ts';
import {encodedBound} from '../../memory-records/encode-records.ts';
import {RECORDS_AT} from '../../memory-records/memory-records.ts';
import type {RecordsBody} from '../../memory-records/memory-records.ts';
import {RecordCursor} from '../../memory-records/record-cursor.ts';
import {splitBody} from '../../memory-records/split-body.ts';
import type {Cut} from '../../memory-records/split-body.ts';
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
  const parts: (readonly ProducerRecord[])[] = [];
  let from = 0;
  let bytes = 0;
  for (let at = 0; at < records.length; at++) {
    const size = encodedBound(records[at] as ProducerRecord);
    if (size > maxBytes) throw tooLarge(partition, size, maxBytes);
    if (bytes + size > maxBytes) {
      parts.push(records.slice(from, at));
      from = at;
      bytes = 0;
    }
    bytes += size;
  }
  parts.push(from === 0 ? records : records.slice(from));
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

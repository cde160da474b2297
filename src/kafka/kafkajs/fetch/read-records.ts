import {FatalError} from '../../../common/errors.ts';
import type {ConsumedRecord, FetcherOptions, TopicPartition} from '../../client.ts';
import type {FetchedData} from '../protocol/fetch.ts';
import {partitionName} from '../protocol/topic-partitions.ts';
import {AbortedFilter} from '../record-batch/aborted-filter.ts';
import {RecordBatchError} from '../record-batch/record-batch-error.ts';
import {recordBatches} from '../record-batch/record-batch.ts';

export interface ReadRecords {
  readonly records: readonly ConsumedRecord[];
  /** Past the last whole batch, whether or not it had records for the reader; the old position if there was none. */
  readonly position: number;
}

/**
 * The records of an answer from `position` on: no control records, and under read_committed no aborted ones.
 *
 * @throws FatalError KAFKA_CORRUPT_BATCH or KAFKA_UNKNOWN_FORMAT, with where.
 */
export function readRecords(
  {records: bytes, aborted}: FetchedData,
  topicPartition: TopicPartition,
  position: number,
  {isolation, headers}: FetcherOptions,
): ReadRecords {
  const filter = new AbortedFilter(isolation === 'read_committed' ? aborted : []);
  const records: ConsumedRecord[] = [];
  let next = position;
  try {
    for (const batch of recordBatches(bytes)) {
      if (filter.admits(batch)) batch.appendTo(records, position, headers);
      next = Math.max(next, batch.lastOffset + 1);
    }
  } catch (error) {
    if (error instanceof RecordBatchError) throw unreadable(error, topicPartition);
    throw error;
  }
  return {records, position: next};
}

const remedies = {
  corrupt:
    'the bytes were damaged on the broker or on the way: compare the replicas (kafka-replica-verification), and let an intact one lead',
  compression: 'write the topic with none, gzip, snappy, lz4 or zstd',
  size: 'let its producer write smaller batches (batch.size)',
  format: 'message formats 0 and 1 ended with Kafka 4.0: rewrite the topic with a newer broker',
} as const satisfies Record<RecordBatchError['problem'], string>;

function unreadable(error: RecordBatchError, topicPartition: TopicPartition): FatalError {
  const {problem, baseOffset, message} = error;
  return new FatalError(
    problem === 'corrupt' ? 'KAFKA_CORRUPT_BATCH' : 'KAFKA_UNKNOWN_FORMAT',
    `The batch at offset ${baseOffset} of ${partitionName(topicPartition)} cannot be read: ${message}; ${remedies[problem]}`,
    {cause: error},
  );
}

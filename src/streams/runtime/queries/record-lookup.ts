import {TaskError} from '../../../common/errors.ts';
import type {ConsumedRecord, KafkaClient, TopicPartition} from '../../../kafka/client.ts';

/** How long a record that must be there may take to come. */
const PATIENCE_MS = 2000;
const MAX_FETCH_BYTES = 1 << 20;

/** The committed record at this offset; undefined where it is not there, or not any more. */
export async function recordAt(
  kafka: KafkaClient,
  partition: TopicPartition,
  offset: number,
): Promise<ConsumedRecord | undefined> {
  const [log] = await kafka.admin.offsets([partition]);
  if (log === undefined || offset < log.earliest || offset >= log.stable) return undefined;
  const [first] = await read(kafka, partition, offset, offset + 1);
  return first?.offset === offset ? first : undefined;
}

/** The newest committed record of a key among the last `limit` offsets of its partition. */
export async function newestRecord(
  kafka: KafkaClient,
  partition: TopicPartition,
  key: Buffer,
  limit: number,
): Promise<ConsumedRecord | undefined> {
  const [log] = await kafka.admin.offsets([partition]);
  if (log === undefined) return undefined;
  const from = Math.max(log.earliest, log.stable - limit);
  const records = await read(kafka, partition, from, log.stable);
  return records.findLast((record) => record.key?.equals(key) === true);
}

async function read(
  kafka: KafkaClient,
  partition: TopicPartition,
  from: number,
  end: number,
): Promise<readonly ConsumedRecord[]> {
  const found: ConsumedRecord[] = [];
  if (from >= end) return found;
  const fetcher = kafka.fetcher({isolation: 'read_committed', maxPartitionBytes: MAX_FETCH_BYTES});
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    fetcher.assign(partition, from);
    for (let position = from; position < end && !signal.aborted;) {
      for (const answer of await fetcher.poll(PATIENCE_MS, signal)) {
        found.push(...answer.records);
        position = answer.position;
      }
    }
  } catch (error) {
    // Deleted between the two questions.
    if (!(error instanceof TaskError && error.code === 'KAFKA_OFFSET_OUT_OF_RANGE')) throw error;
  } finally {
    await fetcher.close();
  }
  return found;
}

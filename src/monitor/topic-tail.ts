import type {ConsumedRecord, KafkaClient, TopicPartition} from '../kafka/client.ts';
import type {Clock} from '../common/clock.ts';
import type {TopicRecord} from './pipeline.ts';

/** How long the records are waited for. */
const MAX_MS = 1000;
const MAX_BYTES = 1 << 18;
/** Offsets read for each record that is wanted: between them stand markers of transactions, one where a commit has one record. */
const OFFSETS_PER_RECORD = 3;

interface TailDeps {
  readonly kafka: KafkaClient;
  readonly clock: Clock;
}

/**
 * The newest committed records of a topic, newest first; at most `limit`, fewer of a topic that was compacted.
 *
 * `before` ends a partition, as `topic-partition`, at that offset; one that it does not name is left out.
 */
export async function topicTail(
  topic: string,
  limit: number,
  {kafka, clock}: TailDeps,
  before?: Readonly<Record<string, number>>,
): Promise<readonly TopicRecord[]> {
  const [described] = await kafka.admin.describeTopics([topic]);
  if (described === undefined) return [];
  const partitions = Array.from({length: described.partitions}, (_, partition) => ({
    topic,
    partition,
  }));
  const logs = await kafka.admin.offsets(partitions);
  const ends = new Map<number, number>();
  const fetcher = kafka.fetcher({isolation: 'read_committed', maxPartitionBytes: MAX_BYTES});
  try {
    for (const {partition, earliest, stable} of logs) {
      const end =
        before === undefined ? stable : Math.min(stable, before[`${topic}-${partition}`] ?? 0);
      const from = Math.max(earliest, end - limit * OFFSETS_PER_RECORD);
      if (from >= end) continue;
      ends.set(partition, end);
      fetcher.assign({topic, partition}, from);
    }
    const records: (TopicPartition & ConsumedRecord)[] = [];
    const until = clock.now() + MAX_MS;
    while (ends.size > 0 && clock.now() < until) {
      for (const fetched of await fetcher.poll(until - clock.now())) {
        const end = ends.get(fetched.partition) ?? 0;
        for (const record of fetched.records) {
          if (record.offset < end) records.push({topic, partition: fetched.partition, ...record});
        }
        if (fetched.position < end) continue;
        ends.delete(fetched.partition);
        fetcher.unassign(fetched);
      }
    }
    return records
      .toSorted((a, b) => b.timestamp - a.timestamp || b.offset - a.offset)
      .slice(0, limit)
      .map(({partition, offset, timestamp, key, value}) => ({
        partition,
        offset,
        timestamp,
        key: key === null ? null : textOf(key),
        value: value === null ? null : textOf(value),
      }));
  } finally {
    await fetcher.close();
  }
}

/** All formats that the service writes are text, JSON_SR behind a header of 5 bytes. */
function textOf(bytes: Buffer): string {
  return bytes.toString('utf8', bytes[0] === 0 && bytes.length > 5 ? 5 : 0);
}

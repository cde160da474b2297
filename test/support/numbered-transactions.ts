import type {ProducerRecord, TopicSpec, TransactionalProducer} from '../../src/kafka/client.ts';

export const logTopics: readonly TopicSpec[] = [
  {name: 'events', partitions: 2, cleanupPolicy: 'delete', retentionMs: -1},
  {name: 'table', partitions: 1, cleanupPolicy: 'compact'},
];

/** Every so often one is aborted, and one is so big that it is written ahead of its commit. */
export const isAborted = (number: number): boolean => number % 5 === 4;
const isBig = (number: number): boolean => number % 50 === 10 || number % 50 === 14;

/** How many records it writes to each partition of `events`. */
export const recordsOf = (number: number): number => 1 + (number % 3);

/** The keys of its rows in `table`; the second one is deleted. */
export function keysOf(number: number): readonly [string, string] {
  return [`key ${number % 7}`, `key ${(number + 3) % 11}`];
}

function record(key: string, value: string | null): ProducerRecord {
  return {
    key: Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    timestamp: 1_000,
    headers: [],
  };
}

/**
 * Writes its number to both partitions of `events` and to `table`, and as the group's offset. False when it was aborted.
 */
export async function writeTransaction(
  producer: TransactionalProducer,
  number: number,
): Promise<boolean> {
  producer.begin();
  const count = recordsOf(number);
  for (const partition of [0, 1]) {
    const records = Array.from({length: count}, (_, i) => record(`${number} ${i}`, 'x'.repeat(90)));
    await producer.send([{topic: 'events', partition, records}]);
  }
  const [put, deleted] = keysOf(number);
  const rows = [record(deleted, null), record(put, String(number))];
  if (isBig(number)) rows.push(record('big', `${number} ${'#'.repeat(5 << 20)}`));
  await producer.send([{topic: 'table', partition: 0, records: rows}]);
  const group = {groupId: 'group', generationId: -1, memberId: ''};
  await producer.sendOffsets(group, [{topic: 'events', partition: 0, offset: number}]);
  if (isAborted(number)) await producer.abort();
  else await producer.commit();
  return !isAborted(number);
}

import type {ConsumedRecord, KafkaClient} from '../../src/kafka/client.ts';

/** A record of a change event topic, read for people: texts without Confluent's five bytes. */
export interface ChangeEventRecord {
  readonly offset: number;
  /** JSON text; null without a key. */
  readonly key: string | null;
  /** JSON text; null for a tombstone. */
  readonly value: string | null;
  /** Of Confluent's five bytes; undefined for plain JSON. */
  readonly keySchemaId: number | undefined;
  readonly valueSchemaId: number | undefined;
  readonly timestamp: number;
  readonly headers: Readonly<Record<string, Buffer>>;
}

/** Everything in `topic` now, in partition and offset order; what is committed, unless said otherwise. */
export async function readTopic(
  kafka: KafkaClient,
  topic: string,
  isolation: 'read_committed' | 'read_uncommitted' = 'read_committed',
): Promise<readonly ChangeEventRecord[]> {
  const records: ChangeEventRecord[] = [];
  await forEachRecord(kafka, topic, (record) => records.push(record), isolation);
  return records;
}

/** The same one after another, for topics that are larger than memory. */
export async function forEachRecord(
  kafka: KafkaClient,
  topic: string,
  handle: (record: ChangeEventRecord) => void,
  isolation: 'read_committed' | 'read_uncommitted' = 'read_committed',
): Promise<void> {
  const [description] = await kafka.admin.describeTopics([topic]);
  if (description === undefined) return;
  const partitions = Array.from({length: description.partitions}, (_, partition) => ({
    topic,
    partition,
  }));
  const ends = await kafka.admin.offsets(partitions);
  const fetcher = kafka.fetcher({isolation});
  for (const {partition, earliest, latest} of ends) {
    fetcher.assign({topic, partition}, earliest);
    let end = latest;
    while ((fetcher.position({topic, partition}) ?? 0) < end) {
      for (const fetched of await fetcher.poll(100)) {
        for (const record of fetched.records) handle(changeEventRecord(record));
        // An open transaction: there is no more to read for now.
        if (isolation === 'read_committed') end = Math.min(end, fetched.lastStableOffset);
      }
    }
    fetcher.unassign({topic, partition});
  }
  await fetcher.close();
}

function changeEventRecord({
  offset,
  key,
  value,
  timestamp,
  headers,
}: ConsumedRecord): ChangeEventRecord {
  return {
    offset,
    key: key && text(key),
    value: value && text(value),
    keySchemaId: key ? schemaId(key) : undefined,
    valueSchemaId: value ? schemaId(value) : undefined,
    timestamp,
    headers: Object.fromEntries(headers.map((header) => [header.key, header.value])),
  };
}

/** The values parsed; null for tombstones. For numbers beyond 2^53 read the text. */
export function values(records: readonly ChangeEventRecord[]): readonly unknown[] {
  return records.map(({value}) => (value === null ? null : (JSON.parse(value) as unknown)));
}

function schemaId(bytes: Buffer): number | undefined {
  return bytes[0] === 0 ? bytes.readUInt32BE(1) : undefined;
}

function text(bytes: Buffer): string {
  return (bytes[0] === 0 ? bytes.subarray(5) : bytes).toString();
}

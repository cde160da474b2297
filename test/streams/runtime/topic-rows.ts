import type {ConsumedRecord, KafkaClient} from '../../../src/kafka/client.ts';
import type {LocalSerdes} from '../../../src/serde/local-serdes.ts';
import type {Topic} from '../../../src/streams/topic.ts';

/** All committed records of a topic, partition by partition. */
export async function committedRecords(
  kafka: KafkaClient,
  topic: string,
): Promise<readonly ConsumedRecord[]> {
  const {admin} = kafka;
  const [description] = await admin.describeTopics([topic]);
  if (description === undefined) return [];
  const found: ConsumedRecord[] = [];
  for (let partition = 0; partition < description.partitions; partition++) {
    const fetcher = kafka.fetcher({isolation: 'read_committed'});
    const [offsets] = await admin.offsets([{topic, partition}]);
    fetcher.assign({topic, partition}, offsets?.earliest ?? 0);
    for (;;) {
      const [answer] = await fetcher.poll(0);
      found.push(...(answer?.records ?? []));
      if ((answer?.position ?? 0) >= (answer?.lastStableOffset ?? 0)) break;
    }
    await fetcher.close();
  }
  return found;
}

/** All committed records of a topic as keys and values. */
export async function committedRows<K, V>(
  kafka: KafkaClient,
  serdes: LocalSerdes,
  topic: Topic<K, V>,
  name = topic.name,
): Promise<readonly (readonly [K, V | null])[]> {
  const keys = serdes.deserializer(topic.key);
  const values = serdes.deserializer(topic.value);
  return (await committedRecords(kafka, name)).map(({key, value}) => [
    keys.deserialize(key as Buffer) as K,
    value === null ? null : (values.deserialize(value) as V),
  ]);
}

/** The newest value of each key, without deleted ones. */
export function newestByKey<K, V>(rows: readonly (readonly [K, V | null])[]): ReadonlyMap<K, V> {
  const table = new Map<K, V>();
  for (const [key, value] of rows) {
    if (value === null) table.delete(key);
    else table.set(key, value);
  }
  return table;
}

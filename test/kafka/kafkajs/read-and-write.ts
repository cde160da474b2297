import type {
  ConsumedRecord,
  Fetcher,
  KafkaClient,
  ProducerRecord,
  TopicPartition,
  TransactionalProducer,
} from '../../../src/kafka/client.ts';

export function record(key: string, value: string | null = key): ProducerRecord {
  return {
    key: Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    timestamp: 1_000,
    headers: [],
  };
}

/** One transaction with these records in one partition. */
export async function commitRecords(
  by: TransactionalProducer,
  to: TopicPartition,
  records: readonly ProducerRecord[],
): Promise<void> {
  by.begin();
  await by.send([{...to, records}]);
  await by.commit();
}

/** Polls the one partition of `fetcher` until its position reaches `end`. */
export async function readTo(
  fetcher: Fetcher,
  from: TopicPartition,
  end: number,
): Promise<ConsumedRecord[]> {
  const records: ConsumedRecord[] = [];
  while ((fetcher.position(from) ?? Infinity) < end) {
    for (const answer of await fetcher.poll(5_000)) records.push(...answer.records);
  }
  return records;
}

/** The values that read_committed sees in a partition, from its start to its present end. */
export async function committedValues(client: KafkaClient, of: TopicPartition): Promise<string[]> {
  const [offsets] = await client.admin.offsets([of]);
  const fetcher = client.fetcher({isolation: 'read_committed'});
  fetcher.assign(of, offsets?.earliest ?? 0);
  const records = await readTo(fetcher, of, offsets?.latest ?? 0);
  await fetcher.close();
  return records.map(({value}) => String(value));
}

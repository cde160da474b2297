import {afterAll, beforeAll, beforeEach, describe, expect, inject, test} from 'vitest';
import {systemClock} from '../../../src/common/clock.ts';
import type {TopicPartition, TransactionalProducer} from '../../../src/kafka/client.ts';
import {KafkajsClient} from '../../../src/kafka/kafkajs/kafkajs-client.ts';
import {commitRecords, readTo, record} from './read-and-write.ts';

/*
 * What a Kafka client gets wrong easily, and the test that would tell: `npm test -- -t "trap 7"`.
 *
 *  1  records lost as leaders move within a send        leader-moves
 *  2  aborted records under read_committed              read-committed; record-batch/aborted-filter
 *  3  stuck at an empty batch of a compacted topic      read-committed
 *  4  "read to the end" never true behind a marker      here
 *  5  offsets read before a zombie's commit is decided  kafka-client-suite
 *  6  outcome of a commit unknown, producer stuck       broken-wire, leader-moves
 *  7  sequence numbers used again after a failure       broken-wire
 *  8  state written before the commit                   test/streams/runtime/traps
 *  9  a checkpoint apart from its rows                  committed-store-suite
 * 10  damage that LevelDB does not tell                 test/state/level/level-store
 * 11  heartbeats that starve under a restore            test/streams/runtime/restorer
 * 12  long polls that hold up what has arrived          here
 * 13  CONCURRENT_TRANSACTIONS after each commit         here
 * 14  a transaction that has timed out                  bad-days
 * 15  connections by task                               test/streams/runtime/traps
 * 16  another partitioner than Java's                   test/kafka/partitioner
 * 17  values that pin whole answers                     record-batch: views by contract; stores and caches keep what is decoded
 * 18  a registry asked again and again                  test/serde/registry/confluent-registry
 * 19  order of tables and streams on replay             test/streams/runtime/traps, input-order
 * 20  topics that fit the topology no more              test/streams/runtime/task-plan
 */
describe('KafkajsClient', () => {
  let client: KafkajsClient;
  let of: TopicPartition;
  let by: TransactionalProducer;

  beforeAll(async () => {
    client = await KafkajsClient.connect({
      bootstrapServers: inject('kafkaBrokers'),
      clientId: 'test',
      clock: systemClock,
    });
  });

  afterAll(async () => {
    await client.close();
  });

  beforeEach(async () => {
    of = {topic: `traps-${crypto.randomUUID()}`, partition: 0};
    await client.admin.ensureTopics([{name: of.topic, partitions: 1, cleanupPolicy: 'delete'}]);
    by = client.transactionalProducer(of.topic);
    await by.init();
  });

  test('trap 4: reaches the end of a log that ends with an abort marker', async () => {
    await commitRecords(by, of, [record('a')]);
    by.begin();
    await by.send([{...of, records: [record('void')]}]);
    await by.abort();
    const [end] = await client.admin.offsets([of]);
    const fetcher = client.fetcher({isolation: 'read_committed'});
    fetcher.assign(of, 0);

    const read = await readTo(fetcher, of, end?.latest ?? 0);

    expect(read.map(({offset}) => offset)).toEqual([0]);
    expect(fetcher.position(of)).toBe(4);
    await fetcher.close();
  });

  test('trap 12: a poll that waits for long returns when a record is committed', async () => {
    const fetcher = client.fetcher({isolation: 'read_committed'});
    fetcher.assign(of, 0);
    const latencies: number[] = [];
    for (let i = 0; i < 5; i++) {
      const reading = readTo(fetcher, of, 2 * (i + 1));
      await systemClock.sleep(20);
      await commitRecords(by, of, [record('a')]);
      const committed = performance.now();
      await reading;
      latencies.push(performance.now() - committed);
    }
    await fetcher.close();

    // The broker would hold the fetch for 500 ms more if it waited for bytes.
    expect(latencies.toSorted((a, b) => a - b)[2]).toBeLessThan(200);
  });

  test('trap 13: transactions follow each other without waiting for markers', async () => {
    const durations: number[] = [];
    for (let i = 0; i < 30; i++) {
      const started = performance.now();
      await commitRecords(by, of, [record('a')]);
      durations.push(performance.now() - started);
    }

    // A retry by the usual backoff, with new metadata, takes 300 ms (kafkajs).
    expect(durations.toSorted((a, b) => a - b)[15]).toBeLessThan(100);
  });
});

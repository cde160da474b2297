import {afterAll, beforeAll, describe, expect, inject, test} from 'vitest';
import {systemClock} from '../../../src/common/clock.ts';
import type {Fetcher} from '../../../src/kafka/client.ts';
import {KafkajsClient} from '../../../src/kafka/kafkajs/kafkajs-client.ts';

let client: KafkajsClient;
beforeAll(async () => {
  client = await KafkajsClient.connect({
    bootstrapServers: inject('kafkaBrokers'),
    clientId: 'test',
    clock: systemClock,
  });
});
afterAll(() => client.close());

describe('poll(0)', () => {
  test('lets answers come in though it is called in a loop', async () => {
    const topic = `poll-${crypto.randomUUID()}`;
    const [full, empty] = [0, 1].map((partition) => ({topic, partition})) as [
      {topic: string; partition: number},
      {topic: string; partition: number},
    ];
    await client.admin.ensureTopics([{name: topic, partitions: 2, cleanupPolicy: 'delete'}]);
    const producer = client.transactionalProducer(topic);
    await producer.init();
    const records = [{key: null, value: Buffer.from('a'), timestamp: 1, headers: []}];
    const [fetcher, other] = [0, 1].map(() => client.fetcher({isolation: 'read_committed'})) as [
      Fetcher,
      Fetcher,
    ];
    fetcher.assign(full, 0);
    fetcher.assign(empty, 0);
    other.assign(full, 0);

    for (let round = 1; round <= 20; round++) {
      await fetcher.poll(0);
      producer.begin();
      await producer.send([{...full, records}]);
      await producer.commit();
      // What the other reader has seen lies here as well, or is about to.
      while ((other.position(full) ?? 0) < 2 * round - 1) await other.poll(1000);
      await fetcher.poll(0);
      let isAnswered = false;
      for (let polls = 0; polls < 1000 && !isAnswered; polls++) {
        isAnswered = (await fetcher.poll(0)).some(({partition}) => partition === 1);
      }

      expect(isAnswered, `round ${round}`).toBe(true);
    }
    await other.close();
    await fetcher.close();
    await client.admin.deleteTopics([topic]);
  });
});

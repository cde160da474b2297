import {Kafka, logLevel} from 'kafkajs';
import {afterAll, beforeAll, describe, inject} from 'vitest';
import {KafkaCluster} from '../servers/kafka-cluster.ts';
import {peersSuite} from '../suites/peers-suite.ts';
import {openPipeline} from '../support/open-pipeline.ts';

/** `SOAK=long` (`npm run soak`) has the sizes at which the alternatives were measured. */
const extent =
  process.env['SOAK'] === 'long'
    ? {snapshotOrders: 100_000, killedOrders: 200_000, kills: 5, timeoutMs: 600_000}
    : {snapshotOrders: 20_000, killedOrders: 20_000, kills: 2, timeoutMs: 300_000};

/** The pipeline's topics have fixed names. */
async function deleteTopics(brokers: readonly string[]): Promise<void> {
  const admin = new Kafka({brokers: [...brokers], logLevel: logLevel.NOTHING}).admin();
  await admin.connect();
  const topics = (await admin.listTopics()).filter((name) => !name.startsWith('__'));
  await admin.deleteTopics({topics});
  await admin.disconnect();
}

describe.each([1, 4])('what the alternatives get wrong, on Kafka, partitions: %i', (partitions) => {
  let cluster: KafkaCluster;
  let serial = 0;
  beforeAll(async () => {
    cluster = await KafkaCluster.start();
  });
  afterAll(async () => {
    await cluster.stop();
  });

  peersSuite(
    async (options) => {
      const pipeline = await openPipeline(inject('postgresPort'), {
        ...options,
        kafka: cluster.brokers,
        settings: {
          'num.partitions': String(partitions),
          'application.id': `peers-${serial++}`,
        },
      });
      return {
        pipeline,
        close: async () => {
          await pipeline.close();
          await deleteTopics(cluster.brokers);
        },
      };
    },
    {isOneTask: partitions === 1, ...extent},
  );
});

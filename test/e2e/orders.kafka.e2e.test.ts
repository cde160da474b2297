import {describe, inject} from 'vitest';
import {JavaConsumer} from '../servers/java-consumer.ts';
import {KafkaCluster} from '../servers/kafka-cluster.ts';
import {serviceSuite} from '../suites/service-suite.ts';
import type {OpenService} from '../suites/service-suite.ts';
import {openPipeline} from '../support/open-pipeline.ts';

/** A cluster of its own for each service: the pipeline's topics have fixed names. */
function onKafka(partitions: number): OpenService {
  return async ({settings, ...options}) => {
    const cluster = await KafkaCluster.start();
    const pipeline = await openPipeline(inject('postgresPort'), {
      ...options,
      kafka: cluster.brokers,
      settings: {...settings, 'num.partitions': String(partitions)},
    });
    return {
      pipeline,
      readTopic: async (topic) => {
        const consumer = await JavaConsumer.start(cluster.brokers);
        const all = Array.from({length: partitions}, (_, partition) => ({topic, partition}));
        const records = await consumer.read(all);
        await consumer.stop();
        return records.map(({partition, offset, value}) => ({
          partition,
          offset,
          value: value ?? Buffer.alloc(0),
        }));
      },
      close: async () => {
        await pipeline.close();
        await cluster.stop();
      },
    };
  };
}

describe.each([1, 4])('the service under kill -9, on Kafka with %i partitions', (partitions) => {
  serviceSuite(onKafka(partitions), {
    isOneTask: partitions === 1,
    joins: {kills: 6, orders: 5_000},
    deletes: {kills: 2, orders: 1_000},
  });
});

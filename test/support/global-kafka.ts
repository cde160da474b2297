import type {TestProject} from 'vitest/node';
import {KafkaCluster} from '../servers/kafka-cluster.ts';
import {warmUp} from '../servers/warm-up.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** `bootstrap.servers` of the one Kafka of this test run, without security; tests name topics and groups of their own. */
    readonly kafkaBrokers: readonly string[];
  }
}

/** One broker for all test files of a project, or the cluster that `KAFKA_BROKERS` names (`host:port,host:port`). */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env['KAFKA_BROKERS'];
  if (given !== undefined && given !== '') {
    const brokers = given.split(',').map((broker) => broker.trim());
    await warmUp(brokers);
    project.provide('kafkaBrokers', brokers);
    return undefined;
  }
  const cluster = await KafkaCluster.start();
  project.provide('kafkaBrokers', cluster.brokers);
  return () => cluster.stop();
}
